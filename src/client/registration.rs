//! Registering a client, and looking after its registration: RFC 7591 and 7592.

use super::Client;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::http::{Body, Outgoing};
use crate::json::{Object, Raw};
use crate::metadata::Endpoint;
use crate::oauth::token_request::{TokenRequest, headers_for_json};
use crate::oauth::token_response::{self, Answer};
use crate::secret::{Secret, SecretBytes};
use crate::url::Url;

/// What a client may do with its registration (RFC 7592 section 2).
pub enum Management<'a> {
    /// See it.
    Read,
    /// Replace it by this metadata.
    Update(&'a Object),
    /// End it.
    Delete,
}

impl Client {
    /// Registers a client (RFC 7591).
    pub fn register(&self, metadata: &Object, call: &Call) -> Result<Object> {
        let url = self.session.endpoint(Endpoint::Registration, call)?;
        let body = SecretBytes::new(metadata.to_text().as_bytes().to_vec());
        let mut request = TokenRequest::new(&url, "application/json", body, &self.config.http.user_agent);
        if let Some(authorization) = &self.config.authorization {
            request.headers.push("authorization", authorization.clone());
        }
        let whole = self.whole(request.outgoing(), call)?;
        let statement = metadata.get("software_statement").and_then(Raw::as_str);
        let told = [
            statement.as_deref().map(String::as_str),
            self.config.authorization.as_ref().map(Secret::expose),
        ];
        let client =
            self.read(&whole, &url).map_err(|error| error.without(told.iter().flatten().copied()))?;
        match client.get("client_id").and_then(Raw::as_str) {
            Some(_) => Ok(client),
            None => Err(Error::new(Reason::TokenFormat, "client_id is missing from the registration answer")),
        }
    }

    /// Does something with a registration, which is what the server answered when it was made. One that was ended is
    /// empty.
    pub fn manage_registration(
        &self,
        registration: &Object,
        what: &Management<'_>,
        call: &Call,
    ) -> Result<Object> {
        let text = |name: &str| match registration.get(name).and_then(Raw::as_str) {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(Error::new(Reason::Member, format!("registration_json.{name}: is missing"))),
        };
        let (uri, token) = (text("registration_client_uri")?, text("registration_access_token")?);
        let url = Url::parse(&uri).map_err(|problem| {
            Error::new(Reason::Url, format!("registration_json.registration_client_uri: {problem}"))
        })?;
        let (method, body) = match what {
            Management::Read => ("GET", None),
            Management::Delete => ("DELETE", None),
            Management::Update(metadata) => ("PUT", Some(updated(metadata, registration))),
        };
        let mut headers = headers_for_json(&self.config.http.user_agent);
        headers.push_checked("authorization", &format!("Bearer {}", token.as_str()))?;
        if body.is_some() {
            headers.push("content-type", Secret::from("application/json"));
        }
        let body = body.as_ref().map_or(Body::Empty, |body| Body::Bytes(body.expose()));
        let whole = self.whole(Outgoing { method, url: &url, headers: &headers, body }, call)?;
        let secret = |error: Error| error.without(std::iter::once(token.as_str()));
        match what {
            Management::Delete => token_response::check(&Answer::from(&whole), self.session.wall_s())
                .map(|()| Object::default())
                .map_err(|error| secret(error).at(url.without_query())),
            _ => self.read(&whole, &url).map_err(secret),
        }
    }
}

/// A replacement names the client, and leaves out what only the server says (RFC 7592 section 2.2).
fn updated(metadata: &Object, registration: &Object) -> SecretBytes {
    let mut metadata = metadata.clone();
    for name in ["client_id", "client_secret"] {
        if let (None, Some(value)) = (metadata.get(name), registration.get(name)) {
            metadata.set(name, value.clone());
        }
    }
    for name in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        metadata.remove(name);
    }
    SecretBytes::new(metadata.to_text().as_bytes().to_vec())
}
