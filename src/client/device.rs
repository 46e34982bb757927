//! Signing in on another device: RFC 8628. The client keeps the pace, so that nobody asks faster than allowed.

use std::sync::Arc;
use std::time::Duration;

use super::Client;
use crate::call::Call;
use crate::cancel::Event;
use crate::clock::Deadline;
use crate::digest;
use crate::error::{Error, Reason, Result};
use crate::json::Object;
use crate::metadata::Endpoint;
use crate::oauth::ciba;
use crate::oauth::device::{self, Device, NotYet};
use crate::session::Asked;
use crate::status;
use crate::token::TokenSet;

/// While the server cannot be reached it is asked ever more rarely, up to this (`hostile.md` D-8).
const LONGEST: Duration = Duration::from_secs(60);

/// How often one device code may be asked about.
pub(super) struct Pace {
    /// The SHA-256 of the code.
    key: [u8; 32],
    interval: Duration,
    failures: u32,
    /// On the steady clock.
    next: Duration,
    /// When the code is too old, on the steady clock: a wall clock that jumps ends no login (`hostile.md` D-10).
    ends: Option<Duration>,
}

impl Client {
    /// Asks the server for a code that a person enters elsewhere.
    pub fn device_begin(&self, parameters: &Object, call: &Call) -> Result<Object> {
        self.check_has_session()?;
        let endpoint = self.session.endpoint(Endpoint::Device, call)?;
        let parameters = device::parameters(parameters, &self.config.client)?;
        let answer = self.session.ask(Endpoint::Device, &parameters, call)?;
        device::begun(&endpoint, answer, self.session.wall_s())
    }

    /// Asks the server to ask a person on a device of theirs.
    pub fn ciba_begin(&self, parameters: &Object, call: &Call) -> Result<Object> {
        self.check_has_session()?;
        let parameters = device::parameters(parameters, &self.config.client)?;
        ciba::begun(self.session.ask(Endpoint::Backchannel, &parameters, call)?, self.session.wall_s())
    }

    /// One step: the token, or `None` where the person is not done yet. Asked too early it asks nobody.
    pub fn device_poll(&self, device: &Object, call: &Call) -> Result<Option<TokenSet>> {
        self.check_has_session()?;
        let device = device::read(device)?;
        if self.is_over(&device)? {
            return Err(Error::new(Reason::LoginExpired, "the device code is too old: begin again"));
        }
        if !self.take_turn(&device)? {
            return Ok(None);
        }
        let check = |set: &TokenSet| self.session.check_identity(set, &Asked::default(), call);
        let error = match self.session.obtain(device::poll(&device), None, check, call) {
            Ok(current) => {
                self.paces.lock()?.retain(|pace| pace.key != key(&device));
                return Ok(Some(current.set.clone()));
            }
            Err(error) => error,
        };
        let is_blip = is_passing(&error);
        let step = device::not_yet(error);
        let now = self.session.steady();
        let mut paces = self.paces.lock()?;
        if let Some(pace) = paces.iter_mut().find(|pace| pace.key == key(&device)) {
            if step == NotYet::SlowDown {
                pace.interval += device::SLOWER;
            }
            pace.failures = if is_blip { pace.failures.saturating_add(1) } else { 0 };
            let slower = pace.interval.saturating_mul(1 << pace.failures.min(6));
            pace.next = now + slower.min(LONGEST.max(pace.interval));
        }
        match step {
            NotYet::Pending | NotYet::SlowDown => Ok(None),
            NotYet::Over(error) => Err(error),
        }
    }

    /// To the end: over failures that pass, until the person is done, the code is too old or the call ends.
    pub fn device_wait(&self, device: &Object, call: &Call) -> Result<TokenSet> {
        let known = device::read(device)?;
        loop {
            let step = Call {
                deadline: call.deadline.min(Deadline::after(self.config.http.timeout)),
                cancel: call.cancel.clone(),
            };
            match self.device_poll(device, &step) {
                Ok(Some(set)) => return Ok(set),
                Ok(None) => {}
                Err(error) => {
                    call.check()?;
                    if !is_passing(&error) {
                        return Err(error);
                    }
                }
            }
            // In short naps, for the clock that the pace goes by may be another than the one that naps do.
            let nap = Deadline::after(self.until_poll(&known)?.min(Duration::from_secs(1)));
            Arc::new(Event::default()).wait(call.deadline.min(nap), &call.cancel);
            call.check()?;
        }
    }

    /// How long until the server may be asked about it.
    fn until_poll(&self, device: &Device) -> Result<Duration> {
        let (now, key) = (self.session.steady(), key(device));
        let paces = self.paces.lock()?;
        let next = paces.iter().find(|pace| pace.key == key).map_or(now, |pace| pace.next);
        Ok(next.saturating_sub(now))
    }

    fn is_over(&self, device: &Device) -> Result<bool> {
        let paces = self.paces.lock()?;
        let known = paces.iter().find(|pace| pace.key == key(device));
        Ok(match known {
            Some(pace) => pace.ends.is_some_and(|ends| ends <= self.session.steady()),
            None => device.expires_at.is_some_and(|at| at <= self.session.wall_s()),
        })
    }

    /// Whether the server may be asked now; then this call is the one that does.
    fn take_turn(&self, device: &Device) -> Result<bool> {
        let (now, key) = (self.session.steady(), key(device));
        let mut paces = self.paces.lock()?;
        match paces.iter_mut().find(|pace| pace.key == key) {
            Some(pace) if pace.next > now => return Ok(false),
            Some(pace) => pace.next = now + pace.interval,
            None => {
                let left_s = device.expires_at.map(|at| at.saturating_sub(self.session.wall_s()).max(0));
                let ends =
                    left_s.map(|left_s| now.saturating_add(Duration::from_secs(left_s.unsigned_abs())));
                let next = now + device.interval;
                paces.retain(|pace| pace.ends.is_none_or(|ends| ends > now));
                paces.push(Pace { key, interval: device.interval, failures: 0, next, ends });
            }
        }
        Ok(true)
    }
}

/// Whether the server may be reached the next time.
fn is_passing(error: &Error) -> bool {
    matches!(error.status, status::UNAVAILABLE | status::TIMEOUT | status::UNCERTAIN)
}

fn key(device: &Device) -> [u8; 32] {
    digest::sha256(device.code.expose().as_bytes())
}

#[cfg(test)]
mod tests;
