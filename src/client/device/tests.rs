//! A device's login on a clock that the test sets; the numbers are those of `hostile.md`.

use std::sync::Mutex;

use super::*;
use crate::config::Config;
use crate::http::{Body, Failed, Headers, InMemory, Incoming, Outgoing, Transport};
use crate::secret::SecretBytes;
use crate::session::tests::TestClock;

/// Answers from a list; `None` is a connection that broke before anything was sent.
#[derive(Default)]
struct Server {
    answers: Mutex<Vec<Option<(u16, &'static str)>>>,
    asked: Mutex<Vec<String>>,
}

impl Transport for Server {
    fn exchange(&self, request: Outgoing<'_>, _: &Call) -> std::result::Result<Incoming, Failed> {
        let Body::Bytes(body) = request.body else { panic!("a form") };
        self.asked.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
        match self.answers.lock().unwrap().pop().expect("nobody should have asked") {
            Some((status, body)) => {
                let body = InMemory::new(SecretBytes::new(body.as_bytes().to_vec()));
                Ok(Incoming { status, headers: Headers::default(), body: Box::new(body) })
            }
            None => Err(Failed::before_sending(Error::new(Reason::Connect, "refused"))),
        }
    }
}

struct World {
    client: Client,
    clock: Arc<TestClock>,
    server: Arc<Server>,
}

const PENDING: Option<(u16, &str)> = Some((400, r#"{"error":"authorization_pending"}"#));
const SLOW_DOWN: Option<(u16, &str)> = Some((400, r#"{"error":"slow_down"}"#));
const TOKEN: Option<(u16, &str)> = Some((200, r#"{"access_token":"a1","refresh_token":"r1"}"#));

fn world(answers: &[Option<(u16, &'static str)>]) -> World {
    let config = r#"{"base_url":"https://api.example","client":{"client_id":"c"},
        "server":{"device_authorization_endpoint":"/device"}}"#;
    let (clock, server) = (Arc::new(TestClock::at(1000)), Arc::new(Server::default()));
    let client = Client::new(Config::parse(config).unwrap(), clock.clone()).unwrap();
    client.hooks.http.set(Some(server.clone())).unwrap();
    server.answers.lock().unwrap().extend(answers.iter().rev());
    World { client, clock, server }
}

impl World {
    fn poll(&self, device: &Object) -> Result<Option<TokenSet>> {
        self.client.device_poll(device, &self.client.call(&self.client.cancel, None, None))
    }

    fn asked(&self) -> usize {
        self.server.asked.lock().unwrap().len()
    }

    /// Polls every second until the server was asked once more; how long that took.
    fn seconds_to_the_next(&self, device: &Object) -> i64 {
        let before = self.asked();
        for seconds in 1..200 {
            self.clock.pass(1);
            let outcome = self.poll(device);
            if self.asked() > before {
                return seconds;
            }
            assert!(outcome.unwrap().is_none());
        }
        panic!("nobody is asked any more");
    }
}

fn device(members: &str) -> Object {
    Object::parse(&format!(r#"{{"device_code":"d1"{members}}}"#)).unwrap()
}

#[test]
fn d_1_pending_until_the_person_is_done() {
    let world = world(&[PENDING, PENDING, TOKEN]);
    let device = device(r#","interval":2"#);
    assert!(world.poll(&device).unwrap().is_none());
    assert!(world.poll(&device).unwrap().is_none());
    assert_eq!(world.asked(), 1, "too early");
    assert_eq!(world.seconds_to_the_next(&device), 2);
    world.clock.pass(2);
    assert_eq!(world.poll(&device).unwrap().unwrap().access_token().unwrap().expose(), "a1");
    assert!(world.server.asked.lock().unwrap()[0].contains("device_code=d1"));
}

#[test]
fn d_2_every_slow_down_adds_five_seconds() {
    let world = world(&[SLOW_DOWN, SLOW_DOWN, SLOW_DOWN, PENDING, PENDING, PENDING]);
    let device = device(r#","interval":5"#);
    world.poll(&device).unwrap();
    for wanted in [10, 15, 20, 20, 20] {
        assert_eq!(world.seconds_to_the_next(&device), wanted);
    }
}

#[test]
fn d_3_d_4_how_it_ends() {
    for (answer, status) in [
        (r#"{"error":"access_denied"}"#, status::ACCESS_DENIED),
        (r#"{"error":"expired_token"}"#, status::EXPIRED),
        (r#"{"error":"invalid_grant"}"#, status::LOGIN_REQUIRED),
    ] {
        let world = world(&[Some((400, answer))]);
        assert_eq!(world.poll(&device("")).unwrap_err().status, status, "{answer}");
    }
    let world = world(&[]);
    assert_eq!(world.poll(&device(r#","expires_at":1000"#)).unwrap_err().status, status::EXPIRED);
}

#[test]
fn d_8_a_server_that_is_away_is_asked_ever_more_rarely() {
    let away = || Some((503, ""));
    let world = world(&[away(), None, away(), None, away(), None, away(), PENDING, PENDING]);
    let device = device(r#","interval":5"#);
    assert!(world.poll(&device).is_err());
    for wanted in [10, 20, 40, 60, 60, 60, 60, 5] {
        assert_eq!(world.seconds_to_the_next(&device), wanted);
    }
}

#[test]
fn d_10_a_wall_clock_that_jumps_changes_no_pace_and_ends_no_login() {
    let world = world(&[PENDING, PENDING]);
    let begun = device(r#","interval":5,"expires_at":1600"#);
    world.poll(&begun).unwrap();
    for wall in [1, 1 << 40] {
        world.clock.set_wall(wall);
        assert!(world.poll(&begun).unwrap().is_none());
        assert_eq!(world.asked(), 1);
    }
    assert_eq!(world.seconds_to_the_next(&begun), 5);
    world.clock.pass(600);
    assert_eq!(world.poll(&begun).unwrap_err().reason, Reason::LoginExpired);
}

#[test]
fn ciba_goes_by_the_same_steps() {
    let begun = Some((200, r#"{"auth_req_id":"q1","expires_in":120,"interval":2}"#));
    let world = world(&[begun, PENDING, SLOW_DOWN, TOKEN]);
    let config = r#"{"base_url":"https://api.example","client":{"client_id":"c","scope":"openid"},
        "server":{"backchannel_authentication_endpoint":"/bc"}}"#;
    let client = Client::new(Config::parse(config).unwrap(), world.clock.clone()).unwrap();
    client.hooks.http.set(Some(world.server.clone())).unwrap();
    let world = World { client, ..world };
    let call = world.client.call(&world.client.cancel, None, None);
    let hint = Object::parse(r#"{"login_hint":"alice"}"#).unwrap();
    let request = world.client.ciba_begin(&hint, &call).unwrap();
    assert_eq!(request.get("expires_at").unwrap().text(), "1120");
    assert!(world.poll(&request).unwrap().is_none());
    assert_eq!(world.seconds_to_the_next(&request), 2);
    assert_eq!(world.seconds_to_the_next(&request), 7);
    let asked = world.server.asked.lock().unwrap();
    assert_eq!(asked[0], "login_hint=alice&scope=openid&client_id=c");
    assert!(asked[3].contains("auth_req_id=q1"), "{asked:?}");
    assert_eq!(world.client.token().unwrap().access_token().unwrap().expose(), "a1");
}
