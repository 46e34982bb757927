//! Renewals that outlive their calls.

use super::*;
use crate::http::Whole;
use crate::parked::Parked;
use crate::session::renewal::Renewal;

/// A token endpoint whose answer comes when a test lets it.
#[derive(Default)]
struct Slow {
    asked: AtomicI64,
    resumed: AtomicI64,
    arrived: Arc<Event>,
    gate: Arc<Event>,
    /// What comes in the end; nothing is a connection that broke.
    answer: Mutex<Option<&'static str>>,
}

struct Waiting(Arc<Slow>);

impl Waiting {
    fn finish(self, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        self.0.arrived.signal();
        if let Err(error) = call.wait(&self.0.gate) {
            return Err(Unfinished { error, sent: true, parked: Some(Box::new(self)) });
        }
        match *self.0.answer.lock().unwrap() {
            Some(json) => {
                let body = SecretBytes::new(json.as_bytes().to_vec());
                Ok(Whole { status: 200, headers: Headers::default(), body })
            }
            None => Err(Unfinished::failed(Error::new(Reason::Connection, "broke"), true)),
        }
    }
}

impl Parked<Whole> for Waiting {
    fn resume(self: Box<Self>, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        self.0.resumed.fetch_add(1, Ordering::SeqCst);
        self.finish(call)
    }
}

/// The transport of one client, all of which lead to the same endpoint.
struct To(Arc<Slow>);

impl Transport for To {
    fn exchange(&self, _: Outgoing<'_>, _: &Call) -> Result<Incoming, Failed> {
        panic!("a renewal asks for the whole answer")
    }

    fn whole(&self, _: Outgoing<'_>, _: u64, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        Waiting(self.0.clone()).finish(call)
    }
}

struct World {
    slow: Arc<Slow>,
    families: &'static Families,
}

struct One {
    session: Arc<Session>,
    store: Arc<Store>,
    hooks: Arc<Hooks>,
}

impl World {
    fn new() -> World {
        let slow = Arc::new(Slow::default());
        *slow.answer.lock().unwrap() = Some(RENEWED);
        World { slow, families: Families::apart(1) }
    }

    fn client(&self, members: &str) -> One {
        let config = Config::parse(&format!(r#"{{"base_url":"http://api.example",{members}}}"#)).unwrap();
        let (store, hooks) = (Arc::new(Store::default()), Arc::new(Hooks::default()));
        hooks.token.set(Some(store.clone())).unwrap();
        let transport = Arc::new(To(self.slow.clone()));
        let (clock, stats) = (Arc::new(TestClock::at(1000)), Arc::default());
        let session = Session::new(
            Arc::new(config),
            hooks.clone(),
            transport,
            clock,
            stats,
            self.families,
            Keys::default(),
        )
        .unwrap();
        One { session, store, hooks }
    }

    fn asked(&self) -> (i64, i64) {
        (self.slow.asked.load(Ordering::SeqCst), self.slow.resumed.load(Ordering::SeqCst))
    }
}

impl One {
    fn token(&self, call: &Call) -> Result<String> {
        let current = self.session.valid(Duration::ZERO, call)?;
        Ok(current.set.access_token().unwrap().expose().to_owned())
    }

    fn saved(&self) -> usize {
        self.store.saved.lock().unwrap().len()
    }

    /// Makes a renewal and leaves it once it is under way.
    fn leave(&self, world: &World) {
        let hasty = call();
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| self.token(&hasty));
            call().wait(&world.slow.arrived).unwrap();
            hasty.cancel.cancel();
            assert_eq!(leader.join().unwrap().unwrap_err().status, status::CANCELLED);
        });
        assert_eq!(self.session.parts.stats.renewals_parked.get(), 1);
    }
}

fn expired() -> String {
    format!(r#""token":{EXPIRED}"#)
}

#[test]
fn a_renewal_that_was_left_is_read_to_its_end_by_the_next_call() {
    let world = World::new();
    let one = world.client(&expired());
    one.leave(&world);
    assert_eq!(one.saved(), 0);
    world.slow.gate.signal();
    assert_eq!(one.token(&call()).unwrap(), "a2");
    assert_eq!((world.asked(), one.saved()), ((1, 1), 1));
}

#[test]
fn a_waiter_goes_on_with_it() {
    let world = World::new();
    let one = world.client(&expired());
    let hasty = call();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| one.token(&hasty));
        call().wait(&world.slow.arrived).unwrap();
        let waiters: Vec<_> = (0..8).map(|_| scope.spawn(|| one.token(&call()))).collect();
        while one.session.parts.stats.renewals_joined.get() < 8 {
            std::thread::yield_now();
        }
        hasty.cancel.cancel();
        assert_eq!(leader.join().unwrap().unwrap_err().status, status::CANCELLED);
        while world.asked().1 < 1 {
            std::thread::yield_now();
        }
        world.slow.gate.signal();
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap().unwrap(), "a2");
        }
    });
    assert_eq!((world.asked(), one.saved()), ((1, 1), 1));
}

#[test]
fn another_client_goes_on_with_it_and_each_saves_it() {
    let world = World::new();
    let (one, other) = (world.client(&expired()), world.client(&expired()));
    one.leave(&world);
    world.slow.gate.signal();
    assert_eq!(other.token(&call()).unwrap(), "a2");
    assert_eq!(one.saved(), 0, "its own on_token is called by its own callers");
    assert_eq!(one.token(&call()).unwrap(), "a2");
    assert_eq!((world.asked(), one.saved(), other.saved()), ((1, 1), 1, 1));
}

#[test]
fn the_last_free_reads_it_and_saves_it() {
    let world = World::new();
    let one = world.client(&expired());
    one.leave(&world);
    world.slow.gate.signal();
    let store = one.store.clone();
    drop(one);
    assert_eq!(world.asked(), (1, 1));
    assert!(store.saved.lock().unwrap()[0].contains("r2"));
}

#[test]
fn f_4_the_last_free_offers_what_is_not_saved_once_more() {
    let world = World::new();
    let one = world.client(&expired());
    world.slow.gate.signal();
    one.store.failures.store(1, Ordering::SeqCst);
    assert_eq!(one.token(&call()).unwrap_err().reason, Reason::NotSaved);
    let store = one.store.clone();
    drop(one);
    assert!(store.saved.lock().unwrap()[0].contains("r2"));
}

#[test]
fn with_ahead_the_background_goes_on_with_it() {
    let world = World::new();
    let one = world.client(&format!(r#"{},"refresh":{{"ahead":true}}"#, expired()));
    one.leave(&world);
    assert_eq!(one.session.ahead_in().unwrap(), Some(Duration::ZERO));
    world.slow.gate.signal();
    one.session.renew_ahead(&call()).unwrap();
    assert_eq!((world.asked(), one.saved()), ((1, 1), 1));
    assert_ne!(one.session.ahead_in().unwrap(), Some(Duration::ZERO));
}

#[test]
fn a_renewal_that_broke_while_it_was_parked_is_a_lost_answer() {
    let world = World::new();
    let one = world.client(&expired());
    one.leave(&world);
    *world.slow.answer.lock().unwrap() = None;
    world.slow.gate.signal();
    let error = one.token(&call()).unwrap_err();
    assert_eq!((error.status, error.reason), (status::UNCERTAIN, Reason::AnswerLost));
    assert_eq!(world.asked(), (2, 1), "the old refresh token once more, then no further");
    assert!(one.session.token().unwrap().unwrap().set.refresh_token().unwrap().expose() == "r1");
}

#[test]
fn unlock_comes_before_any_hook_is_destroyed() {
    type Log = Arc<Mutex<Vec<String>>>;
    struct Logging(&'static str, Log);
    impl Drop for Logging {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(format!("{} destroyed", self.0));
        }
    }
    impl TokenHook for Logging {
        fn save(&self, _: &TokenSet, _: &Call) -> Result<()> {
            Ok(())
        }
    }
    impl LockHook for Logging {
        fn lock(&self, _: Option<&TokenSet>, _: &Call) -> Result<()> {
            Ok(())
        }
        fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
            Ok(None)
        }
        fn unlock(&self, _: Option<&TokenSet>, outcome: Status) {
            self.1.lock().unwrap().push(format!("unlock {outcome}"));
        }
    }
    let log = Log::default();
    let world = World::new();
    let one = world.client(&expired());
    one.hooks.token.set(Some(Arc::new(Logging("on_token", log.clone())))).unwrap();
    one.hooks.lock.set(Some(Arc::new(Logging("on_lock", log.clone())))).unwrap();
    let mut renewal = Box::new(Renewal::new(one.session.parts.clone(), None, None));
    assert!(renewal.lock(&call()).unwrap().is_none());
    drop(one);
    assert!(log.lock().unwrap().is_empty());
    renewal.end(status::UNCERTAIN);
    let log = log.lock().unwrap();
    assert_eq!(log[0], format!("unlock {}", status::UNCERTAIN));
    assert_eq!(log.len(), 3, "{log:?}");
}

#[test]
fn a_parked_renewal_keeps_the_lock_until_its_end() {
    struct Counting(AtomicI64, Mutex<Vec<Status>>);
    impl LockHook for Counting {
        fn lock(&self, _: Option<&TokenSet>, _: &Call) -> Result<()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
            Ok(None)
        }
        fn unlock(&self, _: Option<&TokenSet>, outcome: Status) {
            self.1.lock().unwrap().push(outcome);
        }
    }
    let world = World::new();
    let one = world.client(&expired());
    let lock = Arc::new(Counting(AtomicI64::new(0), Mutex::default()));
    one.hooks.lock.set(Some(lock.clone())).unwrap();
    one.leave(&world);
    assert_eq!(lock.0.load(Ordering::SeqCst), 1);
    assert!(lock.1.lock().unwrap().is_empty(), "whoever else took it would spend the same refresh token");
    world.slow.gate.signal();
    one.token(&call()).unwrap();
    assert_eq!((lock.0.load(Ordering::SeqCst), lock.1.lock().unwrap().as_slice()), (1, &[status::OK][..]));
    // Another login ends the family; a renewal of it that nobody will finish lets go too.
    let world = World::new();
    let one = world.client(&expired());
    one.hooks.lock.set(Some(lock.clone())).unwrap();
    one.leave(&world);
    one.session.set_token(bare("mine")).unwrap();
    assert_eq!(lock.0.load(Ordering::SeqCst), 2);
    assert_eq!(lock.1.lock().unwrap().as_slice(), [status::OK, status::UNCERTAIN]);
}

#[test]
fn on_refresh_that_answers_after_its_call_has_left_is_heard() {
    struct Later(Arc<Slow>);
    struct Answer(Arc<Slow>);
    impl Parked<TokenSet> for Answer {
        fn resume(self: Box<Self>, call: &Call) -> Result<TokenSet, Unfinished<TokenSet>> {
            match call.wait(&self.0.gate) {
                Ok(()) => Ok(bare("a2")),
                Err(error) => Err(Unfinished { error, sent: true, parked: Some(self) }),
            }
        }
    }
    impl RefreshHook for Later {
        fn refresh(&self, _: Option<&TokenSet>, call: &Call) -> Result<TokenSet, Unfinished<TokenSet>> {
            self.0.asked.fetch_add(1, Ordering::SeqCst);
            self.0.arrived.signal();
            Box::new(Answer(self.0.clone())).resume(call)
        }
    }
    let world = World::new();
    let one = world.client(&expired());
    one.hooks.refresh.set(Some(Arc::new(Later(world.slow.clone())))).unwrap();
    one.leave(&world);
    world.slow.gate.signal();
    assert_eq!(one.token(&call()).unwrap(), "a2");
    assert_eq!(world.asked().0, 1);
}
