//! Clients that prove who they are with an assertion.

mod common;
#[path = "common/signer.rs"]
mod signer;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};
use signer::Signer;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client registered with a key, and an assertion that is good.
struct Client<'a> {
    server: &'a Server,
    signer: Signer,
    header: Value,
    claims: Value,
    jtis: u32,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server, alg: &str, kid: Option<&str>) -> Self {
        let signer = Signer::new(alg);
        let mut jwk = signer.jwk();
        let mut header = json!({ "alg": alg });
        if let Some(kid) = kid {
            jwk["kid"] = kid.into();
            header["kid"] = kid.into();
        }
        let client = json!({ "client_id": "signs", "method": "private_key_jwt", "alg": alg, "jwk": jwk });
        control(server, "POST", "/client", &client.to_string());
        Self::with(server, signer, header)
    }

    fn with_secret(server: &'a Server) -> Self {
        let client = r#"{"client_id":"signs","client_secret":"shared","method":"client_secret_jwt"}"#;
        control(server, "POST", "/client", client);
        Self::with(server, Signer::Secret("shared".to_string()), json!({ "alg": "HS256" }))
    }

    fn with(server: &'a Server, signer: Signer, header: Value) -> Self {
        let now = control(server, "GET", "/state", "")["now"].as_i64().expect("a time");
        let claims =
            json!({ "iss": "signs", "sub": "signs", "aud": server.url(), "iat": now, "exp": now + 60 });
        Self { server, signer, header, claims, jtis: 0 }
    }

    /// Asks with an assertion in which a test changed the header and the claims; null removes.
    fn ask_with(&mut self, header: Value, claims: Value) -> Answer {
        self.jtis += 1;
        let mut all = [self.header.clone(), self.claims.clone()];
        all[1]["jti"] = format!("jti-{}", self.jtis).into();
        for (whole, changes) in all.iter_mut().zip([header, claims]) {
            for (name, value) in changes.as_object().expect("an object") {
                whole[name] = value.clone();
            }
            whole.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        }
        self.present(&self.signer.sign(&all[0], &all[1]))
    }

    fn present(&self, assertion: &str) -> Answer {
        let proof = format!("client_assertion_type={TYPE}&client_assertion={assertion}");
        token(self.server, &format!("grant_type=client_credentials&{proof}"))
    }

    fn refused(&mut self, reason: &str, header: Value, claims: Value) {
        let counter = format!("client_refused_{reason}");
        let before = count(self.server, &counter);
        let shown = format!("{header} {claims}");
        let answer = self.ask_with(header, claims);
        assert_refused(&answer, &shown);
        assert_eq!(count(self.server, &counter), before + 1, "{shown}");
    }
}

fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.json()), (401, json!({ "error": "invalid_client" })), "{what}");
}

#[test]
fn each_algorithm_is_verified() {
    let server = start();
    for alg in ["ES256", "RS256", "PS256", "EdDSA"] {
        for kid in [None, Some("key-1")] {
            let mut client = Client::new(&server, alg, kid);
            let issuer = client.ask_with(json!({ "typ": "JWT" }), json!({ "jti": format!("{alg}{kid:?}") }));
            assert_eq!(issuer.status, 200, "{alg} {kid:?}");
            assert_eq!(issuer.json()["token_type"], "Bearer");
        }
        let mut client = Client::new(&server, alg, None);
        client.signer = match alg {
            "RS256" => Signer::new("PS256"),
            "PS256" => Signer::new("RS256"),
            _ => Signer::new(alg),
        };
        client.refused("signature", json!({}), json!({}));
    }
    assert_eq!(count(&server, "client_accepted_private_key_jwt"), 8);
    let mut client = Client::with_secret(&server);
    assert_eq!(client.ask_with(json!({}), json!({})).status, 200);
    client.signer = Signer::Secret("other".to_string());
    client.refused("signature", json!({}), json!({}));
    assert_eq!(count(&server, "client_accepted_client_secret_jwt"), 1);
}

#[test]
fn a_key_of_two_algorithms_serves_the_registered_one() {
    let server = start();
    for (registered, other) in [("RS256", "PS256"), ("PS256", "RS256")] {
        let mut client = Client::new(&server, registered, None);
        client.signer = Signer::new(other);
        client.refused("alg", json!({ "alg": other }), json!({}));
    }
    let signer = Signer::new("RS256");
    let client = json!({ "client_id": "signs", "method": "private_key_jwt", "jwk": signer.jwk() });
    control(&server, "POST", "/client", &client.to_string());
    for alg in ["RS256", "PS256"] {
        let mut client = Client::with(&server, Signer::new(alg), json!({ "alg": alg }));
        assert_eq!(
            client.ask_with(json!({}), json!({ "jti": alg })).status,
            200,
            "{alg} where none is registered"
        );
    }
}

#[test]
fn every_claim_is_checked() {
    let server = start();
    let mut client = Client::new(&server, "EdDSA", Some("key-1"));
    let now = client.claims["iat"].as_i64().expect("a time");
    let token_endpoint = format!("{}/auth/token", server.url());
    for aud in [json!(token_endpoint), json!(["https://x.example", server.url()])] {
        assert_eq!(client.ask_with(json!({}), json!({ "aud": aud })).status, 200, "{aud}");
    }
    assert_eq!(client.ask_with(json!({}), json!({ "iat": null })).status, 200);
    let slash = format!("{}/", server.url());
    for (reason, claims) in [
        ("iss", json!({ "iss": "other" })),
        ("iss", json!({ "iss": null })),
        ("sub", json!({ "sub": null })),
        ("unknown", json!({ "sub": "other" })),
        ("aud", json!({ "aud": slash })),
        ("aud", json!({ "aud": server.https_url() })),
        ("aud", json!({ "aud": null })),
        ("exp", json!({ "exp": null })),
        ("exp", json!({ "exp": now - 1 })),
        ("exp", json!({ "exp": (now + 60).to_string() })),
        ("exp", json!({ "exp": now + 7200 })),
        ("iat", json!({ "iat": now + 600 })),
        ("nbf", json!({ "nbf": now + 600 })),
        ("jti", json!({ "jti": null })),
        ("jti", json!({ "jti": "" })),
        ("jti", json!({ "jti": 1 })),
        ("replay", json!({ "jti": "jti-1" })),
    ] {
        client.refused(reason, json!({}), claims);
    }
    for (reason, header) in [
        ("alg", json!({ "alg": "ES256" })),
        ("alg", json!({ "alg": "HS256" })),
        ("alg", json!({ "alg": "none" })),
        ("kid", json!({ "kid": "key-2" })),
        ("kid", json!({ "kid": null })),
        ("malformed", json!({ "kid": 1 })),
        ("malformed", json!({ "crit": ["x"] })),
        ("malformed", json!({ "alg": null })),
    ] {
        client.refused(reason, header, json!({}));
    }
    for compact in ["", "a", "a.b", "e30.e30.AA", "e30.e30.AA.AA"] {
        assert_refused(&client.present(compact), compact);
    }
    assert_eq!(client.ask_with(json!({}), json!({})).status, 200);
}

#[test]
fn an_assertion_expires_by_the_servers_clock() {
    let server = start();
    let mut client = Client::new(&server, "ES256", None);
    control(&server, "POST", "/clock", r#"{"advance_s":61}"#);
    client.refused("exp", json!({}), json!({}));
    control(&server, "POST", "/clock", r#"{"advance_s":-200}"#);
    client.refused("iat", json!({}), json!({}));
}

#[test]
fn a_client_has_to_use_its_method() {
    let server = start();
    let signed = |client: &Client| client.signer.sign(&client.header, &client.claims);
    let client = Client::with_secret(&server);
    let body = "grant_type=client_credentials";
    for (reason, proof) in [
        ("method", "client_id=signs&client_secret=shared".to_string()),
        ("method", "client_id=signs".to_string()),
        ("malformed", format!("client_assertion={}", signed(&client))),
        ("malformed", format!("client_assertion_type=saml&client_assertion={}", signed(&client))),
        ("malformed", format!("client_assertion_type={TYPE}")),
        ("sub", format!("client_id=x&client_assertion_type={TYPE}&client_assertion={}", signed(&client))),
    ] {
        let counter = format!("client_refused_{reason}");
        let before = count(&server, &counter);
        assert_refused(&token(&server, &format!("{body}&{proof}")), &proof);
        assert_eq!(count(&server, &counter), before + 1, "{proof}");
    }
    let twice = format!("{body}&{POST_CLIENT}&client_assertion_type={TYPE}&client_assertion=x");
    assert_eq!(token(&server, &twice).json()["error"], "invalid_request");
    assert_eq!(count(&server, "client_refused_twice"), 1);

    // A key that is known does not make an assertion of a client with a secret.
    let signer = Signer::new("EdDSA");
    let jwk = signer.jwk();
    let other =
        json!({ "client_id": "signs", "client_secret": "x", "method": "client_secret_basic", "jwk": jwk });
    control(&server, "POST", "/client", &other.to_string());
    Client::with(&server, signer, json!({ "alg": "EdDSA" })).refused("method", json!({}), json!({}));
}

#[test]
fn an_assertion_goes_to_every_endpoint_that_needs_a_client() {
    let server = start();
    let client = Client::new(&server, "ES256", None);
    for (index, path) in ["/auth/introspect", "/auth/device_authorization"].into_iter().enumerate() {
        let mut claims = client.claims.clone();
        claims["jti"] = format!("own-{index}").into();
        let assertion = client.signer.sign(&client.header, &claims);
        let body = format!("token=x&client_assertion_type={TYPE}&client_assertion={assertion}");
        assert_eq!(once(server.url(), &form(path, "", &body)).status, 200, "{path}");
    }
}

#[test]
fn a_client_registers_its_keys_by_itself() {
    let server = start();
    let signer = Signer::new("ES256");
    let metadata = json!({ "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
        "jwks": { "keys": [signer.jwk()] } });
    let headers = "Content-Type: application/json\r\n";
    let answer = once(server.url(), &request("POST", "/auth/register", headers, &metadata.to_string()));
    let answer = answer.json();
    assert!(answer.get("client_secret").is_none());
    let mut client = Client::with(&server, signer, json!({ "alg": "ES256" }));
    let id = json!({ "iss": answer["client_id"], "sub": answer["client_id"] });
    assert_eq!(client.ask_with(json!({}), id).status, 200);
}
