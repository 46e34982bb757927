//! Which token now, who renews it, who waits.
//!
//! One call leads a renewal, the others wait for it: those of the same session (`flight`), and those of other sessions
//! whose refresh token is of the same family (`family`). No lock is held while hooks or the network are at work. The
//! order is fixed: answer read, `on_token` (saved), published, waiters go. `leading` tells it.

mod ahead;
mod assertion;
mod dpop;
mod exchange;
mod families;
mod family;
mod flight;
mod identity;
mod leading;
mod lifetime;
mod obtaining;
mod pace;
mod parts;
mod renewal;
mod server;
mod signed_answer;
mod state;
mod taking_over;
mod time;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::call::Call;
use crate::cancel::Cancel;
use crate::clock::{Clock, Deadline};
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::fork::Lock;
use crate::hooks::{self, Hooks};
use crate::http::{Headers, Transport};
use crate::stats::Stats;
use crate::status;
use crate::sync::AtomicBool;
use crate::token::TokenSet;
pub use dpop::Binding;
use dpop::Nonces;
use exchange::Way;
pub use families::Families;
use flight::Role;
pub use identity::Asked;
use identity::KnownKeys;
use lifetime::Lifetime;
pub use parts::Keys;
use parts::Parts;
use server::Discovered;
pub use state::Current;
use state::{Refusals, State, Why};
use time::Time;

/// How long the last free waits for a renewal that is under way, so that a rotated token is still saved.
const LAST_FREE: Duration = Duration::from_secs(5);

/// The token of one client and everything that happens to it.
pub struct Session {
    parts: Arc<Parts>,
    families: &'static Families,
    state: Lock<State>,
    me: Weak<Session>,
    /// The process whose background thread looks after it, plus one; 0 for none.
    watched_in: AtomicU64,
    /// Spares every accepted request the lock.
    has_refusals: AtomicBool,
}

impl Session {
    /// A session that begins with the configuration's token.
    pub fn new(
        config: Arc<Config>,
        hooks: Arc<Hooks>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        stats: Arc<Stats>,
        families: &'static Families,
        keys: Keys,
    ) -> Result<Arc<Session>> {
        let member = Arc::new(families.join(&config, config.token.as_ref(), clock.steady())?);
        let token = config.token.clone();
        let parts = Arc::new(Parts {
            config,
            hooks,
            transport,
            time: Time::new(clock),
            stats,
            discovered: Discovered::default(),
            nonces: Nonces::default(),
            keys,
            known_keys: KnownKeys::default(),
        });
        let session = Arc::new_cyclic(|me| Session {
            parts,
            families,
            state: Lock::new(State::new(member)),
            me: me.clone(),
            watched_in: AtomicU64::new(0),
            has_refusals: AtomicBool::new(false),
        });
        if let Some(set) = token {
            let lifetime = Lifetime::of_stored(&set);
            let renew_at = session.renew_at(&lifetime);
            session.state.lock()?.replace(set, lifetime, renew_at);
        }
        Ok(session)
    }

    /// The token set as it is, without looking at its age.
    pub fn token(&self) -> Result<Option<Arc<Current>>> {
        Ok(self.state.lock()?.current.clone())
    }

    /// Replaces the token set by one that the caller has saved already. Failures of its refresh token are forgotten.
    pub fn set_token(&self, set: TokenSet) -> Result<()> {
        let lifetime = Lifetime::of_stored(&set);
        let renew_at = self.renew_at(&lifetime);
        let member = self.families.join(&self.parts.config, Some(&set), self.parts.time.steady())?;
        member.family.forgive()?;
        let old_member = {
            let mut state = self.state.lock()?;
            state.replace(set, lifetime, renew_at);
            state.unsaved = false;
            state.overwritten = state.saving.is_some_and(|thread| thread != flight::this_thread());
            state.refusals = Refusals::default();
            state.seen = 0;
            std::mem::replace(&mut state.member, Arc::new(member))
        };
        drop(old_member);
        self.replan_ahead()
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

    /// Whether the API's refusal of the token of this generation is a reason to get another: there must be a way to
    /// one, and refusals in a row are answered ever more slowly.
    pub fn may_replace(&self, generation: u64) -> Result<bool> {
        let (current, family, allowed) = {
            let state = self.state.lock()?;
            if state.generation != generation {
                return Ok(true);
            }
            let allowed = state.refusals.allow(self.parts.time.steady());
            (state.current.clone(), state.member.family.clone(), allowed)
        };
        let is_dead = family.dead()?.is_some();
        Ok(allowed && Way::of(&self.parts, current.as_ref().map(|c| &c.set), is_dead)?.is_some())
    }

    /// The API refused the token of this generation, and the request could not be sent again: the next call renews.
    pub fn mark_refused(&self, generation: u64) -> Result<()> {
        self.state.lock()?.refused_generation = Some(generation);
        Ok(())
    }

    /// The API took the token: refusals before it were not the start of a row.
    pub fn mark_accepted(&self) -> Result<()> {
        if self.has_refusals.swap(false, Ordering::Relaxed) {
            self.state.lock()?.refusals = Refusals::default();
        }
        Ok(())
    }

    /// Learns what time it is at a server from its answer to a request that was started at this steady time. After a
    /// refusal it says whether the clock was that wrong that a proof of then is worthless; else nobody asks.
    pub fn learn_time(&self, status: u16, answer: &Headers, asked: Duration) -> bool {
        if status == 401 {
            return self.parts.time.corrects(answer, asked);
        }
        self.parts.time.learn(answer, asked);
        false
    }

    /// Time since some fixed moment.
    pub fn steady(&self) -> Duration {
        self.parts.time.steady()
    }

    fn renewed(&self, why: Why, call: &Call) -> Result<Arc<Current>> {
        loop {
            let (role, family) = {
                let mut state = self.state.lock()?;
                if let Some(current) = state.satisfying(why, &self.parts.config, &self.parts.time) {
                    return Ok(current);
                }
                (flight::role(&mut state.flight)?, state.member.family.clone())
            };
            let outcome = match role {
                Role::Lead(flight) => {
                    let panicked = Err(Error::new(Reason::Panic, "the renewal failed inside"));
                    flight.lead(
                        || self.end_flight(),
                        panicked,
                        || {
                            let outcome = self.lead_for(why, call);
                            (outcome.clone(), outcome)
                        },
                    )
                }
                Role::Join(flight, event) => {
                    // Whoever leads here may itself wait for the renewal that this thread serves for another client.
                    family.check_not_led_here()?;
                    self.parts.stats.renewals_joined.add();
                    call.wait(&event)?;
                    match flight.outcome()? {
                        Err(error) if is_of_the_leader(&error) => continue,
                        outcome => outcome,
                    }
                }
            };
            return match (outcome, why) {
                (Err(error), Why::Expiring(min_valid)) => self.make_do(error, min_valid),
                (outcome, _) => outcome,
            };
        }
    }

    /// Leads, and counts what a refusal caused.
    fn lead_for(&self, why: Why, call: &Call) -> Result<Arc<Current>> {
        let was_refused = matches!(why, Why::Refused(_)) || {
            let state = self.state.lock()?;
            state.refused_generation == Some(state.generation)
        };
        let current = self.lead(why, call)?;
        if was_refused {
            let (now, roll) = (self.parts.time.steady(), self.families.dice.roll());
            self.state.lock()?.refusals.renewed(now, roll);
            self.has_refusals.store(true, Ordering::Relaxed);
        }
        Ok(current)
    }

    fn end_flight(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.flight = None;
        }
    }

    /// The renewal failed; the present token is used as long as it lasts.
    fn make_do(&self, error: Error, min_valid: Duration) -> Result<Arc<Current>> {
        let may_pass_over = match error.reason {
            Reason::NotSaved | Reason::Reentered => false,
            _ => !matches!(error.status, status::CANCELLED | status::TIMEOUT | status::INTERNAL),
        };
        match self.state.lock()?.lasting(min_valid, &self.parts.time) {
            Some(current) if may_pass_over => {
                self.parts.hooks.log(hooks::DEBUG, "renewal_put_off", || vec![("error", error.to_json())]);
                Ok(current)
            }
            _ => Err(error),
        }
    }
}

/// Whether only the call that led has ended, or was told that it would wait for itself: somebody else goes on.
fn is_of_the_leader(error: &Error) -> bool {
    match error.reason {
        Reason::Cancelled | Reason::Deadline | Reason::Reentered => true,
        Reason::NotSaved => {
            matches!(error.status, status::CANCELLED | status::TIMEOUT | status::WOULD_DEADLOCK)
        }
        _ => false,
    }
}

impl Drop for Session {
    /// A renewal that is under way is read to its end, and what is not saved is offered once more.
    fn drop(&mut self) {
        let call = Call { deadline: Deadline::after(LAST_FREE), cancel: Arc::new(Cancel::default()) };
        if let Err(error) = self.settle(&call) {
            self.parts.hooks.log(hooks::ERROR, "token_lost", || vec![("error", error.to_json())]);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
