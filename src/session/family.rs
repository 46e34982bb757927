//! A family of refresh tokens, each the successor of the one before, and everything that clients of this process which
//! hold one of them share: who renews, what came of it, how often it failed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::flight::{self, Flight, Role};
use super::lifetime::Lifetime;
use super::pace::{Dice, Setback};
use super::renewal::Renewal;
use crate::cancel::Event;
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::secret::Secret;
use crate::token::TokenSet;

/// Names a refresh token at a token endpoint without holding it: a SHA-256.
pub(super) type Key = [u8; 32];

#[derive(Default)]
pub(super) struct Family {
    pub(super) state: Lock<FamilyState>,
}

#[derive(Default)]
pub(super) struct FamilyState {
    /// The refresh tokens that are known to be of this family; the newest last.
    pub(super) keys: VecDeque<Key>,
    /// How many sessions hold one of them.
    pub(super) members: usize,
    flight: Option<Arc<Flight<Option<Failure>>>>,
    parked: Option<Box<Renewal>>,
    latest: Option<Arc<Latest>>,
    setback: Setback,
    dead: Option<Dead>,
}

struct Dead {
    error: Error,
    since: Duration,
}

/// The token set that a renewal brought last.
pub(super) struct Latest {
    /// Counts the renewals of the family.
    pub(super) number: u64,
    pub(super) origin: Origin,
    pub(super) lifetime: Lifetime,
    /// The family's refresh token from here on.
    pub(super) refresh_token: Option<Secret>,
    /// Who may use its access token: those who asked for the same.
    pub(super) sharing: Option<String>,
}

/// Where a set came from, which says how each client makes it its own.
pub(super) enum Origin {
    /// An answer to a request that was made at this wall time; it says only what is new.
    Answered(TokenSet, i64),
    /// Somebody else's store; it says everything.
    Stored(TokenSet),
}

/// A try that failed, for those who come next.
pub(super) struct Failed<'a> {
    pub(super) error: &'a Error,
    /// A grant was refused, not the refresh token.
    pub(super) by_grant: bool,
    /// How long the token is still good, where the background tried.
    pub(super) left_ahead: Option<Duration>,
}

/// Why a renewal brought nothing.
#[derive(Clone)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) sharing: Option<String>,
}

/// What a call that wants another token does next.
pub(super) enum Turn {
    /// Take over what another client brought.
    Newer(Arc<Latest>),
    Join(Arc<Flight<Option<Failure>>>, Arc<Event>),
    /// Renew; or go on with the renewal that another call left.
    Lead(Arc<Flight<Option<Failure>>>, Option<Box<Renewal>>),
}

impl Family {
    /// `seen` is the number of the last renewal that the session knows.
    pub(super) fn turn(&self, seen: u64) -> Result<Turn> {
        let mut state = self.state.lock()?;
        // To take something over may need the lock, which a renewal that was left may hold.
        let is_locked = state.parked().is_some_and(|parked| parked.holds_lock());
        if flight::under_way(&state.flight).is_none()
            && !is_locked
            && let Some(latest) = state.latest_after(seen)
        {
            return Ok(Turn::Newer(latest.clone()));
        }
        Ok(match flight::role(&mut state.flight)? {
            Role::Join(flight, event) => Turn::Join(flight, event),
            Role::Lead(flight) => {
                Turn::Lead(flight, state.parked.take_if(|parked| parked.process == fork::generation()))
            }
        })
    }

    /// `WOULD_DEADLOCK` where this thread is the one that renews.
    pub(super) fn check_not_led_here(&self) -> Result<()> {
        let state = self.state.lock()?;
        flight::under_way(&state.flight).map_or(Ok(()), |flight| flight.check_not_mine())
    }

    pub(super) fn end_flight(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.flight = None;
        }
    }

    /// Keeps a renewal whose call has left.
    pub(super) fn park(&self, renewal: Box<Renewal>) -> Result<()> {
        self.state.lock()?.parked = Some(renewal);
        Ok(())
    }

    /// Whether a renewal waits for somebody who goes on with it.
    pub(super) fn is_parked(&self) -> Result<bool> {
        Ok(self.state.lock()?.parked().is_some())
    }

    /// Whether the session finds, or will find, something here that it must not lose.
    pub(super) fn has_news(&self, seen: u64) -> Result<bool> {
        let state = self.state.lock()?;
        Ok(state.parked().is_some()
            || flight::under_way(&state.flight).is_some()
            || state.latest_after(seen).is_some())
    }

    /// What the session does not know yet of a renewal that this very thread is in the middle of.
    pub(super) fn news_in_passing(&self, seen: u64) -> Result<Option<Arc<Latest>>> {
        let state = self.state.lock()?;
        let is_led_here =
            flight::under_way(&state.flight).is_some_and(|flight| flight.check_not_mine().is_err());
        Ok(state.latest_after(seen).filter(|_| is_led_here).cloned())
    }

    /// A new set: what failed before is forgotten. `key` is that of its refresh token.
    pub(super) fn publish(state: &mut FamilyState, mut latest: Latest) -> Arc<Latest> {
        latest.number = state.latest.as_ref().map_or(0, |latest| latest.number) + 1;
        let latest = Arc::new(latest);
        state.latest = Some(latest.clone());
        state.setback.clear();
        state.dead = None;
        latest
    }

    /// A renewal failed, at this steady time.
    pub(super) fn failed(&self, failure: &Failed, now: Duration, dice: &Dice) -> Result<()> {
        let mut state = self.state.lock()?;
        let error = failure.error;
        if error.reason == Reason::InvalidGrant && !failure.by_grant {
            state.dead = Some(Dead { error: error.clone(), since: now });
        } else {
            state.setback.failed(error, now, failure.left_ahead, dice);
        }
        Ok(())
    }

    /// The server's words, where it has declared the refresh token dead.
    pub(super) fn dead(&self) -> Result<Option<Error>> {
        Ok(self.state.lock()?.dead.as_ref().map(|dead| dead.error.clone()))
    }

    /// The last failure, while it is too early to try again.
    pub(super) fn holds_back(&self, now: Duration, in_background: bool) -> Result<Option<Error>> {
        Ok(self.state.lock()?.setback.holds_back(now, in_background))
    }

    /// When the next try may come, on the steady clock.
    pub(super) fn not_before(&self) -> Result<Duration> {
        Ok(self.state.lock()?.setback.not_before())
    }

    /// The owner of the tokens says: try again.
    pub(super) fn forgive(&self) -> Result<()> {
        let mut state = self.state.lock()?;
        state.setback.clear();
        state.dead = None;
        Ok(())
    }
}

impl FamilyState {
    fn parked(&self) -> Option<&Renewal> {
        self.parked.as_deref().filter(|parked| parked.process == fork::generation())
    }

    fn latest_after(&self, seen: u64) -> Option<&Arc<Latest>> {
        self.latest.as_ref().filter(|latest| latest.number > seen)
    }

    /// Takes a renewal away that nobody is left to finish; to be dropped without a lock held.
    pub(super) fn give_up(&mut self) -> Option<Box<Renewal>> {
        self.parked.take()
    }

    /// Whether something is worth remembering although no client holds a token of the family any more: a program that
    /// makes a client for every request must not ask a server again and again for what it refuses.
    pub(super) fn has_failed(&self) -> bool {
        self.dead.is_some() || !self.setback.is_clear()
    }

    /// Forgets failures that are old enough for another try.
    pub(super) fn expire(&mut self, now: Duration) {
        const DEAD_FOR: Duration = Duration::from_secs(3600);
        self.dead.take_if(|dead| now.saturating_sub(dead.since) >= DEAD_FOR);
        if self.setback.not_before().saturating_add(DEAD_FOR) <= now {
            self.setback.clear();
        }
    }
}

impl Latest {
    /// The set as the own one of a client that held `old`.
    pub(super) fn after(&self, old: Option<&TokenSet>) -> TokenSet {
        match &self.origin {
            Origin::Stored(set) => set.clone(),
            Origin::Answered(answer, asked_wall) => {
                let set = answer.clone().succeed(old, *asked_wall);
                match &self.refresh_token {
                    Some(token) if set.refresh_token() != Some(token) => set.with_refresh_token(token),
                    _ => set,
                }
            }
        }
    }

    pub(super) fn access_token(&self) -> Option<&Secret> {
        match &self.origin {
            Origin::Stored(set) | Origin::Answered(set, _) => set.access_token(),
        }
    }
}

impl Failure {
    /// Whether a client that asks for `sharing` would have failed alike.
    pub(super) fn concerns(&self, sharing: &Option<String>) -> bool {
        self.error.reason == Reason::InvalidGrant || self.sharing == *sharing
    }

    /// Whether only the leading call ended.
    pub(super) fn is_of_the_call(&self) -> bool {
        matches!(self.error.reason, Reason::Cancelled | Reason::Deadline)
    }
}
