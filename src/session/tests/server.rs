//! A server that is discovered, and clients that sign.

use super::*;
use crate::base64;
use crate::hooks::SignHook;
use crate::metadata::Endpoint as Place;
#[cfg(feature = "signing")]
use crate::signing::Algorithm;
use crate::signing::Key;

const METADATA: &str = r#"{"issuer":"https://as.example/t","token_endpoint":"https://as.example/t/token",
    "revocation_endpoint":"https://as.example/t/revoke"}"#;
#[cfg(feature = "signing")]
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"k1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// Answers by URL, first to last; what is not there is lost.
#[derive(Default)]
pub(super) struct Web {
    pub(super) answers: Mutex<Vec<(&'static str, u16, &'static str)>>,
    asked: Mutex<Vec<String>>,
}

impl Transport for Web {
    fn exchange(&self, request: Outgoing<'_>, _: &Call) -> std::result::Result<Incoming, Failed> {
        let body = if let Body::Bytes(body) = request.body { body } else { b"" };
        let (url, body) = (request.url.to_string(), std::str::from_utf8(body).unwrap());
        self.asked.lock().unwrap().push(format!("{} {url} {body}", request.method));
        let mut answers = self.answers.lock().unwrap();
        match answers.iter().position(|(place, ..)| url.ends_with(place)) {
            Some(found) => {
                let (_, status, body) = answers.remove(found);
                let body = Box::new(InMemory::new(SecretBytes::new(body.as_bytes().to_vec())));
                Ok(Incoming { status, headers: Headers::default(), body })
            }
            None => Err(Failed { error: Error::new(Reason::Connection, "broke"), sent: true }),
        }
    }
}

pub(super) struct One {
    pub(super) session: Arc<Session>,
    pub(super) web: Arc<Web>,
    pub(super) clock: Arc<TestClock>,
    pub(super) hooks: Arc<Hooks>,
}

pub(super) fn one(members: &str, key: Option<&str>, answers: &[(&'static str, u16, &'static str)]) -> One {
    let json = format!(r#"{{"issuer":"https://as.example/t","token":{EXPIRED},{members}}}"#);
    let config = Arc::new(Config::parse(&json).unwrap());
    let (web, clock, hooks) = (Arc::new(Web::default()), Arc::new(TestClock::at(1000)), Arc::default());
    web.answers.lock().unwrap().extend(answers);
    let key = key.map(|key| Key::read(key).unwrap());
    let (families, keys) = (Families::apart(1), Keys { client: key, dpop: None });
    let session =
        Session::new(config, Arc::clone(&hooks), web.clone(), clock.clone(), Arc::default(), families, keys);
    One { session: session.unwrap(), web, clock, hooks }
}

impl One {
    pub(super) fn token(&self) -> Result<String> {
        let current = self.session.valid(Duration::ZERO, &call())?;
        Ok(current.set.access_token().unwrap().expose().to_owned())
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.web.asked.lock().unwrap().clone()
    }
}

pub(super) const WELL_KNOWN: &str = "/.well-known/oauth-authorization-server/t";
const OPENID: &str = "/t/.well-known/openid-configuration";
const PUBLIC: &str = r#""client":{"client_id":"c"}"#;

#[test]
fn the_token_endpoint_is_discovered_once_when_first_needed() {
    let renewed = r#"{"access_token":"a3","refresh_token":"r3","expires_in":3600}"#;
    let one = one(
        PUBLIC,
        None,
        &[(WELL_KNOWN, 404, ""), (OPENID, 200, METADATA), ("/token", 200, RENEWED), ("/token", 200, renewed)],
    );
    assert!(one.asked().is_empty());
    assert_eq!(one.token().unwrap(), "a2");
    one.clock.pass(3600);
    assert_eq!(one.token().unwrap(), "a3");
    let asked = one.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked[0].starts_with("GET https://as.example/.well-known/oauth-authorization-server/t "));
    assert!(asked[3].starts_with("POST https://as.example/t/token "));
}

#[test]
fn a_document_is_looked_at_again_after_a_day_and_an_old_one_is_better_than_none() {
    let moved = r#"{"issuer":"https://as.example/t","revocation_endpoint":"https://as.example/t/elsewhere"}"#;
    let one =
        one(PUBLIC, None, &[(WELL_KNOWN, 200, METADATA), (WELL_KNOWN, 503, ""), (WELL_KNOWN, 200, moved)]);
    let at = || one.session.endpoint(Place::Revocation, &call()).unwrap().path().to_owned();
    assert_eq!((at(), at()), ("/t/revoke".into(), "/t/revoke".into()));
    one.clock.pass(24 * 3600);
    assert_eq!(at(), "/t/revoke", "the server is down");
    assert_eq!(at(), "/t/elsewhere");
    assert_eq!(one.asked().len(), 3);
}

#[test]
fn what_cannot_be_discovered_fails_the_call_and_is_not_asked_for_all_the_time() {
    let one = one(PUBLIC, None, &[(WELL_KNOWN, 503, ""), (WELL_KNOWN, 503, "")]);
    for _ in 0..4 {
        assert_eq!(one.token().unwrap_err().reason, Reason::ServerError);
    }
    assert_eq!(one.asked().len(), 2, "the first failure is free, then the pace is kept");
}

#[test]
fn a_8_another_issuers_document_is_used_for_nothing() {
    let evil = r#"{"issuer":"https://evil.example","token_endpoint":"https://evil.example/token"}"#;
    let one = one(PUBLIC, None, &[(WELL_KNOWN, 200, evil)]);
    assert_eq!(one.token().unwrap_err().reason, Reason::Issuer);
    assert_eq!(one.asked().len(), 1);
}

/// The assertion of a request, taken apart.
fn assertion(asked: &str) -> [String; 3] {
    let assertion = asked.split("client_assertion=").nth(1).unwrap();
    let mut parts = assertion.split('.').map(str::to_owned);
    std::array::from_fn(|_| parts.next().unwrap())
}

fn decoded(part: &str) -> String {
    String::from_utf8(base64::decode_url(part).unwrap().expose().to_vec()).unwrap()
}

#[cfg(feature = "signing")]
#[test]
fn rfc_7523_every_try_has_an_assertion_of_its_own() {
    let client = r#""client":{"client_id":"c","token_endpoint_auth_method":"private_key_jwt"}"#;
    let one = one(client, Some(KEY), &[(WELL_KNOWN, 200, METADATA)]);
    assert_eq!(one.token().unwrap_err().reason, Reason::AnswerLost);
    let asked = one.asked();
    assert_eq!(asked.len(), 3, "the document, the renewal, and once more for its lost answer");
    let (first, second) = (assertion(&asked[1]), assertion(&asked[2]));
    assert_eq!(decoded(&first[0]), r#"{"alg":"EdDSA","typ":"JWT","kid":"k1"}"#);
    assert!(decoded(&first[1]).contains(r#""aud":"https://as.example/t""#), "{}", decoded(&first[1]));
    assert_ne!(first[1], second[1], "a jti is used once");
    let input = format!("{}.{}", first[0], first[1]);
    let signature = Key::read(KEY).unwrap().sign(Algorithm::EdDsa, input.as_bytes()).unwrap();
    assert_eq!(first[2], *base64::encode_url(&signature).as_str());
}

struct Signer;

impl SignHook for Signer {
    fn sign(&self, algorithm: &'static str, bytes: &str, _: &Call) -> Result<Vec<u8>> {
        assert_eq!((algorithm, bytes.split('.').count()), ("ES256", 2));
        Ok(vec![7; 64])
    }
}

#[test]
fn the_key_may_be_somewhere_else() {
    let client =
        r#""client":{"client_id":"c","token_endpoint_auth_method":"private_key_jwt","key_id":"tpm"}"#;
    let one = one(client, None, &[(WELL_KNOWN, 200, METADATA), ("/token", 200, RENEWED)]);
    let error = one.token().unwrap_err();
    assert!(error.message.contains("bearer_client_on_sign"), "{}", error.message);
    one.hooks.sign.set(Some(Arc::new(Signer))).unwrap();
    assert_eq!(one.session.refresh(&call()).unwrap().set.access_token().unwrap().expose(), "a2");
    let [header, _, signature] = assertion(one.asked().last().unwrap());
    assert_eq!(decoded(&header), r#"{"alg":"ES256","typ":"JWT","kid":"tpm"}"#);
    assert_eq!(base64::decode_url(&signature).unwrap().expose(), [7; 64]);
}

#[test]
fn what_was_revoked_is_forgotten() {
    let fixture = with_token(EXPIRED, &[]);
    let generation = fixture.session.token().unwrap().unwrap().generation;
    fixture.session.forget(generation, true).unwrap();
    assert!(fixture.session.token().unwrap().is_none());
    assert_eq!(fixture.token().unwrap_err().reason, Reason::NoToken);
    let fixture = with_token(r#"{"access_token":"a1","refresh_token":"r1"}"#, &[Ok((200, RENEWED))]);
    let generation = fixture.session.token().unwrap().unwrap().generation;
    fixture.session.forget(generation, false).unwrap();
    assert_eq!(fixture.token().unwrap(), "a2", "the refresh token gets another");
}
