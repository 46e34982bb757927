//! One renewal: lock, reload, exchange, and what comes after an `invalid_grant`. It can be left in the middle of the
//! exchange, and then keeps the lock: whoever else took it would spend the same refresh token.

use std::sync::Arc;

use super::exchange::{Answered, Exchange, Way};
use super::parts::Parts;
use super::state::no_token;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::fork;
use crate::hooks::{self, LockHook};
use crate::quote::quote;
use crate::secret::Secret;
use crate::status::{self, Status};
use crate::token::TokenSet;

/// What a renewal brings.
pub(super) enum Gain {
    /// What somebody else had stored.
    Stored(TokenSet),
    /// What was asked for.
    Answered(Answered),
}

/// A renewal, as far as it has come.
pub(super) struct Renewal {
    /// Dropped before `parts`: the lock is let go before any hook is destroyed.
    held: Option<Held>,
    pub(super) parts: Arc<Parts>,
    /// The set to renew.
    pub(super) old: Option<TokenSet>,
    /// The refresh token is known to be dead, and is not to be tried again.
    dead: Option<Error>,
    /// Whether the store was looked at once more after an `invalid_grant`.
    reloaded: bool,
    exchange: Option<Exchange>,
    /// Of the process that began it.
    pub(super) process: u64,
}

/// The lock around renewals, held until dropped.
struct Held {
    lock: Arc<dyn LockHook>,
    token: Option<TokenSet>,
    outcome: Status,
    /// Of the process that it was granted to: a child has no part in it.
    process: u64,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.process == fork::generation() {
            self.lock.unlock(self.token.as_ref(), self.outcome);
        }
    }
}

impl Renewal {
    pub(super) fn new(parts: Arc<Parts>, old: Option<TokenSet>, dead: Option<Error>) -> Renewal {
        let process = fork::generation();
        Renewal { held: None, parts, old, dead, reloaded: false, exchange: None, process }
    }

    /// Whether only the call has ended, in the middle of the exchange.
    pub(super) fn is_parked(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_parked)
    }

    /// Whether it keeps the lock around renewals.
    pub(super) fn holds_lock(&self) -> bool {
        self.held.is_some()
    }

    /// Whether a grant was refused, not the refresh token.
    pub(super) fn is_by_grant(&self) -> bool {
        self.exchange.as_ref().is_some_and(|exchange| matches!(exchange.way, Way::Grant(_)))
    }

    /// The server that was asked.
    pub(super) fn endpoint(&self) -> Option<String> {
        self.exchange.as_ref()?.endpoint().map(ToString::to_string)
    }

    /// Begins, or goes on where the last call left it.
    pub(super) fn run(&mut self, call: &Call) -> Result<Gain> {
        if self.exchange.is_none() {
            if let Some(newer) = self.lock(call)? {
                return Ok(Gain::Stored(newer));
            }
            self.exchange = Some(self.begin()?);
        }
        loop {
            let Some(exchange) = &mut self.exchange else {
                return Err(Error::new(Reason::Torn, "the renewal has no exchange"));
            };
            let error = match exchange.run(&self.parts, self.old.as_ref(), call) {
                Ok(answered) => {
                    let old = self.old.as_ref();
                    self.parts.check_renewed(&answered.set, &exchange.way, old, call)?;
                    return Ok(Gain::Answered(answered));
                }
                Err(error) => error,
            };
            if error.reason != Reason::InvalidGrant {
                return Err(error);
            }
            let was_by_refresh_token = exchange.way.is_by_refresh_token();
            // A process that does not know of the lock may have rotated the refresh token meanwhile.
            if !std::mem::replace(&mut self.reloaded, true)
                && let Some(newer) = self.newer(call)?
            {
                return Ok(Gain::Stored(newer));
            }
            self.dead = Some(error.clone());
            match Way::of(&self.parts, self.old.as_ref(), true)? {
                Some(other @ Way::Grant(_)) if was_by_refresh_token => {
                    self.exchange = Some(Exchange::new(other, &self.parts));
                }
                _ => return Err(error),
            }
        }
    }

    /// Goes on, under the same lock, with what was stored: that was too old as well.
    pub(super) fn go_on_with(&mut self, stored: TokenSet) {
        self.old = Some(stored);
        (self.dead, self.exchange) = (None, None);
    }

    /// Ends it: the lock is let go.
    pub(super) fn end(mut self: Box<Self>, outcome: Status) {
        if let Some(held) = &mut self.held {
            held.outcome = outcome;
        }
    }

    fn begin(&self) -> Result<Exchange> {
        let old = self.old.as_ref();
        let Some(way) = Way::of(&self.parts, old, self.dead.is_some())? else {
            return Err(self.dead.clone().unwrap_or_else(|| no_token(old)));
        };
        self.parts.hooks.log(hooks::INFO, "renewal_started", || vec![("by", quote(way.name()))]);
        Ok(Exchange::new(way, &self.parts))
    }

    /// Takes the lock, where there is one, and looks at what is stored.
    pub(super) fn lock(&mut self, call: &Call) -> Result<Option<TokenSet>> {
        if self.held.is_some() {
            return Ok(None);
        }
        let Some(lock) = self.parts.hooks.lock.get()? else { return Ok(None) };
        lock.lock(self.old.as_ref(), call)?;
        self.held = Some(Held {
            lock,
            token: self.old.clone(),
            outcome: status::INTERNAL,
            process: fork::generation(),
        });
        self.newer(call)
    }

    /// What somebody else stored, if it is not what we have.
    fn newer(&self, call: &Call) -> Result<Option<TokenSet>> {
        let Some(held) = &self.held else { return Ok(None) };
        let old = self.old.as_ref();
        let stored = held.lock.reload(old, call)?;
        Ok(stored.filter(|stored| {
            let same = |of: fn(&TokenSet) -> Option<&Secret>| old.is_some_and(|old| of(old) == of(stored));
            !(same(TokenSet::access_token) && same(TokenSet::refresh_token))
        }))
    }
}
