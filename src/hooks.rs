//! Where the caller's own code takes part, in terms of Rust; `ffi` puts C function pointers behind these traits.

use std::sync::Arc;

use crate::call::Call;
use crate::error::Result;
use crate::fork::Lock;
use crate::http::Transport;
use crate::parked::Unfinished;
use crate::secret::Secret;
use crate::status::Status;
use crate::token::TokenSet;

/// "Return a valid access token": asked at every request.
pub trait AccessTokenHook: Send + Sync {
    /// `rejected` is the access token that the API just refused.
    fn access_token(&self, rejected: Option<&Secret>, call: &Call) -> Result<TokenSet>;
}

/// Replaces the renewal at the token endpoint.
pub trait RefreshHook: Send + Sync {
    /// A new token set for this one.
    fn refresh(
        &self,
        token: Option<&TokenSet>,
        call: &Call,
    ) -> std::result::Result<TokenSet, Unfinished<TokenSet>>;
}

/// Told of every new token set before anything uses it.
pub trait TokenHook: Send + Sync {
    /// Returns once it is saved.
    fn save(&self, token: &TokenSet, call: &Call) -> Result<()>;
}

/// Around a renewal: one per host or fleet.
pub trait LockHook: Send + Sync {
    /// Returns once the lock is held.
    fn lock(&self, token: Option<&TokenSet>, call: &Call) -> Result<()>;
    /// A newer token set that somebody else stored, if there is one.
    fn reload(&self, token: Option<&TokenSet>, call: &Call) -> Result<Option<TokenSet>>;
    /// Exactly once for every lock that was granted.
    fn unlock(&self, token: Option<&TokenSet>, outcome: Status);
}

/// Signs with a key that only the caller has.
pub trait SignHook: Send + Sync {
    /// The signature of these bytes.
    fn sign(&self, algorithm: &'static str, bytes: &str, call: &Call) -> Result<Vec<u8>>;
}

/// How much a log hook wants to hear; higher is more.
pub type Level = i32;
/// Something failed that a person should know of.
pub const ERROR: Level = 1;
/// Something failed and was dealt with.
pub const WARN: Level = 2;
/// What happened to the token.
pub const INFO: Level = 3;
/// Every request.
pub const DEBUG: Level = 4;
/// Everything.
pub const TRACE: Level = 5;

/// Hears structured events without secrets.
pub trait LogHook: Send + Sync {
    /// The highest level it wants.
    fn level(&self) -> Level;
    /// One event as a JSON object.
    fn event(&self, level: Level, event_json: &str);
}

/// A hook that can be set, replaced and removed while calls run; a running call keeps the one it began with.
pub struct Slot<T: ?Sized>(Lock<Option<Arc<T>>>);

impl<T: ?Sized> Default for Slot<T> {
    fn default() -> Self {
        Slot(Lock::new(None))
    }
}

impl<T: ?Sized> Slot<T> {
    /// Sets or removes it.
    pub fn set(&self, hook: Option<Arc<T>>) -> Result<()> {
        let old = std::mem::replace(&mut *self.0.lock()?, hook);
        // Outside the lock: the last owner runs the caller's destroy function.
        drop(old);
        Ok(())
    }

    /// The one in force.
    pub fn get(&self) -> Result<Option<Arc<T>>> {
        Ok(self.0.lock()?.clone())
    }
}

/// All hooks of a client.
#[derive(Default)]
pub struct Hooks {
    /// Supplies the access token.
    pub access_token: Slot<dyn AccessTokenHook>,
    /// Renews.
    pub refresh: Slot<dyn RefreshHook>,
    /// Saves.
    pub token: Slot<dyn TokenHook>,
    /// Replaces the network.
    pub http: Slot<dyn Transport>,
    /// Locks a renewal.
    pub lock: Slot<dyn LockHook>,
    /// Signs client assertions.
    pub sign: Slot<dyn SignHook>,
    /// Hears events.
    pub log: Slot<dyn LogHook>,
}

impl Hooks {
    /// Tells the log hook, if there is one that wants this level. `members`, names with JSON values, are made only then.
    pub fn log<'a>(&self, level: Level, event: &str, members: impl FnOnce() -> Vec<(&'a str, String)>) {
        let Ok(Some(log)) = self.log.get() else { return };
        if level > log.level() {
            return;
        }
        let mut json = format!("{{\"event\":{}", crate::quote::quote(event));
        for (name, value) in members() {
            json.push_str(&format!(",{}:{value}", crate::quote::quote(name)));
        }
        json.push('}');
        log.event(level, &json);
    }
}
