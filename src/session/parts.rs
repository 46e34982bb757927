//! What a session works with; a renewal that outlives its call keeps it.

use std::sync::Arc;

use super::dpop::Nonces;
use super::identity::KnownKeys;
use super::server::Discovered;
use super::time::Time;
use crate::config::Config;
use crate::hooks::Hooks;
use crate::http::Transport;
use crate::signing::Key;
use crate::stats::Stats;

/// The private keys of a configuration.
#[derive(Default)]
pub struct Keys {
    /// What the client signs with.
    pub client: Option<Key>,
    /// What its tokens are bound to.
    pub dpop: Option<Arc<Key>>,
}

pub(super) struct Parts {
    pub(super) config: Arc<Config>,
    pub(super) hooks: Arc<Hooks>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) time: Time,
    pub(super) stats: Arc<Stats>,
    pub(super) discovered: Discovered,
    pub(super) nonces: Nonces,
    pub(super) keys: Keys,
    pub(super) known_keys: KnownKeys,
}
