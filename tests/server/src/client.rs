//! A client, and how it registers.

use crate::jws::{ALGORITHMS, Jwk};
use crate::members::Members;
use serde_json::Value;

/// The methods of authentication that a client can register, the usual one first.
pub const METHODS: [&str; 7] = [
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
];

/// A client.
#[derive(Default)]
pub struct Client {
    /// Its secret; none for a public client.
    pub secret: Option<String>,
    /// The method it has to use; without one, its secret either way or nothing.
    pub method: Option<String>,
    /// The algorithm that its assertions have to be signed with.
    pub alg: Option<String>,
    /// The public keys of its assertions.
    pub keys: Vec<Jwk>,
    /// SHA-256 of its certificate, in hexadecimal.
    pub certificate: Option<String>,
    /// Where it can have codes sent; anywhere, if it did not say.
    pub redirect_uris: Option<Vec<String>>,
    /// Where people can go after the end of their session; anywhere, if it did not say.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Whether its tokens have to be bound (RFC 9449, section 5.2).
    pub dpop_bound: bool,
    /// The algorithm that its request objects have to be signed with.
    pub request_object_alg: Option<String>,
    /// Whether its authorization requests have to be signed (RFC 9101, section 10.5).
    pub require_signed: bool,
    /// Whether it has to push its authorization requests (RFC 9126, section 6).
    pub require_pushed: bool,
}

impl Client {
    /// Reads a client from a control request. `certificate` is the one that the server
    /// hands out, which is a client's where it names none.
    pub fn read(members: &mut Members, certificate: &str) -> Result<Self, String> {
        let jwks = match (members.take("jwk"), members.take("jwks")) {
            (Some(_), Some(_)) => return Err("jwk beside jwks".to_string()),
            (Some(jwk), None) => vec![jwk],
            (None, None) => Vec::new(),
            (None, Some(Value::Array(list))) => list,
            (None, Some(_)) => return Err("jwks is not a list".to_string()),
        };
        let mut client = Self {
            secret: members.text("client_secret")?,
            method: members.text("method")?,
            alg: members.text("alg")?,
            keys: jwks.iter().map(Jwk::parse).collect::<Result<_, _>>()?,
            certificate: members.text("certificate_sha256")?.map(|hash| hash.to_ascii_lowercase()),
            redirect_uris: uris(members, "redirect_uris")?,
            post_logout_redirect_uris: uris(members, "post_logout_redirect_uris")?,
            dpop_bound: members.flag("dpop_bound_access_tokens")?.unwrap_or(false),
            request_object_alg: members.text("request_object_signing_alg")?,
            require_signed: members.flag("require_signed_request_object")?.unwrap_or(false),
            require_pushed: members.flag("require_pushed_authorization_requests")?.unwrap_or(false),
        };
        client.complete(certificate)?;
        Ok(client)
    }

    /// Whether all is there that the method needs.
    pub fn complete(&mut self, certificate: &str) -> Result<(), String> {
        let mut algs = [&self.alg, &self.request_object_alg].into_iter().flatten();
        if let Some(alg) = algs.find(|alg| !ALGORITHMS.contains(&alg.as_str())) {
            return Err(format!("alg {alg:?} is not one of {}", ALGORITHMS.join(", ")));
        }
        let Some(method) = &self.method else {
            return Ok(());
        };
        match method.as_str() {
            "client_secret_basic" | "client_secret_post" | "client_secret_jwt" if self.secret.is_none() => {
                Err(format!("{method} needs a client_secret"))
            }
            "private_key_jwt" if self.keys.is_empty() => Err(format!("{method} needs a jwk")),
            "tls_client_auth" | "self_signed_tls_client_auth" => {
                self.certificate.get_or_insert_with(|| certificate.to_string());
                Ok(())
            }
            known if METHODS.contains(&known) => Ok(()),
            _ => Err(format!("method {method:?} is not one of {}", METHODS.join(", "))),
        }
    }

    /// Whether it can prove who it is.
    pub fn is_confidential(&self) -> bool {
        match self.method.as_deref() {
            None => self.secret.is_some(),
            Some(method) => method != "none",
        }
    }

    /// Whether it can have codes sent there.
    pub fn redirects_to(&self, uri: &str) -> bool {
        is_among(self.redirect_uris.as_deref(), uri)
    }

    /// Whether people can go there after the end of their session.
    pub fn returns_to(&self, uri: &str) -> bool {
        is_among(self.post_logout_redirect_uris.as_deref(), uri)
    }
}

fn is_among(uris: Option<&[String]>, uri: &str) -> bool {
    // RFC 8252, section 7.3: on the loopback interface any port will do.
    uris.is_none_or(|uris| uris.iter().any(|one| one == uri || is_same_loopback(one, uri)))
}

fn uris(members: &mut Members, name: &str) -> Result<Option<Vec<String>>, String> {
    let wrong = |_| format!("{name} is not a list of strings");
    members.take(name).map(|list| serde_json::from_value(list).map_err(wrong)).transpose()
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
