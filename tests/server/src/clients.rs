//! Registered clients and how a request proves which one it is from.

use crate::assertion::{self, Used};
use crate::client::Client;
use crate::encoding::{base64_decode, form_decode};
use crate::jws::Jws;
use std::collections::HashMap;

/// The client registered at the start.
pub const CLIENT_ID: &str = "test-client";
/// Its secret.
pub const CLIENT_SECRET: &str = "test-secret";

/// Why a client was refused, as it is counted.
pub const REASONS: [&str; 18] = [
    "missing",
    "unknown",
    "method",
    "secret",
    "twice",
    "malformed",
    "certificate",
    "alg",
    "kid",
    "signature",
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "replay",
];

/// The registered clients by name, and the assertions that they used.
pub struct Clients {
    clients: HashMap<String, Client>,
    used: Used,
}

/// What a request has to prove its client with.
pub struct Proof<'a> {
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `client_id`.
    pub id: Option<&'a str>,
    /// `client_secret`.
    pub secret: Option<&'a str>,
    /// `client_assertion_type`.
    pub assertion_type: Option<&'a str>,
    /// `client_assertion`.
    pub assertion: Option<&'a str>,
    /// SHA-256 of the certificate that the connection was made with.
    pub certificate: Option<&'a str>,
}

/// A client that has proved who it is.
#[derive(Debug, PartialEq, Eq)]
pub struct Proved {
    /// Its name.
    pub id: String,
    /// How it did it.
    pub method: &'static str,
}

/// Why a client is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 401 `invalid_client`.
    InvalidClient {
        /// Whether the answer has to carry a Basic challenge, since the request had Basic.
        basic: bool,
        /// One of [`REASONS`].
        reason: &'static str,
    },
    /// 400 `invalid_request`: two ways of authentication at once.
    InvalidRequest,
}

impl Default for Clients {
    fn default() -> Self {
        let secret = Some(CLIENT_SECRET.to_string());
        let client = Client { secret, ..Client::default() };
        let clients = HashMap::from([(CLIENT_ID.to_string(), client)]);
        Self { clients, used: Used::default() }
    }
}

impl Clients {
    /// Registers a client, in place of one of this name.
    pub fn register(&mut self, id: String, client: Client) {
        self.clients.insert(id, client);
    }

    /// Forgets a client.
    pub fn remove(&mut self, id: &str) {
        self.clients.remove(id);
    }

    /// A client, if it is registered.
    pub fn find(&self, id: &str) -> Option<&Client> {
        self.clients.get(id)
    }

    /// Whether the client can prove who it is.
    pub fn is_confidential(&self, id: &str) -> bool {
        self.find(id).is_some_and(Client::is_confidential)
    }

    /// Which client a request comes from.
    pub fn authenticate(
        &mut self,
        proof: &Proof,
        audiences: &[String],
        now_s: i64,
    ) -> Result<Proved, Refusal> {
        let asserted = proof.assertion.or(proof.assertion_type);
        let ways = [proof.authorization, proof.secret, asserted];
        if ways.iter().flatten().count() > 1 {
            return Err(Refusal::InvalidRequest);
        }
        if let Some(authorization) = proof.authorization {
            let refused = |reason| Refusal::InvalidClient { basic: true, reason };
            let (id, secret) = basic(authorization).ok_or(refused("malformed"))?;
            if proof.id.is_some_and(|body_id| body_id != id) {
                return Err(Refusal::InvalidRequest);
            }
            return self.by_secret(id, &secret, "client_secret_basic").map_err(refused);
        }
        let refused = |reason| Refusal::InvalidClient { basic: false, reason };
        if asserted.is_some() {
            return self.by_assertion(proof, audiences, now_s).map_err(refused);
        }
        let id = proof.id.ok_or(refused("missing"))?.to_string();
        match proof.secret {
            Some(secret) => self.by_secret(id, secret, "client_secret_post").map_err(refused),
            None => self.by_connection(id, proof.certificate).map_err(refused),
        }
    }

    fn by_secret(&self, id: String, secret: &str, method: &'static str) -> Result<Proved, &'static str> {
        let client = self.find(&id).ok_or("unknown")?;
        if client.method.as_ref().is_some_and(|registered| registered != method) {
            return Err("method");
        }
        if client.secret.as_deref() != Some(secret) {
            return Err("secret");
        }
        Ok(Proved { id, method })
    }

    fn by_assertion(
        &mut self,
        proof: &Proof,
        audiences: &[String],
        now_s: i64,
    ) -> Result<Proved, &'static str> {
        if proof.assertion_type != Some(assertion::TYPE) {
            return Err("malformed");
        }
        let jws = proof.assertion.and_then(Jws::parse).ok_or("malformed")?;
        // RFC 7521, section 4.2: a client_id beside it is needless, and has to be the same.
        let id = match (proof.id, assertion::client_id(&jws)) {
            (Some(id), Some(sub)) if id != sub => return Err("sub"),
            (_, Some(sub)) => sub,
            (Some(id), None) => id.to_string(),
            (None, None) => return Err("sub"),
        };
        let client = self.clients.get(&id).ok_or("unknown")?;
        let jwts = ["client_secret_jwt", "private_key_jwt"];
        let method = jwts.into_iter().find(|method| client.method.as_deref() == Some(method));
        let method = method.ok_or("method")?;
        assertion::verify(&jws, client, &id, audiences, now_s, &mut self.used)?;
        Ok(Proved { id, method })
    }

    fn by_connection(&self, id: String, certificate: Option<&str>) -> Result<Proved, &'static str> {
        let client = self.find(&id).ok_or("unknown")?;
        match client.method.as_deref() {
            None if client.secret.is_some() => Err("secret"),
            None | Some("none") => Ok(Proved { id, method: "none" }),
            Some(registered) => {
                let tls = ["tls_client_auth", "self_signed_tls_client_auth"];
                let method = tls.into_iter().find(|method| *method == registered).ok_or("method")?;
                if certificate.is_none() || client.certificate.as_deref() != certificate {
                    return Err("certificate");
                }
                Ok(Proved { id, method })
            }
        }
    }
}

/// Reads HTTP Basic the way RFC 6749, section 2.3.1 has it: both halves are
/// form-encoded before they are joined, so a colon inside either is `%3A`.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, value) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let joined = String::from_utf8(base64_decode(value.trim())?).ok()?;
    let (id, secret) = joined.split_once(':')?;
    Some((form_decode(id)?, form_decode(secret)?))
}
