//! The client's registration: the member `client`, in the terms of RFC 7591.

use super::reader::Reader;
use crate::error::{Error, Reason, Result};
use crate::secret::Secret;
use crate::signing::Algorithm;

/// RFC 7591 section 2, as far as it is used, and the key that goes with it.
#[derive(Debug, Default)]
pub struct ClientRegistration {
    /// The client identifier.
    pub client_id: Option<String>,
    /// The client secret.
    pub client_secret: Option<Secret>,
    /// How the client authenticates at the token endpoint; `None` leaves it to the server's metadata.
    pub auth_method: Option<AuthMethod>,
    /// The scopes asked for.
    pub scope: Option<String>,
    /// What its assertions are signed with, by the name that the server registered: EdDSA has two.
    pub signing_algorithm: Option<String>,
    /// What ID tokens for it are signed with, where that was agreed on.
    pub id_token_algorithm: Option<Algorithm>,
    /// Its private key, where the configuration has one.
    pub private_key: Option<PrivateKey>,
    /// The name by which the server knows that key.
    pub key_id: Option<String>,
    /// Whether its access tokens are bound to a key (RFC 9449 section 5.2).
    pub binds_to_key: bool,
    /// That key, where the configuration has one.
    pub dpop_key: Option<PrivateKey>,
    /// Whether its authorization requests are pushed (RFC 9126 section 6).
    pub pushes: bool,
    /// What its authorization requests are signed with (RFC 9101 section 10.5).
    pub request_signing: Option<String>,
    /// Whether its access tokens are bound to its certificate (RFC 8705 section 3.4).
    pub binds_to_certificate: bool,
}

/// Where a client's private key is.
#[derive(Debug)]
pub enum PrivateKey {
    /// Here: PEM, or a JWK.
    Text(Secret),
    /// In a file of the same.
    File(String),
}

/// How a client authenticates (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// A public client: its identifier alone.
    None,
    /// Identifier and secret in the body (RFC 6749 section 2.3.1).
    Post,
    /// Identifier and secret in an authorization header (RFC 6749 section 2.3.1).
    Basic,
    /// An assertion authenticated by the secret (OpenID Connect Core section 9).
    SecretJwt,
    /// An assertion signed by the client's key (RFC 7523 section 2.2).
    PrivateKeyJwt,
    /// The client's certificate (RFC 8705 section 2).
    Certificate,
}

/// Reads the member `client`, and what it needs of others.
pub(super) fn read(reader: &Reader) -> Result<ClientRegistration> {
    let text = |path| reader.text(path).map(|text| text.to_string());
    let client_secret = reader.text("client.client_secret").map(|secret| Secret::from(secret.as_str()));
    let private_key = private_key(reader, "client.private_key")?;
    let name = text("client.token_endpoint_auth_method");
    let auth_method = name.as_deref().and_then(AuthMethod::parse);
    let client = ClientRegistration {
        client_id: text("client.client_id"),
        client_secret,
        auth_method,
        scope: text("client.scope"),
        signing_algorithm: text("client.token_endpoint_auth_signing_alg"),
        id_token_algorithm: text("client.id_token_signed_response_alg")
            .and_then(|name| Algorithm::parse(&name)),
        private_key,
        key_id: text("client.key_id"),
        binds_to_key: reader.bool("client.dpop_bound_access_tokens", false),
        dpop_key: self::private_key(reader, "client.dpop_key")?,
        pushes: reader.bool("client.require_pushed_authorization_requests", false),
        request_signing: text("client.request_object_signing_alg"),
        binds_to_certificate: reader.bool("client.tls_client_certificate_bound_access_tokens", false),
    };
    if client.id_token_algorithm == Some(Algorithm::Hs256) && client.client_secret.is_none() {
        let problem = "client.id_token_signed_response_alg: HS256 needs client.client_secret";
        return Err(Error::new(Reason::Conflict, problem));
    }
    let needs = |what: &str| {
        let name = name.as_deref().unwrap_or_default();
        Err(Error::new(Reason::Conflict, format!("client.token_endpoint_auth_method: {name} needs {what}")))
    };
    match auth_method {
        Some(AuthMethod::Post | AuthMethod::Basic | AuthMethod::SecretJwt)
            if client.client_secret.is_none() =>
        {
            return needs("client.client_secret");
        }
        Some(AuthMethod::Certificate) if reader.raw("http.client_cert_file").is_none() => {
            return needs("http.client_cert_file");
        }
        Some(AuthMethod::PrivateKeyJwt | AuthMethod::Certificate) if client.client_id.is_none() => {
            return needs("client.client_id");
        }
        _ => {}
    }
    if client.client_id.is_none() {
        for path in ["client.client_secret", "client.private_key", "client.private_key_file"] {
            if reader.raw(path).is_some() {
                return Err(Error::new(Reason::Conflict, format!("{path}: needs client.client_id")));
            }
        }
    }
    Ok(client)
}

/// A key as text, or the file of one.
fn private_key(reader: &Reader, path: &str) -> Result<Option<PrivateKey>> {
    let (file_path, text) = (format!("{path}_file"), reader.text(path));
    let file = reader.text(&file_path).map(|file| file.to_string());
    match (text, file) {
        (Some(_), Some(_)) => Err(Error::new(Reason::Conflict, format!("{path}: excludes {file_path}"))),
        (Some(text), None) => Ok(Some(PrivateKey::Text(Secret::from(text.as_str())))),
        (None, file) => Ok(file.map(PrivateKey::File)),
    }
}

impl AuthMethod {
    fn parse(name: &str) -> Option<AuthMethod> {
        Some(match name {
            "none" => AuthMethod::None,
            "client_secret_post" => AuthMethod::Post,
            "client_secret_basic" => AuthMethod::Basic,
            "client_secret_jwt" => AuthMethod::SecretJwt,
            "private_key_jwt" => AuthMethod::PrivateKeyJwt,
            "tls_client_auth" | "self_signed_tls_client_auth" => AuthMethod::Certificate,
            _ => return None,
        })
    }
}
