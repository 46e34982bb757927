//! The process's table of renewals: which sessions hold tokens of one family, and which servers asked to be left alone.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::family::{Family, Key, Latest};
use super::pace::{self, Dice};
use crate::config::Config;
use crate::digest;
use crate::error::{Error, Result};
use crate::fork::Lock;
use crate::metadata::Endpoint;
use crate::secret::Secret;
use crate::status;
use crate::token::TokenSet;

/// How many spent refresh tokens of a family are known: a client may be made of a token that was stored before.
const SPENT_KEYS: usize = 4;
/// How many families without members are remembered for their failures.
const ORPHANS: usize = 256;

/// Everything that the sessions of a process share.
pub struct Families {
    table: Lock<Table>,
    pub(super) dice: Dice,
}

struct Table {
    by_key: HashMap<Key, Arc<Family>, BuildHasherDefault<First8>>,
    orphans: VecDeque<Arc<Family>>,
    /// Servers that said when to come again: until when, on the steady clock, and what they said.
    asked_for_peace: Vec<(String, Duration, Error)>,
}

/// Keys are hashes already.
#[derive(Default)]
struct First8(u64);

impl Hasher for First8 {
    fn write(&mut self, bytes: &[u8]) {
        // A key comes as its length, which says nothing, and its bytes.
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A session's place in a family.
pub(super) struct Member {
    pub(super) family: Arc<Family>,
    families: &'static Families,
}

impl Families {
    const fn new(dice: Dice) -> Families {
        let table = Table {
            by_key: HashMap::with_hasher(BuildHasherDefault::new()),
            orphans: VecDeque::new(),
            asked_for_peace: Vec::new(),
        };
        Families { table: Lock::new(table), dice }
    }

    /// Those of this process.
    pub fn of_process() -> &'static Families {
        static PROCESS: Families = Families::new(Dice::System);
        &PROCESS
    }

    /// A world of its own, whose chance repeats: for tests and simulations.
    pub fn apart(seed: u64) -> &'static Families {
        Box::leak(Box::new(Families::new(Dice::Seeded(AtomicU64::new(seed)))))
    }

    /// The family of this set's refresh token. A set without one has nothing to share.
    pub(super) fn join(
        &'static self,
        config: &Config,
        set: Option<&TokenSet>,
        now: Duration,
    ) -> Result<Member> {
        let mut table = self.table.lock()?;
        let family = match set.and_then(TokenSet::refresh_token) {
            None => Arc::default(),
            Some(token) => {
                let key = key(config, token);
                let family = table.by_key.entry(key).or_default().clone();
                let mut state = family.state.lock()?;
                if !state.keys.contains(&key) {
                    state.keys.push_back(key);
                }
                if state.members == 0 {
                    state.expire(now);
                }
                drop(state);
                family
            }
        };
        family.state.lock()?.members += 1;
        Ok(Member { family, families: self })
    }

    /// Makes a new set known to the family.
    pub(super) fn publish(
        &self,
        family: &Arc<Family>,
        config: &Config,
        latest: Latest,
    ) -> Result<Arc<Latest>> {
        let new_key = latest.refresh_token.as_ref().map(|token| key(config, token));
        let mut table = self.table.lock()?;
        let mut state = family.state.lock()?;
        // A family without any key is its only member's own: it has no place in the table.
        if let Some(new_key) = new_key.filter(|_| !state.keys.is_empty())
            && state.keys.back() != Some(&new_key)
        {
            let holder = table.by_key.entry(new_key).or_insert_with(|| family.clone());
            if Arc::ptr_eq(holder, family) {
                state.keys.retain(|key| *key != new_key);
                state.keys.push_back(new_key);
            }
            while state.keys.len() > SPENT_KEYS {
                if let Some(oldest) = state.keys.pop_front() {
                    table.by_key.remove(&oldest);
                }
            }
        }
        Ok(Family::publish(&mut state, latest))
    }

    /// The server's own words, while it wants to be left alone.
    pub(super) fn wants_peace(&self, endpoint: &str, now: Duration) -> Result<Option<Error>> {
        let mut table = self.table.lock()?;
        table.asked_for_peace.retain(|(_, until, _)| *until > now);
        let asked = table.asked_for_peace.iter().find(|(who, ..)| who == endpoint);
        Ok(asked.map(|(_, until, error)| pace::not_yet(error, until.saturating_sub(now))))
    }

    /// The server said when to come again (RFC 9110 section 10.2.3): nobody asks it before.
    pub(super) fn leave_alone(&self, endpoint: String, now: Duration, error: &Error) -> Result<()> {
        if let Some(seconds) = error.retry_after_s.filter(|seconds| *seconds > 0) {
            let until = now.saturating_add(Duration::from_secs(seconds));
            let mut table = self.table.lock()?;
            table.asked_for_peace.retain(|(who, ..)| *who != endpoint);
            table.asked_for_peace.push((endpoint, until, error.clone()));
        }
        Ok(())
    }

    fn leave(&self, family: &Arc<Family>) {
        let Ok(mut table) = self.table.lock() else { return };
        let Ok(mut state) = family.state.lock() else { return };
        state.members -= 1;
        if state.members > 0 {
            return;
        }
        let nobodys = state.give_up();
        let given_up = if state.has_failed() && !state.keys.is_empty() {
            table.orphans.retain(|orphan| !Arc::ptr_eq(orphan, family));
            table.orphans.push_back(family.clone());
            if table.orphans.len() > ORPHANS { table.orphans.pop_front() } else { None }
        } else {
            Some(family.clone())
        };
        drop(state);
        if let Some(family) = given_up {
            table.forget(&family);
        }
        drop(table);
        // Without a lock held: a renewal that is given up lets the caller's lock go.
        if let Some(nobodys) = nobodys {
            nobodys.end(status::UNCERTAIN);
        }
    }
}

impl Table {
    /// Takes a family out unless it has members again.
    fn forget(&mut self, family: &Arc<Family>) {
        let Ok(state) = family.state.lock() else { return };
        if state.members == 0 {
            for key in &state.keys {
                if self.by_key.get(key).is_some_and(|holder| Arc::ptr_eq(holder, family)) {
                    self.by_key.remove(key);
                }
            }
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.families.leave(&self.family);
    }
}

/// Exclusion goes by token endpoint, client id and refresh token.
fn key(config: &Config, refresh_token: &Secret) -> Key {
    let issuer = config.issuer.as_ref().map(|issuer| &issuer.url);
    let endpoint = config.refresh.endpoint.as_ref().or(config.server.endpoint(Endpoint::Token)).or(issuer);
    let endpoint = endpoint.map(ToString::to_string).unwrap_or_default();
    let client_id = config.client.client_id.as_deref().unwrap_or_default();
    let parts = [endpoint.as_bytes(), client_id.as_bytes(), refresh_token.expose().as_bytes()];
    let length = parts.iter().map(|part| 8 + part.len()).sum();
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    digest::sha256(&text)
}
