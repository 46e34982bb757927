//! Authorization requests that the client signs (RFC 9101), and answers that the server
//! does (JARM).

mod common;
#[path = "common/signer.rs"]
mod signer;
#[path = "common/verified.rs"]
mod verified;

use bearer_testserver::Server;
use common::*;
use serde_json::{Value, json};
use signer::Signer;
use verified::{is_verified, parts};

/// A public client registered with a key.
struct Client<'a> {
    server: &'a Server,
    signer: Signer,
    alg: String,
}

impl<'a> Client<'a> {
    fn new(server: &'a Server, alg: &str, more: &Value) -> Self {
        let signer = Signer::new(alg);
        let mut client = json!({ "client_id": "app", "jwk": signer.jwk(), "redirect_uris": ["http://cb/"] });
        for (name, value) in more.as_object().expect("an object") {
            client[name] = value.clone();
        }
        control(server, "POST", "/client", &client.to_string());
        Self { server, signer, alg: alg.to_string() }
    }

    /// A request object in which a test changed the header and the claims; null removes.
    fn object(&self, header: &Value, claims: &Value) -> String {
        let now = control(self.server, "GET", "/state", "")["now"].as_i64().expect("a time");
        let mut all = [
            json!({ "alg": self.alg, "typ": "oauth-authz-req+jwt" }),
            json!({ "iss": "app", "aud": self.server.url(), "iat": now, "nbf": now, "exp": now + 60, "jti": "j",
                "client_id": "app", "response_type": "code", "redirect_uri": "http://cb/", "state": "s1" }),
        ];
        for (whole, changes) in all.iter_mut().zip([header, claims]) {
            for (name, value) in changes.as_object().expect("an object") {
                whole[name] = value.clone();
            }
            whole.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        }
        self.signer.sign(&all[0], &all[1])
    }
}

fn authorize(server: &Server, query: &str) -> Answer {
    once(server.url(), &request("GET", &format!("/auth/authorize?{query}"), "", ""))
}

fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 302, "{}", answer.text());
    answer.header("location").expect("a Location")
}

#[test]
fn each_algorithm_signs_a_request() {
    let server = start();
    for alg in ["ES256", "EdDSA", "RS256", "PS256"] {
        let client = Client::new(&server, alg, &json!({ "request_object_signing_alg": alg }));
        let object = client.object(&json!({}), &json!({}));
        // What stands beside it does not count.
        let answer =
            authorize(&server, &format!("client_id=app&request={object}&state=s2&redirect_uri=http://x/"));
        let location = location(&answer);
        assert!(location.starts_with("http://cb/?code=") && location.contains("&state=s1&"), "{location}");
        let pushed =
            once(server.url(), &form("/auth/par", "", &format!("client_id=app&request={object}"))).json();
        let query = format!("client_id=app&request_uri={}", text(&pushed, "request_uri"));
        assert!(self::location(&authorize(&server, &query)).contains("&state=s1&"));
    }
    assert_eq!(count(&server, "request_objects"), 8);
}

#[test]
fn each_part_of_it_is_checked() {
    let server = start();
    let client = Client::new(&server, "ES256", &json!({}));
    let none = json!({});
    for (reason, header, claims) in [
        ("typ", json!({ "typ": "dpop+jwt" }), none.clone()),
        ("alg", json!({ "alg": "none" }), none.clone()),
        ("alg", json!({ "alg": "HS256" }), none.clone()),
        ("alg", json!({ "alg": "RS256" }), none.clone()),
        ("malformed", json!({ "alg": null }), none.clone()),
        ("client_id", none.clone(), json!({ "client_id": null })),
        ("client_id", none.clone(), json!({ "client_id": "test-client" })),
        ("client_id", none.clone(), json!({ "request_uri": "urn:x" })),
        ("iss", none.clone(), json!({ "iss": "test-client" })),
        ("aud", none.clone(), json!({ "aud": "https://elsewhere.example" })),
        ("aud", none.clone(), json!({ "aud": 1 })),
        ("exp", none.clone(), json!({ "exp": 1 })),
        ("exp", none.clone(), json!({ "nbf": 9_999_999_999_i64 })),
    ] {
        let counter = format!("request_object_refused_{reason}");
        let before = count(&server, &counter);
        let object = client.object(&header, &claims);
        let answer = authorize(&server, &format!("client_id=app&request={object}"));
        assert_eq!((answer.status, answer.text()), (400, "400: invalid_request_object"), "{header} {claims}");
        let answer = once(server.url(), &form("/auth/par", "", &format!("client_id=app&request={object}")));
        let error = (400, json!({ "error": "invalid_request_object" }));
        assert_eq!((answer.status, answer.json()), error, "{header} {claims}");
        assert_eq!(count(&server, &counter), before + 2, "{header} {claims}");
    }
    let object = client.object(&none, &none);
    let other = Client { server: &server, signer: Signer::new("ES256"), alg: "ES256".to_string() };
    for query in [
        format!("client_id=app&request={}", other.object(&none, &none)),
        format!("client_id=test-client&request={object}"),
        format!("request={object}"),
        "client_id=app&request=x".to_string(),
    ] {
        assert_eq!(authorize(&server, &query).status, 400, "{query}");
    }
    assert_eq!(count(&server, "request_object_refused_signature"), 1);
    assert_eq!(count(&server, "request_objects"), 0);
    // Claims that an object need not have.
    let object = client.object(&json!({ "typ": null }), &json!({ "iss": null, "aud": null, "exp": null }));
    assert_eq!(authorize(&server, &format!("client_id=app&request={object}")).status, 302);
}

#[test]
fn claims_are_parameters() {
    let server = start();
    let client = Client::new(&server, "EdDSA", &json!({}));
    let details = json!([{ "type": "account_information" }]);
    let claims = json!({ "resource": ["https://a.example", "https://b.example"], "max_age": 5,
        "authorization_details": details, "scope": "openid", "nonce": "n1" });
    let answer = authorize(&server, &format!("client_id=app&request={}", client.object(&json!({}), &claims)));
    let code = location(&answer).split(['=', '&']).nth(1).expect("a code");
    let body = format!("grant_type=authorization_code&code={code}&redirect_uri=http://cb/&client_id=app");
    let tokens = token(&server, &body).json();
    assert_eq!(tokens["authorization_details"], details);
    assert_eq!(parts(text(&tokens, "id_token"))[1]["nonce"], "n1");
    let body = format!("token={}&{POST_CLIENT}", text(&tokens, "access_token"));
    let about = once(server.url(), &form("/auth/introspect", "", &body)).json();
    assert_eq!(about["aud"], claims["resource"]);
}

#[test]
fn signing_can_be_required() {
    let server = start();
    let client = Client::new(&server, "ES256", &json!({ "require_signed_request_object": true }));
    let query = "response_type=code&client_id=app&redirect_uri=http://cb/";
    let is_refused =
        |query: &str| location(&authorize(&server, query)).starts_with("http://cb/?error=invalid_request");
    assert!(is_refused(query));
    let pushed = |body: &str| once(server.url(), &form("/auth/par", "", body));
    assert_eq!(pushed(query).json()["error"], "invalid_request");
    let object = client.object(&json!({}), &json!({}));
    assert!(!is_refused(&format!("client_id=app&request={object}")));
    let uri = pushed(&format!("client_id=app&request={object}")).json();
    assert!(!is_refused(&format!("client_id=app&request_uri={}", text(&uri, "request_uri"))));
    let standard = query.replace("app", "test-client");
    assert!(!is_refused(&standard));
    control(&server, "POST", "/config", r#"{"require_signed_request_object":true}"#);
    assert!(is_refused(&standard));
    let metadata = once(server.url(), &request("GET", "/.well-known/openid-configuration", "", "")).json();
    assert_eq!(metadata["require_signed_request_object"], true);
    assert_eq!(metadata["request_parameter_supported"], true);
}

#[test]
fn the_answer_can_be_signed() {
    let server = start();
    let query = "response_type=code&client_id=test-client&redirect_uri=http://cb/?x=1&state=s1";
    let answered = |rest: &str| {
        let answer = authorize(&server, &format!("{query}{rest}"));
        let response = location(&answer).strip_prefix("http://cb/?x=1&response=").expect("one parameter");
        assert!(is_verified(&server, response));
        let [_, claims] = parts(response);
        claims
    };
    for mode in ["jwt", "query.jwt"] {
        let claims = answered(&format!("&response_mode={mode}"));
        let now = control(&server, "GET", "/state", "")["now"].as_i64().expect("a time");
        for (name, value) in [("iss", server.url()), ("aud", "test-client"), ("state", "s1")] {
            assert_eq!(claims[name], value, "{name}");
        }
        assert!((claims["exp"].as_i64().expect("a time") - now - 600).abs() <= 2);
        let body = "grant_type=authorization_code&redirect_uri=http://cb/?x=1";
        let body = format!("{body}&code={}&{POST_CLIENT}", text(&claims, "code"));
        assert_eq!(token(&server, &body).status, 200);
    }
    let claims = answered("&response_mode=jwt&login_hint=deny");
    assert_eq!((&claims["error"], claims.get("code")), (&json!("access_denied"), None));
    control(&server, "POST", "/config", r#"{"jarm_members":{"state":"other","aud":null},"jwt_alg":"PS256"}"#);
    let claims = answered("&response_mode=jwt");
    assert_eq!((&claims["state"], claims.get("aud")), (&json!("other"), None));
    for (mode, begin) in [("query", "http://cb/?x=1&code="), ("x", "http://cb/?x=1&error=invalid_request")] {
        let answer = authorize(&server, &format!("{query}&response_mode={mode}"));
        assert!(location(&answer).starts_with(begin), "{mode}");
    }
}
