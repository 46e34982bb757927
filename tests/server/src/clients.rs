//! Registered clients and how a token request proves which one it is.

use crate::encoding::{base64_decode, form_decode};
use std::collections::HashMap;

/// The client registered at the start.
pub const CLIENT_ID: &str = "test-client";
/// Its secret.
pub const CLIENT_SECRET: &str = "test-secret";

/// The registered clients: name to secret, none for a public client.
pub struct Clients(HashMap<String, Option<String>>);

/// Why a client is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 401 `invalid_client`; `basic` says that the request used HTTP Basic.
    InvalidClient {
        /// Whether the answer has to carry a Basic challenge.
        basic: bool,
    },
    /// 400 `invalid_request`: two ways of authentication at once, or unreadable.
    InvalidRequest,
}

impl Default for Clients {
    fn default() -> Self {
        let secret = Some(CLIENT_SECRET.to_string());
        Self(HashMap::from([(CLIENT_ID.to_string(), secret)]))
    }
}

impl Clients {
    /// Registers a client, or changes its secret.
    pub fn register(&mut self, id: String, secret: Option<String>) {
        self.0.insert(id, secret);
    }

    /// Whether the client is registered.
    pub fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Whether the client has a secret.
    pub fn is_confidential(&self, id: &str) -> bool {
        matches!(self.0.get(id), Some(Some(_)))
    }

    /// Which client a request comes from.
    pub fn authenticate(
        &self,
        authorization: Option<&str>,
        body_id: Option<&str>,
        body_secret: Option<&str>,
    ) -> Result<String, Refusal> {
        let Some(authorization) = authorization else {
            let refusal = Refusal::InvalidClient { basic: false };
            let id = body_id.ok_or(refusal)?;
            return self.check(id, body_secret, false);
        };
        let refusal = || Refusal::InvalidClient { basic: true };
        let (id, secret) = basic(authorization).ok_or_else(refusal)?;
        if body_secret.is_some() || body_id.is_some_and(|body_id| body_id != id) {
            return Err(Refusal::InvalidRequest);
        }
        self.check(&id, Some(&secret), true)
    }

    fn check(&self, id: &str, secret: Option<&str>, basic: bool) -> Result<String, Refusal> {
        match self.0.get(id) {
            Some(expected) if expected.as_deref() == secret => Ok(id.to_string()),
            _ => Err(Refusal::InvalidClient { basic }),
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
