//! The end of a session, at a client's wish.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::Value;

const PATH: &str = "/auth/end_session";

fn end(server: &Server, query: &str) -> Answer {
    once(server.url(), &request("GET", &format!("{PATH}?{query}"), "", ""))
}

fn id_token(server: &Server) -> String {
    let tokens = control(server, "POST", "/issue", r#"{"scope":"openid"}"#);
    text(&tokens, "id_token").to_string()
}

#[track_caller]
fn goes_to(answer: &Answer, location: &str) {
    assert_eq!((answer.status, answer.header("location")), (302, Some(location)), "{}", answer.text());
}

#[test]
fn a_person_goes_back_to_the_client() {
    let server = start();
    let client = r#"{"client_id":"test-client","client_secret":"test-secret",
        "post_logout_redirect_uris":["http://127.0.0.1/bye","https://app.example/?bye=1"]}"#;
    control(&server, "POST", "/client", client);
    let hint = id_token(&server);
    let uri = "post_logout_redirect_uri=http://127.0.0.1:4711/bye";
    goes_to(
        &end(&server, &format!("id_token_hint={hint}&{uri}&state=a%20b")),
        "http://127.0.0.1:4711/bye?state=a%20b",
    );
    goes_to(&end(&server, &format!("client_id=test-client&{uri}")), "http://127.0.0.1:4711/bye");
    let uri = "post_logout_redirect_uri=https://app.example/%3fbye=1";
    let body = format!("id_token_hint={hint}&{uri}&state=s");
    goes_to(&once(server.url(), &form(PATH, "", &body)), "https://app.example/?bye=1&state=s");
    for query in ["", &format!("id_token_hint={hint}"), "state=s"] {
        let answer = end(&server, query);
        assert_eq!((answer.status, answer.text()), (200, "signed out\n"));
    }
    assert_eq!((count(&server, "logouts"), count(&server, "logouts_refused")), (6, 0));
    // An ID token that is over will do, and one by a key that is still published.
    control(&server, "POST", "/clock", r#"{"advance_s":5000}"#);
    control(&server, "POST", "/keys", r#"{"roll":true,"keep":true}"#);
    goes_to(&end(&server, &body), "https://app.example/?bye=1&state=s");
    control(&server, "POST", "/keys", r#"{"roll":true}"#);
    assert_eq!(end(&server, &body).status, 400);
}

#[test]
fn a_person_goes_nowhere_else() {
    let server = start();
    let clients = r#"{"client_id":"app","post_logout_redirect_uris":["https://app.example/"]}"#;
    control(&server, "POST", "/client", clients);
    let hint = id_token(&server);
    let forged = format!("{}A.{}", &hint[..10], &hint[11..]);
    for query in [
        "post_logout_redirect_uri=https://app.example/".to_string(),
        "client_id=unknown&post_logout_redirect_uri=https://app.example/".to_string(),
        "client_id=app&post_logout_redirect_uri=https://app.example/x".to_string(),
        "client_id=test-client&post_logout_redirect_uri=https://x/%0d%0aa".to_string(),
        format!("client_id=app&id_token_hint={hint}"),
        format!("id_token_hint={forged}"),
        "id_token_hint=x".to_string(),
        "a=%zz".to_string(),
    ] {
        let answer = end(&server, &query);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{query}");
    }
    assert_eq!(count(&server, "logouts_refused"), 8);
    assert_eq!(once(server.url(), &request("PUT", PATH, "", "")).header("allow"), Some("GET, POST"));
    let metadata: Value =
        once(server.url(), &request("GET", "/.well-known/openid-configuration", "", "")).json();
    assert_eq!(metadata["end_session_endpoint"], format!("{}{PATH}", server.url()));
}
