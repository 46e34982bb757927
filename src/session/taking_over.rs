//! How what somebody brought becomes a session's own: saved first, then in force.

use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::families::Member;
use super::family::Latest;
use super::flight;
use super::lifetime::Lifetime;
use super::renewal::{Gain, Renewal};
use super::state::{Current, Why, leeway};
use crate::call::Call;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::hooks;
use crate::secret::Secret;
use crate::status;
use crate::token::TokenSet;

/// What a session held when it looked.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) current: Option<Arc<Current>>,
    pub(super) generation: u64,
    pub(super) member: Arc<Member>,
    pub(super) seen: u64,
}

/// Who brought a set that is taken over.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum By {
    /// This call, just now.
    Me,
    /// This call, which read the end of what another had begun.
    Resumed,
    /// Another session, while this one waited for it.
    Awaited,
    /// Another session, before.
    Others,
    /// Somebody else's store, which has it already.
    Store,
}

/// A set that is to be put in force.
pub(super) struct Install {
    pub(super) set: TokenSet,
    pub(super) lifetime: Lifetime,
    /// Which renewal of the family brought it.
    pub(super) number: u64,
    pub(super) is_saved: bool,
}

/// What became of a set that somebody brought.
pub(super) struct Taken {
    pub(super) current: Arc<Current>,
    /// Whether it is what the call wants.
    pub(super) is_wanted: bool,
}

impl Why {
    /// Where only the refresh token is new, the access token is the one that was refused before.
    pub(super) fn after(self, standing: &Standing, taken: &Taken) -> Why {
        match self {
            Why::Refused(generation) if generation == standing.generation => {
                Why::Refused(taken.current.generation)
            }
            Why::Ahead(generation) if generation == standing.generation => {
                Why::Ahead(taken.current.generation)
            }
            why => why,
        }
    }
}

impl Session {
    /// Makes what somebody brought the session's own, where that is of any use.
    pub(super) fn take_over(
        &self,
        latest: &Latest,
        standing: &Standing,
        by: By,
        why: Why,
        call: &Call,
    ) -> Result<Option<Taken>> {
        let old = standing.current.as_deref();
        let shares = latest.sharing == self.sharing();
        let held = |of: fn(&TokenSet) -> Option<&Secret>| old.and_then(|old| of(&old.set));
        let rotates = latest.refresh_token.as_ref() != held(TokenSet::refresh_token);
        let is_wanted = shares && latest.access_token().is_some() && {
            let min_valid = if let Why::Expiring(min_valid) = why { min_valid } else { Duration::ZERO };
            let is_fresh =
                || latest.lifetime.is_fresh(leeway(&self.parts.config), min_valid, &self.parts.time);
            let differs = latest.access_token() != held(TokenSet::access_token);
            match by {
                By::Me | By::Awaited => true,
                By::Resumed | By::Store => (differs || !matches!(why, Why::Refused(_))) && is_fresh(),
                By::Others => !matches!(why, Why::Asked) && differs && is_fresh(),
            }
        };
        if by == By::Others && !rotates && !is_wanted {
            self.saw(latest, standing)?;
            return Ok(None);
        }
        let mut look = None;
        if matches!(by, By::Others | By::Awaited) && self.parts.hooks.lock.get()?.is_some() {
            // Another process may have rotated the token once more: saving it blindly would overwrite the newest.
            let old = old.map(|old| old.set.clone());
            let mut renewal = Box::new(Renewal::new(self.parts.clone(), old, None));
            if let Some(stored) = renewal.lock(call)? {
                let stored = self.publish(&standing.member.family, &renewal, Gain::Stored(stored))?;
                let taken = self.take_over(&stored, standing, By::Store, why, call);
                renewal.end(taken.as_ref().map_or_else(|error| error.status, |_| status::OK));
                return taken;
            }
            look = Some(renewal);
        }
        let (set, lifetime) = match (shares, old, &latest.refresh_token) {
            (true, ..) => (latest.after(old.map(|old| &old.set)), latest.lifetime),
            (false, Some(old), Some(token)) => (old.set.clone().with_refresh_token(token), old.lifetime),
            _ => {
                self.saw(latest, standing)?;
                return Ok(None);
            }
        };
        let install = Install { set, lifetime, number: latest.number, is_saved: by == By::Store };
        let taken = self.install(install, standing.generation, call);
        if let Some(renewal) = look {
            renewal.end(taken.as_ref().map_or_else(|error| error.status, |_| status::OK));
        }
        let taken = taken?;
        Ok(Some(Taken { is_wanted: taken.is_wanted || is_wanted, ..taken }))
    }

    fn saw(&self, latest: &Latest, standing: &Standing) -> Result<()> {
        let mut state = self.state.lock()?;
        // Another token may be of another family, which counts for itself.
        if state.generation == standing.generation {
            state.seen = latest.number;
        }
        Ok(())
    }

    /// Saves a set, then puts it in force. A token that the caller set since that generation counts; then this one is
    /// nobody's to save or to use, and theirs is what is wanted.
    pub(super) fn install(&self, new: Install, generation: u64, call: &Call) -> Result<Taken> {
        let theirs = |current| Taken { current, is_wanted: true };
        {
            let mut state = self.state.lock()?;
            if let Some(current) = state.changed_since(generation) {
                return Ok(theirs(current));
            }
            state.saving = Some(flight::this_thread()).filter(|_| !new.is_saved);
        }
        let renew_at = self.renew_at(&new.lifetime);
        let saved = if new.is_saved { Ok(()) } else { self.save(&new.set, call) };
        let member = self.families.join(&self.parts.config, Some(&new.set), self.parts.time.steady())?;
        let mut state = self.state.lock()?;
        state.saving = None;
        if let Some(current) = state.changed_since(generation) {
            drop(state);
            self.redeliver(call)?;
            return Ok(theirs(current));
        }
        let current = state.replace(new.set, new.lifetime, renew_at);
        state.unsaved = saved.is_err();
        let stays = Arc::ptr_eq(&state.member.family, &member.family);
        state.seen = if stays { new.number } else { 0 };
        let _old_member = std::mem::replace(&mut state.member, Arc::new(member));
        drop(state);
        self.replan_ahead()?;
        saved.map(|()| Taken { current, is_wanted: false })
    }

    /// Offers a set once more that `on_token` failed to save, or wrote over.
    pub(super) fn redeliver(&self, call: &Call) -> Result<()> {
        loop {
            let current = {
                let mut state = self.state.lock()?;
                let is_missing = state.unsaved || state.overwritten;
                let Some(current) = state.current.clone().filter(|_| is_missing) else { return Ok(()) };
                state.saving = Some(flight::this_thread());
                current
            };
            let saved = self.save(&current.set, call);
            let mut state = self.state.lock()?;
            state.saving = None;
            if state.generation == current.generation {
                saved?;
                (state.unsaved, state.overwritten) = (false, false);
            }
        }
    }

    /// Offers the set to `on_token`.
    fn save(&self, set: &TokenSet, call: &Call) -> Result<()> {
        let Some(hook) = self.parts.hooks.token.get()? else { return Ok(()) };
        match hook.save(set, call) {
            Ok(()) => {
                self.parts.stats.tokens_saved.add();
                self.parts.hooks.log(hooks::INFO, "token_saved", Vec::new);
                Ok(())
            }
            Err(error) => {
                self.parts.stats.tokens_not_saved.add();
                self.parts.hooks.log(hooks::ERROR, "token_not_saved", Vec::new);
                let message = format!("on_token failed, the new token is kept in memory: {}", error.message);
                let status = error.status;
                let error = Error::new(Reason::NotSaved, message);
                Err(match status {
                    status::CANCELLED | status::TIMEOUT | status::WOULD_DEADLOCK => error.with_status(status),
                    _ => error,
                })
            }
        }
    }
}
