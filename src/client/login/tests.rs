//! Logins that ask who signs in.

use std::sync::{Arc, Mutex};

use super::*;
use crate::base64;
use crate::config::Config;
use crate::http::{Body, Failed, Headers, InMemory, Incoming, Outgoing, Transport};
use crate::secret::SecretBytes;
use crate::session::tests::TestClock;
use crate::signing::{Algorithm, Key};

const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// Serves the key, and one token answer to every grant.
#[derive(Default)]
struct Server {
    answer: Mutex<String>,
    asked: Mutex<Vec<String>>,
    is_without_keys: Mutex<bool>,
}

impl Transport for Server {
    fn exchange(&self, request: Outgoing<'_>, _: &Call) -> std::result::Result<Incoming, Failed> {
        self.asked.lock().unwrap().push(request.url.path().to_owned());
        let body = match request.body {
            Body::Empty if *self.is_without_keys.lock().unwrap() => {
                return Err(Failed::before_sending(Error::new(Reason::Connect, "refused")));
            }
            Body::Empty => format!(r#"{{"keys":[{KEY}]}}"#),
            _ => self.answer.lock().unwrap().clone(),
        };
        let body = Box::new(InMemory::new(SecretBytes::new(body.into_bytes())));
        Ok(Incoming { status: 200, headers: Headers::default(), body })
    }
}

struct World {
    client: Client,
    server: Arc<Server>,
}

fn world() -> World {
    let config = r#"{"client":{"client_id":"c"},"server":{"issuer":"https://as.example",
        "authorization_endpoint":"https://as.example/authorize","token_endpoint":"https://as.example/token",
        "device_authorization_endpoint":"https://as.example/device","jwks_uri":"https://as.example/jwks"}}"#;
    let server = Arc::new(Server::default());
    let client = Client::new(Config::parse(config).unwrap(), Arc::new(TestClock::at(1000))).unwrap();
    client.hooks.http.set(Some(server.clone())).unwrap();
    World { client, server }
}

impl World {
    fn call(&self) -> Call {
        self.client.call(&self.client.cancel, None, None)
    }

    /// The next answer brings an ID token with these claims too.
    fn will_say(&self, claims: &str) {
        let claims =
            format!(r#"{{"iss":"https://as.example","sub":"ann","aud":"c","exp":1300,"iat":1000{claims}}}"#);
        let part = |text: &str| base64::encode_url(text.as_bytes()).to_string();
        let input = format!("{}.{}", part(r#"{"alg":"EdDSA"}"#), part(&claims));
        let signature = Key::read(KEY).unwrap().sign(Algorithm::EdDsa, input.as_bytes()).unwrap();
        let id_token = format!("{input}.{}", *base64::encode_url(&signature));
        *self.server.answer.lock().unwrap() = format!(r#"{{"access_token":"a","id_token":"{id_token}"}}"#);
    }

    fn begin(&self, parameters: &str) -> (Object, String) {
        let login = self.client.login_begin(&Object::parse(parameters).unwrap(), &self.call()).unwrap();
        let text = |name: &str| login.get(name).and_then(Raw::as_str).unwrap_or_default().to_string();
        let nonce = text("nonce");
        (login, nonce)
    }

    fn finish(&self, login: &Object) -> Result<(), Reason> {
        let state = login.get("state").and_then(Raw::as_str).unwrap();
        let callback = format!("?code=x&state={}", *state);
        self.client.login_finish(login, &callback, &self.call()).map(drop).map_err(|error| error.reason)
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.server.asked.lock().unwrap())
    }
}

#[test]
fn a_login_with_openid_gets_an_id_token_that_is_right() {
    let world = world();
    let (login, nonce) = world.begin(r#"{"scope":"openid"}"#);
    world.will_say(&format!(r#","nonce":"{nonce}""#));
    assert_eq!(world.finish(&login), Ok(()));
    assert_eq!(world.asked(), ["/jwks", "/token"], "the keys before the code is spent");
    assert_eq!(world.client.id_token().unwrap().get("sub").unwrap().text(), "\"ann\"");
    world.will_say(r#","nonce":"of another login""#);
    assert_eq!(world.finish(&login), Err(Reason::Jwt), "A-5");
    world.will_say("");
    assert_eq!(world.finish(&login), Err(Reason::Jwt), "A-5: without one");
    *world.server.answer.lock().unwrap() = r#"{"access_token":"a"}"#.to_owned();
    assert_eq!(world.finish(&login), Err(Reason::Jwt), "none at all");
    assert_eq!(world.client.id_token().unwrap().get("sub").unwrap().text(), "\"ann\"");
}

#[test]
fn while_the_keys_cannot_be_had_the_code_is_kept() {
    let world = world();
    let (login, nonce) = world.begin(r#"{"scope":"openid"}"#);
    world.will_say(&format!(r#","nonce":"{nonce}""#));
    *world.server.is_without_keys.lock().unwrap() = true;
    assert_eq!(world.finish(&login), Err(Reason::Connect));
    assert_eq!(world.asked(), ["/jwks"]);
    *world.server.is_without_keys.lock().unwrap() = false;
    assert_eq!(world.finish(&login), Ok(()));
}

#[test]
fn a_login_without_openid_needs_no_keys() {
    let world = world();
    let (login, _) = world.begin(r#"{"scope":"read","nonce":"mine"}"#);
    *world.server.answer.lock().unwrap() = r#"{"access_token":"a"}"#.to_owned();
    assert_eq!(world.finish(&login), Ok(()));
    assert_eq!(world.asked(), ["/token"]);
}

#[test]
fn j_10_the_max_age_that_a_login_asked_for_is_held() {
    let world = world();
    let (login, nonce) = world.begin(r#"{"scope":"openid","max_age":"100"}"#);
    for (auth_time, wanted) in
        [(r#","auth_time":900"#, Ok(())), (r#","auth_time":800"#, Err(Reason::Jwt)), ("", Err(Reason::Jwt))]
    {
        world.will_say(&format!(r#","nonce":"{nonce}"{auth_time}"#));
        assert_eq!(world.finish(&login), wanted, "{auth_time}");
    }
}

#[test]
fn id_tokens_of_devices_and_grants_are_validated_too() {
    let world = world();
    let device = Object::parse(r#"{"device_code":"d","expires_at":2000}"#).unwrap();
    let grant = Object::parse(r#"{"grant_type":"password","username":"a","password":"b"}"#).unwrap();
    world.will_say(r#","azp":"another client""#);
    assert_eq!(world.client.device_poll(&device, &world.call()).unwrap_err().reason, Reason::Jwt);
    assert_eq!(world.client.grant(&grant, &world.call()).unwrap_err().reason, Reason::Jwt);
    assert!(world.client.token().is_err());
    world.will_say("");
    assert!(world.client.grant(&grant, &world.call()).is_ok());
    assert_eq!(world.client.id_token().unwrap().get("sub").unwrap().text(), "\"ann\"");
}
