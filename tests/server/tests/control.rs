//! The control interface.

mod common;

use common::*;
use serde_json::{Value, json};
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

fn wall_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("in range")
}

#[test]
fn issued_tokens_are_like_the_token_endpoints() {
    let server = start();
    let before = wall_s();
    let tokens = control(&server, "POST", "/issue", r#"{"scope":"s","expires_in":60}"#);
    assert_eq!((&tokens["expires_in"], &tokens["scope"]), (&json!(60), &json!("s")));
    let expires_at = tokens["expires_at"].as_i64().expect("a number");
    assert!((before + 60..=wall_s() + 60).contains(&expires_at));
    assert!(is_accepted(&server, &tokens));
    control(&server, "POST", "/clock", r#"{"advance_s":61}"#);
    assert!(!is_accepted(&server, &tokens));
    assert_eq!(refresh(&server, text(&tokens, "refresh_token")).status, 200);

    let expired = control(&server, "POST", "/issue", r#"{"expired":true}"#);
    assert!(!is_accepted(&server, &expired));
    let now = control(&server, "GET", "/state", "")["now"].as_i64();
    assert!(expired["expires_at"].as_i64() < now);
    assert_eq!(refresh(&server, text(&expired, "refresh_token")).status, 200);
}

#[test]
fn the_clock_is_set_and_moved() {
    let server = start();
    // The possible distances from the wall clock, which goes on meanwhile.
    let set = |body: &str| {
        let before = wall_s();
        let now = control(&server, "POST", "/clock", body);
        let now = now["now"].as_i64().expect("a number");
        now - wall_s()..=now - before
    };
    assert!(set(r#"{"offset_s":3600}"#).contains(&3600));
    assert!(set(r#"{"advance_s":60}"#).contains(&3660));
    assert!(set(r#"{"advance_s":-7320}"#).contains(&-3660));
    assert!(set(r#"{"offset_s":0}"#).contains(&0));
}

#[test]
fn settings_are_changed_shown_and_reset() {
    let server = start();
    let start = control(&server, "POST", "/config", "{}");
    let expected = json!({
        "rotate": true, "access_ttl_s": 1800,
        "grace_s": 0, "token_members": {},
        "www_authenticate": null, "fixed_authorization": "secret", "reject_all": false,
        "keep_alive": true, "date_header": false, "dpop_nonce": "none", "dpop_ignored": false, "registration_rotates": false, "jarm_members": {}, "require_signed_request_object": false,
        "jwt_alg": "ES256", "jwt_header": {}, "jwt_signature": "good", "id_token_members": {}, "id_token_on_refresh": true,
        "require_pushed_authorization_requests": false, "resources": null,
        "authorization_details_types": ["payment_initiation", "account_information"], "device_interval_s": 1, "issuer_path": "",
        "introspection_members": {}, "userinfo_members": {}, "registration_members": {},
        "registration_token": null, "step_up": null,
        "assertion": "test-assertion", "password": "test-password", "resource_metadata": false, "unrevocable": null, "revocation_authenticates": false,
    });
    assert_eq!(start, expected);
    let changed = control(&server, "POST", "/config", r#"{"access_ttl_s":5,"grace_s":6}"#);
    assert_eq!((&changed["access_ttl_s"], &changed["grace_s"]), (&json!(5), &json!(6)));
    let tokens = issue(&server);
    assert_eq!(tokens["expires_in"], 5);
    control(&server, "POST", "/clock", r#"{"advance_s":4}"#);
    assert!(is_accepted(&server, &tokens));
    control(&server, "POST", "/fault", r#"{"path":"/","status":500}"#);

    control(&server, "POST", "/reset", "");
    assert_eq!(control(&server, "POST", "/config", ""), start);
    let state = control(&server, "GET", "/state", "");
    for name in ["token_requests", "refreshes", "api_requests", "api_401", "families_revoked"] {
        assert_eq!(state[name], 0, "{name}");
    }
    assert_eq!(state["connections"]["http"], 0);
    assert_eq!(control(&server, "GET", "/log", ""), json!([]));
    assert!(is_accepted(&server, &tokens), "tokens stay, and the fault does not");
}

#[test]
fn tokens_are_invalidated_one_by_one() {
    let server = start();
    let tokens = issue(&server);
    let body = |name: &str| json!({ name: tokens[name] }).to_string();
    control(&server, "POST", "/invalidate", &body("access_token"));
    assert!(!is_accepted(&server, &tokens));
    let new = refresh(&server, text(&tokens, "refresh_token")).json();
    assert!(is_accepted(&server, &new));
    let refresh_token = json!({ "refresh_token": new["refresh_token"] }).to_string();
    control(&server, "POST", "/invalidate", &refresh_token);
    let answer = refresh(&server, text(&new, "refresh_token"));
    assert_eq!((answer.status, answer.json()), (400, json!({ "error": "invalid_grant" })));
    assert!(is_accepted(&server, &new), "no other token is touched");
    assert_eq!(count(&server, "families_revoked"), 0);
}

#[test]
fn the_log_has_every_request_but_the_controls() {
    let server = start();
    let auth = bearer(&issue(&server));
    get(&server, "/api/x?y", &auth);
    once(server.other_url(), &request("PUT", "/api/z", "Authorization: leak\r\n", "body"));
    let proxied = request("GET", "http://elsewhere.example/w", "", "");
    assert_eq!(once(server.other_url(), &proxied).status, 200);
    let log = control(&server, "GET", "/log", "");
    let expected = json!([
        {"listener": "http", "method": "GET", "path": "/api/x?y", "body_length": 0,
            "headers": [["Host", "h"], ["Authorization", auth]], "body_text": ""},
        {"listener": "other", "method": "PUT", "path": "/api/z", "body_length": 4,
            "headers": [["Host", "h"], ["Authorization", "leak"], ["Content-Length", "4"]],
            "body_text": "body"},
        {"listener": "other", "method": "GET", "path": "http://elsewhere.example/w",
            "body_length": 0, "headers": [["Host", "h"], ["Content-Length", "0"]],
            "body_text": ""},
    ]);
    assert_eq!(log, expected);
    let state = control(&server, "GET", "/state", "");
    assert_eq!(state["api_requests"], 1);
    assert_eq!(state["connections"]["other"], 2);
    control(&server, "DELETE", "/log", "");
    assert_eq!(control(&server, "GET", "/log", ""), json!([]));
}

#[test]
fn the_control_interface_is_on_the_plain_listener_only() {
    let server = start();
    let answer = once(server.other_url(), &request("POST", "/control/reset", "", ""));
    assert_eq!((answer.status, answer.text()), (200, "other\n"));
    let log = control(&server, "GET", "/log", "");
    assert_eq!(log[0]["path"], "/control/reset");
    // An Authorization header is no reason to refuse.
    let with = request("GET", "/control/state", "Authorization: Bearer x\r\n", "");
    assert_eq!(once(server.url(), &with).status, 200);
}

#[test]
fn in_process_control_needs_no_connection() {
    let server = start();
    let (status, body) = server.control("POST", "/control/issue", "{}");
    let tokens: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(status, 200);
    assert!(is_accepted(&server, &tokens));
    assert_eq!(server.control("GET", "/control/nothing", "").0, 404);
}

#[test]
fn malformed_control_requests_say_what_is_wrong() {
    let server = start();
    for (path, body, word) in [
        ("/issue", "[]", "object"),
        ("/issue", "{", "JSON"),
        ("/issue", r#"{"extra":1}"#, "extra"),
        ("/issue", r#"{"client_id":"nobody"}"#, "nobody"),
        ("/issue", r#"{"expires_in":-1}"#, "expires_in"),
        ("/code", "{}", "redirect_uri"),
        ("/clock", "{}", "advance_s"),
        ("/clock", r#"{"advance_s":1,"offset_s":1}"#, "offset_s"),
        ("/clock", r#"{"advance_s":1.5}"#, "advance_s"),
        ("/client", r#"{"client_id":1}"#, "client_id"),
        ("/client", r#"{"client_id":"a","method":"magic"}"#, "magic"),
        ("/client", r#"{"client_id":"a","method":"client_secret_jwt"}"#, "client_secret"),
        ("/client", r#"{"client_id":"a","method":"private_key_jwt"}"#, "jwk"),
        ("/client", r#"{"client_id":"a","jwk":{"kty":"oct","k":"AA"}}"#, "public"),
        ("/client", r#"{"client_id":"a","alg":"none"}"#, "none"),
        ("/client", r#"{"client_id":"a","redirect_uris":"x"}"#, "redirect_uris"),
        ("/config", r#"{"rotate":1}"#, "rotate"),
        ("/config", r#"{"token_members":[]}"#, "token_members"),
        ("/config", r#"{"www_authenticate":"a\r\nb"}"#, "www_authenticate"),
        ("/config", r#"{"rotat":true}"#, "rotat"),
        ("/invalidate", "{}", "access_token"),
        ("/invalidate", r#"{"access_token":"at-unknown"}"#, "unknown"),
        ("/device", r#"{"approve":true}"#, "login_hint"),
        ("/device", r#"{"user_code":"x","login_hint":"y","approve":true}"#, "one of"),
        ("/device", r#"{"login_hint":"y","approve":true}"#, "unknown"),
        ("/device", r#"{"user_code":"y"}"#, "approve"),
        ("/fault", r#"{"status":500}"#, "path"),
        ("/fault", r#"{"path":"/"}"#, "one of"),
        ("/fault", r#"{"path":"/","times":0,"silent":true}"#, "times"),
        ("/fault", r#"{"path":"/","silent":true,"drip_ms":1}"#, "one kind"),
        ("/fault", r#"{"path":"/","silent":false}"#, "silent"),
        ("/fault", r#"{"path":"/","status":99}"#, "status"),
        ("/fault", r#"{"path":"/","status":500,"headers":[["a"]]}"#, "headers"),
        ("/fault", r#"{"path":"/","status":500,"headers":[["a","b\nc"]]}"#, "headers"),
        ("/fault", r#"{"path":"/","status":500,"headers":[["Content-Length","1"]]}"#, "raw"),
        ("/fault", r#"{"path":"/","raw_base64":"?"}"#, "raw_base64"),
        ("/fault", r#"{"path":"/","drip_ms":1,"process":true}"#, "process"),
        ("/config", r#"{"step_up":{}}"#, "step_up"),
        ("/config", r#"{"step_up":{"scope":"a","x":1}}"#, "x"),
        ("/config", r#"{"step_up":{"max_age":-1}}"#, "max_age"),
        ("/config", r#"{"step_up":1}"#, "step_up"),
        ("/config", r#"{"issuer_path":"x"}"#, "issuer_path"),
        ("/metadata", r#"{"document":"x"}"#, "document"),
        ("/metadata", r#"{"members":[]}"#, "members"),
        ("/metadata", r#"{"bytes":-1}"#, "bytes"),
        ("/hold", "{}", "path"),
        ("/release", "{}", "id"),
        ("/release", r#"{"id":9}"#, "no such hold"),
        ("/reset", r#"{"x":1}"#, "x"),
    ] {
        let answer = control_answer(&server, "POST", path, body);
        assert_eq!(answer.status, 400, "{path} {body}");
        let error = answer.json();
        assert!(text(&error, "error").contains(word), "{path} {body}: {error}");
    }
    for path in ["/held", "/held?id=9", "/held?id=x", "/held?id=1&x=1"] {
        assert_eq!(control_answer(&server, "GET", path, "").status, 400, "{path}");
    }
    assert_eq!(control_answer(&server, "GET", "/reset", "").status, 404);
    assert_eq!(control_answer(&server, "POST", "", "").status, 404);
    let (_, config) = server.control("POST", "/control/config", "{}");
    assert!(config.contains(r#""rotate":true"#), "nothing of a refused request is kept");
}

#[test]
fn requests_are_held_until_released() {
    let server = start();
    let hold = control(&server, "POST", "/hold", r#"{"path":"/auth/token"}"#);
    let id = hold["id"].as_u64().expect("an id");
    let old = issue(&server);
    let request = form("/auth/token", "", &refresh_body(text(&old, "refresh_token")));
    let mut held: Vec<_> = (0..3).map(|_| connect(server.url())).collect();
    for stream in &mut held {
        stream.write_all(request.as_bytes()).expect("written");
    }
    let held_there = control(&server, "GET", &format!("/held?id={id}&at_least=3"), "");
    assert_eq!(held_there["held"], 3);
    let state = control(&server, "GET", "/state", "");
    assert_eq!((&state["token_requests"], &state["refreshes"]), (&json!(3), &json!(0)));
    assert_eq!(state["open_connections"], 3);
    // Others pass.
    assert!(is_accepted(&server, &old));

    control(&server, "POST", "/release", &hold.to_string());
    let mut statuses: Vec<_> = held.iter_mut().map(|s| read_answer(s).status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400], "one renews, the others replay");
    assert_eq!(count(&server, "families_revoked"), 1);
    let answer = control_answer(&server, "GET", &format!("/held?id={id}"), "");
    assert_eq!(answer.status, 400);
}

#[test]
fn a_reset_and_the_end_release_what_is_held() {
    let server = start();
    let hold = |server: &bearer_testserver::Server| {
        let hold = control(server, "POST", "/hold", r#"{"path":"/api"}"#);
        let mut stream = connect(server.url());
        stream.write_all(get_request("/api/x", "x").as_bytes()).expect("written");
        control(server, "GET", &format!("/held?id={}&at_least=1", hold["id"]), "");
        stream
    };
    let mut stream = hold(&server);
    control(&server, "POST", "/reset", "");
    assert_eq!(read_answer(&mut stream).status, 401);
    let mut stream = hold(&server);
    drop(server);
    assert!(try_read_answer(&mut stream).is_err());
}
