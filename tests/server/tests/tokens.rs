//! The token, authorization and revocation endpoints and account linking.

mod common;

use common::*;
use serde_json::{Value, json};

#[track_caller]
fn assert_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, answer.json()), (status, json!({ "error": error })));
}

/// The query parameters of a redirect, without decoding.
fn redirect(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 302, "{}", answer.text());
    let location = answer.header("location").expect("a Location");
    let (_, query) = location.split_once('?').expect("a query");
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(n, v)| (n.to_string(), v.to_string())).collect()
}

#[test]
fn client_credentials_give_tokens_without_refresh_token() {
    let server = start();
    let answer = token(&server, &format!("grant_type=client_credentials&scope=a+b&{POST_CLIENT}"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 1800);
    assert_eq!(tokens["scope"], "a b");
    assert!(tokens.get("refresh_token").is_none());
    assert!(text(&tokens, "access_token").starts_with("at-"));
    assert!(is_accepted(&server, &tokens));
}

#[test]
fn clients_authenticate_by_basic_post_or_not_at_all() {
    let server = start();
    let body = "grant_type=client_credentials";
    let basic = |authorization: &str, body: &str| {
        let header = format!("Authorization: {authorization}\r\n");
        once(server.url(), &form("/auth/token", &header, body))
    };
    assert_eq!(basic(BASIC, body).status, 200);
    assert_eq!(basic(&BASIC.replace("Basic", "bAsic"), body).status, 200);
    assert_error(&basic(BASIC, &format!("{body}&{POST_CLIENT}")), 400, "invalid_request");
    let same_id = format!("{body}&client_id=test-client");
    assert_eq!(basic(BASIC, &same_id).status, 200);

    // test-client:wrong
    let wrong = basic("Basic dGVzdC1jbGllbnQ6d3Jvbmc=", body);
    assert_error(&wrong, 401, "invalid_client");
    assert!(wrong.header("www-authenticate").is_some_and(|v| v.starts_with("Basic ")));
    let wrong = token(&server, &format!("{body}&client_id=test-client&client_secret=wrong"));
    assert_error(&wrong, 401, "invalid_client");
    assert_eq!(wrong.header("www-authenticate"), None);
    for who in ["", "&client_id=test-client", "&client_id=nobody&client_secret=test-secret"] {
        assert_error(&token(&server, &format!("{body}{who}")), 401, "invalid_client");
    }

    control(&server, "POST", "/client", r#"{"client_id":"public"}"#);
    let answer = token(&server, &format!("{body}&client_id=public"));
    assert_error(&answer, 400, "unauthorized_client");
    let issued = control(&server, "POST", "/issue", r#"{"client_id":"public"}"#);
    let renewal = format!("grant_type=refresh_token&refresh_token={}", text(&issued, "refresh_token"));
    assert_error(&token(&server, &format!("{renewal}&{POST_CLIENT}")), 400, "invalid_grant");
    let with_secret = format!("{renewal}&client_id=public&client_secret=x");
    assert_error(&token(&server, &with_secret), 401, "invalid_client");
    assert_eq!(token(&server, &format!("{renewal}&client_id=public")).status, 200);
}

#[test]
fn basic_is_form_decoded() {
    let server = start();
    let odd = r#"{"client_id":"web:odd id","client_secret":"p@ss:w%rd+/=& ~"}"#;
    control(&server, "POST", "/client", odd);
    let send = |authorization: &str| {
        let header = format!("Authorization: {authorization}\r\n");
        once(server.url(), &form("/auth/token", &header, "grant_type=client_credentials"))
    };
    // web%3Aodd+id:p%40ss%3Aw%25rd%2B%2F%3D%26+~
    let encoded = "Basic d2ViJTNBb2RkK2lkOnAlNDBzcyUzQXclMjVyZCUyQiUyRiUzRCUyNit+";
    assert_eq!(send(encoded).status, 200);
    // web:odd id:p@ss:w%rd+/=& ~
    assert_eq!(send("Basic d2ViOm9kZCBpZDpwQHNzOnclcmQrLz0mIH4=").status, 401);
}

#[test]
fn only_a_form_is_a_token_request() {
    let server = start();
    let json =
        r#"{"grant_type":"client_credentials","client_id":"test-client","client_secret":"test-secret"}"#;
    for (content_type, body) in [
        ("application/json", json.to_string()),
        ("text/plain", format!("grant_type=client_credentials&{POST_CLIENT}")),
    ] {
        let headers = format!("Content-Type: {content_type}\r\n");
        let answer = once(server.url(), &request("POST", "/auth/token", &headers, &body));
        assert_error(&answer, 400, "unsupported_grant_type");
    }
    let answer = token(&server, &format!("grant_type=urn:example:unknown&{POST_CLIENT}"));
    assert_error(&answer, 400, "unsupported_grant_type");
    for body in [POST_CLIENT, "grant_type=%zz", "grant_type=refresh_token&grant_type=refresh_token"] {
        assert_error(&token(&server, &format!("{body}&{POST_CLIENT}")), 400, "invalid_request");
    }
    let answer = once(server.url(), "GET /auth/token HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert_eq!(count(&server, "token_requests"), 7);
}

#[test]
fn renewal_rotates() {
    let server = start();
    let old = control(&server, "POST", "/issue", r#"{"scope":"a b"}"#);
    let answer = refresh(&server, text(&old, "refresh_token"));
    assert_eq!(answer.status, 200);
    let new = answer.json();
    assert_eq!(new["scope"], "a b");
    assert!(text(&new, "refresh_token").starts_with("rt-"));
    assert_ne!(new["refresh_token"], old["refresh_token"]);
    assert_ne!(new["access_token"], old["access_token"]);
    assert!(is_accepted(&server, &new));
    assert!(is_accepted(&server, &old), "a renewal leaves the old access token alone");
    assert_eq!(refresh(&server, text(&new, "refresh_token")).status, 200);
    assert_eq!(count(&server, "refreshes"), 2);
    assert_eq!(count(&server, "refresh_failures"), 0);
    assert_eq!(count(&server, "families_revoked"), 0);
}

#[test]
fn a_spent_refresh_token_ends_the_family() {
    let server = start();
    let stranger = issue(&server);
    let first = issue(&server);
    let second = refresh(&server, text(&first, "refresh_token")).json();
    let third = refresh(&server, text(&second, "refresh_token")).json();
    assert_error(&refresh(&server, text(&first, "refresh_token")), 400, "invalid_grant");
    for tokens in [&first, &second, &third] {
        assert!(!is_accepted(&server, tokens));
        assert_error(&refresh(&server, text(tokens, "refresh_token")), 400, "invalid_grant");
    }
    assert_eq!(count(&server, "families_revoked"), 1);
    assert_eq!(count(&server, "refresh_failures"), 4);
    assert_eq!(count(&server, "refreshes"), 2);
    assert!(is_accepted(&server, &stranger));
    assert_eq!(refresh(&server, text(&stranger, "refresh_token")).status, 200);
}

#[test]
fn in_the_grace_time_the_same_set_comes_again() {
    let server = start();
    control(&server, "POST", "/config", r#"{"grace_s":30}"#);
    let old = issue(&server);
    let new = refresh(&server, text(&old, "refresh_token")).json();
    control(&server, "POST", "/clock", r#"{"advance_s":20}"#);
    let again = refresh(&server, text(&old, "refresh_token"));
    assert_eq!((again.status, again.json()), (200, new.clone()));
    control(&server, "POST", "/clock", r#"{"advance_s":20}"#);
    assert_error(&refresh(&server, text(&old, "refresh_token")), 400, "invalid_grant");
    assert!(!is_accepted(&server, &new));
    assert_eq!(count(&server, "families_revoked"), 1);
}

#[test]
fn without_rotation_the_answer_has_no_refresh_token() {
    let server = start();
    control(&server, "POST", "/config", r#"{"rotate":false}"#);
    let old = issue(&server);
    for _ in 0..2 {
        let answer = refresh(&server, text(&old, "refresh_token"));
        assert_eq!(answer.status, 200);
        assert!(answer.json().get("refresh_token").is_none());
        assert!(is_accepted(&server, &answer.json()));
    }
    assert_eq!(count(&server, "families_revoked"), 0);
}

#[test]
fn a_renewal_may_ask_for_less_but_not_for_more() {
    let server = start();
    let old = control(&server, "POST", "/issue", r#"{"scope":"a b"}"#);
    let body = refresh_body(text(&old, "refresh_token"));
    assert_error(&token(&server, &format!("{body}&scope=a+c")), 400, "invalid_scope");
    let answer = token(&server, &format!("{body}&scope=b"));
    assert_eq!((answer.status, answer.json()["scope"].clone()), (200, json!("b")));
    assert_error(&refresh(&server, "rt-unknown"), 400, "invalid_grant");
    let nothing = format!("grant_type=refresh_token&{POST_CLIENT}");
    assert_error(&token(&server, &nothing), 400, "invalid_request");
}

#[test]
fn a_code_is_good_once_and_takes_its_tokens_with_it() {
    let server = start();
    let code = control(&server, "POST", "/code", r#"{"redirect_uri":"http://cb/"}"#);
    let code = text(&code, "code");
    let send = |redirect_uri: &str| {
        let who = format!("{POST_CLIENT}&redirect_uri={redirect_uri}");
        token(&server, &format!("grant_type=authorization_code&code={code}&{who}"))
    };
    assert_error(&send("http://evil/"), 400, "invalid_grant");
    let answer = send("http%3A%2F%2Fcb%2F");
    assert_eq!(answer.status, 200);
    let tokens = answer.json();
    assert!(is_accepted(&server, &tokens));
    assert_error(&send("http://cb/"), 400, "invalid_grant");
    assert!(!is_accepted(&server, &tokens));
    assert_eq!(count(&server, "families_revoked"), 1);
    let answer = refresh(&server, text(&tokens, "refresh_token"));
    assert_error(&answer, 400, "invalid_grant");
}

#[test]
fn a_code_expires_and_belongs_to_its_client() {
    let server = start();
    control(&server, "POST", "/client", r#"{"client_id":"public"}"#);
    let code = control(&server, "POST", "/code", r#"{"redirect_uri":"http://cb/"}"#);
    let rest = format!("grant_type=authorization_code&redirect_uri=http://cb/&code={}", text(&code, "code"));
    assert_error(&token(&server, &format!("{rest}&client_id=public")), 400, "invalid_grant");
    control(&server, "POST", "/clock", r#"{"advance_s":601}"#);
    assert_error(&token(&server, &format!("{rest}&{POST_CLIENT}")), 400, "invalid_grant");
}

// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn pkce_is_verified() {
    let server = start();
    let body = json!({ "redirect_uri": "http://cb/", "code_challenge": CHALLENGE });
    let code = control(&server, "POST", "/code", &body.to_string());
    let rest = format!("redirect_uri=http://cb/&code={}&{POST_CLIENT}", text(&code, "code"));
    let send = |verifier: &str| token(&server, &format!("grant_type=authorization_code&{rest}{verifier}"));
    assert_error(&send(""), 400, "invalid_grant");
    assert_error(&send(&format!("&code_verifier={CHALLENGE}")), 400, "invalid_grant");
    assert_eq!(send(&format!("&code_verifier={VERIFIER}")).status, 200);
}

#[test]
fn the_authorization_endpoint_approves_at_once() {
    let server = start();
    let get =
        |query: &str| once(server.url(), &format!("GET /auth/authorize?{query} HTTP/1.1\r\nHost: h\r\n\r\n"));
    let start = "client_id=test-client&redirect_uri=http%3A%2F%2Fcb%2F%3Fx%3D1&state=a%20b%26c";
    let pkce = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
    let answer = get(&format!("{start}&response_type=code&scope=one&{pkce}"));
    let pairs = redirect(&answer);
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x", "code", "state", "iss"]);
    assert_eq!(pairs[2].1, "a%20b%26c");
    let issuer = server.url().replace(':', "%3A").replace('/', "%2F");
    assert_eq!(pairs[3].1, issuer);
    let rest = format!("code={}&redirect_uri=http://cb/?x=1&{POST_CLIENT}", pairs[1].1);
    let body = format!("grant_type=authorization_code&{rest}");
    assert_error(&token(&server, &body), 400, "invalid_grant");
    let answer = token(&server, &format!("{body}&code_verifier={VERIFIER}"));
    assert_eq!((answer.status, answer.json()["scope"].clone()), (200, json!("one")));

    let error = |query: &str| {
        let pairs = redirect(&get(query));
        assert!(pairs.iter().all(|(name, _)| name != "code"));
        assert!(pairs.iter().any(|(name, value)| name == "state" && value == "a%20b%26c"));
        pairs.into_iter().find(|(name, _)| name == "error").expect("an error").1
    };
    let denied = format!("{start}&response_type=code&login_hint=deny");
    assert_eq!(error(&denied), "access_denied");
    assert_eq!(error(&format!("{start}&response_type=token")), "unsupported_response_type");
    let plain = format!("{start}&response_type=code&code_challenge=x");
    assert_eq!(error(&plain), "invalid_request");
    assert_eq!(get("response_type=code&client_id=nobody&redirect_uri=http://cb/").status, 400);
    assert_eq!(get("response_type=code&client_id=test-client").status, 400);
}

#[test]
fn revocation_is_always_200() {
    let server = start();
    let revoke = |body: &str| {
        let answer = once(server.url(), &form("/auth/revoke", "", body));
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    };
    revoke("");
    revoke("token=unknown");
    let tokens = issue(&server);
    revoke(&format!("token={}", text(&tokens, "access_token")));
    assert!(!is_accepted(&server, &tokens));
    let tokens = refresh(&server, text(&tokens, "refresh_token")).json();
    assert!(is_accepted(&server, &tokens), "an access token takes nothing else with it");
    revoke(&format!("token={}&token_type_hint=x", text(&tokens, "refresh_token")));
    assert!(!is_accepted(&server, &tokens), "a refresh token takes all with it");
    let answer = refresh(&server, text(&tokens, "refresh_token"));
    assert_error(&answer, 400, "invalid_grant");
    assert_eq!(count(&server, "families_revoked"), 0);
}

#[test]
fn account_linking_renews_with_json() {
    let server = start();
    let link = |body: &str| {
        let headers = "Content-Type: application/json\r\n";
        once(server.url(), &request("POST", "/link/refresh_token/netatmo", headers, body))
    };
    let old = issue(&server);
    let body = json!({ "refresh_token": old["refresh_token"] }).to_string();
    let answer = link(&body);
    assert_eq!(answer.status, 200);
    assert!(is_accepted(&server, &answer.json()));
    for wrong in [r#"{"refresh_token":"rt-unknown"}"#, "{}", "nonsense", r#"{"refresh_token":1}"#, &body] {
        let answer = link(wrong);
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{wrong}");
    }
    assert_eq!(count(&server, "link_refreshes"), 1);
    assert_eq!(count(&server, "refresh_failures"), 5);
    assert_eq!(count(&server, "refreshes"), 0);
    assert_eq!(count(&server, "token_requests"), 0);
    assert_eq!(count(&server, "families_revoked"), 1);
    let answer = once(server.url(), &request("POST", "/link/refresh_token/", "", &body));
    assert_eq!(answer.status, 404);
}

#[test]
fn the_metadata_has_absolute_endpoints() {
    let server = start();
    let answer =
        once(server.url(), "GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: evil\r\n\r\n");
    let metadata: Value = answer.json();
    assert_eq!(metadata["issuer"], server.url());
    for (name, path) in [
        ("token_endpoint", "/auth/token"),
        ("authorization_endpoint", "/auth/authorize"),
        ("revocation_endpoint", "/auth/revoke"),
    ] {
        assert_eq!(metadata[name], format!("{}{path}", server.url()));
    }
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
}

#[test]
fn configured_members_are_merged_into_token_answers() {
    let server = start();
    let members = r#"{"token_members":{"extra":{"a":[1]},"expires_in":"3600","scope":null}}"#;
    control(&server, "POST", "/config", members);
    let old = issue(&server);
    let new = refresh(&server, text(&old, "refresh_token")).json();
    for tokens in [old, new] {
        assert_eq!(tokens["extra"], json!({ "a": [1] }));
        assert_eq!(tokens["expires_in"], "3600");
        assert!(tokens.get("scope").is_none());
    }
}
