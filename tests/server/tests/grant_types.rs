//! The grants for what a client presents, and token exchange.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

const TYPE: &str = "urn:ietf:params:oauth:token-type:";

fn post(server: &Server, body: &str) -> Answer {
    token(server, &format!("{body}&{POST_CLIENT}"))
}

#[track_caller]
fn fails(server: &Server, body: &str, error: &str) {
    let answer = post(server, body);
    assert_eq!((answer.status, answer.json()), (400, json!({ "error": error })), "{body}");
}

fn introspect(server: &Server, tokens: &Value) -> Value {
    let body = format!("token={}&{POST_CLIENT}", text(tokens, "access_token"));
    once(server.url(), &form("/auth/introspect", "", &body)).json()
}

#[test]
fn a_password_gives_tokens_that_renew() {
    let server = start();
    let body = "grant_type=password&username=test-user&scope=a&password=";
    let answer = post(&server, &format!("{body}test-password"));
    assert_eq!(answer.status, 200);
    assert_eq!(introspect(&server, &answer.json())["sub"], "test-user");
    assert_eq!(answer.json()["scope"], "a");
    assert_eq!(refresh(&server, text(&answer.json(), "refresh_token")).status, 200);
    fails(&server, &format!("{body}wrong"), "invalid_grant");
    fails(&server, "grant_type=password&username=other&password=test-password", "invalid_grant");
    fails(&server, body, "invalid_request");
    fails(&server, "grant_type=password&password=test-password", "invalid_request");
    control(&server, "POST", "/config", r#"{"password":"p&%+ ä"}"#);
    assert_eq!(post(&server, &format!("{body}p%26%25%2B+%C3%A4")).status, 200);
}

#[test]
fn assertions_give_tokens_without_refresh_token() {
    let server = start();
    for kind in ["jwt-bearer", "saml2-bearer"] {
        let body = format!("grant_type=urn:ietf:params:oauth:grant-type:{kind}");
        let answer = post(&server, &format!("{body}&assertion=test-assertion&scope=a"));
        assert_eq!(answer.status, 200, "{kind}");
        assert!(answer.json().get("refresh_token").is_none());
        assert!(is_accepted(&server, &answer.json()));
        fails(&server, &format!("{body}&assertion=other"), "invalid_grant");
        fails(&server, &body, "invalid_request");
    }
    control(&server, "POST", "/config", r#"{"assertion":"e30.e30.x"}"#);
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer";
    fails(&server, &format!("{grant}&assertion=test-assertion"), "invalid_grant");
    assert_eq!(post(&server, &format!("{grant}&assertion=e30.e30.x")).status, 200);
}

#[test]
fn a_token_is_exchanged_for_another_of_the_same_person() {
    let server = start();
    control(&server, "POST", "/client", r#"{"client_id":"back","client_secret":"x"}"#);
    let subject = control(&server, "POST", "/issue", r#"{"sub":"alice","scope":"a b"}"#);
    let actor = control(&server, "POST", "/issue", r#"{"sub":"service"}"#);
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    let by = |kind: &str| {
        let member = if kind == "refresh_token" { kind } else { "access_token" };
        format!("{grant}&subject_token={}&subject_token_type={TYPE}{kind}", text(&subject, member))
    };
    for kind in ["access_token", "jwt", "refresh_token"] {
        let several = "audience=one&audience=two&resource=https://a.example/&resource=https://b.example/";
        let body = format!("{}&{several}&client_id=back&client_secret=x", by(kind));
        let answer = token(&server, &body);
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text());
        let tokens = answer.json();
        assert_eq!(tokens["issued_token_type"], format!("{TYPE}access_token"));
        assert_eq!((&tokens["token_type"], &tokens["scope"]), (&json!("Bearer"), &json!("a b")));
        assert!(tokens.get("refresh_token").is_none());
        assert!(is_accepted(&server, &tokens));
        let about = introspect(&server, &tokens);
        assert_eq!((&about["sub"], &about["client_id"]), (&json!("alice"), &json!("back")));
        assert!(about.get("act").is_none());
    }
    let acting = format!("actor_token={}&actor_token_type={TYPE}access_token", text(&actor, "access_token"));
    let answer = post(&server, &format!("{}&{acting}&scope=b", by("access_token")));
    assert_eq!(introspect(&server, &answer.json())["act"], json!({ "sub": "service" }));
    assert_eq!(answer.json()["scope"], "b");

    let answer = post(&server, &format!("{}&requested_token_type={TYPE}refresh_token", by("access_token")));
    let answer = answer.json();
    assert_eq!((&answer["token_type"], answer.get("expires_in")), (&json!("N_A"), None));
    assert_eq!(answer["issued_token_type"], format!("{TYPE}refresh_token"));
    assert_eq!(refresh(&server, text(&answer, "access_token")).status, 200);

    control(&server, "POST", "/config", r#"{"token_members":{"issued_token_type":null}}"#);
    assert!(post(&server, &by("access_token")).json().get("issued_token_type").is_none());
}

#[test]
fn what_cannot_be_exchanged_is_refused() {
    let server = start();
    let tokens = control(&server, "POST", "/issue", r#"{"scope":"a"}"#);
    let expired = control(&server, "POST", "/issue", r#"{"expired":true}"#);
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange";
    let access = text(&tokens, "access_token");
    let typed = format!("subject_token_type={TYPE}access_token");
    let good = format!("subject_token={access}&{typed}");
    let old = text(&expired, "access_token");
    for (body, error) in [
        (format!("{good}&scope=a+b"), "invalid_scope"),
        (format!("{good}&audience=one&audience=unknown"), "invalid_target"),
        (format!("{good}&resource=relative"), "invalid_target"),
        (format!("{good}&requested_token_type={TYPE}id_token"), "invalid_request"),
        (format!("{good}&actor_token={access}"), "invalid_request"),
        (format!("{good}&actor_token_type={TYPE}access_token"), "invalid_request"),
        (format!("{good}&actor_token=x&actor_token_type={TYPE}access_token"), "invalid_request"),
        (format!("subject_token=unknown&{typed}"), "invalid_request"),
        (format!("subject_token={old}&{typed}"), "invalid_request"),
        (format!("subject_token={access}"), "invalid_request"),
        (typed.clone(), "invalid_request"),
        (format!("subject_token={access}&subject_token_type={TYPE}refresh_token"), "invalid_request"),
        (format!("subject_token={access}&subject_token_type=access_token"), "invalid_request"),
        (format!("{good}&scope=a&scope=a"), "invalid_request"),
    ] {
        fails(&server, &format!("{grant}&{body}"), error);
    }
}
