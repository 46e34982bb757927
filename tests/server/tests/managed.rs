//! Clients that manage their registration (RFC 7592).

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

fn ask(server: &Server, method: &str, uri: &str, token: &str, body: &str) -> Answer {
    let path = uri.strip_prefix(server.url()).expect("its own");
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    once(server.url(), &request(method, path, &headers, body))
}

/// A client with its URI and its token.
fn registered(server: &Server) -> (Value, String, String) {
    let metadata = json!({ "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["client_credentials"], "client_name": "App" });
    let headers = "Content-Type: application/json\r\n";
    let client =
        once(server.url(), &request("POST", "/auth/register", headers, &metadata.to_string())).json();
    let [uri, token] =
        ["registration_client_uri", "registration_access_token"].map(|name| text(&client, name));
    let (uri, token) = (uri.to_string(), token.to_string());
    (client, uri, token)
}

fn credentials(server: &Server, client: &Value) -> Answer {
    let (id, secret) = (text(client, "client_id"), text(client, "client_secret"));
    token(server, &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"))
}

#[test]
fn a_client_reads_what_is_known_of_it() {
    let server = start();
    let (client, uri, token) = registered(&server);
    assert_eq!(uri, format!("{}/auth/register/{}", server.url(), text(&client, "client_id")));
    let answer = ask(&server, "GET", &uri, &token, "");
    assert_eq!(
        (answer.status, answer.header("cache-control"), answer.json()),
        (200, Some("no-store"), client)
    );
    let (_, other, _) = registered(&server);
    for (uri, token) in [(&uri, "x"), (&other, token.as_str()), (&format!("{uri}x"), token.as_str())] {
        let answer = ask(&server, "GET", uri, token, "");
        let challenge = answer.header("www-authenticate");
        assert_eq!((answer.status, challenge), (401, Some(r#"Bearer error="invalid_token""#)), "{uri}");
    }
    assert_eq!(ask(&server, "POST", &uri, &token, "").header("allow"), Some("GET, PUT, DELETE"));
}

#[test]
fn a_client_changes_itself() {
    let server = start();
    let (client, uri, token) = registered(&server);
    let mut next = json!({ "client_id": client["client_id"], "client_secret": client["client_secret"],
        "token_endpoint_auth_method": "client_secret_post", "grant_types": ["client_credentials"], "x": 1 });
    let answer = ask(&server, "PUT", &uri, &token, &next.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    assert_eq!((&answer["x"], answer.get("client_name")), (&json!(1), None));
    assert_eq!(answer["client_secret"], client["client_secret"]);
    assert_eq!(ask(&server, "GET", &uri, &token, "").json(), answer);
    assert_eq!(credentials(&server, &client).status, 200);

    for (name, value) in [
        ("client_id", json!("other")),
        ("client_id", Value::Null),
        ("client_secret", json!("other")),
        ("registration_access_token", json!(token)),
        ("registration_client_uri", json!(uri)),
        ("client_id_issued_at", json!(1)),
        ("client_secret_expires_at", json!(0)),
    ] {
        let mut wrong = next.clone();
        wrong[name] = value;
        let answer = ask(&server, "PUT", &uri, &token, &wrong.to_string());
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": "invalid_request" })), "{name}");
    }
    next["token_endpoint_auth_method"] = "x".into();
    let answer = ask(&server, "PUT", &uri, &token, &next.to_string());
    assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("invalid_client_metadata")));
    assert_eq!(credentials(&server, &client).status, 200, "all is as it was");
}

#[test]
fn a_client_goes_and_its_tokens_with_it() {
    let server = start();
    let (client, uri, token) = registered(&server);
    let tokens = credentials(&server, &client).json();
    assert!(is_accepted(&server, &tokens));
    assert_eq!(ask(&server, "DELETE", &uri, "x", "").status, 401);
    assert_eq!(ask(&server, "DELETE", &uri, &token, "").status, 204);
    assert!(!is_accepted(&server, &tokens));
    assert_eq!(credentials(&server, &client).status, 401);
    for method in ["GET", "PUT", "DELETE"] {
        assert_eq!(ask(&server, method, &uri, &token, "").status, 401, "{method}");
    }
}

#[test]
fn the_token_can_change_each_time() {
    let server = start();
    control(&server, "POST", "/config", r#"{"registration_rotates":true,"registration_members":{"y":2}}"#);
    let (_, uri, first) = registered(&server);
    let answer = ask(&server, "GET", &uri, &first, "").json();
    assert_eq!(answer["y"], 2);
    let second = text(&answer, "registration_access_token");
    assert_ne!(second, first);
    assert_eq!(ask(&server, "GET", &uri, &first, "").status, 401);
    assert_eq!(ask(&server, "DELETE", &uri, second, "").status, 204);
}
