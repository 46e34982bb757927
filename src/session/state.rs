//! What a session remembers.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::families::Member;
use super::flight::Flight;
use super::lifetime::Lifetime;
use super::pace::{self, Setback};
use super::parts::Parts;
use crate::clock::Clock;
use crate::config::{Config, TokenHeader};
use crate::error::{Error, Reason, Result};
use crate::oauth::{bearer, dpop};
use crate::secret::Secret;
use crate::signing::Key;
use crate::token::TokenSet;

pub(super) struct State {
    pub(super) current: Option<Arc<Current>>,
    /// Counts every change of `current`.
    pub(super) generation: u64,
    /// `on_token` has not accepted `current` yet.
    pub(super) unsaved: bool,
    /// The thread that `on_token` runs on.
    pub(super) saving: Option<usize>,
    /// `on_token` was at an older set when the caller set `current`: the store may end with that one.
    pub(super) overwritten: bool,
    /// The API refused the token of this generation, and it could not be renewed at once.
    pub(super) refused_generation: Option<u64>,
    pub(super) refusals: Refusals,
    /// When the background renews `current`, on the steady clock.
    pub(super) renew_at: Option<Duration>,
    /// What failed there in a row.
    pub(super) ahead_setback: Setback,
    pub(super) flight: Option<Arc<Flight<Result<Arc<Current>>>>>,
    /// Those who hold a token of the same family. Calls keep it to their end: what they send must stay known to others.
    pub(super) member: Arc<Member>,
    /// The family's last renewal that this session knows.
    pub(super) seen: u64,
}

/// A token set in force.
pub struct Current {
    /// The set itself.
    pub set: TokenSet,
    /// Which change of the session brought it.
    pub generation: u64,
    pub(super) lifetime: Lifetime,
    /// Whether the access token is bound to a key (RFC 9449).
    is_bound: bool,
    /// That key, once it was read.
    key: OnceLock<Arc<Key>>,
}

/// Why a call wants another token.
#[derive(Clone, Copy)]
pub(super) enum Why {
    /// The present one does not last that much longer.
    Expiring(Duration),
    /// The API refused the token of this generation.
    Refused(u64),
    /// The caller said so.
    Asked,
    /// It is time to, for the token of this generation.
    Ahead(u64),
}

/// Renewals that the API's refusals caused, in a row: a server that refuses every token must not make one for each
/// request (F-9).
#[derive(Default)]
pub(super) struct Refusals {
    count: u32,
    first: Duration,
    not_before: Duration,
}

impl Refusals {
    /// A refusal was answered by a renewal, at this steady time.
    pub(super) fn renewed(&mut self, now: Duration, roll: f64) {
        if self.count == 0 {
            self.first = now;
        }
        self.count = self.count.saturating_add(1);
        // The second in a row waits already: the API has refused a token that was new.
        let delay = pace::delay(self.count.saturating_add(1), now.saturating_sub(self.first), roll);
        self.not_before = now.saturating_add(delay);
    }

    /// Whether a refusal may cause another renewal.
    pub(super) fn allow(&self, now: Duration) -> bool {
        self.count == 0 || self.not_before <= now
    }
}

impl State {
    pub(super) fn new(member: Arc<Member>) -> State {
        State {
            current: None,
            generation: 0,
            unsaved: false,
            saving: None,
            overwritten: false,
            refused_generation: None,
            refusals: Refusals::default(),
            renew_at: None,
            ahead_setback: Setback::default(),
            flight: None,
            member,
            seen: 0,
        }
    }

    /// Makes a set the current one.
    pub(super) fn replace(
        &mut self,
        set: TokenSet,
        lifetime: Lifetime,
        renew_at: Option<Duration>,
    ) -> Arc<Current> {
        self.generation += 1;
        self.renew_at = renew_at;
        let is_bound = dpop::is_bound(&set);
        let key = OnceLock::new();
        let current = Arc::new(Current { set, generation: self.generation, lifetime, is_bound, key });
        self.current = Some(current.clone());
        current
    }

    /// There is no set any more.
    pub(super) fn forget(&mut self) {
        self.generation += 1;
        (self.current, self.renew_at) = (None, None);
        (self.unsaved, self.overwritten, self.seen) = (false, false, 0);
    }

    /// The current set, where another one was put in place since that generation.
    pub(super) fn changed_since(&self, generation: u64) -> Option<Arc<Current>> {
        self.current.clone().filter(|_| self.generation != generation)
    }

    /// The current set, where it is what the call wants.
    pub(super) fn satisfying(&self, why: Why, config: &Config, clock: &dyn Clock) -> Option<Arc<Current>> {
        let current =
            self.current.as_ref().filter(|current| current.set.access_token().is_some() && !self.unsaved)?;
        let is_good = match why {
            Why::Expiring(min_valid) => {
                self.refused_generation != Some(current.generation)
                    && current.lifetime.is_fresh(leeway(config), min_valid, clock)
            }
            Why::Refused(generation) | Why::Ahead(generation) => generation != current.generation,
            Why::Asked => false,
        };
        is_good.then(|| current.clone())
    }

    /// The current set, where it lasts although it should have been renewed by now: better than none.
    pub(super) fn lasting(&self, min_valid: Duration, clock: &dyn Clock) -> Option<Arc<Current>> {
        let current =
            self.current.as_ref().filter(|current| current.set.access_token().is_some() && !self.unsaved)?;
        let lasts = self.refused_generation != Some(current.generation)
            && current.lifetime.is_fresh(Duration::ZERO, min_valid, clock);
        lasts.then(|| current.clone())
    }
}

impl Current {
    /// The value of the header that carries it.
    pub fn header_value(&self, config: &Config) -> Result<Secret> {
        match self.set.access_token() {
            Some(token) if self.is_bound => {
                let header = TokenHeader { scheme: "DPoP".to_owned(), ..config.header.clone() };
                bearer::header_value(token, &header)
            }
            Some(token) => bearer::header_value(token, &config.header),
            None => Err(no_token(Some(&self.set))),
        }
    }

    /// The key that the access token is bound to, where it is.
    pub(super) fn key(&self, parts: &Parts) -> Result<Option<Arc<Key>>> {
        if !self.is_bound {
            return Ok(None);
        }
        if let Some(key) = self.key.get() {
            return Ok(Some(key.clone()));
        }
        let key = parts.key_of(&self.set)?;
        Ok(Some(self.key.get_or_init(|| key).clone()))
    }
}

/// How long before its end a token is renewed by those who ask for it. Where the background does that in good time,
/// they take what they find as long as it lasts.
pub(super) fn leeway(config: &Config) -> Duration {
    if config.refresh.ahead { Duration::ZERO } else { config.refresh.leeway }
}

pub(super) fn no_token(old: Option<&TokenSet>) -> Error {
    let message = match old {
        None => "there is no token, and no way to get one without a person",
        Some(_) => "the access token is no longer valid, and there is no way to renew it",
    };
    Error::new(Reason::NoToken, message)
}
