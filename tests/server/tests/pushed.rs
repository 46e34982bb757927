//! Authorization requests that are pushed (RFC 9126).

mod common;
#[path = "common/holder.rs"]
mod holder;
#[path = "common/signer.rs"]
mod signer;

use bearer_testserver::Server;
use common::*;
use holder::Holder;
use serde_json::{Value, json};

const REQUEST: &str = "response_type=code&redirect_uri=http://cb/&state=s1";

fn push(server: &Server, body: &str) -> Answer {
    once(server.url(), &form("/auth/par", "", body))
}

fn pushed(server: &Server, rest: &str) -> String {
    let answer = push(server, &format!("{REQUEST}&{POST_CLIENT}{rest}"));
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{}", answer.text());
    let answer = answer.json();
    assert_eq!(answer["expires_in"], 60);
    let uri = text(&answer, "request_uri");
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:"), "{uri}");
    uri.to_string()
}

fn authorize(server: &Server, query: &str) -> Answer {
    once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""))
}

fn by_uri(server: &Server, uri: &str) -> Answer {
    authorize(server, &format!("client_id=test-client&request_uri={uri}"))
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{}", answer.text());
    answer.header("location").expect("a Location")
}

fn code(answer: &Answer) -> &str {
    location(answer).split(['=', '&']).nth(1).expect("a code")
}

fn configure(server: &Server, settings: &Value) {
    control(server, "POST", "/config", &settings.to_string());
}

#[test]
fn a_request_is_pushed_and_used_once() {
    let server = start();
    let uri = pushed(&server, "&scope=a");
    // What stands beside the name does not count.
    let answer = authorize(&server, &format!("client_id=test-client&request_uri={uri}&state=other&scope=b"));
    assert!(location(&answer).contains("&state=s1&"), "{}", location(&answer));
    let body = format!("grant_type=authorization_code&code={}&redirect_uri=http://cb/", code(&answer));
    assert_eq!(token(&server, &format!("{body}&{POST_CLIENT}")).json()["scope"], "a");
    assert_eq!(by_uri(&server, &uri).status, 400, "it is used");
    assert_eq!((count(&server, "pushed"), count(&server, "pushed_used")), (1, 1));
    let deny = pushed(&server, "&login_hint=deny");
    assert!(location(&by_uri(&server, &deny)).starts_with("http://cb/?error=access_denied&state=s1"));
}

#[test]
fn a_name_is_of_its_client_and_time() {
    let server = start();
    control(&server, "POST", "/client", r#"{"client_id":"app"}"#);
    let uri = pushed(&server, "");
    for query in [format!("client_id=app&request_uri={uri}"), format!("request_uri={uri}")] {
        assert_eq!(authorize(&server, &query).status, 400, "{query}");
    }
    assert_eq!(by_uri(&server, "urn:ietf:params:oauth:request_uri:x").status, 400);
    control(&server, "POST", "/clock", r#"{"advance_s":59}"#);
    assert_eq!(by_uri(&server, &uri).status, 302);
    let uri = pushed(&server, "");
    control(&server, "POST", "/clock", r#"{"advance_s":60}"#);
    assert_eq!(by_uri(&server, &uri).status, 400);
    assert_eq!(count(&server, "pushed_used"), 1);
}

#[test]
fn what_is_pushed_is_checked() {
    let server = start();
    let client = r#"{"client_id":"app","redirect_uris":["http://cb/"]}"#;
    control(&server, "POST", "/client", client);
    for (status, error, body) in [
        (401, "invalid_client", REQUEST.to_string()),
        (401, "invalid_client", format!("{REQUEST}&client_id=test-client&client_secret=x")),
        (400, "invalid_request", format!("{REQUEST}&{POST_CLIENT}&request_uri=urn:x")),
        (400, "invalid_request", format!("response_type=code&{POST_CLIENT}")),
        (400, "invalid_request", "response_type=code&redirect_uri=http://x/&client_id=app".to_string()),
        (400, "unsupported_response_type", format!("response_type=x&redirect_uri=http://cb/&{POST_CLIENT}")),
        (400, "invalid_target", format!("{REQUEST}&{POST_CLIENT}&resource=x")),
        (400, "invalid_authorization_details", format!("{REQUEST}&{POST_CLIENT}&authorization_details=x")),
    ] {
        let answer = push(&server, &body);
        assert_eq!((answer.status, answer.json()), (status, json!({ "error": error })), "{body}");
    }
    assert_eq!(count(&server, "pushed"), 0);
    assert_eq!(push(&server, &format!("{REQUEST}&client_id=app")).status, 201);
    assert_eq!(once(server.url(), &request("GET", "/auth/par", "", "")).header("allow"), Some("POST"));
}

#[test]
fn pushing_can_be_required() {
    let server = start();
    let query = format!("{REQUEST}&client_id=test-client");
    let is_refused =
        |query: &str| location(&authorize(&server, query)).starts_with("http://cb/?error=invalid_request");
    let metadata = || {
        let path = "/.well-known/oauth-authorization-server";
        once(server.url(), &request("GET", path, "", "")).json()
    };
    let endpoint = format!("{}/auth/par", server.url());
    assert_eq!(metadata()["pushed_authorization_request_endpoint"], endpoint);
    assert_eq!(metadata()["require_pushed_authorization_requests"], false);
    assert!(!is_refused(&query));
    configure(&server, &json!({ "require_pushed_authorization_requests": true }));
    assert_eq!(metadata()["require_pushed_authorization_requests"], true);
    assert!(is_refused(&query));
    assert!(location(&by_uri(&server, &pushed(&server, ""))).contains("?code="));
    configure(&server, &json!({ "require_pushed_authorization_requests": false }));
    let client = r#"{"client_id":"app","require_pushed_authorization_requests":true}"#;
    control(&server, "POST", "/client", client);
    assert!(!is_refused(&query));
    assert!(is_refused(&format!("{REQUEST}&client_id=app")));
}

#[test]
fn a_proof_binds_the_code_of_what_is_pushed() {
    let server = start();
    let mut holder = Holder::new(&server, "ES256");
    let body = format!("{REQUEST}&{POST_CLIENT}");
    let wrong = holder.post("/auth/par", &format!("{body}&dpop_jkt=other"), &json!({}));
    assert_eq!((wrong.status, wrong.json()), (400, json!({ "error": "invalid_dpop_proof" })));
    configure(&server, &json!({ "dpop_nonce": "required" }));
    let asked = holder.post("/auth/par", &body, &json!({}));
    assert_eq!(asked.json()["error"], "use_dpop_nonce");
    let nonce = json!({ "nonce": asked.header("dpop-nonce") });
    let answer = holder.post("/auth/par", &body, &nonce).json();
    let answer = by_uri(&server, text(&answer, "request_uri"));
    let code = code(&answer);
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&{POST_CLIENT}");
    assert_eq!(token(&server, &body).json()["error"], "invalid_grant");
    let mut other = Holder::new(&server, "EdDSA");
    assert_eq!(other.post("/auth/token", &body, &nonce).json()["error"], "invalid_grant");
    assert_eq!(holder.post("/auth/token", &body, &nonce).json()["token_type"], "DPoP");
}
