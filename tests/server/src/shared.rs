//! What all connections of one server share.

use crate::asked::Asked;
use crate::client::METHODS;
use crate::clients::{Clients, REASONS};
use crate::clock::Clock;
use crate::config::Config;
use crate::conn::Connections;
use crate::dpop::{self, Dpop};
use crate::fault::Faults;
use crate::grants::Grants;
use crate::hold::Holds;
use crate::jar;
use crate::keys::Keys;
use crate::managed::Registered;
use crate::published::Published;
use crate::pushed::Pushed;
use crate::waiting::Waiting;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Everything that requests read and change.
pub struct State {
    /// The server's time.
    pub clock: Clock,
    /// Settings in force.
    pub config: Config,
    /// Settings that a reset goes back to.
    pub start_config: Config,
    /// Registered clients.
    pub clients: Clients,
    /// Those that registered by themselves, by name.
    pub registered: HashMap<String, Registered>,
    /// What it signs with.
    pub keys: Keys,
    /// Tokens and codes.
    pub grants: Grants,
    /// Nonces, and the proofs that were used.
    pub dpop: Dpop,
    /// What the request under way asks of its tokens.
    pub asked: Asked,
    /// Authorization requests that were pushed.
    pub pushed: Pushed,
    /// Clients that wait for a person.
    pub waiting: Vec<Waiting>,
    /// Numbers for tests.
    pub counters: Counters,
    /// Every request that is not a control request.
    pub log: Vec<Value>,
    /// Faults waiting for their request.
    pub faults: Faults,
    /// What tests made of the metadata.
    pub published: Published,
    /// Where requests are held.
    pub holds: Holds,
}

/// What was counted since the start or the last reset.
#[derive(Default)]
pub struct Counters {
    /// Requests to the token endpoint, whatever became of them.
    pub token_requests: u64,
    /// Renewals that the token endpoint granted.
    pub refreshes: u64,
    /// Renewals that were refused, there or at the account link.
    pub refresh_failures: u64,
    /// Renewals that the account link granted.
    pub link_refreshes: u64,
    /// Requests for the server's keys, whatever became of them.
    pub jwks_requests: u64,
    /// Requests to the API, whatever became of them.
    pub api_requests: u64,
    /// Requests that the API itself refused with 401.
    pub api_401: u64,
    /// Requests whose token was live and not enough.
    pub api_step_ups: u64,
    /// Grants ended because a refresh token or a code was used twice.
    pub families_revoked: u64,
    /// Authorization requests that were pushed.
    pub pushed: u64,
    /// Those of them that came to the authorization endpoint.
    pub pushed_used: u64,
    /// Request objects that were good.
    pub request_objects: u64,
    /// Those that were not, by reason.
    pub request_objects_refused: BTreeMap<&'static str, u64>,
    /// Sessions that were ended.
    pub logouts: u64,
    /// Those that were not.
    pub logouts_refused: u64,
    /// Clients that proved who they are, by method.
    pub accepted: BTreeMap<&'static str, u64>,
    /// Clients that were refused, by reason.
    pub refused: BTreeMap<&'static str, u64>,
    /// Proofs of possession that were good.
    pub dpop_accepted: u64,
    /// Those that were not, by reason.
    pub dpop_refused: BTreeMap<&'static str, u64>,
}

impl Counters {
    /// The counters, each under its name.
    pub fn to_json(&self) -> Value {
        let mut counters = json!({
            "token_requests": self.token_requests,
            "refreshes": self.refreshes,
            "refresh_failures": self.refresh_failures,
            "link_refreshes": self.link_refreshes,
            "jwks_requests": self.jwks_requests,
            "api_requests": self.api_requests,
            "api_401": self.api_401,
            "api_step_ups": self.api_step_ups,
            "families_revoked": self.families_revoked,
            "pushed": self.pushed,
            "pushed_used": self.pushed_used,
            "request_objects": self.request_objects,
            "logouts": self.logouts,
            "logouts_refused": self.logouts_refused,
            "dpop_accepted": self.dpop_accepted,
        });
        for method in METHODS {
            let count = self.accepted.get(method).copied().unwrap_or_default();
            counters[format!("client_accepted_{method}")] = count.into();
        }
        for reason in REASONS {
            let count = self.refused.get(reason).copied().unwrap_or_default();
            counters[format!("client_refused_{reason}")] = count.into();
        }
        for reason in jar::REASONS {
            let count = self.request_objects_refused.get(reason).copied().unwrap_or_default();
            counters[format!("request_object_refused_{reason}")] = count.into();
        }
        for reason in dpop::REASONS {
            let count = self.dpop_refused.get(reason).copied().unwrap_or_default();
            counters[format!("dpop_refused_{reason}")] = count.into();
        }
        counters
    }
}

/// Names of the listeners, in the order of [`Kind`].
pub const LISTENERS: [&str; 8] =
    ["http", "https", "other", "wrong_name", "expired", "not_yet", "unknown_ca", "mtls"];

/// Which listener a connection came in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The plain listener, which alone has the control interface.
    Http,
    /// TLS, as it should be.
    Https,
    /// The plain second origin.
    Other,
    /// TLS for another name.
    WrongName,
    /// TLS with an expired certificate.
    Expired,
    /// TLS with a certificate of the future.
    NotYet,
    /// TLS by another authority.
    UnknownCa,
    /// TLS that asks for a client certificate.
    Mtls,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Http,
        Self::Https,
        Self::Other,
        Self::WrongName,
        Self::Expired,
        Self::NotYet,
        Self::UnknownCa,
        Self::Mtls,
    ];

    /// Position among all listeners.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The name in the log.
    pub fn name(self) -> &'static str {
        LISTENERS[self.index()]
    }

    /// The base URL for this listener's port.
    pub fn url(self, port: u16) -> String {
        match self {
            Self::Http | Self::Other => format!("http://127.0.0.1:{port}"),
            _ => format!("https://localhost:{port}"),
        }
    }
}

/// One server, as its threads see it.
pub struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    stopping: AtomicBool,
    /// Open connections.
    pub connections: Connections,
    /// SHA-256 of the client certificate, in hexadecimal.
    pub certificate: String,
    /// Base URLs by [`Kind::index`].
    pub urls: Vec<String>,
}

impl Shared {
    /// The shared part of a server that has its listeners.
    pub fn new(config: Config, certificate: String, urls: Vec<String>) -> Self {
        let state = State {
            clock: Clock::default(),
            config: config.clone(),
            start_config: config,
            clients: Clients::default(),
            registered: HashMap::new(),
            keys: Keys::default(),
            grants: Grants::default(),
            dpop: Dpop::default(),
            asked: Asked::default(),
            pushed: Pushed::default(),
            waiting: Vec::new(),
            counters: Counters::default(),
            log: Vec::new(),
            faults: Faults::default(),
            published: Published::default(),
            holds: Holds::default(),
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
            connections: Connections::default(),
            certificate,
            urls,
        }
    }

    /// The state. A panic elsewhere does not spoil it: each change is complete.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everything that waits for a change of the state.
    pub fn announce(&self) {
        self.changed.notify_all();
    }

    /// Waits until `done`, the deadline or the end of the server.
    pub fn wait_until(&self, deadline: Option<Instant>, mut done: impl FnMut(&mut State) -> bool) {
        let mut state = self.lock();
        while !done(&mut state) && !self.is_stopping() {
            state = match deadline.map(|at| at.saturating_duration_since(Instant::now())) {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return,
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Lets time pass for a fault that asks for it; ends early with the server.
    pub fn pause(&self, time: Duration) {
        self.wait_until(Instant::now().checked_add(time), |_| false);
    }

    /// Whether the server is ending.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Starts the end of the server.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Taking the lock means that no waiter is between its look at the flag and
        // its sleep, so that none misses the call.
        drop(self.lock());
        self.announce();
    }
}
