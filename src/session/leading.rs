//! What the one call of a session does that gets another token: takes over what another session brought, waits for
//! one that is renewing, or renews.

use std::sync::Arc;

use super::Session;
use super::exchange::Answered;
use super::family::{Failed, Failure, Family, Latest, Origin, Turn};
use super::lifetime::Lifetime;
use super::renewal::{Gain, Renewal};
use super::state::{Current, Why};
use super::taking_over::{By, Standing, Taken};
use crate::call::Call;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::hooks;
use crate::quote::quote;
use crate::status;
use crate::token::{LONGEST_S, TokenSet};

impl Session {
    /// Leads for this session. No other call of it is in here.
    pub(super) fn lead(&self, mut why: Why, call: &Call) -> Result<Arc<Current>> {
        call.check()?;
        self.redeliver(call)?;
        let mut by = By::Others;
        loop {
            let standing = self.standing()?;
            if let Some(current) = self.state.lock()?.satisfying(why, &self.parts.config, &self.parts.time) {
                return Ok(current);
            }
            match standing.member.family.turn(standing.seen)? {
                Turn::Newer(latest) => {
                    if let Some(taken) = self.take_over(&latest, &standing, by, why, call)? {
                        if taken.is_wanted {
                            return Ok(taken.current);
                        }
                        why = why.after(&standing, &taken);
                    }
                    by = By::Others;
                }
                Turn::Join(flight, event) => {
                    self.parts.stats.renewals_joined.add();
                    call.wait(&event)?;
                    match flight.outcome()? {
                        None => by = By::Awaited,
                        Some(failure) if failure.is_of_the_call() => {}
                        Some(failure) if failure.concerns(&self.sharing()) => return Err(failure.error),
                        Some(_) => {}
                    }
                }
                Turn::Lead(flight, parked) => {
                    let panicked = Error::new(Reason::Panic, "the renewal failed inside");
                    let outcome = flight.lead(
                        || standing.member.family.end_flight(),
                        Some(self.failure(&panicked)),
                        || {
                            let outcome = self.renew(&standing, parked, why, call);
                            let failure = self.failure_of(&outcome);
                            (outcome, failure)
                        },
                    );
                    if let Some(taken) = outcome? {
                        if taken.is_wanted {
                            return Ok(taken.current);
                        }
                        why = why.after(&standing, &taken);
                    }
                }
            }
        }
    }

    /// What is left to do when the session ends: reads a parked renewal to its end, waits for one that is under way, and
    /// saves what is not saved.
    pub(super) fn settle(&self, call: &Call) -> Result<()> {
        self.redeliver(call)?;
        loop {
            let standing = self.standing()?;
            if !standing.member.family.has_news(standing.seen)? {
                return Ok(());
            }
            if let Some(latest) = standing.member.family.news_in_passing(standing.seen)? {
                // A hook of another client's renewal ends this session: that renewal holds the lock.
                self.take_over(&latest, &standing, By::Resumed, Why::Asked, call)?;
                return Ok(());
            }
            match standing.member.family.turn(standing.seen)? {
                Turn::Newer(latest) => {
                    self.take_over(&latest, &standing, By::Others, Why::Asked, call)?;
                }
                Turn::Join(_, event) => {
                    if self.parts.hooks.token.get()?.is_none() {
                        return Ok(());
                    }
                    self.parts.stats.renewals_joined.add();
                    call.wait(&event)?;
                }
                Turn::Lead(flight, parked) => flight.lead(
                    || standing.member.family.end_flight(),
                    None,
                    || match parked {
                        Some(parked) => {
                            let outcome = self.renew(&standing, Some(parked), Why::Asked, call);
                            let failure = self.failure_of(&outcome);
                            (outcome.map(drop), failure)
                        }
                        None => (Ok(()), None),
                    },
                )?,
            }
        }
    }

    fn standing(&self) -> Result<Standing> {
        let state = self.state.lock()?;
        Ok(Standing {
            current: state.current.clone(),
            generation: state.generation,
            member: state.member.clone(),
            seen: state.seen,
        })
    }

    /// Clients that ask for the same may use each other's access tokens.
    pub(super) fn sharing(&self) -> Option<String> {
        self.parts.config.client.scope.clone()
    }

    fn failure(&self, error: &Error) -> Failure {
        Failure { error: error.clone(), sharing: self.sharing() }
    }

    /// What those who wait on other sessions hear. That this one could not save is nothing to them: they save the set
    /// themselves.
    fn failure_of<T>(&self, outcome: &Result<T>) -> Option<Failure> {
        outcome
            .as_ref()
            .err()
            .filter(|error| error.reason != Reason::NotSaved)
            .map(|error| self.failure(error))
    }

    /// Renews, or goes on with a renewal that was parked.
    fn renew(
        &self,
        standing: &Standing,
        parked: Option<Box<Renewal>>,
        why: Why,
        call: &Call,
    ) -> Result<Option<Taken>> {
        let mut standing = standing.clone();
        let mut by = By::Me;
        let mut renewal = match parked {
            Some(parked) => {
                by = By::Resumed;
                self.parts.stats.renewals_resumed.add();
                self.parts.hooks.log(hooks::INFO, "renewal_resumed", Vec::new);
                parked
            }
            None => {
                self.check_pace(&standing.member.family, why)?;
                // Whoever asks for a renewal by name gets one more try with a refresh token that is known to be dead.
                let dead = standing.member.family.dead()?.filter(|_| !matches!(why, Why::Asked));
                let old = standing.current.as_ref().map(|current| current.set.clone());
                Box::new(Renewal::new(self.parts.clone(), old, dead))
            }
        };
        loop {
            let gain = match renewal.run(call) {
                Ok(gain) => gain,
                Err(error) if renewal.is_parked() => {
                    self.parts.stats.renewals_parked.add();
                    self.parts.hooks.log(hooks::WARN, "renewal_parked", Vec::new);
                    standing.member.family.park(renewal)?;
                    self.replan_ahead()?;
                    return Err(error);
                }
                Err(error) => {
                    self.note_failure(&standing, &renewal, why, &error)?;
                    renewal.end(error.status);
                    return Err(error);
                }
            };
            let stored = if let Gain::Stored(set) = &gain { Some(set.clone()) } else { None };
            let latest = self.publish(&standing.member.family, &renewal, gain)?;
            let is_mine = Arc::ptr_eq(&renewal.parts, &self.parts);
            let by = if stored.is_some() && is_mine { By::Store } else { by };
            match (self.take_over(&latest, &standing, by, why, call), stored) {
                (Ok(Some(taken)), Some(stored)) if is_mine && !taken.is_wanted => {
                    standing.generation = taken.current.generation;
                    standing.current = Some(taken.current);
                    renewal.go_on_with(stored);
                }
                (taken, _) => {
                    renewal.end(taken.as_ref().map_or_else(|error| error.status, |_| status::OK));
                    return taken;
                }
            }
        }
    }

    /// Too early to try again what has failed? The caller's own hook decides for itself.
    fn check_pace(&self, family: &Family, why: Why) -> Result<()> {
        if self.parts.hooks.refresh.get()?.is_some() {
            return Ok(());
        }
        let now = self.parts.time.steady();
        let mut held_back = None;
        if !matches!(why, Why::Asked) {
            held_back = family.holds_back(now, matches!(why, Why::Ahead(_)))?;
        }
        let link = self.parts.config.refresh.endpoint.as_ref().map(ToString::to_string);
        let endpoint = if link.is_some() { link } else { self.parts.known_token_endpoint()? };
        if let Some(endpoint) = endpoint {
            held_back = held_back.or(self.families.wants_peace(&endpoint, now)?);
        }
        match held_back {
            Some(error) => {
                self.parts.stats.renewals_held_back.add();
                Err(error)
            }
            None => Ok(()),
        }
    }

    fn note_failure(&self, standing: &Standing, renewal: &Renewal, why: Why, error: &Error) -> Result<()> {
        self.parts.stats.renewal_failures.add();
        let level = if error.status == status::LOGIN_REQUIRED { hooks::ERROR } else { hooks::WARN };
        self.parts.hooks.log(level, "renewal_failed", || vec![("error", error.to_json())]);
        let is_of_the_call = matches!(error.reason, Reason::Cancelled | Reason::Deadline);
        if let (Some(endpoint), false) = (renewal.endpoint(), is_of_the_call) {
            let now = self.parts.time.steady();
            self.families.leave_alone(endpoint, now, error)?;
            let left = || standing.current.as_ref()?.lifetime.left(&self.parts.time);
            let left_ahead = matches!(why, Why::Ahead(_)).then(left).flatten();
            let failed = Failed { error, by_grant: renewal.is_by_grant(), left_ahead };
            standing.member.family.failed(&failed, now, &self.families.dice)?;
        }
        Ok(())
    }

    /// Makes a gain known to all sessions of the family.
    pub(super) fn publish(&self, family: &Arc<Family>, renewal: &Renewal, gain: Gain) -> Result<Arc<Latest>> {
        let parts = &renewal.parts;
        let (origin, lifetime) = match gain {
            Gain::Stored(set) => {
                parts.hooks.log(hooks::INFO, "token_adopted", Vec::new);
                let lifetime = Lifetime::of_stored(&set);
                (Origin::Stored(set), lifetime)
            }
            Gain::Answered(Answered { set, asked }) => {
                parts.stats.renewals.add();
                parts.hooks.log(hooks::INFO, "renewed", || describe(&set));
                if set.expires_in() == Some(LONGEST_S) {
                    let seconds = || vec![("seconds", LONGEST_S.to_string())];
                    parts.hooks.log(hooks::WARN, "lifetime_clamped", seconds);
                }
                let lifetime = Lifetime::of_received(&set, asked);
                (Origin::Answered(set, parts.time.wall_at(asked)), lifetime)
            }
        };
        let new_one = match &origin {
            Origin::Stored(set) | Origin::Answered(set, _) => set.refresh_token().cloned(),
        };
        let refresh_token = new_one.or_else(|| renewal.old.as_ref()?.refresh_token().cloned());
        let sharing = parts.config.client.scope.clone();
        self.families.publish(
            family,
            &parts.config,
            Latest { number: 0, origin, lifetime, refresh_token, sharing },
        )
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
