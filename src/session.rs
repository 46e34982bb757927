//! Which token now, who renews it, who waits.
//!
//! One call leads a renewal, the others wait for it. No lock is held while hooks or the network are at work. The
//! order is fixed: answer read, `on_token` (saved), published, waiters go.

mod lifetime;
mod renewal;
mod state;

use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::hooks::{self, Hooks, LockHook};
use crate::http::Transport;
use crate::quote::quote;
use crate::secret::Secret;
use crate::stats::Stats;
use crate::status::{self, Status};
use crate::token::{LONGEST_S, TokenSet};
use lifetime::Lifetime;
use renewal::Way;
pub use state::Current;
use state::{Flight, Role, State, Why, no_token};

/// The token of one client and everything that happens to it.
pub struct Session {
    config: Arc<Config>,
    hooks: Arc<Hooks>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
    state: Lock<State>,
}

impl Session {
    /// A session that begins with the configuration's token.
    pub fn new(
        config: Arc<Config>,
        hooks: Arc<Hooks>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        stats: Arc<Stats>,
    ) -> Session {
        let mut state = State::default();
        if let Some(set) = &config.token {
            state.replace(set.clone(), Lifetime::of_stored(set));
        }
        Session { config, hooks, transport, clock, stats, state: Lock::new(state) }
    }

    /// The token set as it is, without looking at its age.
    pub fn token(&self) -> Result<Option<Arc<Current>>> {
        Ok(self.state.lock()?.current.clone())
    }

    /// Replaces the token set by one that the caller has saved already.
    pub fn set_token(&self, set: TokenSet) -> Result<()> {
        let lifetime = Lifetime::of_stored(&set);
        let mut state = self.state.lock()?;
        state.replace(set, lifetime);
        state.unsaved = false;
        state.dead = None;
        Ok(())
    }

    /// A token that lasts at least `min_valid`; renewed if need be.
    pub fn valid(&self, min_valid: Duration, call: &Call) -> Result<Arc<Current>> {
        self.renewed(Why::Expiring(min_valid), call)
    }

    /// Another token than the one of this generation, which the API refused.
    pub fn after_refusal(&self, generation: u64, call: &Call) -> Result<Arc<Current>> {
        self.renewed(Why::Refused(generation), call)
    }

    /// A new token now; calls that ask at the same time share one renewal.
    pub fn refresh(&self, call: &Call) -> Result<Arc<Current>> {
        self.renewed(Why::Asked, call)
    }

    /// Whether there is any way to another token.
    pub fn can_renew(&self) -> Result<bool> {
        let (current, is_dead) = {
            let state = self.state.lock()?;
            (state.current.clone(), state.dead_error().is_some())
        };
        Ok(renewal::way(&self.config, &self.hooks, current.as_ref().map(|c| &c.set), is_dead)?.is_some())
    }

    /// The API refused the token of this generation, and the request could not be sent again: the next call renews.
    pub fn mark_refused(&self, generation: u64) -> Result<()> {
        self.state.lock()?.refused_generation = Some(generation);
        Ok(())
    }

    fn renewed(&self, why: Why, call: &Call) -> Result<Arc<Current>> {
        loop {
            let role = {
                let mut state = self.state.lock()?;
                if let Some(current) = state.satisfying(why, &self.config, &*self.clock) {
                    return Ok(current);
                }
                state.take_role()?
            };
            match role {
                Role::Lead(flight) => return self.fly(&flight, why, call),
                Role::Join(flight, event) => {
                    self.stats.renewals_joined.add();
                    call.wait(&event)?;
                    match flight.outcome.lock()?.clone() {
                        // The leader left before its renewal ended: somebody else leads.
                        Some(Err(error)) if matches!(error.reason, Reason::Cancelled | Reason::Deadline) => {}
                        Some(outcome) => return outcome,
                        None => return Err(Error::new(Reason::Torn, "the renewal ended without an outcome")),
                    }
                }
            }
        }
    }

    /// Leads a renewal and wakes whoever waits for it, also if it panics.
    fn fly(&self, flight: &Arc<Flight>, why: Why, call: &Call) -> Result<Arc<Current>> {
        struct Landing<'a>(&'a Session, &'a Flight, Option<Result<Arc<Current>>>);
        impl Drop for Landing<'_> {
            fn drop(&mut self) {
                let outcome = self
                    .2
                    .take()
                    .unwrap_or_else(|| Err(Error::new(Reason::Panic, "the renewal failed inside")));
                if let Ok(mut state) = self.0.state.lock() {
                    state.flight = None;
                }
                if let Ok(mut slot) = self.1.outcome.lock() {
                    *slot = Some(outcome);
                }
                // In a child of the fork that a hook made, those who wait are its parent's.
                let is_ours = self.1.process == fork::generation();
                if let (true, Ok(waiting)) = (is_ours, self.1.waiting.lock()) {
                    waiting.iter().for_each(|event| event.signal());
                }
            }
        }
        let mut landing = Landing(self, flight, None);
        let outcome = self.lead(why, call);
        landing.2 = Some(outcome.clone());
        drop(landing);
        outcome
    }

    fn lead(&self, why: Why, call: &Call) -> Result<Arc<Current>> {
        call.check()?;
        let (current, unsaved) = {
            let state = self.state.lock()?;
            (state.current.clone(), state.unsaved)
        };
        if let (Some(current), true) = (&current, unsaved) {
            self.save(&current.set, call)?;
            let mut state = self.state.lock()?;
            state.unsaved = false;
            if let Some(current) = state.satisfying(why, &self.config, &*self.clock) {
                return Ok(current);
            }
        }
        let old = current.as_ref().map(|current| &current.set);
        let outcome = match self.hooks.lock.get()? {
            Some(lock) => self.renew_locked(&*lock, old, why, call),
            None => self.renew(old, why, call),
        };
        if let Err(error) = &outcome {
            self.stats.renewal_failures.add();
            let level = if error.status == status::LOGIN_REQUIRED { hooks::ERROR } else { hooks::WARN };
            self.hooks.log(level, "renewal_failed", || vec![("error", error.to_json())]);
        }
        outcome
    }

    fn renew_locked(
        &self,
        lock: &dyn LockHook,
        old: Option<&TokenSet>,
        why: Why,
        call: &Call,
    ) -> Result<Arc<Current>> {
        struct Held<'a>(&'a dyn LockHook, Option<&'a TokenSet>, Status);
        impl Drop for Held<'_> {
            fn drop(&mut self) {
                self.0.unlock(self.1, self.2);
            }
        }
        lock.lock(old, call)?;
        let mut held = Held(lock, old, status::INTERNAL);
        let outcome = self.renew_under(lock, old, why, call);
        held.2 = outcome.as_ref().map_or_else(|error| error.status, |_| status::OK);
        outcome
    }

    fn renew_under(
        &self,
        lock: &dyn LockHook,
        old: Option<&TokenSet>,
        why: Why,
        call: &Call,
    ) -> Result<Arc<Current>> {
        if let Some(newer) = self.newer(lock, old, call)? {
            return self.adopt(newer, why, call);
        }
        match self.renew(old, why, call) {
            // A process that does not know of the lock may have rotated the refresh token meanwhile.
            Err(error) if error.reason == Reason::InvalidGrant => match self.newer(lock, old, call)? {
                Some(newer) => self.adopt(newer, why, call),
                None => Err(error),
            },
            outcome => outcome,
        }
    }

    /// What somebody else stored, if it is not what we have.
    fn newer(&self, lock: &dyn LockHook, old: Option<&TokenSet>, call: &Call) -> Result<Option<TokenSet>> {
        let stored = lock.reload(old, call)?;
        Ok(stored.filter(|stored| {
            let same = |of: fn(&TokenSet) -> Option<&Secret>| old.is_some_and(|old| of(old) == of(stored));
            !(same(TokenSet::access_token) && same(TokenSet::refresh_token))
        }))
    }

    /// Takes over what somebody else stored; renewed at once where that is too old as well.
    fn adopt(&self, set: TokenSet, why: Why, call: &Call) -> Result<Arc<Current>> {
        self.hooks.log(hooks::INFO, "token_adopted", Vec::new);
        let lifetime = Lifetime::of_stored(&set);
        let current = {
            let mut state = self.state.lock()?;
            state.dead = None;
            state.replace(set, lifetime)
        };
        let min_valid = if let Why::Expiring(min_valid) = why { min_valid } else { Duration::ZERO };
        if current.set.access_token().is_some()
            && lifetime.is_fresh(self.config.refresh.leeway, min_valid, &*self.clock)
        {
            return Ok(current);
        }
        self.renew(Some(&current.set), why, call)
    }

    fn renew(&self, old: Option<&TokenSet>, why: Why, call: &Call) -> Result<Arc<Current>> {
        // Whoever asks for a renewal by name gets one more try with a refresh token that is known to be dead.
        let dead = self.state.lock()?.dead_error().filter(|_| !matches!(why, Why::Asked));
        let Some(way) = renewal::way(&self.config, &self.hooks, old, dead.is_some())? else {
            return Err(dead.unwrap_or_else(|| no_token(old)));
        };
        match self.renew_by(&way, old, call) {
            Err(error) if error.reason == Reason::InvalidGrant => {
                if let Some(token) = old.and_then(TokenSet::refresh_token) {
                    self.state.lock()?.dead = Some((token.clone(), error.clone()));
                }
                match renewal::way(&self.config, &self.hooks, old, true)? {
                    Some(other @ Way::Grant(_)) if matches!(way, Way::RefreshToken(_)) => {
                        self.renew_by(&other, old, call)
                    }
                    _ => Err(error),
                }
            }
            outcome => outcome,
        }
    }

    fn renew_by(&self, way: &Way, old: Option<&TokenSet>, call: &Call) -> Result<Arc<Current>> {
        let generation = self.state.lock()?.generation;
        let (asked, asked_wall) = (self.clock.steady(), self.clock.wall_s());
        self.hooks.log(hooks::INFO, "renewal_started", || vec![("by", quote(way.name()))]);
        let retry_lost = self.config.refresh.retry_lost;
        let set = renewal::obtain(way, old, &*self.transport, retry_lost, asked_wall, call)
            .map_err(|error| error.without(self.secrets(old)))?
            .succeed(old, asked_wall);
        self.stats.renewals.add();
        let lifetime = Lifetime::of_received(&set, asked);
        self.hooks.log(hooks::INFO, "renewed", || describe(&set));
        if set.expires_in() == Some(LONGEST_S) {
            self.hooks.log(hooks::WARN, "lifetime_clamped", || vec![("seconds", LONGEST_S.to_string())]);
        }
        // A token that the caller set meanwhile counts; then this one is nobody's to save or to use.
        if let Some(theirs) = self.state.lock()?.changed_since(generation) {
            return Ok(theirs);
        }
        let saved = self.save(&set, call);
        let mut state = self.state.lock()?;
        if let Some(theirs) = state.changed_since(generation) {
            return Ok(theirs);
        }
        let current = state.replace(set, lifetime);
        state.unsaved = saved.is_err();
        state.dead = None;
        saved.map(|()| current)
    }

    /// Everything that a server was or could be told, and might repeat.
    fn secrets<'a>(&'a self, old: Option<&'a TokenSet>) -> impl Iterator<Item = &'a str> + Clone {
        let tokens = old.into_iter().flat_map(|old| [old.access_token(), old.refresh_token()]);
        let grant =
            self.config.grant.iter().flatten().filter(|(name, _)| name != "grant_type" && name != "scope");
        tokens
            .chain([self.config.client.client_secret.as_ref()])
            .flatten()
            .chain(grant.map(|(_, value)| value))
            .map(Secret::expose)
    }

    /// Offers the set to `on_token`.
    fn save(&self, set: &TokenSet, call: &Call) -> Result<()> {
        let Some(hook) = self.hooks.token.get()? else { return Ok(()) };
        match hook.save(set, call) {
            Ok(()) => {
                self.stats.tokens_saved.add();
                self.hooks.log(hooks::INFO, "token_saved", Vec::new);
                Ok(())
            }
            Err(error) => {
                self.stats.tokens_not_saved.add();
                self.hooks.log(hooks::ERROR, "token_not_saved", Vec::new);
                let message = format!("on_token failed, the new token is kept in memory: {}", error.message);
                // A call that is over keeps its own status.
                let status =
                    if matches!(error.status, status::TIMEOUT | status::CANCELLED | status::WOULD_DEADLOCK) {
                        error.status
                    } else {
                        status::HOOK_FAILED
                    };
                Err(Error::new(Reason::NotSaved, message).with_status(status))
            }
        }
    }
}

impl Way {
    fn name(&self) -> &'static str {
        match self {
            Way::Hook(_) => "on_refresh",
            Way::RefreshToken(_) => "refresh_token",
            Way::Grant(_) => "grant",
        }
    }
}

/// What a log may say of a token set.
fn describe(set: &TokenSet) -> Vec<(&'static str, String)> {
    let mut members = Vec::new();
    if let Some(token) = set.access_token() {
        members.push(("access_token_sha256", quote(&token.fingerprint())));
    }
    if let Some(at) = set.expires_at() {
        members.push(("expires_at", at.to_string()));
    }
    members
}

#[cfg(test)]
pub(crate) mod tests;
