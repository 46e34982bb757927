//! What stands around the sessions of a model. Each step of it lets other threads in, and each checks what must hold.

use super::super::*;
use super::client::Saved;
use crate::fork;
use crate::http::Whole;
use crate::parked::Parked;

/// Lets other threads in.
pub fn step() {
    shuttle::thread::sleep(Duration::ZERO);
}

/// A hook, or the network, is at work: nobody waits for that with a lock.
pub fn begin_work() {
    assert_eq!(fork::held(), 0, "a lock of the library is held");
    step();
}

/// What goes wrong once, where it is set.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    None,
    /// `on_token` says no.
    NotSaved,
    /// `on_token` minds the cancel of its call.
    SaveLeft,
    /// The answer does not come in time.
    Late,
    /// The server has ended the family.
    Dead,
    Panic(&'static str),
}

/// What a hook that was told to panic unwinds with.
pub struct Planted;

/// Everything outside of the library.
pub struct World {
    server: Mutex<Server>,
    host: Mutex<Host>,
    fault: Mutex<Fault>,
    /// What the network asks for while it is at work.
    asks: Mutex<Option<Weak<Session>>>,
}

/// Refresh tokens `r1`, `r2` and so on are good for one use each.
struct Server {
    newest: u64,
    asked: Vec<u64>,
    answers_lost: usize,
}

/// What all processes of a host share.
#[derive(Default)]
struct Host {
    is_locked: bool,
    granted: usize,
    let_go: usize,
    waiting: Vec<Arc<Event>>,
    /// A file, where all clients store in the same one.
    file: Option<String>,
}

impl World {
    pub fn new(fault: Fault) -> Arc<World> {
        Arc::new(World {
            server: Mutex::new(Server { newest: 1, asked: Vec::new(), answers_lost: 0 }),
            host: Mutex::default(),
            fault: Mutex::new(fault),
            asks: Mutex::default(),
        })
    }

    /// One whose clients store in the same file.
    pub fn of_one_file(fault: Fault) -> Arc<World> {
        let world = World::new(fault);
        world.host.lock().unwrap().file = Some(EXPIRED.to_owned());
        world
    }

    /// What goes wrong from here on.
    pub fn plant(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The network asks that session for a token, each time.
    pub fn reenter(&self, session: &Arc<Session>) {
        *self.asks.lock().unwrap() = Some(Arc::downgrade(session));
    }

    pub fn strikes(&self, fault: Fault) -> bool {
        let mut planted = self.fault.lock().unwrap();
        let strikes = *planted == fault;
        if strikes {
            *planted = Fault::None;
        }
        strikes
    }

    /// No hook of the library panics by itself: `resume_unwind` spares the model the report of one.
    pub fn panic_at(&self, place: &'static str) {
        if self.strikes(Fault::Panic(place)) {
            std::panic::resume_unwind(Box::new(Planted));
        }
    }

    /// The numbers of the refresh tokens that were presented, in order.
    pub fn asked(&self) -> Vec<u64> {
        self.server.lock().unwrap().asked.clone()
    }

    /// How many answers nobody read.
    pub fn answers_lost(&self) -> usize {
        self.server.lock().unwrap().answers_lost
    }

    pub fn is_of_one_file(&self) -> bool {
        self.host.lock().unwrap().file.is_some()
    }

    pub fn write(&self, token: &TokenSet) {
        if let Some(file) = &mut self.host.lock().unwrap().file {
            *file = token.to_json().to_string();
        }
    }

    /// All clients are gone: each lock was given back.
    pub fn end(&self) {
        let host = self.host.lock().unwrap();
        assert!(!host.is_locked);
        assert_eq!(host.granted, host.let_go);
    }

    fn assert_locked(&self) {
        assert!(self.host.lock().unwrap().is_locked, "the lock was let go too early");
    }
}

impl Server {
    /// Presents a refresh token; its successor has the next number.
    fn spend(&mut self, form: &str) -> u64 {
        let (_, token) = form.split_once("refresh_token=r").expect("a refresh token of the family");
        let token: u64 = token.split('&').next().unwrap().parse().unwrap();
        self.asked.push(token);
        assert_eq!(token, self.newest, "a spent refresh token was presented: {:?}", self.asked);
        self.newest += 1;
        self.newest
    }
}

/// The way of a client to the server.
pub struct Network(pub Arc<World>);

impl Transport for Network {
    fn exchange(&self, _: Outgoing<'_>, _: &Call) -> Result<Incoming, Failed> {
        unreachable!("a renewal asks for the whole answer")
    }

    fn whole(&self, request: Outgoing<'_>, _: u64, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        begin_work();
        self.0.panic_at("exchange");
        call.check()?;
        self.0.assert_locked();
        let Body::Bytes(body) = request.body else { unreachable!("a token request has a body") };
        let number = self.0.server.lock().unwrap().spend(std::str::from_utf8(body).unwrap());
        let asked = self.0.asks.lock().unwrap().as_ref().and_then(Weak::upgrade);
        if let Some(session) = asked {
            let outcome = session.valid(Duration::ZERO, call);
            assert_eq!(outcome.map(drop).unwrap_err().status, status::WOULD_DEADLOCK);
        }
        Box::new(Answer { world: self.0.clone(), number, is_read: false }).resume(call)
    }
}

/// What the server said, on its way.
struct Answer {
    world: Arc<World>,
    number: u64,
    is_read: bool,
}

impl Parked<Whole> for Answer {
    fn resume(mut self: Box<Self>, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        begin_work();
        self.world.assert_locked();
        let late = || Error::new(Reason::Deadline, "late");
        let outcome = if self.world.strikes(Fault::Late) { Err(late()) } else { call.check() };
        if let Err(error) = outcome {
            return Err(Unfinished { error, sent: true, parked: Some(self) });
        }
        self.is_read = true;
        let number = self.number;
        let (status, json) = if self.world.strikes(Fault::Dead) {
            (400, r#"{"error":"invalid_grant"}"#.to_owned())
        } else {
            let tokens = format!(r#""access_token":"a{number}","refresh_token":"r{number}""#);
            (200, format!(r#"{{{tokens},"expires_in":3600}}"#))
        };
        Ok(Whole { status, headers: Headers::default(), body: SecretBytes::new(json.into_bytes()) })
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.world.server.lock().unwrap().answers_lost += usize::from(!self.is_read);
    }
}

impl LockHook for World {
    fn lock(&self, _: Option<&TokenSet>, call: &Call) -> Result<()> {
        loop {
            begin_work();
            self.panic_at("lock");
            let event = Arc::new(Event::default());
            {
                let mut host = self.host.lock().unwrap();
                if !host.is_locked {
                    host.is_locked = true;
                    host.granted += 1;
                    return Ok(());
                }
                host.waiting.push(event.clone());
            }
            call.wait(&event)?;
        }
    }

    fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
        begin_work();
        self.panic_at("reload");
        let stored = self.host.lock().unwrap().file.clone();
        Ok(stored.map(|json| TokenSet::from_stored(&json).unwrap()))
    }

    fn unlock(&self, _: Option<&TokenSet>, _: Status) {
        begin_work();
        let waiting = {
            let mut host = self.host.lock().unwrap();
            assert!(host.is_locked, "unlocked without a lock");
            host.is_locked = false;
            host.let_go += 1;
            std::mem::take(&mut host.waiting)
        };
        waiting.iter().for_each(|event| event.signal());
        self.panic_at("unlock");
    }
}

impl World {
    /// The parts of a client that lead here.
    pub fn hooks(self: &Arc<World>, store: Arc<Saved>) -> Hooks {
        let hooks = Hooks::default();
        hooks.token.set(Some(store)).unwrap();
        hooks.lock.set(Some(self.clone())).unwrap();
        hooks
    }
}
