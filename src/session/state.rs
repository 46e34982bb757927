//! What a session remembers, and who may lead a renewal.

use std::sync::Arc;
use std::time::Duration;

use super::lifetime::Lifetime;
use crate::cancel::Event;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::oauth::bearer;
use crate::secret::Secret;
use crate::token::TokenSet;

#[derive(Default)]
pub(super) struct State {
    pub(super) current: Option<Arc<Current>>,
    /// Counts every change of `current`.
    pub(super) generation: u64,
    /// `on_token` has not accepted `current` yet.
    pub(super) unsaved: bool,
    /// The API refused the token of this generation, and it could not be renewed at once.
    pub(super) refused_generation: Option<u64>,
    /// The refresh token that the server declared dead, and its words.
    pub(super) dead: Option<(Secret, Error)>,
    pub(super) flight: Option<Arc<Flight>>,
}

/// A token set in force.
pub struct Current {
    /// The set itself.
    pub set: TokenSet,
    /// Which change of the session brought it.
    pub generation: u64,
    pub(super) lifetime: Lifetime,
}

/// A renewal under way.
pub(super) struct Flight {
    pub(super) leader: usize,
    /// Of the process that leads: a child of it does not have the leading thread.
    pub(super) process: u64,
    pub(super) outcome: Lock<Option<Result<Arc<Current>>>>,
    pub(super) waiting: Lock<Vec<Arc<Event>>>,
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
}

pub(super) enum Role {
    Lead(Arc<Flight>),
    Join(Arc<Flight>, Arc<Event>),
}

impl State {
    /// Makes a set the current one.
    pub(super) fn replace(&mut self, set: TokenSet, lifetime: Lifetime) -> Arc<Current> {
        self.generation += 1;
        let current = Arc::new(Current { set, generation: self.generation, lifetime });
        self.current = Some(current.clone());
        current
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
                    && current.lifetime.is_fresh(config.refresh.leeway, min_valid, clock)
            }
            Why::Refused(generation) => generation != current.generation,
            Why::Asked => false,
        };
        is_good.then(|| current.clone())
    }

    pub(super) fn take_role(&mut self) -> Result<Role> {
        let me = this_thread();
        match self.flight.as_ref().filter(|flight| flight.process == fork::generation()) {
            Some(flight) if flight.leader == me => Err(Error::new(
                Reason::Reentered,
                "a hook of this renewal asked for the very token that is being renewed",
            )),
            Some(flight) => {
                let event = Arc::new(Event::default());
                flight.waiting.lock()?.push(event.clone());
                Ok(Role::Join(flight.clone(), event))
            }
            None => {
                let flight = Arc::new(Flight {
                    leader: me,
                    process: fork::generation(),
                    outcome: Lock::default(),
                    waiting: Lock::default(),
                });
                self.flight = Some(flight.clone());
                Ok(Role::Lead(flight))
            }
        }
    }

    /// The server's words, where it has declared the current refresh token dead.
    pub(super) fn dead_error(&self) -> Option<Error> {
        let (token, error) = self.dead.as_ref()?;
        let current = self.current.as_ref()?.set.refresh_token()?;
        (current == token).then(|| error.clone())
    }
}

impl Current {
    /// The value of the header that carries it.
    pub fn header_value(&self, config: &Config) -> Result<Secret> {
        match self.set.access_token() {
            Some(token) => bearer::header_value(token, &config.header),
            None => Err(no_token(Some(&self.set))),
        }
    }
}

pub(super) fn no_token(old: Option<&TokenSet>) -> Error {
    let message = match old {
        None => "there is no token, and no way to get one without a person",
        Some(_) => "the access token is no longer valid, and there is no way to renew it",
    };
    Error::new(Reason::NoToken, message)
}

/// Tells the living threads apart. `std::thread::current` would do so too, and leave memory behind in threads that it
/// did not start.
fn this_thread() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}
