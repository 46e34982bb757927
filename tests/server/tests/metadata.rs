//! The documents in which the server describes itself, and what tests make of them.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

fn document(server: &Server, path: &str) -> Value {
    let answer = fetch(server, path);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
    answer.json()
}

fn fetch(server: &Server, path: &str) -> Answer {
    once(server.url(), &request("GET", path, "", ""))
}

fn alter(server: &Server, body: &Value) {
    control(server, "POST", "/metadata", &body.to_string());
}

#[test]
fn both_documents_say_the_same_with_absolute_endpoints() {
    let server = start();
    let oauth = document(&server, OAUTH);
    let openid = document(&server, OPENID);
    assert_eq!(oauth["issuer"], server.url());
    assert_eq!(oauth["authorization_response_iss_parameter_supported"], true);
    for (name, value) in oauth.as_object().expect("an object") {
        assert_eq!(&openid[name], value);
        if name.ends_with("_endpoint") {
            let url = value.as_str().expect("a URL");
            let path = url.strip_prefix(server.url()).expect("an absolute URL");
            assert_ne!(fetch(&server, path).status, 404, "{url} is there");
        }
    }
    assert!(openid["subject_types_supported"].is_array());
    assert!(oauth.get("subject_types_supported").is_none());
    for path in [OAUTH, OPENID, RESOURCE] {
        let answer = once(server.url(), &request("POST", path, "", ""));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
    }
}

#[test]
fn a_test_changes_and_removes_members_until_a_reset() {
    let server = start();
    let before = document(&server, OAUTH);
    let members = json!({ "issuer": "https://evil.example", "token_endpoint": "http://plain.example/t",
        "code_challenge_methods_supported": null });
    alter(&server, &json!({ "members": members }));
    for path in [OAUTH, OPENID] {
        let document = document(&server, path);
        assert_eq!(document["issuer"], "https://evil.example");
        assert_eq!(document["token_endpoint"], "http://plain.example/t");
        assert!(document.get("code_challenge_methods_supported").is_none());
        assert_eq!(document["revocation_endpoint"], before["revocation_endpoint"]);
    }
    let without = json!({ "document": "oauth-authorization-server", "members": { "issuer": null } });
    alter(&server, &without);
    assert!(document(&server, OAUTH).get("issuer").is_none());
    assert_eq!(document(&server, OAUTH)["token_endpoint"], before["token_endpoint"], "in place of the first");
    assert_eq!(document(&server, OPENID)["issuer"], "https://evil.example", "the other stays");
    control(&server, "POST", "/reset", "");
    assert_eq!(document(&server, OAUTH), before);
    alter(&server, &without);
    control(&server, "DELETE", "/metadata", "");
    assert_eq!(document(&server, OAUTH), before);
}

#[test]
fn a_document_is_absent_or_a_page_or_something_else() {
    let server = start();
    alter(&server, &json!({ "document": "oauth-authorization-server", "absent": true }));
    assert_eq!(fetch(&server, OAUTH).status, 404);
    assert_eq!(fetch(&server, OPENID).status, 200);
    alter(&server, &json!({ "document": "openid-configuration", "html": true }));
    let page = fetch(&server, OPENID);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().starts_with("<!doctype html>"));
    for whole in [json!([1]), json!("text"), json!(null), json!({ "issuer": 1 })] {
        alter(&server, &json!({ "whole": whole }));
        assert_eq!(document(&server, OAUTH), whole);
    }
}

#[test]
fn endpoints_are_relative_as_home_assistants() {
    let server = start();
    alter(&server, &json!({ "relative": true, "members": { "issuer": null } }));
    let document = document(&server, OAUTH);
    assert_eq!(document["token_endpoint"], "/auth/token");
    assert_eq!(document["authorization_endpoint"], "/auth/authorize");
    assert!(document.get("issuer").is_none());
}

#[test]
fn a_document_is_as_long_as_a_test_wants() {
    let server = start();
    alter(&server, &json!({ "bytes": 5_000_000 }));
    let answer = fetch(&server, OPENID);
    assert_eq!(answer.body.len(), 5_000_000);
    assert_eq!(answer.json()["issuer"], server.url());
}

#[test]
fn an_issuer_with_a_path_moves_its_documents() {
    let server = start();
    control(&server, "POST", "/config", r#"{"issuer_path":"/tenant/1"}"#);
    let issuer = format!("{}/tenant/1", server.url());
    for path in [&format!("{OAUTH}/tenant/1"), &format!("/tenant/1{OPENID}")] {
        assert_eq!(document(&server, path)["issuer"], issuer);
    }
    for path in [OAUTH, OPENID, &format!("/tenant/1{OAUTH}"), &format!("{OPENID}/tenant/1")] {
        assert_eq!(fetch(&server, path).status, 404, "{path}");
    }
    let query = "response_type=code&client_id=test-client&redirect_uri=http://cb/";
    let answer = fetch(&server, &format!("/auth/authorize?{query}"));
    let location = answer.header("location").expect("a Location");
    assert!(location.ends_with("%2Ftenant%2F1"), "{location}");
}

#[test]
fn the_resource_names_its_authorization_server() {
    let server = start();
    control(&server, "POST", "/config", r#"{"issuer_path":"/t"}"#);
    for path in ["", "/api", "/api/deeper"] {
        let document = document(&server, &format!("{RESOURCE}{path}"));
        assert_eq!(document["resource"], format!("{}{path}", server.url()));
        assert_eq!(document["authorization_servers"], json!([format!("{}/t", server.url())]));
    }
    let members = json!({ "resource": "https://elsewhere.example" });
    alter(&server, &json!({ "document": "oauth-protected-resource", "members": members }));
    assert_eq!(document(&server, &format!("{RESOURCE}/api"))["resource"], "https://elsewhere.example");
    assert_eq!(document(&server, &format!("{OAUTH}/t"))["issuer"], format!("{}/t", server.url()));
}
