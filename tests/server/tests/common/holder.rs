//! A client that proves with each request that it holds a key (RFC 9449).

// Each test program uses its own part of this.
#![allow(dead_code)]

use crate::common::*;
use crate::signer::{Signer, sha256};
use bearer_testserver::Server;
use serde_json::{Value, json};

pub struct Holder<'a> {
    pub server: &'a Server,
    pub signer: Signer,
    pub alg: String,
    pub jtis: u32,
}

impl<'a> Holder<'a> {
    pub fn new(server: &'a Server, alg: &str) -> Self {
        Self { server, signer: Signer::new(alg), alg: alg.to_string(), jtis: 0 }
    }

    /// A proof in which a test changed the header and the claims; null removes.
    pub fn proof(&mut self, method: &str, path: &str, header: &Value, claims: &Value) -> String {
        self.jtis += 1;
        let now = control(self.server, "GET", "/state", "")["now"].as_i64().expect("a time");
        let mut all = [
            json!({ "typ": "dpop+jwt", "alg": self.alg, "jwk": self.signer.jwk() }),
            json!({ "jti": format!("{}-{}", self.alg, self.jtis), "htm": method, "iat": now,
                "htu": format!("{}{path}", self.server.url()) }),
        ];
        for (whole, changes) in all.iter_mut().zip([header, claims]) {
            for (name, value) in changes.as_object().expect("an object") {
                whole[name] = value.clone();
            }
            whole.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        }
        self.signer.sign(&all[0], &all[1])
    }

    /// A form with a proof that has these claims too.
    pub fn post(&mut self, path: &str, body: &str, claims: &Value) -> Answer {
        let proof = self.proof("POST", path, &json!({}), claims);
        post(self.server, path, &proof, body)
    }

    /// Asks the token endpoint.
    pub fn token(&mut self, body: &str) -> Answer {
        self.post("/auth/token", body, &json!({}))
    }

    /// Asks the API with a token, and a proof that has these claims too.
    pub fn get(&mut self, token: &str, claims: &Value) -> Answer {
        let mut all = json!({ "ath": sha256(token) });
        for (name, value) in claims.as_object().expect("an object") {
            all[name] = value.clone();
        }
        let proof = self.proof("GET", "/api/x", &json!({}), &all);
        get_with(self.server, token, &proof)
    }
}

/// A form with a proof.
pub fn post(server: &Server, path: &str, proof: &str, body: &str) -> Answer {
    once(server.url(), &form(path, &format!("DPoP: {proof}\r\n"), body))
}

/// The API with a token and a proof.
pub fn get_with(server: &Server, token: &str, proof: &str) -> Answer {
    let headers = format!("Authorization: DPoP {token}\r\nDPoP: {proof}\r\n");
    once(server.url(), &request("GET", "/api/x", &headers, ""))
}
