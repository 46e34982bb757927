//! Tokens that are bound to a key (RFC 9449).

mod common;
#[path = "common/holder.rs"]
mod holder;
#[path = "common/signer.rs"]
mod signer;

use bearer_testserver::Server;
use common::*;
use holder::{Holder, post};
use serde_json::{Value, json};
use signer::Signer;

const CREDENTIALS: &str = "grant_type=client_credentials&client_id=test-client&client_secret=test-secret";

fn introspect(server: &Server, token: &str) -> Value {
    once(server.url(), &form("/auth/introspect", "", &format!("token={token}&{POST_CLIENT}"))).json()
}

fn configure(server: &Server, settings: &Value) {
    control(server, "POST", "/config", &settings.to_string());
}

/// A public client, with its first tokens.
fn public(holder: &mut Holder) -> Value {
    control(holder.server, "POST", "/client", r#"{"client_id":"app"}"#);
    let code = control(holder.server, "POST", "/code", r#"{"client_id":"app","redirect_uri":"http://cb/"}"#);
    let code = text(&code, "code");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&client_id=app");
    let answer = holder.token(&body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn renewal(tokens: &Value) -> String {
    format!("grant_type=refresh_token&refresh_token={}&client_id=app", text(tokens, "refresh_token"))
}

#[track_caller]
fn refused(server: &Server, reason: &str, ask: impl FnOnce() -> Answer) -> Answer {
    let counter = format!("dpop_refused_{reason}");
    let before = count(server, &counter);
    let answer = ask();
    assert!(answer.status >= 400, "{}", answer.text());
    assert_eq!(count(server, &counter), before + 1, "{reason}");
    answer
}

#[test]
fn each_algorithm_binds_a_token() {
    let server = start();
    for alg in ["ES256", "EdDSA", "RS256", "PS256"] {
        let mut holder = Holder::new(&server, alg);
        let tokens = holder.token(CREDENTIALS).json();
        assert_eq!(tokens["token_type"], "DPoP", "{alg}");
        let token = text(&tokens, "access_token");
        let answer = introspect(&server, token);
        assert_eq!(answer["token_type"], "DPoP");
        assert_eq!(answer["cnf"]["jkt"], holder.signer.thumbprint(), "{alg}");
        let answer = holder.get(token, &json!({}));
        assert_eq!((answer.status, answer.header("dpop-nonce")), (200, None));
    }
    assert_eq!(count(&server, "dpop_accepted"), 8);
    // Without a proof all is as ever.
    assert_eq!(token(&server, CREDENTIALS).json()["token_type"], "Bearer");
}

#[test]
fn each_part_of_a_proof_is_checked() {
    let server = start();
    let mut holder = Holder::new(&server, "ES256");
    let now = control(&server, "GET", "/state", "")["now"].as_i64().expect("a time");
    let at = |rest: &str| json!({ "htu": format!("{}/auth/token{rest}", server.url()) });
    let mut private = holder.signer.jwk();
    private["d"] = "AA".into();
    for (reason, header, claims) in [
        ("typ", json!({ "typ": "JWT" }), json!({})),
        ("typ", json!({ "typ": null }), json!({})),
        ("alg", json!({ "alg": "HS256" }), json!({})),
        ("alg", json!({ "alg": "none" }), json!({})),
        ("malformed", json!({ "alg": null }), json!({})),
        ("jwk", json!({ "jwk": null }), json!({})),
        ("jwk", json!({ "jwk": private }), json!({})),
        ("jwk", json!({ "alg": "EdDSA" }), json!({})),
        ("signature", json!({ "jwk": Signer::new("ES256").jwk() }), json!({})),
        ("jti", json!({}), json!({ "jti": null })),
        ("jti", json!({}), json!({ "jti": "" })),
        ("htm", json!({}), json!({ "htm": "GET" })),
        ("htm", json!({}), json!({ "htm": "post" })),
        ("htm", json!({}), json!({ "htm": null })),
        ("htu", json!({}), at("/")),
        ("htu", json!({}), at("?x=1")),
        ("htu", json!({}), at("#x")),
        ("htu", json!({}), json!({ "htu": null })),
        ("htu", json!({}), json!({ "htu": format!("{}/auth/token", server.https_url()) })),
        ("iat", json!({}), json!({ "iat": null })),
        ("iat", json!({}), json!({ "iat": now - 70 })),
        ("iat", json!({}), json!({ "iat": now + 70 })),
    ] {
        let proof = holder.proof("POST", "/auth/token", &header, &claims);
        let answer = refused(&server, reason, || post(&server, "/auth/token", &proof, CREDENTIALS));
        assert_eq!(
            (answer.status, answer.json()),
            (400, json!({ "error": "invalid_dpop_proof" })),
            "{claims}"
        );
    }
    let proof = holder.proof("POST", "/auth/token", &json!({}), &json!({}));
    refused(&server, "malformed", || {
        post(&server, "/auth/token", &format!("{proof}\r\nDPoP: {proof}"), CREDENTIALS)
    });
    assert_eq!(count(&server, "dpop_accepted"), 0);
    assert_eq!(post(&server, "/auth/token", &proof, CREDENTIALS).status, 200);
    refused(&server, "replay", || post(&server, "/auth/token", &proof, CREDENTIALS));
    // By the name under which the client reached it.
    let by_name = holder.proof("POST", "/auth/token", &json!({}), &json!({ "htu": "http://h/auth/token" }));
    assert_eq!(post(&server, "/auth/token", &by_name, CREDENTIALS).status, 200);
}

#[test]
fn a_nonce_is_asked_for_and_handed_out() {
    let server = start();
    configure(&server, &json!({ "dpop_nonce": "required" }));
    let mut holder = Holder::new(&server, "EdDSA");
    let asks = |answer: &Answer| {
        assert_eq!((answer.status, answer.json()), (400, json!({ "error": "use_dpop_nonce" })));
        answer.header("dpop-nonce").expect("a nonce").to_string()
    };
    let first = asks(&refused(&server, "nonce", || holder.token(CREDENTIALS)));
    refused(&server, "replay", || {
        let same = json!({ "jti": "EdDSA-1", "nonce": first });
        holder.post("/auth/token", CREDENTIALS, &same)
    });
    let answer = holder.post("/auth/token", CREDENTIALS, &json!({ "nonce": first }));
    assert_eq!((answer.status, answer.header("dpop-nonce")), (200, Some(&*first)));
    let bound = text(&answer.json(), "access_token").to_string();

    // The API has another.
    let challenge = r#"DPoP error="use_dpop_nonce", algs="ES256 EdDSA""#;
    let answer = refused(&server, "nonce", || holder.get(&bound, &json!({ "nonce": first })));
    assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some(challenge)));
    let own = answer.header("dpop-nonce").expect("a nonce").to_string();
    assert_ne!(own, first);
    let answer = holder.get(&bound, &json!({ "nonce": own }));
    assert_eq!((answer.status, answer.header("dpop-nonce")), (200, Some(&*own)));

    // One that is kept for a while, and then gone.
    let rolled = control(&server, "POST", "/dpop", r#"{"roll":true,"keep":true}"#);
    let answer = holder.post("/auth/token", CREDENTIALS, &json!({ "nonce": first }));
    assert_eq!((answer.status, answer.header("dpop-nonce")), (200, rolled["nonce"].as_str()));
    let answer = holder.get(&bound, &json!({ "nonce": own }));
    assert_eq!((answer.status, answer.header("dpop-nonce")), (200, rolled["api_nonce"].as_str()));
    control(&server, "POST", "/dpop", r#"{"roll":true,"keep":true}"#);
    asks(&refused(&server, "nonce", || holder.post("/auth/token", CREDENTIALS, &json!({ "nonce": first }))));
    let last = holder.post("/auth/token", CREDENTIALS, &json!({ "nonce": rolled["nonce"] }));
    assert_eq!(last.status, 200);
    control(&server, "POST", "/dpop", r#"{"roll":true}"#);
    asks(&refused(&server, "nonce", || {
        holder.post("/auth/token", CREDENTIALS, &json!({ "nonce": last.header("dpop-nonce") }))
    }));

    // On one side only.
    configure(&server, &json!({ "dpop_nonce": "api" }));
    assert_eq!(holder.token(CREDENTIALS).status, 200);
    refused(&server, "nonce", || holder.get(&bound, &json!({})));
    configure(&server, &json!({ "dpop_nonce": "token" }));
    refused(&server, "nonce", || holder.token(CREDENTIALS));
    assert_eq!(holder.get(&bound, &json!({})).status, 200);
    // Whoever proves nothing needs no nonce.
    assert_eq!(token(&server, CREDENTIALS).status, 200);
}

#[test]
fn the_api_binds_token_key_and_scheme() {
    let server = start();
    let mut holder = Holder::new(&server, "ES256");
    let bound = text(&holder.token(CREDENTIALS).json(), "access_token").to_string();
    let loose = text(&issue(&server), "access_token").to_string();
    let challenge = |error: &str| format!(r#"DPoP error="{error}", algs="ES256 EdDSA""#);
    let is = |answer: &Answer, error: &str| {
        let header = answer.header("www-authenticate");
        assert_eq!((answer.status, header), (401, Some(challenge(error).as_str())));
    };
    let answer = refused(&server, "scheme", || get(&server, "/api/x", &format!("Bearer {bound}")));
    is(&answer, "invalid_token");
    is(&refused(&server, "scheme", || holder.get(&loose, &json!({}))), "invalid_token");
    is(
        &refused(&server, "missing", || get(&server, "/api/x", &format!("DPoP {bound}"))),
        "invalid_dpop_proof",
    );
    is(&refused(&server, "ath", || holder.get(&bound, &json!({ "ath": null }))), "invalid_dpop_proof");
    is(&refused(&server, "ath", || holder.get(&bound, &json!({ "ath": "AA" }))), "invalid_dpop_proof");
    is(&refused(&server, "htm", || holder.get(&bound, &json!({ "htm": "POST" }))), "invalid_dpop_proof");
    let mut other = Holder::new(&server, "ES256");
    is(&refused(&server, "binding", || other.get(&bound, &json!({}))), "invalid_token");
    is(&holder.get("at-unknown", &json!({})), "invalid_token");
    let api_401 = count(&server, "api_401");
    assert_eq!(api_401, 8);
    assert_eq!(holder.get(&bound, &json!({})).status, 200);

    // The query is no part of the URL.
    let ath = json!({ "ath": signer::sha256(&bound) });
    let proof = holder.proof("GET", "/api/x", &json!({}), &ath);
    let headers = format!("Authorization: DPoP {bound}\r\nDPoP: {proof}\r\n");
    assert_eq!(once(server.url(), &request("GET", "/api/x?a=1", &headers, "")).status, 200);
    // Neither userinfo takes it as a bearer's.
    let userinfo = |headers: &str| once(server.url(), &request("GET", "/auth/userinfo", headers, ""));
    assert_eq!(userinfo(&format!("Authorization: Bearer {bound}\r\n")).status, 401);
    let proof = holder.proof("GET", "/auth/userinfo", &json!({}), &ath);
    assert_eq!(userinfo(&format!("Authorization: DPoP {bound}\r\nDPoP: {proof}\r\n")).status, 200);
    // A challenge for more is of the token's scheme.
    configure(&server, &json!({ "step_up": { "scope": "admin" } }));
    let answer = holder.get(&bound, &json!({}));
    let challenge = r#"DPoP error="insufficient_scope", scope="admin""#;
    assert_eq!((answer.status, answer.header("www-authenticate")), (403, Some(challenge)));
}

#[test]
fn refresh_tokens_of_public_clients_are_bound() {
    let server = start();
    let mut holder = Holder::new(&server, "EdDSA");
    let tokens = public(&mut holder);
    let body = renewal(&tokens);
    let mut other = Holder::new(&server, "EdDSA");
    let answer = refused(&server, "missing", || token(&server, &body));
    assert_eq!(answer.json()["error"], "invalid_grant");
    refused(&server, "binding", || other.token(&body));
    let renewed = holder.token(&body).json();
    assert_eq!(renewed["token_type"], "DPoP");
    assert_eq!(holder.get(text(&renewed, "access_token"), &json!({})).status, 200);
    assert_eq!(count(&server, "refresh_failures"), 2);

    // A confidential client's is bound to the client, and can have another key.
    let tokens =
        control(&server, "POST", "/issue", &json!({ "jkt": holder.signer.thumbprint() }).to_string());
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(holder.get(text(&tokens, "access_token"), &json!({})).status, 200);
    let renewed = other.token(&refresh_body(text(&tokens, "refresh_token"))).json();
    assert_eq!(other.get(text(&renewed, "access_token"), &json!({})).status, 200);
}

#[test]
fn a_code_can_be_bound() {
    let server = start();
    let mut holder = Holder::new(&server, "ES256");
    let mut other = Holder::new(&server, "ES256");
    let jkt = holder.signer.thumbprint();
    let query = format!("response_type=code&client_id=test-client&redirect_uri=http://cb/&dpop_jkt={jkt}");
    let answer = once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""));
    let location = answer.header("location").expect("a Location");
    let code = location.split(['=', '&']).nth(1).expect("a code");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&{POST_CLIENT}");
    assert_eq!(token(&server, &body).json()["error"], "invalid_grant");
    assert_eq!(other.token(&body).json()["error"], "invalid_grant");
    assert_eq!(holder.token(&body).json()["token_type"], "DPoP");
}

#[test]
fn a_client_can_be_bound_to_prove() {
    let server = start();
    let client =
        r#"{"client_id":"test-client","client_secret":"test-secret","dpop_bound_access_tokens":true}"#;
    control(&server, "POST", "/client", client);
    let answer = refused(&server, "missing", || token(&server, CREDENTIALS));
    assert_eq!((answer.status, answer.json()), (400, json!({ "error": "invalid_dpop_proof" })));
    assert_eq!(Holder::new(&server, "ES256").token(CREDENTIALS).status, 200);
}

#[test]
fn a_server_can_ignore_proofs() {
    let server = start();
    configure(&server, &json!({ "dpop_ignored": true, "dpop_nonce": "required" }));
    let mut holder = Holder::new(&server, "ES256");
    let answer = holder.token(CREDENTIALS);
    assert_eq!(answer.header("dpop-nonce"), None);
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(is_accepted(&server, &tokens), "nothing is bound");
    // The other downgrade: a token that is bound and said not to be.
    configure(
        &server,
        &json!({ "dpop_ignored": false, "dpop_nonce": "none", "token_members": { "token_type": "Bearer" } }),
    );
    let tokens = holder.token(CREDENTIALS).json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert!(!is_accepted(&server, &tokens));
}

#[test]
fn a_proof_is_timed_by_the_servers_clock() {
    let server = start();
    configure(&server, &json!({ "date_header": true }));
    let mut holder = Holder::new(&server, "ES256");
    control(&server, "POST", "/clock", r#"{"offset_s":-784111777}"#);
    let mine = json!({ "iat": std::time::UNIX_EPOCH.elapsed().expect("now").as_secs() });
    let answer = refused(&server, "iat", || holder.post("/auth/token", CREDENTIALS, &mine));
    let date = answer.header("date").expect("a Date");
    assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
    assert_eq!(holder.token(CREDENTIALS).status, 200);
}

#[test]
fn settings_are_checked_and_shown() {
    let server = start();
    for wrong in [r#"{"dpop_nonce":"maybe"}"#, r#"{"dpop_nonce":null}"#, r#"{"dpop_ignored":1}"#] {
        assert_eq!(control_answer(&server, "POST", "/config", wrong).status, 400, "{wrong}");
    }
    for name in ["none", "required", "token", "api"] {
        let all = control(&server, "POST", "/config", &json!({ "dpop_nonce": name }).to_string());
        assert_eq!((&all["dpop_nonce"], &all["dpop_ignored"]), (&json!(name), &json!(false)));
    }
    assert_eq!(control_answer(&server, "POST", "/dpop", r#"{"x":1}"#).status, 400);
    let path = "/.well-known/oauth-authorization-server";
    let metadata = once(server.url(), &request("GET", path, "", "")).json();
    assert_eq!(metadata["dpop_signing_alg_values_supported"], json!(["ES256", "EdDSA", "RS256", "PS256"]));
}
