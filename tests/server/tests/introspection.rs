//! What the server says of a token, and of the person behind it; revocation.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

fn post(server: &Server, path: &str, body: &str) -> Answer {
    once(server.url(), &form(path, "", body))
}

fn introspect(server: &Server, token: &str) -> Value {
    let answer = post(server, "/auth/introspect", &format!("token={token}&{POST_CLIENT}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn introspection_tells_live_tokens_from_others() {
    let server = start();
    let tokens = control(&server, "POST", "/issue", r#"{"scope":"a b","sub":"alice","expires_in":60}"#);
    let access = introspect(&server, text(&tokens, "access_token"));
    let issued = tokens["expires_at"].as_i64().expect("a time") - 60;
    let expected = json!({
        "active": true, "scope": "a b", "client_id": "test-client", "sub": "alice", "token_type": "Bearer",
        "iss": server.url(), "exp": tokens["expires_at"], "iat": issued, "auth_time": issued,
    });
    assert_eq!(access, expected);
    let refresh_token = introspect(&server, text(&tokens, "refresh_token"));
    assert_eq!((&refresh_token["active"], &refresh_token["sub"]), (&json!(true), &json!("alice")));
    assert!(refresh_token.get("exp").is_none());

    let body = format!("{}&scope=b", refresh_body(text(&tokens, "refresh_token")));
    let narrow = token(&server, &body).json();
    assert_eq!(introspect(&server, text(&narrow, "access_token"))["scope"], "b");
    let inactive = json!({ "active": false });
    assert_eq!(introspect(&server, text(&tokens, "refresh_token")), inactive, "it is spent");
    control(&server, "POST", "/clock", r#"{"advance_s":61}"#);
    assert_eq!(introspect(&server, text(&tokens, "access_token")), inactive, "it is expired");
    assert_eq!(introspect(&server, "unknown"), inactive);
    post(&server, "/auth/revoke", &format!("token={}", text(&narrow, "refresh_token")));
    assert_eq!(introspect(&server, text(&narrow, "access_token")), inactive, "it is revoked");

    control(&server, "POST", "/config", r#"{"introspection_members":{"active":"true","aud":[1]}}"#);
    assert_eq!(introspect(&server, "unknown"), json!({ "active": "true", "aud": [1] }));
}

#[test]
fn introspection_needs_a_confidential_client() {
    let server = start();
    control(&server, "POST", "/client", r#"{"client_id":"public"}"#);
    for who in ["", "&client_id=public", "&client_id=test-client&client_secret=wrong"] {
        let answer = post(&server, "/auth/introspect", &format!("token=x{who}"));
        assert_eq!((answer.status, answer.json()), (401, json!({ "error": "invalid_client" })), "{who}");
    }
    let answer = post(&server, "/auth/introspect", POST_CLIENT);
    assert_eq!((answer.status, answer.json()), (400, json!({ "error": "invalid_request" })));
}

#[test]
fn a_kind_of_token_can_be_unrevocable() {
    let server = start();
    control(&server, "POST", "/config", r#"{"unrevocable":"access_token"}"#);
    let tokens = issue(&server);
    let revoke = |body: &str| post(&server, "/auth/revoke", body);
    for body in [
        format!("token={}", text(&tokens, "access_token")),
        format!("token={}&token_type_hint=refresh_token", text(&tokens, "access_token")),
        "token=unknown&token_type_hint=access_token".to_string(),
    ] {
        let answer = revoke(&body);
        assert_eq!(
            (answer.status, answer.json()),
            (400, json!({ "error": "unsupported_token_type" })),
            "{body}"
        );
    }
    assert!(is_accepted(&server, &tokens));
    assert_eq!(revoke("token=unknown").status, 200);
    let wrong_hint = format!("token={}&token_type_hint=access_token", text(&tokens, "refresh_token"));
    assert_eq!(revoke(&wrong_hint).status, 200, "a hint is a hint");
    assert!(!is_accepted(&server, &tokens));
}

#[test]
fn revocation_can_need_a_client() {
    let server = start();
    control(&server, "POST", "/config", r#"{"revocation_authenticates":true}"#);
    let tokens = issue(&server);
    let body = format!("token={}", text(&tokens, "access_token"));
    assert_eq!(post(&server, "/auth/revoke", &body).status, 401);
    assert!(is_accepted(&server, &tokens));
    assert_eq!(post(&server, "/auth/revoke", &format!("{body}&{POST_CLIENT}")).status, 200);
    assert!(!is_accepted(&server, &tokens));
}

#[test]
fn userinfo_is_about_the_person_who_granted() {
    let server = start();
    let tokens = control(&server, "POST", "/issue", r#"{"sub":"alice"}"#);
    let answer = get(&server, "/auth/userinfo", &bearer(&tokens));
    assert_eq!((answer.status, &answer.json()["sub"]), (200, &json!("alice")));
    let header = format!("Authorization: {}\r\n", bearer(&issue(&server)));
    let answer = once(server.url(), &form("/auth/userinfo", &header, ""));
    assert_eq!((answer.status, &answer.json()["sub"]), (200, &json!("test-user")));
    control(&server, "POST", "/config", r#"{"userinfo_members":{"sub":"mallory","name":null}}"#);
    assert_eq!(get(&server, "/auth/userinfo", &bearer(&tokens)).json(), json!({ "sub": "mallory" }));

    let answer = get(&server, "/auth/userinfo", "Bearer at-unknown");
    let challenge = answer.header("www-authenticate");
    assert_eq!((answer.status, challenge), (401, Some(r#"Bearer error="invalid_token""#)));
    let answer = once(server.url(), &request("GET", "/auth/userinfo", "", ""));
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(once(server.url(), &request("PUT", "/auth/userinfo", "", "")).status, 405);
}
