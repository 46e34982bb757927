//! The fleet: a real session for each client, one endpoint, one virtual clock.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearer::call::Call;
use bearer::clock::{Clock, Deadline};
use bearer::config::Config;
use bearer::error::{Error, Reason};
use bearer::http::{Failed, Headers, InMemory, Incoming, Outgoing, Transport};
use bearer::secret::SecretBytes;
use bearer::session::{Families, Keys, Session};
use bearer::token::TokenSet;

use crate::world::{Scenario, Told};

const EPOCH_S: u64 = 1_800_000_000;

#[derive(Default)]
struct VirtualClock {
    milliseconds: AtomicU64,
}

impl VirtualClock {
    fn now_s(&self) -> u64 {
        self.milliseconds.load(Ordering::Relaxed) / 1000
    }
}

impl Clock for VirtualClock {
    fn wall_s(&self) -> i64 {
        (EPOCH_S + self.now_s()) as i64
    }

    fn steady(&self) -> Duration {
        Duration::from_millis(self.milliseconds.load(Ordering::Relaxed))
    }
}

/// Refuses connections while it is down; else it answers at once, with rotating refresh tokens.
struct Endpoint {
    clock: Arc<VirtualClock>,
    down_s: std::ops::Range<u64>,
    token_s: u64,
    issued: AtomicU64,
    tries: Mutex<Vec<u32>>,
}

impl Transport for Endpoint {
    fn exchange(&self, _: Outgoing<'_>, _: &Call) -> Result<Incoming, Failed> {
        let now_s = self.clock.now_s();
        self.tries.lock().unwrap()[now_s as usize] += 1;
        if self.down_s.contains(&now_s) {
            return Err(Failed::before_sending(Error::new(Reason::Connect, "down")));
        }
        let n = self.issued.fetch_add(1, Ordering::Relaxed);
        let token_s = self.token_s;
        let body = format!(r#"{{"access_token":"a{n}","refresh_token":"r{n}","expires_in":{token_s}}}"#);
        let body = InMemory::new(SecretBytes::new(body.into_bytes()));
        Ok(Incoming { status: 200, headers: Headers::default(), body: Box::new(body) })
    }
}

struct Client {
    session: Arc<Session>,
    expires_s: u64,
}

pub fn run(scenario: &Scenario, ahead: bool) -> Told {
    let clock = Arc::new(VirtualClock::default());
    let endpoint = Arc::new(Endpoint {
        clock: clock.clone(),
        down_s: scenario.outage_starts_s..scenario.recovers_s(),
        token_s: scenario.token_s,
        issued: AtomicU64::new(0),
        tries: Mutex::new(vec![0; scenario.ends_s as usize]),
    });
    let mut told = Told::new(scenario);
    let mut clients = sessions(scenario, ahead, &clock, &endpoint);
    let call = Call { deadline: Deadline::after(Duration::from_secs(86_400)), cancel: Arc::default() };
    // The background, by when it is next due; what a request renewed meanwhile is found out when its time has come.
    let mut due = BinaryHeap::new();
    if ahead {
        due.extend((0..clients.len()).map(|index| Reverse((0, index))));
    }
    let minute_ms = 60_000;
    for round in 0..scenario.ends_s / 60 {
        for index in 0..clients.len() {
            let at_ms = round * minute_ms + index as u64 * minute_ms / clients.len() as u64;
            while let Some(&Reverse((ms, worker))) = due.peek().filter(|Reverse((ms, _))| *ms <= at_ms) {
                due.pop();
                clock.milliseconds.store(ms, Ordering::Relaxed);
                let client = &mut clients[worker];
                if client.session.ahead_in().unwrap().is_some_and(|left| left.is_zero()) {
                    let _ = client.session.renew_ahead(&call);
                    client.look(&mut told, &clock);
                }
                let left = client.session.ahead_in().unwrap().unwrap_or(Duration::from_secs(60));
                due.push(Reverse((ms + (left.as_millis() as u64).max(1), worker)));
            }
            clock.milliseconds.store(at_ms, Ordering::Relaxed);
            let client = &mut clients[index];
            let _ = client.session.valid(Duration::ZERO, &call);
            client.look(&mut told, &clock);
        }
    }
    for client in &clients {
        told.was_unserved(client.expires_s, scenario.ends_s);
    }
    told.tries = std::mem::take(&mut endpoint.tries.lock().unwrap());
    told
}

impl Client {
    /// Notes when a new token ended a time without one.
    fn look(&mut self, told: &mut Told, clock: &VirtualClock) {
        let current = self.session.token().unwrap().expect("there is always a token");
        let expires_s = current.set.expires_at().unwrap() as u64 - EPOCH_S;
        if expires_s != self.expires_s {
            told.was_unserved(self.expires_s, clock.now_s());
            self.expires_s = expires_s;
        }
    }
}

/// Clients whose tokens were issued evenly over one lifetime.
fn sessions(
    scenario: &Scenario,
    ahead: bool,
    clock: &Arc<VirtualClock>,
    endpoint: &Arc<Endpoint>,
) -> Vec<Client> {
    let config = format!(r#"{{"base_url":"http://api.example","refresh":{{"ahead":{ahead}}}}}"#);
    let config = Arc::new(Config::parse(&config).unwrap());
    let (hooks, stats, families) = (Arc::default(), Arc::default(), Families::apart(1));
    // A bit-reversed order, so that neighbours by phase are not neighbours by age.
    let scatter = |index: usize| (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
    (0..scenario.clients)
        .map(|index| {
            let session = Session::new(
                config.clone(),
                Arc::clone(&hooks),
                endpoint.clone(),
                clock.clone(),
                Arc::clone(&stats),
                families,
                Keys::default(),
            )
            .unwrap();
            let expires_s = 1 + scatter(index) % scenario.token_s;
            let token = format!(
                r#"{{"access_token":"a","refresh_token":"first{index}","expires_in":{},"expires_at":{}}}"#,
                scenario.token_s,
                EPOCH_S + expires_s
            );
            session.set_token(TokenSet::from_stored(&token).unwrap()).unwrap();
            Client { session, expires_s }
        })
        .collect()
}
