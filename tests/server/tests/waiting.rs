//! Clients that wait for a person elsewhere: the device grant and CIBA.

mod common;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};

/// One of the two flows, with its request done.
struct Flow<'a> {
    server: &'a Server,
    body: String,
    answer: Value,
    /// Who says yes or no, as the control request has it.
    person: Value,
}

impl<'a> Flow<'a> {
    fn device(server: &'a Server) -> Self {
        let answer = post(server, "/auth/device_authorization", "scope=a+b");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let grant = "urn:ietf:params:oauth:grant-type:device_code";
        let body = format!("grant_type={grant}&device_code={}", text(&answer, "device_code"));
        let person = json!({ "user_code": answer["user_code"] });
        Self { server, body, answer, person }
    }

    fn ciba(server: &'a Server) -> Self {
        let answer = post(server, "/auth/bc-authorize", "scope=openid+a&login_hint=alice");
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
        let answer = answer.json();
        let id = text(&answer, "auth_req_id");
        let body = format!("grant_type=urn:openid:params:grant-type:ciba&auth_req_id={id}");
        let person = json!({ "auth_req_id": id });
        Self { server, body, answer, person }
    }

    fn both(server: &'a Server) -> [Self; 2] {
        [Self::device(server), Self::ciba(server)]
    }

    fn say(&self, approve: bool) {
        let mut body = self.person.clone();
        body["approve"] = approve.into();
        control(self.server, "POST", "/device", &body.to_string());
    }

    fn step(&self) -> Answer {
        token(self.server, &format!("{}&{POST_CLIENT}", self.body))
    }

    #[track_caller]
    fn fails(&self, error: &str) {
        let answer = self.step();
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": error })));
    }
}

fn post(server: &Server, path: &str, body: &str) -> Answer {
    once(server.url(), &form(path, "", &format!("{body}&{POST_CLIENT}")))
}

fn advance(server: &Server, seconds: i64) {
    control(server, "POST", "/clock", &json!({ "advance_s": seconds }).to_string());
}

#[test]
fn a_client_waits_until_the_person_says_yes() {
    let server = start();
    control(&server, "POST", "/config", r#"{"device_interval_s":5}"#);
    for flow in Flow::both(&server) {
        assert_eq!((&flow.answer["interval"], &flow.answer["expires_in"]), (&json!(5), &json!(600)));
        flow.fails("authorization_pending");
        advance(&server, 5);
        flow.say(true);
        let answer = flow.step();
        assert_eq!(answer.status, 200);
        let tokens = answer.json();
        assert!(is_accepted(&server, &tokens));
        assert_eq!(refresh(&server, text(&tokens, "refresh_token")).status, 200);
        advance(&server, 5);
        flow.fails("invalid_grant");
    }
}

#[test]
fn a_client_that_asks_too_early_has_to_slow_down() {
    let server = start();
    control(&server, "POST", "/config", r#"{"device_interval_s":20}"#);
    for flow in Flow::both(&server) {
        flow.fails("authorization_pending");
        advance(&server, 10);
        flow.fails("slow_down");
        advance(&server, 22);
        flow.fails("slow_down");
        advance(&server, 30);
        flow.fails("authorization_pending");
    }
}

#[test]
fn the_person_says_no_or_nothing() {
    let server = start();
    for flow in Flow::both(&server) {
        flow.say(false);
        flow.fails("access_denied");
    }
    for flow in Flow::both(&server) {
        advance(&server, 601);
        flow.fails("expired_token");
    }
}

#[test]
fn codes_belong_to_their_client_and_flow() {
    let server = start();
    control(&server, "POST", "/client", r#"{"client_id":"other","client_secret":"x"}"#);
    for flow in Flow::both(&server) {
        flow.say(true);
        let answer = token(&server, &format!("{}&client_id=other&client_secret=x", flow.body));
        assert_eq!(answer.json(), json!({ "error": "invalid_grant" }));
        assert_eq!(flow.step().status, 200);
    }
    let device = Flow::device(&server);
    let code = text(&device.answer, "device_code");
    let grant = "grant_type=urn:openid:params:grant-type:ciba";
    for (rest, error) in
        [(format!("&auth_req_id={code}"), "invalid_grant"), (String::new(), "invalid_request")]
    {
        let answer = token(&server, &format!("{grant}{rest}&{POST_CLIENT}"));
        assert_eq!(answer.json(), json!({ "error": error }));
    }
}

#[test]
fn ciba_tokens_are_the_hints_and_the_last_request_is_answered() {
    let server = start();
    let [first, mut second] = [Flow::ciba(&server), Flow::ciba(&server)];
    second.person = json!({ "login_hint": "alice" });
    second.say(true);
    first.fails("authorization_pending");
    let tokens = second.step().json();
    assert_eq!(tokens["scope"], "openid a");
    assert_eq!(get(&server, "/auth/userinfo", &bearer(&tokens)).json()["sub"], "alice");
}

#[test]
fn a_backchannel_request_is_checked() {
    let server = start();
    let long = format!("scope=openid&login_hint=a&binding_message={}", "x".repeat(65));
    for (body, error) in [
        ("login_hint=a", "invalid_request"),
        ("scope=a&login_hint=a", "invalid_scope"),
        ("scope=openid", "invalid_request"),
        ("scope=openid&login_hint=a&id_token_hint=b", "invalid_request"),
        ("scope=openid&login_hint=nobody", "unknown_user_id"),
        ("scope=openid&login_hint=a&requested_expiry=0", "invalid_request"),
        (&long, "invalid_binding_message"),
    ] {
        let answer = post(&server, "/auth/bc-authorize", body);
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": error })), "{body}");
    }
    let answer = post(&server, "/auth/bc-authorize", "scope=openid&login_hint_token=a&requested_expiry=30");
    assert_eq!(answer.json()["expires_in"], 30);
    control(&server, "POST", "/client", r#"{"client_id":"public"}"#);
    let public = form("/auth/bc-authorize", "", "scope=openid&login_hint=a&client_id=public");
    assert_eq!(once(server.url(), &public).status, 401);
}
