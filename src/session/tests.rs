mod ahead;
mod failing;
mod hooks;
mod identity;
mod lock;
#[cfg(shuttle)]
mod model;
mod parked;
mod server;
mod shared;

use super::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::cancel::Event;
use crate::hooks::{LockHook, RefreshHook, TokenHook};
use crate::http::{Body, Failed, Headers, InMemory, Incoming, Outgoing};
use crate::parked::Unfinished;
use crate::secret::SecretBytes;
use crate::status::Status;

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
    /// A header of every answer.
    retry_after: Mutex<Option<&'static str>>,
}

impl Endpoint {
    /// `Err(sent)` is a connection that broke, before or after the request was sent.
    fn new(answers: &[std::result::Result<(u16, &'static str), bool>]) -> Arc<Endpoint> {
        let answers = answers.iter().rev().copied().collect();
        Arc::new(Endpoint {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
            retry_after: Mutex::default(),
        })
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
                let mut headers = Headers::default();
                if let Some(seconds) = *self.retry_after.lock().unwrap() {
                    headers.push_checked("retry-after", seconds).unwrap();
                }
                Ok(Incoming { status, headers, body: Box::new(body) })
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

impl TokenHook for Store {
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
    among(Families::apart(1), members, Endpoint::new(answers), Arc::new(TestClock::at(1000)))
}

/// One client of several.
fn among(
    families: &'static Families,
    members: &str,
    endpoint: Arc<Endpoint>,
    clock: Arc<TestClock>,
) -> Fixture {
    let json = format!(r#"{{"base_url":"http://api.example",{members}}}"#);
    let config = Arc::new(Config::parse(&json).unwrap());
    let (store, hooks) = (Arc::new(Store::default()), Arc::new(Hooks::default()));
    hooks.token.set(Some(store.clone())).unwrap();
    let session = Session::new(
        config,
        hooks.clone(),
        endpoint.clone(),
        clock.clone(),
        Arc::default(),
        families,
        Keys::default(),
    );
    Fixture { session: session.unwrap(), clock, endpoint, store, hooks }
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
        fixture.clock.pass(600);
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

impl<F: Fn(Option<&TokenSet>, &Call) -> Result<TokenSet> + Send + Sync> RefreshHook for Told<F> {
    fn refresh(&self, token: Option<&TokenSet>, call: &Call) -> Result<TokenSet, Unfinished<TokenSet>> {
        Ok((self.0)(token, call)?)
    }
}

fn bare(token: &str) -> TokenSet {
    TokenSet::from_access_token(token).unwrap()
}
