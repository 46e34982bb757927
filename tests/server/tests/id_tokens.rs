//! ID tokens (OpenID Connect Core), good ones and others.

mod common;
#[path = "common/signer.rs"]
mod signer;
#[path = "common/verified.rs"]
mod verified;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};
use signer::Signer;
use verified::{is_verified, key, parts, verifies};

fn configure(server: &Server, settings: &Value) {
    control(server, "POST", "/config", &settings.to_string());
}

/// The tokens of a login.
fn login(server: &Server) -> Value {
    let query = "response_type=code&client_id=test-client&redirect_uri=http://cb/&scope=openid%20a&nonce=n1";
    let answer = once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""));
    let location = answer.header("location").expect("a Location");
    let code = location.split(['=', '&']).nth(1).expect("a code");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&{POST_CLIENT}");
    token(server, &body).json()
}

fn issue_openid(server: &Server) -> Value {
    control(server, "POST", "/issue", r#"{"scope":"openid","sub":"alice"}"#)
}

fn claims(tokens: &Value) -> Value {
    let [_, claims] = parts(text(tokens, "id_token"));
    claims
}

#[test]
fn a_login_says_who_came() {
    let server = start();
    let tokens = login(&server);
    let claims = claims(&tokens);
    let now = control(&server, "GET", "/state", "")["now"].as_i64().expect("a time");
    let times = ["iat", "exp", "auth_time"].map(|name| claims[name].as_i64().expect("a time"));
    assert!((times[0] - now).abs() <= 2 && times[1] == times[0] + 600 && (times[2] - now).abs() <= 2);
    // By the hash that the other test of `at_hash` has from the standard.
    assert_eq!(text(&claims, "at_hash").len(), 22);
    for (name, value) in
        [("iss", server.url()), ("sub", "test-user"), ("aud", "test-client"), ("nonce", "n1")]
    {
        assert_eq!(claims[name], value, "{name}");
    }
    assert!(is_verified(&server, text(&tokens, "id_token")));
    assert_eq!(
        parts(text(&tokens, "id_token"))[0],
        json!({ "alg": "ES256", "kid": "ES256-1", "typ": "JWT" })
    );
}

#[test]
fn only_logins_with_openid_have_one() {
    let server = start();
    assert!(issue(&server).get("id_token").is_none());
    let body = format!("grant_type=client_credentials&scope=openid&{POST_CLIENT}");
    assert!(token(&server, &body).json().get("id_token").is_none());
    let code = r#"{"redirect_uri":"http://cb/","scope":"openid","nonce":"n2"}"#;
    let code = control(&server, "POST", "/code", code);
    let code = text(&code, "code");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&{POST_CLIENT}");
    assert_eq!(claims(&token(&server, &body).json())["nonce"], "n2");
    configure(&server, &json!({ "issuer_path": "/tenant" }));
    assert_eq!(claims(&issue_openid(&server))["iss"], format!("{}/tenant", server.url()));
}

#[test]
fn each_algorithm_signs() {
    let server = start();
    for alg in ["ES256", "EdDSA", "RS256", "PS256"] {
        configure(&server, &json!({ "jwt_alg": alg }));
        let tokens = issue_openid(&server);
        let jwt = text(&tokens, "id_token");
        assert_eq!(parts(jwt)[0]["alg"], alg);
        assert!(is_verified(&server, jwt), "{alg}");
        configure(&server, &json!({ "jwt_signature": "wrong" }));
        assert!(!is_verified(&server, text(&issue_openid(&server), "id_token")), "{alg}");
        configure(&server, &json!({ "jwt_signature": "good" }));
    }
    configure(&server, &json!({ "jwt_alg": "HS256" }));
    let tokens = issue_openid(&server);
    let [header, claims] = parts(text(&tokens, "id_token"));
    assert_eq!(text(&tokens, "id_token"), Signer::Secret("test-secret".to_string()).sign(&header, &claims));
    configure(&server, &json!({ "jwt_alg": "none" }));
    let tokens = issue_openid(&server);
    assert!(text(&tokens, "id_token").ends_with('.'));
    assert_eq!(parts(text(&tokens, "id_token"))[0], json!({ "alg": "none", "typ": "JWT" }));
}

#[test]
fn tests_make_them_wrong() {
    let server = start();
    let members = json!({ "iss": "https://evil.example", "sub": null, "aud": ["a"], "exp": "x", "nonce": 1 });
    configure(&server, &json!({ "id_token_members": members, "jwt_header": { "kid": "x", "typ": null } }));
    let tokens = issue_openid(&server);
    let [header, claims] = parts(text(&tokens, "id_token"));
    assert_eq!(header, json!({ "alg": "ES256", "kid": "x" }));
    assert_eq!(
        (&claims["iss"], &claims["aud"], &claims["exp"]),
        (&members["iss"], &members["aud"], &members["exp"])
    );
    assert!(claims.get("sub").is_none());
    configure(&server, &json!({ "jwt_header": {}, "jwt_signature": "der" }));
    let tokens = issue_openid(&server);
    let jwt = text(&tokens, "id_token");
    let key = key(&server, jwt).expect("a key");
    assert!(!verifies(&key, jwt, false) && verifies(&key, jwt, true));
    // The public key taken for a secret.
    configure(&server, &json!({ "jwt_signature": "confused", "jwt_alg": "RS256" }));
    let tokens = issue_openid(&server);
    let [header, claims] = parts(text(&tokens, "id_token"));
    assert_eq!(header["alg"], "HS256");
    let key = once(server.url(), &request("GET", "/auth/jwks", "", "")).json();
    let key = key["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == header["kid"]);
    let secret = Signer::Secret(key.expect("a key").to_string());
    assert_eq!(secret.sign(&header, &claims), text(&tokens, "id_token"));
    for wrong in [r#"{"jwt_alg":"ES384"}"#, r#"{"jwt_signature":"x"}"#, r#"{"jwt_header":1}"#] {
        assert_eq!(control_answer(&server, "POST", "/config", wrong).status, 400, "{wrong}");
    }
}

#[test]
fn a_test_has_anything_signed() {
    let server = start();
    let body = json!({ "claims": { "a": 1 }, "jwt_alg": "EdDSA", "jwt_header": { "crit": ["x"] } });
    let jwt = control(&server, "POST", "/sign", &body.to_string());
    assert_eq!(parts(text(&jwt, "jwt"))[1], json!({ "a": 1 }));
    assert_eq!(parts(text(&jwt, "jwt"))[0]["crit"], json!(["x"]));
    assert!(is_verified(&server, text(&jwt, "jwt")));
    configure(&server, &json!({ "token_members": { "id_token": jwt["jwt"] } }));
    assert_eq!(issue_openid(&server)["id_token"], jwt["jwt"]);
    assert_eq!(control_answer(&server, "POST", "/sign", "{}").status, 400);
}

#[test]
fn a_renewal_says_it_again() {
    let server = start();
    let first = login(&server);
    control(&server, "POST", "/clock", r#"{"advance_s":100}"#);
    let renewed = refresh(&server, text(&first, "refresh_token")).json();
    let [before, after] = [&first, &renewed].map(claims);
    assert_eq!((&before["sub"], &before["auth_time"]), (&after["sub"], &after["auth_time"]));
    assert_eq!(after.get("nonce"), None);
    assert!(after["iat"].as_i64() > before["iat"].as_i64());
    assert_ne!(before["at_hash"], after["at_hash"]);
    configure(&server, &json!({ "id_token_members": { "sub": "mallory" } }));
    let renewed = refresh(&server, text(&renewed, "refresh_token")).json();
    assert_eq!(claims(&renewed)["sub"], "mallory");
    configure(&server, &json!({ "id_token_on_refresh": false }));
    let renewed = refresh(&server, text(&renewed, "refresh_token")).json();
    assert!(renewed.get("id_token").is_none());
    assert_eq!(claims(&issue_openid(&server))["sub"], "mallory", "a login still has one");
}

#[test]
fn keys_are_rolled_and_counted() {
    let server = start();
    let published = || once(server.url(), &request("GET", "/auth/jwks", "", "")).json();
    let metadata = once(server.url(), &request("GET", "/.well-known/openid-configuration", "", "")).json();
    assert_eq!(metadata["jwks_uri"], format!("{}/auth/jwks", server.url()));
    let algs = json!(["ES256", "EdDSA", "RS256", "PS256"]);
    assert_eq!(metadata["id_token_signing_alg_values_supported"], algs);
    let first = issue_openid(&server);
    let first = text(&first, "id_token");
    let before = published();
    assert_eq!(before["keys"].as_array().map(Vec::len), Some(4));
    assert!(before.to_string().find("\"d\"").is_none());
    let answer = control(&server, "POST", "/keys", r#"{"roll":true,"keep":true}"#);
    assert_eq!(answer, published());
    assert_eq!(answer["keys"].as_array().map(Vec::len), Some(8));
    assert!(is_verified(&server, first));
    let second = issue_openid(&server);
    let second = text(&second, "id_token");
    assert!(is_verified(&server, second));
    assert_ne!(parts(first)[0]["kid"], parts(second)[0]["kid"]);
    control(&server, "POST", "/keys", r#"{"roll":true}"#);
    assert!(!is_verified(&server, first) && !is_verified(&server, second));
    assert!(is_verified(&server, text(&issue_openid(&server), "id_token")));
    for (new, old) in
        published()["keys"].as_array().expect("keys").iter().zip(answer["keys"].as_array().expect("keys"))
    {
        assert_eq!(new["alg"], old["alg"]);
        assert!(new["x"] != old["x"] || new["n"] != old["n"]);
    }
    assert_eq!(count(&server, "jwks_requests"), 8);
    control(&server, "POST", "/fault", r#"{"path":"/auth/jwks","status":503}"#);
    assert_eq!(once(server.url(), &request("GET", "/auth/jwks", "", "")).status, 503);
    assert_eq!(count(&server, "jwks_requests"), 9);
}
