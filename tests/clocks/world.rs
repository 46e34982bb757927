//! A device, its clocks, an authorization server and an API; and the true time, which only the world knows.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearer::call::Call;
use bearer::clock::{Clock, Deadline};
use bearer::config::Config;
use bearer::http::{Failed, Headers, InMemory, Incoming, Outgoing, Transport};
use bearer::secret::SecretBytes;
use bearer::session::{Current, Families, Keys, Session};

use crate::chance::{Random, http_date};

/// 2020-09-13T12:26:40Z, the world's begin.
const BEGIN_S: i64 = 1_600_000_000;
const YEAR_S: i64 = 31_557_600;

pub struct World {
    seed: u64,
    random: Random,
    truth: Arc<Truth>,
    server: Arc<Server>,
    device: Device,
    /// Jumps, restarts and refusals since the last renewal: each excuses one before its time.
    excuses: u64,
    pub requests: u64,
    pub renewals: u64,
    pub early_renewals: u64,
    pub jumps: u64,
    pub restarts: u64,
    pub refusals: u64,
}

/// What only the world knows, and what the device's clocks make of it.
#[derive(Default)]
struct Truth {
    now_s: AtomicU64,
    booted_s: AtomicU64,
    wall_off_s: AtomicI64,
}

impl Truth {
    fn now_s(&self) -> u64 {
        self.now_s.load(Ordering::Relaxed)
    }
}

impl Clock for Truth {
    fn wall_s(&self) -> i64 {
        BEGIN_S + self.now_s() as i64 + self.wall_off_s.load(Ordering::Relaxed)
    }

    /// Counts through sleep, from the last boot.
    fn steady(&self) -> Duration {
        Duration::from_secs(self.now_s() - self.booted_s.load(Ordering::Relaxed))
    }
}

/// A token as the server knows it.
#[derive(Clone)]
struct Issued {
    name: String,
    ends_s: u64,
    lives_s: u64,
    /// What the client was told of its life, and when it had asked for it.
    told_s: Option<u64>,
    asked_s: u64,
    /// Which renewal gave it out last.
    renewal: u64,
}

/// The authorization server, and the API that believes it.
struct Server {
    truth: Arc<Truth>,
    off_s: AtomicI64,
    random: Mutex<Random>,
    issued: Mutex<Vec<Issued>>,
    renewals: AtomicU64,
}

impl Server {
    fn date(&self) -> String {
        let at = BEGIN_S + self.truth.now_s() as i64 + self.off_s.load(Ordering::Relaxed);
        http_date(at)
    }

    fn newest(&self) -> Issued {
        self.issued.lock().unwrap().last().unwrap().clone()
    }

    fn find(&self, name: &str) -> Issued {
        self.issued.lock().unwrap().iter().rev().find(|issued| issued.name == name).unwrap().clone()
    }
}

impl Transport for Server {
    fn exchange(&self, _: Outgoing<'_>, _: &Call) -> Result<Incoming, Failed> {
        let now_s = self.truth.now_s();
        let n = self.renewals.fetch_add(1, Ordering::Relaxed);
        let mut random = self.random.lock().unwrap();
        let lives_s = random.one_of(&[300, 1800, 3600, 86_400]);
        let mut issued = Issued {
            name: format!("a{n}"),
            ends_s: now_s + lives_s,
            lives_s,
            told_s: Some(lives_s),
            asked_s: now_s,
            renewal: n,
        };
        let mut lifetime = format!(r#","expires_in":{lives_s}"#);
        match random.below(12) {
            0 => {
                issued.told_s = None;
                lifetime.clear();
            }
            1 => lifetime = format!(r#","expires_in":"{lives_s}""#),
            2 => {
                issued.told_s = Some(0);
                lifetime = r#","expires_in":0"#.to_owned();
            }
            // The same token again, with what is left of it (K-6).
            3 => {
                let last = self.newest();
                if last.ends_s > now_s + 100 && last.told_s != Some(0) {
                    let left_s = last.ends_s - now_s;
                    issued =
                        Issued { told_s: Some(left_s), lives_s: left_s, asked_s: now_s, renewal: n, ..last };
                    lifetime = format!(r#","expires_in":{left_s}"#);
                }
            }
            _ => {}
        }
        let body = format!(r#"{{"access_token":"{}","refresh_token":"r{n}"{lifetime}}}"#, issued.name);
        let mut all = self.issued.lock().unwrap();
        all.push(issued);
        if all.len() > 100 {
            all.remove(0);
        }
        let mut headers = Headers::default();
        headers.push_checked("date", &self.date()).unwrap();
        let body = InMemory::new(SecretBytes::new(body.into_bytes()));
        Ok(Incoming { status: 200, headers, body: Box::new(body) })
    }
}

/// The process that runs now.
struct Device {
    session: Arc<Session>,
    /// The renewals that this process made begin here: what it received goes by the steady clock.
    first_renewal: u64,
    /// The server's time as this process learned it: the difference to the true time.
    learned_off_s: Option<i64>,
}

impl World {
    pub fn new(seed: u64) -> World {
        let mut random = Random(seed);
        let truth = Arc::new(Truth::default());
        let server = Arc::new(Server {
            truth: truth.clone(),
            off_s: AtomicI64::new(0),
            random: Mutex::new(Random(random.next())),
            issued: Mutex::new(vec![Issued {
                name: "first".into(),
                ends_s: 3600,
                lives_s: 3600,
                told_s: Some(3600),
                asked_s: 0,
                renewal: 0,
            }]),
            renewals: AtomicU64::new(1),
        });
        let token = format!(
            r#"{{"access_token":"first","refresh_token":"r","expires_in":3600,"expires_at":{}}}"#,
            BEGIN_S + 3600
        );
        let device = Device::start(&token, &truth, &server);
        World {
            seed,
            random,
            truth,
            server,
            device,
            excuses: 0,
            requests: 0,
            renewals: 0,
            early_renewals: 0,
            jumps: 0,
            restarts: 0,
            refusals: 0,
        }
    }

    pub fn now_s(&self) -> u64 {
        self.truth.now_s()
    }

    /// Time passes, awake or asleep; now and then something happens to the clocks; then a request is made.
    pub fn step(&mut self) {
        let longest_s = self.random.one_of(&[10, 600, 3600, 8 * 3600]);
        let passes_s = 1 + self.random.below(longest_s);
        self.truth.now_s.fetch_add(passes_s, Ordering::Relaxed);
        match self.random.below(16) {
            0 | 1 => self.jump(),
            2 => self.restart(false),
            3 => self.restart(true),
            4 => {
                let off_s = self.random.one_of(&[0u64, 3600, 7200]) as i64 - 3600;
                self.server.off_s.store(off_s, Ordering::Relaxed);
                self.excuses += 1;
            }
            _ => {}
        }
        self.request();
    }

    /// Of the wall clock: by ten years or an hour, by a second that is smeared, to 1970, or right again.
    fn jump(&mut self) {
        let right_now = BEGIN_S + self.now_s() as i64;
        let off_s = match self.random.below(8) {
            0 => 10 * YEAR_S,
            1 => -10 * YEAR_S,
            2 => 3600,
            3 => -3600,
            4 => 1,
            5 => self.random.below(100) as i64 - right_now,
            _ => 0,
        };
        self.truth.wall_off_s.store(off_s, Ordering::Relaxed);
        self.jumps += 1;
        self.excuses += 1;
    }

    /// Of the process, or of the whole machine; the token was stored.
    fn restart(&mut self, boots: bool) {
        if boots {
            self.truth.booted_s.store(self.now_s(), Ordering::Relaxed);
            if self.random.below(3) == 0 {
                let right_now = BEGIN_S + self.now_s() as i64;
                self.truth.wall_off_s.store(-right_now, Ordering::Relaxed);
            }
        }
        let stored = self.device.session.token().unwrap().unwrap().set.to_json().to_string();
        self.device = Device::start(&stored, &self.truth, &self.server);
        self.restarts += 1;
        self.excuses += 1;
    }

    /// As `Client::send` makes it: a valid token, the API, after a refusal another token, once more.
    fn request(&mut self) {
        self.requests += 1;
        let current = self.watched(|session| session.valid(Duration::ZERO, &call()).unwrap());
        if self.send(&current) {
            return;
        }
        self.refusals += 1;
        self.excuses += 1;
        let generation = current.generation;
        assert!(self.device.session.may_replace(generation).unwrap(), "{}", self.place());
        let other = self.watched(|session| session.after_refusal(generation, &call()).unwrap());
        assert!(self.send(&other), "{}: refused twice", self.place());
    }

    /// Does something that may renew, and judges whether it had reason to.
    fn watched(&mut self, act: impl FnOnce(&Session) -> Arc<Current>) -> Arc<Current> {
        let (before, old) = (self.server.renewals.load(Ordering::Relaxed), self.server.newest());
        let current = act(&self.device.session);
        let made = self.server.renewals.load(Ordering::Relaxed) - before;
        assert!(made <= 1, "{}: {made} renewals for one call", self.place());
        if made == 1 {
            self.renewals += 1;
            self.device.learned_off_s = Some(self.server.off_s.load(Ordering::Relaxed));
            // The leeway is 30 s, at most a tenth of the life; whole seconds add one.
            let leeway_s = (old.lives_s / 10).min(30) + 1;
            let is_due = self.now_s() + leeway_s >= old.ends_s || old.told_s == Some(0);
            if !is_due {
                self.early_renewals += 1;
                assert!(
                    self.excuses > 0,
                    "{}: renewed {old_ends} too early",
                    self.place(),
                    old_ends = old.ends_s
                );
            }
            self.excuses = 0;
        }
        current
    }

    /// Sends a request with this token; whether the API took it.
    fn send(&mut self, current: &Current) -> bool {
        let name = current.set.access_token().unwrap().expose().to_owned();
        let issued = self.server.find(&name);
        self.judge(&issued, current);
        let taken = self.now_s() < issued.ends_s;
        let mut answer = Headers::default();
        match self.random.below(4) {
            0 => {}
            1 => {
                // A cache's old answer says nothing of the time.
                answer.push_checked("date", "Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
                answer.push_checked("age", "100").unwrap();
            }
            _ => {
                answer.push_checked("date", &self.server.date()).unwrap();
                self.device.learned_off_s = Some(self.server.off_s.load(Ordering::Relaxed));
            }
        }
        let status = if taken { 200 } else { 401 };
        self.device.session.learn_time(status, &answer, self.device.session.steady());
        if taken {
            self.device.session.mark_accepted().unwrap();
        }
        taken
    }

    /// No token goes out that this process could know to be expired.
    fn judge(&self, issued: &Issued, current: &Current) {
        let is_received = issued.renewal >= self.device.first_renewal;
        match issued.told_s {
            // A token that is born expired is used once.
            Some(0) | None => {}
            Some(told_s) if is_received => {
                assert!(
                    self.now_s() < issued.asked_s + told_s,
                    "{}: expired by the steady clock",
                    self.place()
                );
            }
            Some(told_s) => {
                let (wall, expires_at) = (self.truth.wall_s(), current.set.expires_at().unwrap());
                let time = match self.device.learned_off_s {
                    Some(off_s) => {
                        let server = BEGIN_S + self.now_s() as i64 + off_s;
                        if server.abs_diff(wall) <= 60 { wall } else { server }
                    }
                    None => wall,
                };
                let is_plausible = expires_at - time <= told_s as i64 + 60;
                assert!(time < expires_at || !is_plausible, "{}: {time} is past {expires_at}", self.place());
            }
        }
    }

    fn place(&self) -> String {
        format!("seed {} at {} s", self.seed, self.now_s())
    }
}

impl Device {
    fn start(token: &str, truth: &Arc<Truth>, server: &Arc<Server>) -> Device {
        let config = format!(r#"{{"base_url":"http://api.example","token":{token}}}"#);
        let config = Arc::new(Config::parse(&config).unwrap());
        let families = Families::apart(1);
        let session = Session::new(
            config,
            Arc::default(),
            server.clone(),
            truth.clone(),
            Arc::default(),
            families,
            Keys::default(),
        );
        Device {
            session: session.unwrap(),
            first_renewal: server.renewals.load(Ordering::Relaxed),
            learned_off_s: None,
        }
    }
}

fn call() -> Call {
    Call { deadline: Deadline::after(Duration::from_secs(60)), cancel: Arc::default() }
}
