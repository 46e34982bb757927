//! A client of a model, its callers and its store.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::sync::atomic::AtomicUsize;

use super::super::*;
use super::world::{Fault, Network, Planted, World, begin_work, step};
use crate::secret::Secret;

/// The refresh token of the set that a caller sets.
const MINE: &str = "r100";

pub struct Client {
    pub session: Arc<Session>,
    pub store: Arc<Saved>,
}

/// What `on_token` of one client saved.
pub struct Saved {
    world: Arc<World>,
    is_saving: AtomicUsize,
    saved: Mutex<Vec<String>>,
}

/// Makes clients.
pub struct Process {
    world: Arc<World>,
    families: &'static Families,
    clock: Arc<TestClock>,
}

impl Process {
    pub fn new(world: &Arc<World>) -> Process {
        let (families, clock) = (Families::apart(1), Arc::new(TestClock::at(1000)));
        Process { world: world.clone(), families, clock }
    }

    /// A client that holds the expired token `a1`, `r1`.
    pub fn client(&self) -> Client {
        static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
        self.client_of(&CONFIG, r#"{"client_id":"c"}"#)
    }

    /// One that asks for another scope.
    pub fn client_of_other_scope(&self) -> Client {
        static CONFIG: OnceLock<Arc<Config>> = OnceLock::new();
        self.client_of(&CONFIG, r#"{"client_id":"c","scope":"read"}"#)
    }

    fn client_of(&self, config: &OnceLock<Arc<Config>>, client: &str) -> Client {
        let config = config.get_or_init(|| {
            let json = format!(r#"{{"base_url":"http://api.example","client":{client},"token":{EXPIRED}}}"#);
            Arc::new(Config::parse(&json).unwrap())
        });
        let world = self.world.clone();
        let store = Saved { world, is_saving: AtomicUsize::new(0), saved: Mutex::default() };
        let store = Arc::new(store);
        let hooks = Arc::new(self.world.hooks(store.clone()));
        let network = Arc::new(Network(self.world.clone()));
        let (clock, stats) = (self.clock.clone(), Arc::default());
        let session =
            Session::new(config.clone(), hooks, network, clock, stats, self.families, Keys::default())
                .unwrap();
        Client { session, store }
    }
}

/// A call, the way the boundary makes it: a panic is a failure inside.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| match panic.is::<Planted>() {
        true => Err(Error::new(Reason::Panic, "planted")),
        false => resume_unwind(panic),
    })
}

impl Client {
    /// The number of the token that a call gets.
    pub fn token(&self, call: &Call) -> Result<u64> {
        self.number_of(caught(|| self.session.valid(Duration::ZERO, call)))
    }

    pub fn after_refusal_of(&self, generation: u64, call: &Call) -> Result<u64> {
        self.number_of(caught(|| self.session.after_refusal(generation, call)))
    }

    pub fn refreshed(&self, call: &Call) -> Result<u64> {
        self.number_of(caught(|| self.session.refresh(call)))
    }

    fn number_of(&self, outcome: Result<Arc<Current>>) -> Result<u64> {
        let set = &outcome?.set;
        let expose = |token: Option<&Secret>| token.unwrap().expose().to_owned();
        let name = expose(set.refresh_token());
        let is_stored = self.store.world.is_of_one_file() || self.saved().contains(&name);
        assert!(is_stored || name == MINE, "used before it was saved");
        Ok(expose(set.access_token()).trim_start_matches('a').parse().unwrap())
    }

    /// Sets a token that lasts, then stores it.
    pub fn set_token(&self) {
        let set = r#"{"access_token":"a100","refresh_token":"r100","expires_at":99999}"#;
        self.session.set_token(TokenSet::from_stored(set).unwrap()).unwrap();
        self.store.saved.lock().unwrap().push(MINE.to_owned());
    }

    /// What was saved, in order.
    pub fn saved(&self) -> Vec<String> {
        self.store.saved()
    }
}

impl Saved {
    pub fn saved(&self) -> Vec<String> {
        self.saved.lock().unwrap().clone()
    }
}

impl TokenHook for Saved {
    fn save(&self, token: &TokenSet, call: &Call) -> Result<()> {
        struct Saving<'a>(&'a AtomicUsize);
        impl Drop for Saving<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        assert_eq!(self.is_saving.fetch_add(1, Ordering::SeqCst), 0, "on_token overlaps");
        let _saving = Saving(&self.is_saving);
        begin_work();
        self.world.panic_at("on_token");
        if call.cancel.is_cancelled() && self.world.strikes(Fault::SaveLeft) {
            call.check()?;
        }
        if self.world.strikes(Fault::NotSaved) {
            return Err(Error::new(Reason::Hook, "disk full"));
        }
        let name = token.refresh_token().unwrap().expose().to_owned();
        self.saved.lock().unwrap().push(name);
        self.world.write(token);
        step();
        Ok(())
    }
}
