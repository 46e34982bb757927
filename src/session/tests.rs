use super::*;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::http::{Body, Failed, Headers, InMemory, Incoming, Outgoing};
use crate::secret::SecretBytes;

/// A clock that tests set.
pub struct TestClock {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl TestClock {
    pub fn at(wall: i64) -> TestClock {
        TestClock { wall: AtomicI64::new(wall), steady: AtomicI64::new(1000) }
    }

    pub fn set_wall(&self, wall: i64) {
        self.wall.store(wall, Ordering::SeqCst);
    }

    pub fn pass(&self, seconds: i64) {
        self.steady.fetch_add(seconds, Ordering::SeqCst);
        self.wall.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn wall_s(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn steady(&self) -> Duration {
        Duration::from_secs(self.steady.load(Ordering::SeqCst) as u64)
    }
}

/// A token endpoint that answers from a list.
struct Endpoint {
    answers: Mutex<Vec<std::result::Result<(u16, &'static str), bool>>>,
    asked: Mutex<Vec<String>>,
}

impl Endpoint {
    /// `Err(sent)` is a connection that broke, before or after the request was sent.
    fn new(answers: &[std::result::Result<(u16, &'static str), bool>]) -> Arc<Endpoint> {
        let answers = answers.iter().rev().copied().collect();
        Arc::new(Endpoint { answers: Mutex::new(answers), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Endpoint {
    fn exchange(&self, request: Outgoing<'_>, _: &Call) -> std::result::Result<Incoming, Failed> {
        let Body::Bytes(body) = request.body else { panic!("a token request has a body") };
        self.asked.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
        match self.answers.lock().unwrap().pop().expect("nobody should have asked again") {
            Ok((status, body)) => {
                let body = InMemory::new(SecretBytes::new(body.as_bytes().to_vec()));
                Ok(Incoming { status, headers: Headers::default(), body: Box::new(body) })
            }
            Err(sent) => Err(Failed { error: Error::new(Reason::Connection, "broke"), sent }),
        }
    }
}

/// Saves into a list; fails as often as it is told to.
#[derive(Default)]
struct Store {
    saved: Mutex<Vec<String>>,
    failures: AtomicI64,
}

impl hooks::TokenHook for Store {
    fn save(&self, token: &TokenSet, _: &Call) -> Result<()> {
        if self.failures.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Err(Error::new(Reason::Hook, "disk full"));
        }
        self.saved.lock().unwrap().push(token.to_json().to_string());
        Ok(())
    }
}

struct Fixture {
    session: Arc<Session>,
    clock: Arc<TestClock>,
    endpoint: Arc<Endpoint>,
    store: Arc<Store>,
    hooks: Arc<Hooks>,
}

const EXPIRED: &str = r#"{"access_token":"a1","refresh_token":"r1","expires_at":900}"#;
const RENEWED: &str = r#"{"access_token":"a2","refresh_token":"r2","expires_in":3600}"#;

fn fixture(members: &str, answers: &[std::result::Result<(u16, &'static str), bool>]) -> Fixture {
    let json = format!(r#"{{"base_url":"http://api.example",{members}}}"#);
    let config = Arc::new(Config::parse(&json).unwrap());
    let (clock, endpoint) = (Arc::new(TestClock::at(1000)), Endpoint::new(answers));
    let (store, hooks) = (Arc::new(Store::default()), Arc::new(Hooks::default()));
    hooks.token.set(Some(store.clone())).unwrap();
    let session = Session::new(config, hooks.clone(), endpoint.clone(), clock.clone(), Arc::default());
    Fixture { session: Arc::new(session), clock, endpoint, store, hooks }
}

fn with_token(token: &str, answers: &[std::result::Result<(u16, &'static str), bool>]) -> Fixture {
    fixture(&format!(r#""token":{token}"#), answers)
}

fn call() -> Call {
    Call { deadline: crate::clock::Deadline::after(Duration::from_secs(30)), cancel: Arc::default() }
}

impl Fixture {
    fn token(&self) -> Result<String> {
        let current = self.session.valid(Duration::ZERO, &call())?;
        Ok(current.set.access_token().unwrap().expose().to_owned())
    }

    fn held(&self) -> String {
        self.session.token().unwrap().unwrap().set.to_json().to_string()
    }
}

#[test]
fn a_fresh_token_asks_nobody() {
    let fixture = with_token(r#"{"access_token":"a1","expires_at":2000}"#, &[]);
    assert_eq!(fixture.token().unwrap(), "a1");
    assert!(fixture.store.saved.lock().unwrap().is_empty());
}

#[test]
fn an_expired_token_is_renewed_saved_and_used_once() {
    let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked(), ["grant_type=refresh_token&refresh_token=r1"]);
    let saved = fixture.store.saved.lock().unwrap().clone();
    assert_eq!(saved, [r#"{"access_token":"a2","refresh_token":"r2","expires_in":3600,"expires_at":4600}"#]);
    fixture.clock.pass(3600 - 30);
    fixture.endpoint.answers.lock().unwrap().push(Ok((200, r#"{"access_token":"a3"}"#)));
    assert_eq!(fixture.token().unwrap(), "a3");
    assert_eq!(fixture.endpoint.asked()[1], "grant_type=refresh_token&refresh_token=r2");
}

#[test]
fn t_9_a_token_that_is_born_expired_is_used_once_and_makes_no_loop() {
    let born_expired = r#"{"access_token":"a2","expires_in":0}"#;
    let fixture = with_token(EXPIRED, &[Ok((200, born_expired)), Ok((200, born_expired))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked().len(), 1);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked().len(), 2);
}

#[test]
fn f_8_a_refused_token_is_renewed_only_while_it_is_the_current_one() {
    let fixture = with_token(r#"{"access_token":"a1","refresh_token":"r1"}"#, &[Ok((200, RENEWED))]);
    let refused = fixture.session.valid(Duration::ZERO, &call()).unwrap();
    for _ in 0..3 {
        let other = fixture.session.after_refusal(refused.generation, &call()).unwrap();
        assert_eq!(other.set.access_token().unwrap().expose(), "a2");
    }
    assert_eq!(fixture.endpoint.asked().len(), 1);
}

#[test]
fn a_token_that_was_refused_without_a_resend_is_renewed_by_the_next_call() {
    let fixture = with_token(r#"{"access_token":"a1","refresh_token":"r1"}"#, &[Ok((200, RENEWED))]);
    let refused = fixture.session.valid(Duration::ZERO, &call()).unwrap();
    fixture.session.mark_refused(refused.generation).unwrap();
    assert_eq!(fixture.token().unwrap(), "a2");
}

#[test]
fn f_4_a_failing_on_token_keeps_the_set_and_offers_it_again() {
    let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    fixture.store.failures.store(2, Ordering::SeqCst);
    for _ in 0..2 {
        let error = fixture.token().unwrap_err();
        assert_eq!((error.status, error.reason), (status::HOOK_FAILED, Reason::NotSaved));
        assert!(error.message.contains("disk full"), "{}", error.message);
        assert!(fixture.held().contains("r2"), "it is the only copy of a rotated refresh token");
    }
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked().len(), 1, "no second renewal");
    assert_eq!(fixture.store.saved.lock().unwrap().len(), 1);
}

#[test]
fn e_1_a_dead_refresh_token_is_asked_for_once_and_kept() {
    let dead = Ok((400, r#"{"error":"invalid_grant"}"#));
    let fixture = with_token(EXPIRED, &[dead, dead]);
    for _ in 0..3 {
        assert_eq!(fixture.token().unwrap_err().reason, Reason::InvalidGrant);
    }
    assert_eq!(fixture.endpoint.asked().len(), 1);
    assert!(fixture.held().contains("r1"));
    // Whoever asks by name gets one more try; a new token opens the way again.
    assert_eq!(fixture.session.refresh(&call()).map(|_| ()).unwrap_err().reason, Reason::InvalidGrant);
    assert_eq!(fixture.endpoint.asked().len(), 2);
    fixture.session.set_token(TokenSet::from_stored(r#"{"access_token":"a9"}"#).unwrap()).unwrap();
    assert_eq!(fixture.token().unwrap(), "a9");
}

#[test]
fn other_failures_keep_the_refresh_token_and_are_tried_again() {
    let answers = [
        Ok((503, "")),
        Ok((200, "<html>")),
        Ok((401, r#"{"error":"invalid_client"}"#)),
        Err(false),
        Ok((200, RENEWED)),
    ];
    let fixture = with_token(EXPIRED, &answers);
    for wanted in [Reason::ServerError, Reason::TokenFormat, Reason::OauthError, Reason::Connection] {
        assert_eq!(fixture.token().unwrap_err().reason, wanted);
        assert!(fixture.held().contains("r1"));
    }
    assert_eq!(fixture.token().unwrap(), "a2");
}

#[test]
fn f_2_a_lost_answer_is_asked_for_once_more_then_uncertain() {
    let fixture = with_token(EXPIRED, &[Err(true), Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked().len(), 2);

    let fixture = with_token(EXPIRED, &[Err(true), Err(true)]);
    let error = fixture.token().unwrap_err();
    assert_eq!((error.status, error.reason), (status::UNCERTAIN, Reason::AnswerLost));
    assert!(fixture.held().contains("r1"));

    let never = format!(r#""token":{EXPIRED},"refresh":{{"retry_lost":"never"}}"#);
    let fixture = fixture_of(&never, &[Err(true)]);
    assert_eq!(fixture.token().unwrap_err().reason, Reason::AnswerLost);
    assert_eq!(fixture.endpoint.asked().len(), 1);
}

use fixture as fixture_of;

#[test]
fn a_grant_gets_the_first_token_and_every_other() {
    let grant =
        r#""client":{"client_id":"c","client_secret":"s"},"grant":{"grant_type":"client_credentials"}"#;
    let fixture = fixture(
        grant,
        &[Ok((200, r#"{"access_token":"a1","expires_in":60}"#)), Ok((200, r#"{"access_token":"a2"}"#))],
    );
    assert_eq!(fixture.token().unwrap(), "a1");
    fixture.clock.pass(60);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked()[1], "grant_type=client_credentials&client_id=c&client_secret=s");
}

#[test]
fn a_grant_takes_over_at_once_from_a_dead_refresh_token() {
    let members = format!(r#""token":{EXPIRED},"grant":{{"grant_type":"client_credentials"}}"#);
    let dead = Ok((400, r#"{"error":"invalid_grant"}"#));
    let fixture = fixture(&members, &[dead, Ok((200, r#"{"access_token":"a2","expires_in":60}"#))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked()[1], "grant_type=client_credentials");
}

#[test]
fn without_any_way_a_person_must_sign_in() {
    let fixture = with_token(r#"{"access_token":"a1","expires_at":900}"#, &[]);
    let error = fixture.token().unwrap_err();
    assert_eq!((error.status, error.reason), (status::LOGIN_REQUIRED, Reason::NoToken));
}

/// A hook that does what a test tells it to.
struct Told<F>(F);

impl<F: Fn(Option<&TokenSet>, &Call) -> Result<TokenSet> + Send + Sync> hooks::RefreshHook for Told<F> {
    fn refresh(&self, token: Option<&TokenSet>, call: &Call) -> Result<TokenSet> {
        (self.0)(token, call)
    }
}

fn bare(token: &str) -> TokenSet {
    TokenSet::from_access_token(token).unwrap()
}

#[test]
fn s_26_the_override_wins_and_its_bare_token_keeps_the_refresh_token() {
    let fixture = with_token(EXPIRED, &[]);
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(|old: Option<&TokenSet>, _: &Call| {
            assert_eq!(old.unwrap().refresh_token().unwrap().expose(), "r1");
            Ok(bare("a2"))
        }))))
        .unwrap();
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.held(), r#"{"access_token":"a2","refresh_token":"r1"}"#);
}

#[test]
fn a_renewal_that_asks_for_the_token_it_renews_is_told_so() {
    let fixture = with_token(EXPIRED, &[]);
    let session = Arc::downgrade(&fixture.session);
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, _: &Call| {
            let session = session.upgrade().unwrap();
            assert!(session.token().unwrap().is_some(), "what is held can be asked for");
            let error = session.valid(Duration::ZERO, &call()).map(|_| ()).unwrap_err();
            assert_eq!(error.status, status::WOULD_DEADLOCK);
            Ok(bare("a2"))
        }))))
        .unwrap();
    assert_eq!(fixture.token().unwrap(), "a2");
}

#[test]
fn f_6_f_7_sixteen_threads_share_one_renewal_and_a_leader_that_leaves_is_followed() {
    let fixture = with_token(EXPIRED, &[]);
    let (first, renewals) = (call(), Arc::new(AtomicI64::new(0)));
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (counted, open, at) = (renewals.clone(), gate.clone(), arrived.clone());
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, call: &Call| {
            counted.fetch_add(1, Ordering::SeqCst);
            at.signal();
            call.wait(&open)?;
            Ok(bare("a2"))
        }))))
        .unwrap();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| fixture.session.valid(Duration::ZERO, &first).map(|_| ()));
        call().wait(&arrived).unwrap();
        let others: Vec<_> = (0..15).map(|_| scope.spawn(|| fixture.token())).collect();
        while fixture.session.stats.renewals_joined.get() < 15 {
            std::thread::yield_now();
        }
        first.cancel.cancel();
        assert_eq!(leader.join().unwrap().unwrap_err().status, status::CANCELLED);
        gate.signal();
        for other in others {
            assert_eq!(other.join().unwrap().unwrap(), "a2");
        }
    });
    assert_eq!(renewals.load(Ordering::SeqCst), 2, "the one that was left, and one for all the others");
}

#[test]
fn f_7_a_waiter_keeps_its_own_deadline() {
    let fixture = with_token(EXPIRED, &[]);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (open, at) = (gate.clone(), arrived.clone());
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, call: &Call| {
            at.signal();
            call.wait(&open)?;
            Ok(bare("a2"))
        }))))
        .unwrap();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| fixture.token());
        call().wait(&arrived).unwrap();
        let hasty = Call {
            deadline: crate::clock::Deadline::after(Duration::from_millis(1)),
            cancel: Arc::default(),
        };
        let error = fixture.session.valid(Duration::ZERO, &hasty).map(|_| ()).unwrap_err();
        assert_eq!(error.status, status::TIMEOUT);
        gate.signal();
        assert_eq!(leader.join().unwrap().unwrap(), "a2");
    });
}

#[test]
fn f_7_a_leader_that_panics_wakes_its_waiters() {
    let fixture = with_token(EXPIRED, &[]);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (open, at) = (gate.clone(), arrived.clone());
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, call: &Call| {
            at.signal();
            call.wait(&open)?;
            panic!("a bug");
        }))))
        .unwrap();
    std::thread::scope(|scope| {
        let leader =
            scope.spawn(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fixture.token())));
        call().wait(&arrived).unwrap();
        let waiter = scope.spawn(|| fixture.token());
        while fixture.session.stats.renewals_joined.get() < 1 {
            std::thread::yield_now();
        }
        gate.signal();
        assert!(leader.join().unwrap().is_err());
        assert_eq!(waiter.join().unwrap().unwrap_err().status, status::INTERNAL);
    });
    fixture.hooks.refresh.set(Some(Arc::new(Told(|_: Option<&TokenSet>, _: &Call| Ok(bare("a3")))))).unwrap();
    assert_eq!(fixture.token().unwrap(), "a3", "the session is usable afterwards");
}

/// A lock whose store a test fills.
#[derive(Default)]
struct Shared {
    log: Mutex<Vec<String>>,
    stored: Mutex<Vec<Option<&'static str>>>,
}

impl LockHook for Shared {
    fn lock(&self, _: Option<&TokenSet>, _: &Call) -> Result<()> {
        self.log.lock().unwrap().push("lock".into());
        Ok(())
    }

    fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
        self.log.lock().unwrap().push("reload".into());
        let stored = self.stored.lock().unwrap().pop().flatten();
        Ok(stored.map(|json| TokenSet::from_stored(json).unwrap()))
    }

    fn unlock(&self, _: Option<&TokenSet>, outcome: Status) {
        self.log.lock().unwrap().push(format!("unlock {outcome}"));
    }
}

fn locked(
    stored: &[Option<&'static str>],
    answers: &[std::result::Result<(u16, &'static str), bool>],
) -> (Fixture, Arc<Shared>) {
    let fixture = with_token(EXPIRED, answers);
    let shared = Arc::new(Shared::default());
    shared.stored.lock().unwrap().extend(stored.iter().rev());
    fixture.hooks.lock.set(Some(shared.clone())).unwrap();
    (fixture, shared)
}

#[test]
fn a_renewal_is_locked_reloaded_sent_and_unlocked() {
    let (fixture, shared) = locked(&[Some(EXPIRED)], &[Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "unlock 0"]);
}

#[test]
fn what_another_process_stored_is_adopted_and_nothing_is_sent() {
    let newer = r#"{"access_token":"a5","refresh_token":"r5","expires_at":2000}"#;
    let (fixture, shared) = locked(&[Some(newer)], &[]);
    assert_eq!(fixture.token().unwrap(), "a5");
    assert!(fixture.store.saved.lock().unwrap().is_empty(), "somebody else has saved it");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "unlock 0"]);
}

#[test]
fn what_another_process_stored_and_let_expire_is_renewed() {
    let newer = r#"{"access_token":"a5","refresh_token":"r5","expires_at":950}"#;
    let (fixture, _) = locked(&[Some(newer)], &[Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked(), ["grant_type=refresh_token&refresh_token=r5"]);
}

#[test]
fn after_invalid_grant_the_store_is_asked_once_more() {
    let newer = r#"{"access_token":"a5","refresh_token":"r5","expires_at":2000}"#;
    let (fixture, shared) = locked(&[None, Some(newer)], &[Ok((400, r#"{"error":"invalid_grant"}"#))]);
    assert_eq!(fixture.token().unwrap(), "a5");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "reload", "unlock 0"]);
}

#[test]
fn the_lock_is_let_go_also_after_a_failure() {
    let (fixture, shared) = locked(&[None], &[Ok((503, ""))]);
    assert_eq!(fixture.token().unwrap_err().status, status::UNAVAILABLE);
    assert_eq!(shared.log.lock().unwrap().last().unwrap(), "unlock 30");
}

/// Sets another token while the renewed one is being saved.
struct SetsAnother(std::sync::Weak<Session>);

impl hooks::TokenHook for SetsAnother {
    fn save(&self, _: &TokenSet, _: &Call) -> Result<()> {
        let session = self.0.upgrade().unwrap();
        assert!(session.token()?.is_some(), "no lock is held while the hook runs");
        session.set_token(bare("mine"))
    }
}

#[test]
fn a_token_set_while_the_renewed_one_is_saved_wins() {
    let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    fixture.hooks.token.set(Some(Arc::new(SetsAnother(Arc::downgrade(&fixture.session))))).unwrap();
    assert_eq!(fixture.token().unwrap(), "mine");
    assert_eq!(fixture.token().unwrap(), "mine");
}

#[test]
fn a_token_set_meanwhile_wins_over_the_renewal() {
    let fixture = with_token(EXPIRED, &[]);
    let session = Arc::downgrade(&fixture.session);
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, _: &Call| {
            session.upgrade().unwrap().set_token(bare("mine"))?;
            Ok(bare("a2"))
        }))))
        .unwrap();
    assert_eq!(fixture.token().unwrap(), "mine");
    assert!(fixture.store.saved.lock().unwrap().is_empty());
}
