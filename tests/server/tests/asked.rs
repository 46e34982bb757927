//! Tokens for certain resources (RFC 8707) and with certain details (RFC 9396).

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

const CREDENTIALS: &str = "grant_type=client_credentials&client_id=test-client&client_secret=test-secret";
const A: &str = "https://a.example/";
const B: &str = "https://b.example/x";

fn introspect(server: &Server, tokens: &Value) -> Value {
    let body = format!("token={}&{POST_CLIENT}", text(tokens, "access_token"));
    once(server.url(), &form("/auth/introspect", "", &body)).json()
}

/// The answer to a code that was asked for with these parameters.
fn tokens(server: &Server, query: &str, body: &str) -> Answer {
    let query = format!("response_type=code&client_id=test-client&redirect_uri=http://cb/&{query}");
    let answer = once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""));
    let location = answer.header("location").expect("a Location");
    let code = location.split(['=', '&']).nth(1).expect("a code");
    token(
        server,
        &format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&{POST_CLIENT}{body}"),
    )
}

fn renew(server: &Server, tokens: &Value, rest: &str) -> Answer {
    token(server, &format!("{}{rest}", refresh_body(text(tokens, "refresh_token"))))
}

fn encoded(details: &Value) -> String {
    let mut out = String::new();
    for byte in details.to_string().bytes() {
        out.push_str(&format!("%{byte:02x}"));
    }
    out
}

#[test]
fn a_resource_is_the_audience_of_the_token() {
    let server = start();
    let none = token(&server, CREDENTIALS).json();
    assert!(introspect(&server, &none).get("aud").is_none());
    let one = token(&server, &format!("{CREDENTIALS}&resource={A}")).json();
    assert_eq!(introspect(&server, &one)["aud"], A);
    let both = tokens(&server, &format!("resource={A}&resource={B}"), "").json();
    assert_eq!(introspect(&server, &both)["aud"], json!([A, B]));

    // A renewal is for what was granted, or for a part of it.
    let part = renew(&server, &both, &format!("&resource={B}")).json();
    assert_eq!(introspect(&server, &part)["aud"], B);
    let other = renew(&server, &part, "&resource=https://c.example");
    assert_eq!((other.status, other.json()), (400, json!({ "error": "invalid_target" })));
    let whole = renew(&server, &part, "").json();
    assert_eq!(introspect(&server, &whole)["aud"], json!([A, B]));
    let more = tokens(&server, &format!("resource={A}"), &format!("&resource={B}"));
    assert_eq!((more.status, more.json()), (400, json!({ "error": "invalid_target" })));
}

#[test]
fn a_resource_that_is_unknown_is_refused() {
    let server = start();
    for resource in ["x", "https://a.example/%23f"] {
        let answer = token(&server, &format!("{CREDENTIALS}&resource={resource}"));
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": "invalid_target" })), "{resource}");
    }
    control(&server, "POST", "/config", &json!({ "resources": [A] }).to_string());
    assert_eq!(token(&server, &format!("{CREDENTIALS}&resource={A}")).status, 200);
    let answer = token(&server, &format!("{CREDENTIALS}&resource={A}&resource={B}"));
    assert_eq!(answer.json()["error"], "invalid_target");
    let query = format!("response_type=code&client_id=test-client&redirect_uri=http://cb/&resource={B}");
    let answer = once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""));
    assert!(answer.header("location").expect("a Location").starts_with("http://cb/?error=invalid_target"));
    let answer =
        once(server.url(), &form("/auth/device_authorization", "", &format!("{POST_CLIENT}&resource={B}")));
    assert_eq!(answer.json()["error"], "invalid_target");
}

#[test]
fn details_come_back_with_the_token() {
    let server = start();
    let payment = json!({ "type": "payment_initiation", "amount": "12" });
    let account = json!({ "type": "account_information" });
    let both = json!([payment, account]);
    let answer = tokens(&server, &format!("authorization_details={}", encoded(&both)), "").json();
    assert_eq!(answer["authorization_details"], both);
    assert_eq!(introspect(&server, &answer)["authorization_details"], both);
    let part = json!([account]);
    let answer = renew(&server, &answer, &format!("&authorization_details={}", encoded(&part))).json();
    assert_eq!(answer["authorization_details"], part);
    let more = json!([{ "type": "payment_initiation", "amount": "13" }]);
    let refused = renew(&server, &answer, &format!("&authorization_details={}", encoded(&more)));
    assert_eq!((refused.status, refused.json()), (400, json!({ "error": "invalid_authorization_details" })));
    assert_eq!(renew(&server, &answer, "").json()["authorization_details"], both);
    let answer = token(&server, &format!("{CREDENTIALS}&authorization_details={}", encoded(&part)));
    assert_eq!(answer.json()["authorization_details"], part);
}

#[test]
fn details_of_an_unknown_type_are_refused() {
    let server = start();
    let wrong = [json!([{ "type": "x" }]), json!([{}]), json!({ "type": "payment_initiation" }), json!("x")];
    for details in wrong {
        let body = format!("{CREDENTIALS}&authorization_details={}", encoded(&details));
        let answer = token(&server, &body);
        let refused = (400, json!({ "error": "invalid_authorization_details" }));
        assert_eq!((answer.status, answer.json()), refused, "{details}");
    }
    let types = control(&server, "POST", "/config", r#"{"authorization_details_types":["x"]}"#);
    assert_eq!(types["authorization_details_types"], json!(["x"]));
    let body = format!("{CREDENTIALS}&authorization_details={}", encoded(&json!([{ "type": "x" }])));
    assert_eq!(token(&server, &body).status, 200);
    let metadata = once(server.url(), &request("GET", "/.well-known/openid-configuration", "", "")).json();
    assert_eq!(metadata["authorization_details_types_supported"], json!(["x"]));
}

#[test]
fn devices_ask_for_them_as_well() {
    let server = start();
    let body = format!("{POST_CLIENT}&resource={A}");
    let device = once(server.url(), &form("/auth/device_authorization", "", &body)).json();
    let approve = json!({ "user_code": device["user_code"], "approve": true });
    control(&server, "POST", "/device", &approve.to_string());
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let body = format!("grant_type={grant}&device_code={}&{POST_CLIENT}", text(&device, "device_code"));
    let tokens = token(&server, &body).json();
    assert_eq!(introspect(&server, &tokens)["aud"], A);
}
