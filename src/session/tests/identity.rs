//! ID tokens: by whose keys, when keys are looked at again, and what a renewal may bring.

use super::server::{One, WELL_KNOWN, one};
use super::*;
use crate::base64;
use crate::hooks::{Level, LogHook};
use crate::secret::Secret;
use crate::signing::hs256;
#[cfg(feature = "signing")]
use crate::signing::{self, Algorithm};

const OPENID: &str = r#"{"issuer":"https://as.example/t","token_endpoint":"https://as.example/t/token",
    "jwks_uri":"https://as.example/t/jwks"}"#;
const BARE: &str = r#"{"issuer":"https://as.example/t","token_endpoint":"https://as.example/t/token"}"#;
const CLIENT: &str = r#""client":{"client_id":"c"}"#;
#[cfg(feature = "signing")]
const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
#[cfg(feature = "signing")]
const ED_SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
#[cfg(feature = "signing")]
const RSA: &str = include_str!("../../signing/tests/rfc-7515-a-2.json");

/// The claims of a login with the nonce `n`, at the time that these tests begin.
const CLAIMS: &str =
    r#"{"iss":"https://as.example/t","sub":"ann","aud":"c","exp":1300,"iat":1000,"nonce":"n"}"#;

fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn input(header: &str, claims: &str) -> String {
    let part = |text: &str| base64::encode_url(text.as_bytes()).to_string();
    format!("{}.{}", part(header), part(claims))
}

/// The answer of a token endpoint with an ID token of these claims, which nobody signed.
fn unsigned(claims: &str) -> &'static str {
    answer(&format!("{}.c2ln", input(r#"{"alg":"RS256"}"#, claims)))
}

fn answer(id_token: &str) -> &'static str {
    kept(format!(r#"{{"access_token":"a2","refresh_token":"r2","expires_in":3600,"id_token":"{id_token}"}}"#))
}

/// The same, signed by a key under that name.
#[cfg(feature = "signing")]
fn signed_by(key: &str, kid: &str, algorithm: Algorithm, claims: &str) -> &'static str {
    let input = input(&format!(r#"{{"alg":"{}","kid":"{kid}"}}"#, algorithm.name()), claims);
    let signature = signing::Key::read(key).unwrap().sign(algorithm, input.as_bytes()).unwrap();
    answer(&format!("{input}.{}", *base64::encode_url(&signature)))
}

#[cfg(feature = "signing")]
fn signed(claims: &str) -> &'static str {
    signed_by(ED, "ed", Algorithm::EdDsa, claims)
}

/// A set with the RSA key under that name.
#[cfg(feature = "signing")]
fn rsa_set(kid: &str) -> &'static str {
    let jwk = crate::json::Object::parse(RSA).unwrap();
    let part = |name: &str| jwk.get(name).unwrap().text().to_owned();
    kept(format!(r#"{{"keys":[{{"kty":"RSA","kid":"{kid}","n":{},"e":{}}}]}}"#, part("n"), part("e")))
}

fn grant() -> crate::oauth::token_request::Parameters {
    vec![("grant_type".to_owned(), "authorization_code".into()), ("code".to_owned(), "secret".into())]
}

impl One {
    fn add(&self, answers: &[(&'static str, u16, &'static str)]) {
        self.web.answers.lock().unwrap().extend(answers);
    }

    /// A login with the nonce `n`, as `Client::login_finish` does it.
    fn log_in(&self) -> Result<Arc<Current>> {
        let nonce = "n".into();
        let asked = Asked { is_wanted: true, nonce: Some(&nonce), ..Asked::default() };
        self.session.prepare_identity(&asked, &call())?;
        self.session.obtain(grant(), None, |set| self.session.check_identity(set, &asked, &call()), &call())
    }

    #[cfg(feature = "signing")]
    fn places(&self) -> Vec<String> {
        let asked = self.asked();
        asked
            .iter()
            .map(|line| line.split(' ').nth(1).unwrap().rsplit('/').next().unwrap().to_owned())
            .collect()
    }

    fn held(&self) -> String {
        self.session.token().unwrap().unwrap().set.to_json().to_string()
    }
}

/// Keeps every event.
#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl LogHook for Log {
    fn level(&self) -> Level {
        crate::hooks::DEBUG
    }

    fn event(&self, _: Level, event_json: &str) {
        self.0.lock().unwrap().push(event_json.to_owned());
    }
}

impl Log {
    fn of(one: &One) -> Arc<Log> {
        let log = Arc::new(Log::default());
        one.hooks.log.set(Some(log.clone())).unwrap();
        log
    }

    fn find(&self, event: &str) -> Option<String> {
        let events = self.0.lock().unwrap();
        events.iter().find(|json| json.contains(&format!("\"{event}\""))).cloned()
    }
}

#[cfg(feature = "signing")]
#[test]
fn a_login_is_validated_by_the_servers_keys_which_are_asked_for_once() {
    let one = one(
        CLIENT,
        None,
        &[(WELL_KNOWN, 200, OPENID), ("/jwks", 200, ED_SET), ("/token", 200, signed(CLAIMS))],
    );
    one.log_in().unwrap();
    assert_eq!(one.places(), ["t", "jwks", "token"], "the keys before the code is spent");
    assert_eq!(one.session.identity().unwrap().get("sub").unwrap().text(), "\"ann\"");
    one.add(&[("/token", 200, signed(CLAIMS))]);
    one.log_in().unwrap();
    assert_eq!(one.places()[3..], ["token"]);
    one.clock.pass(24 * 3600);
    let tomorrow = CLAIMS.replace("1300", "97400").replace("1000", "87400");
    one.add(&[(WELL_KNOWN, 200, OPENID), ("/jwks", 503, ""), ("/token", 200, signed(&tomorrow))]);
    one.log_in().unwrap();
    assert_eq!(one.places()[4..], ["t", "jwks", "token"], "old keys are better than none");
    one.clock.pass(60);
    one.add(&[("/jwks", 200, ED_SET), ("/token", 200, signed(&tomorrow))]);
    one.log_in().unwrap();
    assert_eq!(one.places()[7..], ["jwks", "token"], "but they are not kept for another day");
}

#[cfg(feature = "signing")]
#[test]
fn a_login_whose_id_token_is_wrong_changes_nothing() {
    let store = Arc::new(Store::default());
    let forged = signed(CLAIMS).replace("\"a2\"", "\"evil\"");
    let other_claims = signed(CLAIMS).replacen(".eyJ", ".eyI", 1);
    for (bad, why) in [
        (signed_by(RSA, "ed", Algorithm::Rs256, CLAIMS), "by a key of another type"),
        (signed_by(RSA, "x", Algorithm::Rs256, CLAIMS), "by an unknown key"),
        (unsigned(CLAIMS), "by nobody"),
        (kept(other_claims), "of other claims"),
        (signed(&CLAIMS.replace("\"n\"", "\"m\"")), "a_5: of another login"),
        (signed(&CLAIMS.replace("\"c\"", "\"d\"")), "for another client"),
        (signed(&CLAIMS.replace("/t\"", "/u\"")), "of another issuer"),
        (signed(&CLAIMS.replace("1300", "940")), "of the past"),
        (RENEWED, "missing"),
    ] {
        let one =
            one(CLIENT, None, &[(WELL_KNOWN, 200, OPENID), ("/jwks", 200, ED_SET), ("/token", 200, bad)]);
        one.hooks.token.set(Some(store.clone())).unwrap();
        assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Jwt, "{why}");
        assert!(one.held().contains("r1"), "{why}");
    }
    assert!(store.saved.lock().unwrap().is_empty());
    let one = one(
        CLIENT,
        None,
        &[(WELL_KNOWN, 200, OPENID), ("/jwks", 200, ED_SET), ("/token", 200, kept(forged))],
    );
    assert!(one.log_in().is_ok(), "without at_hash, nothing ties the access token to it");
    let hash = CLAIMS.replace("\"iat\"", r#""at_hash":"AAAA","iat""#);
    one.add(&[("/token", 200, signed(&hash))]);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Jwt, "with it, something does");
}

#[cfg(feature = "signing")]
#[test]
fn an_id_token_that_was_not_granted_may_be_missing() {
    let without = r#"{"access_token":"a2","scope":"lights"}"#;
    let one =
        one(CLIENT, None, &[(WELL_KNOWN, 200, OPENID), ("/jwks", 200, ED_SET), ("/token", 200, without)]);
    assert!(one.log_in().is_ok());
    assert_eq!(one.session.identity().unwrap_err().reason, Reason::NoToken);
    assert_eq!(one.session.identity().unwrap_err().status, status::LOGIN_REQUIRED);
}

#[cfg(feature = "signing")]
#[test]
fn j_6_an_unknown_key_is_asked_for_once_in_60_seconds() {
    let by_new = signed_by(RSA, "new", Algorithm::Rs256, CLAIMS);
    let one =
        one(CLIENT, None, &[(WELL_KNOWN, 200, OPENID), ("/jwks", 200, ED_SET), ("/token", 200, by_new)]);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Jwt, "the keys have just been looked at");
    one.clock.pass(59);
    one.add(&[("/token", 200, by_new)]);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Jwt);
    assert_eq!(one.places(), ["t", "jwks", "token", "token"]);
    one.clock.pass(1);
    one.add(&[("/jwks", 200, rsa_set("new")), ("/token", 200, by_new)]);
    one.log_in().unwrap();
    assert_eq!(one.places()[4..], ["token", "jwks"], "the server has new keys");
    // A server, or whoever plays one, that names ever new keys.
    for _ in 0..5 {
        one.clock.pass(20);
        one.add(&[
            ("/jwks", 200, ED_SET),
            ("/token", 200, signed_by(RSA, "newer", Algorithm::Rs256, CLAIMS)),
        ]);
        assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Jwt);
    }
    assert_eq!(one.places()[6..].iter().filter(|place| *place == "jwks").count(), 1, "in 100 seconds");
}

#[cfg(feature = "signing")]
#[test]
fn keys_that_cannot_be_had_leave_the_code_unspent() {
    let one = one(CLIENT, None, &[(WELL_KNOWN, 200, OPENID), ("/jwks", 503, ""), ("/jwks", 404, "")]);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::ServerError);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Metadata);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Connection);
    assert_eq!(one.places(), ["t", "jwks", "jwks", "jwks"]);
    one.add(&[("/jwks", 200, ED_SET), ("/token", 200, signed(CLAIMS))]);
    one.log_in().unwrap();
}

#[cfg(feature = "signing")]
#[test]
fn j_7_a_hostile_set_of_keys_is_refused() {
    let many = kept(format!(r#"{{"keys":[{}{{}}]}}"#, "{},".repeat(100)));
    let long = kept(format!(r#"{{"x":"{}","keys":[]}}"#, "a".repeat(1 << 20)));
    for bad in [many, long, "[]", "{}", "<html>"] {
        let one = one(CLIENT, None, &[(WELL_KNOWN, 200, OPENID), ("/jwks", 200, bad)]);
        let error = one.log_in().map(drop).unwrap_err();
        assert_eq!((error.status, error.reason), (status::UNSAFE, Reason::Jwt));
        assert_eq!(error.url.as_deref(), Some("https://as.example/t/jwks"));
    }
}

#[cfg(feature = "signing")]
#[test]
fn an_https_issuer_has_no_keys_on_http() {
    let http = r#"{"issuer":"https://as.example/t","token_endpoint":"https://as.example/t/token",
        "jwks_uri":"http://as.example/t/jwks"}"#;
    let one = one(CLIENT, None, &[(WELL_KNOWN, 200, http)]);
    assert_eq!(one.log_in().map(drop).unwrap_err().reason, Reason::Issuer);
}

/// OpenID Connect Core section 3.1.3.7, item 6: the connection to the token endpoint stands for the signature.
#[test]
fn without_published_keys_the_claims_are_checked() {
    let outcome = |answer| {
        let one = one(CLIENT, None, &[(WELL_KNOWN, 200, BARE), ("/token", 200, answer)]);
        one.log_in().map(drop).map_err(|error| error.reason)
    };
    assert_eq!(outcome(unsigned(CLAIMS)), Ok(()));
    assert_eq!(outcome(RENEWED), Ok(()), "it gives no ID tokens");
    for (right, wrong) in
        [("\"n\"", "\"m\""), ("\"c\"", "\"d\""), ("/t\"", "/u\""), ("1300", "940"), ("\"sub\"", "\"x\"")]
    {
        assert_eq!(outcome(unsigned(&CLAIMS.replace(right, wrong))), Err(Reason::Jwt), "{wrong}");
    }
    let none = answer(&format!("{}.", input(r#"{"alg":"none"}"#, CLAIMS)));
    assert_eq!(outcome(none), Err(Reason::Jwt), "J-1");
    assert_eq!(outcome(answer("e30.e30.e30.e30.e30")), Err(Reason::NotBuilt), "J-11");
}

#[test]
fn j_2_hs256_only_where_it_was_agreed_on() {
    let secret = "a secret of thirty-two bytes or more";
    let by = |secret: &str| {
        let input = input(r#"{"alg":"HS256"}"#, CLAIMS);
        let tag = hs256(secret.as_bytes(), input.as_bytes());
        answer(&format!("{input}.{}", *base64::encode_url(&tag)))
    };
    let outcome = |client: &str, answer| {
        let client = format!(r#""client":{{"client_id":"c","client_secret":"{secret}"{client}}}"#);
        let one = one(
            &client,
            None,
            &[(WELL_KNOWN, 200, OPENID), ("/token", 200, answer), ("/jwks", 200, r#"{"keys":[]}"#)],
        );
        one.log_in().map(drop).map_err(|error| error.reason)
    };
    let agreed = r#","id_token_signed_response_alg":"HS256""#;
    assert_eq!(outcome(agreed, by(secret)), Ok(()));
    assert_eq!(outcome(agreed, by("another")), Err(Reason::Jwt));
    assert_eq!(outcome(agreed, unsigned(CLAIMS)), Err(Reason::Jwt));
    #[cfg(feature = "signing")]
    assert_eq!(outcome("", by(secret)), Err(Reason::Jwt));
    let wrong = r#"{"client":{"client_id":"c","id_token_signed_response_alg":"HS256"}}"#;
    assert_eq!(Config::parse(wrong).unwrap_err().reason, Reason::Conflict);
}

/// A session that holds the ID token of `ann`.
fn signed_in(metadata: &'static str) -> One {
    let one = one(CLIENT, None, &[(WELL_KNOWN, 200, metadata)]);
    let set = unsigned(&CLAIMS.replace("1300", "900"))
        .replace("a2", "a1")
        .replace("r2", "r1")
        .replace("expires_in\":3600", "expires_at\":900");
    one.session.set_token(TokenSet::from_stored(&set).unwrap()).unwrap();
    one
}

const RENEWAL: &str = r#"{"iss":"https://as.example/t","sub":"ann","aud":"c","exp":1300,"iat":1000}"#;

#[test]
fn t_19_a_renewal_for_somebody_else_is_used_for_nothing() {
    let one = signed_in(BARE);
    let (store, log) = (Arc::new(Store::default()), Log::of(&one));
    one.hooks.token.set(Some(store.clone())).unwrap();
    one.add(&[("/token", 200, unsigned(&RENEWAL.replace("ann", "bob")))]);
    let error = one.token().unwrap_err();
    assert_eq!((error.status, error.reason), (status::UNSAFE, Reason::Jwt));
    assert!(error.message.contains("sub"), "{}", error.message);
    assert!(store.saved.lock().unwrap().is_empty(), "bob's tokens are not saved over ann's");
    assert!(one.held().contains("\"r1\"") && !one.held().contains("r2"));
    let event = log.find("renewal_refused").expect("the refresh token that came is not lost silently");
    let of_r2 = Secret::from("r2").fingerprint();
    assert!(event.contains(&format!(r#""refresh_token_sha256":"{of_r2}""#)), "{event}");
    // The old refresh token is still there: the server decides what it is worth.
    one.clock.pass(600);
    one.add(&[("/token", 200, unsigned(&RENEWAL.replace("1300", "9000")))]);
    assert_eq!(one.token().unwrap(), "a2");
    assert!(one.asked().last().unwrap().contains("refresh_token=r1"));
    assert_eq!(store.saved.lock().unwrap().len(), 1);
}

#[test]
fn t_19_what_a_renewal_may_bring() {
    let outcome = |answer| {
        let one = signed_in(BARE);
        one.add(&[("/token", 200, answer)]);
        one.token().map_err(|error| error.reason)
    };
    let good = Ok("a2".to_owned());
    assert_eq!(outcome(unsigned(RENEWAL)), good);
    assert_eq!(outcome(RENEWED), good, "none");
    assert_eq!(outcome(unsigned(&CLAIMS.replace("1300", "900"))), good, "the one of the login once more");
    for (right, wrong) in [("/t\"", "/u\""), ("\"c\"", "\"d\""), ("1300", "940"), ("\"sub\"", "\"x\"")] {
        assert_eq!(outcome(unsigned(&RENEWAL.replace(right, wrong))), Err(Reason::Jwt), "{wrong}");
    }
    assert_eq!(outcome(answer("a.b.c.d.e")), Err(Reason::NotBuilt), "it was readable before");
    let one = one(CLIENT, None, &[(WELL_KNOWN, 200, BARE), ("/token", 200, answer("a.b.c.d.e"))]);
    assert_eq!(one.token().unwrap(), "a2", "nobody here ever read one");
}

#[cfg(feature = "signing")]
#[test]
fn a_renewal_is_validated_by_the_servers_keys_unless_they_cannot_be_had() {
    let one = signed_in(OPENID);
    let log = Log::of(&one);
    one.add(&[("/jwks", 200, ED_SET), ("/token", 200, unsigned(RENEWAL))]);
    assert_eq!(one.token().unwrap_err().reason, Reason::Jwt);
    one.clock.pass(100);
    one.add(&[("/token", 200, signed(RENEWAL))]);
    assert_eq!(one.token().unwrap(), "a2");
    assert!(log.find("id_token_not_verified").is_none());

    for (status, body) in [(503, ""), (404, ""), (200, "<html>"), (0, "")] {
        let one = signed_in(OPENID);
        let log = Log::of(&one);
        one.add(
            &[("/token", 200, signed(RENEWAL)), ("/jwks", status, body)][..if status == 0 { 1 } else { 2 }],
        );
        assert_eq!(one.token().unwrap(), "a2", "a rotated refresh token is worth more than a second proof");
        assert!(one.held().contains("r2"));
        assert!(log.find("id_token_not_verified").is_some());
    }
}

#[test]
fn t_19_a_linking_service_gives_tokens_of_the_same_person() {
    let outcome = |claims: &str| {
        let set = unsigned(CLAIMS).replace("expires_in\":3600", "expires_at\":900");
        let members =
            format!(r#"{CLIENT},"token":{set},"refresh":{{"endpoint":"https://link.example/renew"}}"#);
        let fixture = fixture(&members, &[Ok((200, unsigned(claims)))]);
        fixture.token().map_err(|error| error.reason)
    };
    let of_another_client = RENEWAL.replace("\"c\"", "\"the service\"");
    assert_eq!(outcome(&of_another_client), Ok("a2".to_owned()));
    assert_eq!(outcome(&of_another_client.replace("ann", "bob")), Err(Reason::Jwt));
}
