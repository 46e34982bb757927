//! Registered clients and how a token request proves which one it is.

use crate::encoding::{base64_decode, form_decode};
use std::collections::HashMap;

/// The client registered at the start.
pub const CLIENT_ID: &str = "test-client";
/// Its secret.
pub const CLIENT_SECRET: &str = "test-secret";

/// The methods of authentication that a client can register, the usual one first.
pub const METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];

/// A client.
pub struct Client {
    /// Its secret; none for a public client.
    pub secret: Option<String>,
    /// Where it can have codes sent; anywhere, if it did not say.
    pub redirect_uris: Option<Vec<String>>,
}

/// The registered clients by name.
pub struct Clients(HashMap<String, Client>);

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
        let client = Client { secret, redirect_uris: None };
        Self(HashMap::from([(CLIENT_ID.to_string(), client)]))
    }
}

impl Clients {
    /// Registers a client, in place of one of this name.
    pub fn register(&mut self, id: String, client: Client) {
        self.0.insert(id, client);
    }

    /// Whether the client is registered.
    pub fn knows(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Whether the client has a secret.
    pub fn is_confidential(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|client| client.secret.is_some())
    }

    /// Whether a client can have codes sent there.
    pub fn redirects_to(&self, id: &str, uri: &str) -> bool {
        let registered = self.0.get(id).and_then(|client| client.redirect_uris.as_ref());
        // RFC 8252, section 7.3: on the loopback interface any port will do.
        registered.is_none_or(|uris| uris.iter().any(|one| one == uri || is_same_loopback(one, uri)))
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
            Some(client) if client.secret.as_deref() == secret => Ok(id.to_string()),
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

fn is_same_loopback(one: &str, other: &str) -> bool {
    without_port(one).is_some_and(|parts| Some(parts) == without_port(other))
}

/// The address and the path of a URI on the loopback interface.
fn without_port(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let address = ["127.0.0.1", "[::1]"].into_iter().find(|address| rest.starts_with(address))?;
    let rest = &rest[address.len()..];
    let path = &rest[rest.find('/').unwrap_or(rest.len())..];
    let port = &rest[..rest.len() - path.len()];
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some((address, path))
}
