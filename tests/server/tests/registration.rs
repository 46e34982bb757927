//! Dynamic client registration.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

fn register(server: &Server, headers: &str, body: &str) -> Answer {
    let headers = format!("Content-Type: application/json\r\n{headers}");
    once(server.url(), &request("POST", "/auth/register", &headers, body))
}

fn registered(server: &Server, metadata: &Value) -> Value {
    let answer = register(server, "", &metadata.to_string());
    assert_eq!((answer.status, answer.header("cache-control")), (201, Some("no-store")), "{}", answer.text());
    answer.json()
}

#[test]
fn a_confidential_client_registers_and_is_known() {
    let server = start();
    let metadata = json!({ "redirect_uris": ["https://app.example/cb"], "client_name": "App",
        "grant_types": ["authorization_code", "client_credentials"], "x": [1] });
    let answer = registered(&server, &metadata);
    for (name, value) in metadata.as_object().expect("an object") {
        assert_eq!(&answer[name], value);
    }
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(answer["response_types"], json!(["code"]));
    assert_eq!(answer["client_secret_expires_at"], 0);
    assert!(answer["client_id_issued_at"].is_i64());
    let status = |client: &Value| {
        let (id, secret) = (text(client, "client_id"), text(client, "client_secret"));
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        token(&server, &body).status
    };
    assert_eq!(status(&answer), 401, "it said that it uses Basic");
    let mut other = metadata;
    other["token_endpoint_auth_method"] = "client_secret_post".into();
    let other = registered(&server, &other);
    assert_ne!(other["client_id"], answer["client_id"]);
    assert_eq!(status(&other), 200);
}

#[test]
fn a_public_client_has_no_secret_and_its_own_redirects() {
    let server = start();
    let answer = registered(
        &server,
        &json!({ "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb", "https://app.example/cb"] }),
    );
    assert!(answer.get("client_secret").is_none());
    let id = text(&answer, "client_id");
    let status = |uri: &str| {
        let path = format!("/auth/authorize?response_type=code&client_id={id}&redirect_uri={uri}");
        once(server.url(), &request("GET", &path, "", "")).status
    };
    for uri in
        ["http://127.0.0.1:4711/cb", "http://127.0.0.1/cb", "com.example.app:/cb", "https://app.example/cb"]
    {
        assert_eq!(status(uri), 302, "{uri}");
    }
    for uri in [
        "http://127.0.0.1:4711/other",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:x@evil.example/cb",
        "http://[::1]:4711/cb",
        "https://app.example:444/cb",
        "http://evil.example/cb",
    ] {
        assert_eq!(status(uri), 400, "{uri}");
    }
}

#[test]
fn what_is_wrong_with_a_registration_is_said() {
    let server = start();
    for (metadata, error) in [
        (json!([]), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "magic" }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": 1 }), "invalid_client_metadata"),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt", "grant_types": [] }),
            "invalid_client_metadata",
        ),
        (json!({ "jwks": { "keys": [{}] }, "grant_types": [] }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_signing_alg": "none", "grant_types": [] }), "invalid_client_metadata"),
        (json!({ "grant_types": "authorization_code" }), "invalid_client_metadata"),
        (json!({}), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": "https://a.example/" }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://a.example/#x"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["/cb"] }), "invalid_redirect_uri"),
    ] {
        let answer = register(&server, "", &metadata.to_string());
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": error })), "{metadata}");
    }
    let form = once(server.url(), &form("/auth/register", "", "{}"));
    assert_eq!(form.json()["error"], "invalid_client_metadata");
    registered(&server, &json!({ "grant_types": ["client_credentials"] }));
}

#[test]
fn a_registration_can_need_a_token_and_answer_what_it_likes() {
    let server = start();
    let settings = r#"{"registration_token":"initial","registration_members":{"client_name":"Other"}}"#;
    control(&server, "POST", "/config", settings);
    let body = r#"{"grant_types":["client_credentials"],"client_name":"Mine"}"#;
    for header in ["", "Authorization: Bearer wrong\r\n", "Authorization: Basic initial\r\n"] {
        let answer = register(&server, header, body);
        assert_eq!((answer.status, answer.json()), (401, json!({ "error": "invalid_token" })), "{header}");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer error="invalid_token""#));
    }
    let answer = register(&server, "Authorization: Bearer initial\r\n", body);
    assert_eq!((answer.status, &answer.json()["client_name"]), (201, &json!("Other")));
}
