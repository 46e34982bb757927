//! A request to the token endpoint, on its way.

use crate::http::{Body, Headers, Outgoing};
use crate::secret::{Secret, SecretBytes};
use crate::url::Url;

/// Parameters of a request by their RFC names, in the order in which they are sent.
pub type Parameters = Vec<(String, Secret)>;

/// Headers of a request for JSON, unencoded.
pub fn headers_for_json(user_agent: &str) -> Headers {
    let mut headers = Headers::default();
    for (name, value) in
        [("accept", "application/json"), ("accept-encoding", "identity"), ("user-agent", user_agent)]
    {
        headers.push(name, Secret::from(value));
    }
    headers
}

/// Everything that one POST to a token endpoint is made of.
#[derive(Debug)]
pub struct TokenRequest {
    /// The token endpoint.
    pub url: Url,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub body: SecretBytes,
    /// Whether the client proves itself by a JWT, which a clock that is wrong makes worthless.
    pub has_assertion: bool,
}

impl TokenRequest {
    /// A POST of these bytes. A token answer is asked for as JSON, unencoded (`hostile.md` T-2, T-20).
    pub fn new(url: &Url, content_type: &str, body: SecretBytes, user_agent: &str) -> TokenRequest {
        let mut headers = headers_for_json(user_agent);
        headers.push("content-type", Secret::from(content_type));
        TokenRequest { url: url.clone(), headers, body, has_assertion: false }
    }

    /// The same as something to send.
    pub fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            method: "POST",
            url: &self.url,
            headers: &self.headers,
            body: Body::Bytes(self.body.expose()),
        }
    }
}
