//! What a session works with; a renewal that outlives its call keeps it.

use std::sync::Arc;

use super::identity::KnownKeys;
use super::server::Discovered;
use super::time::Time;
use crate::config::Config;
use crate::hooks::Hooks;
use crate::http::Transport;
use crate::signing::Key;
use crate::stats::Stats;

pub(super) struct Parts {
    pub(super) config: Arc<Config>,
    pub(super) hooks: Arc<Hooks>,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) time: Time,
    pub(super) stats: Arc<Stats>,
    pub(super) discovered: Discovered,
    pub(super) known_keys: KnownKeys,
    /// The client's private key, where it is in the configuration.
    pub(super) key: Option<Key>,
}
