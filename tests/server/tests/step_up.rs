//! An API that needs more than a good token.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

fn need(server: &Server, step_up: &Value) {
    control(server, "POST", "/config", &json!({ "step_up": step_up }).to_string());
}

fn issue_with(server: &Server, options: &Value) -> Value {
    control(server, "POST", "/issue", &options.to_string())
}

#[track_caller]
fn asks(server: &Server, tokens: &Value, status: u16, challenge: &str) {
    let answer = get(server, "/api/x", &bearer(tokens));
    assert_eq!((answer.status, answer.header("www-authenticate")), (status, Some(challenge)));
}

#[test]
fn a_scope_is_needed_until_a_token_has_it() {
    let server = start();
    need(&server, &json!({ "scope": "admin write" }));
    let tokens = issue(&server);
    let challenge = r#"Bearer error="insufficient_scope", scope="admin write""#;
    asks(&server, &tokens, 403, challenge);
    let more = issue_with(&server, &json!({ "scope": "read write admin" }));
    assert_eq!(get(&server, "/api/x", &bearer(&more)).status, 200);
    let less = format!("{}&scope=read", refresh_body(text(&more, "refresh_token")));
    asks(&server, &token(&server, &less).json(), 403, challenge);
    assert_eq!(get(&server, "/api/x", "Bearer at-unknown").status, 401);
    assert_eq!(count(&server, "api_step_ups"), 2);
    assert_eq!(count(&server, "api_401"), 1);
    assert_eq!(get(&server, "/fixed/x", "secret").status, 200);
    need(&server, &Value::Null);
    assert!(is_accepted(&server, &tokens));
}

#[test]
fn a_person_has_to_prove_more() {
    let server = start();
    need(&server, &json!({ "acr_values": "gold silver" }));
    let challenge = r#"Bearer error="insufficient_user_authentication", acr_values="gold silver""#;
    for options in [json!({}), json!({ "acr": "bronze" }), json!({ "acr": "gold silver" })] {
        asks(&server, &issue_with(&server, &options), 401, challenge);
    }
    assert!(is_accepted(&server, &issue_with(&server, &json!({ "acr": "silver" }))));

    // By a login, whose renewals keep what was proved.
    let query = "response_type=code&client_id=test-client&redirect_uri=http://cb/&acr_values=gold%20silver";
    let answer = once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""));
    let location = answer.header("location").expect("a Location");
    let code = location.split(['=', '&']).nth(1).expect("a code");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&{POST_CLIENT}");
    let tokens = token(&server, &body).json();
    assert!(is_accepted(&server, &tokens));
    let introspected = once(
        server.url(),
        &form("/auth/introspect", "", &format!("token={}&{POST_CLIENT}", text(&tokens, "access_token"))),
    );
    assert_eq!(introspected.json()["acr"], "gold");
    assert!(is_accepted(&server, &refresh(&server, text(&tokens, "refresh_token")).json()));
}

#[test]
fn a_person_has_to_have_proved_it_lately() {
    let server = start();
    need(&server, &json!({ "max_age": 5, "scope": "read" }));
    let tokens = issue(&server);
    assert!(is_accepted(&server, &tokens));
    control(&server, "POST", "/clock", r#"{"advance_s":6}"#);
    let challenge = r#"Bearer error="insufficient_user_authentication", max_age="5", scope="read""#;
    asks(&server, &tokens, 401, challenge);
    let renewed = refresh(&server, text(&tokens, "refresh_token")).json();
    asks(&server, &renewed, 401, challenge);
    assert!(is_accepted(&server, &issue(&server)));
}

#[test]
fn challenges_can_say_where_the_metadata_is() {
    let server = start();
    control(&server, "POST", "/config", r#"{"resource_metadata":true,"step_up":{"scope":"admin"}}"#);
    let document = format!("{}/.well-known/oauth-protected-resource/api", server.url());
    let place = format!("resource_metadata=\"{document}\"");
    asks(
        &server,
        &issue(&server),
        403,
        &format!(r#"Bearer error="insufficient_scope", scope="admin", {place}"#),
    );
    let answer = get(&server, "/api/x", "Bearer at-unknown");
    let challenge = format!(r#"Bearer error="invalid_token", {place}"#);
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(challenge.as_str())));
    let answer = once(server.url(), &request("GET", "/api/x", "", ""));
    let challenge = format!("Bearer {place}");
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(challenge.as_str())));
    let path = document.strip_prefix(server.url()).expect("its own");
    let metadata = once(server.url(), &request("GET", path, "", "")).json();
    assert_eq!(metadata["resource"], format!("{}/api", server.url()));
    // What a test spells out goes before.
    control(&server, "POST", "/config", r#"{"www_authenticate":"Basic"}"#);
    assert_eq!(get(&server, "/api/x", "x").header("www-authenticate"), Some("Basic"));
}
