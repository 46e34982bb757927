//! Which server a session deals with, and how its client proves to it who it is.

use std::sync::Arc;
use std::time::Duration;

use super::parts::Parts;
use crate::call::Call;
use crate::clock::Clock;
use crate::config::{AuthMethod, Issuer};
use crate::error::{Error, Reason, Result};
use crate::fork::Lock;
use crate::hooks;
use crate::http::{Body, Outgoing, Whole};
use crate::metadata::{Endpoint, Metadata};
use crate::oauth::client_auth::{self, Requester};
use crate::oauth::discovery;
use crate::oauth::token_request::{Parameters, TokenRequest, headers_for_json};
use crate::oauth::token_response::Answer;
use crate::quote::quote;
use crate::url::Url;

/// How long a discovered document is used before it is looked at again.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// What was discovered.
#[derive(Default)]
pub(super) struct Discovered(Lock<Option<(Arc<Metadata>, Duration)>>);

impl Parts {
    /// The server's metadata: as configured, or discovered where it is first needed.
    pub(super) fn server(&self, call: &Call) -> Result<Arc<Metadata>> {
        let Some(issuer) = &self.config.issuer else { return Ok(self.config.server.clone()) };
        let known = self.discovered.0.lock()?.clone();
        let now = self.time.steady();
        match known {
            Some((metadata, since)) if now.saturating_sub(since) < KEPT => Ok(metadata),
            known => match (self.discover(issuer, call), known) {
                (Ok(metadata), _) => {
                    let metadata = Arc::new(metadata);
                    *self.discovered.0.lock()? = Some((metadata.clone(), now));
                    Ok(metadata)
                }
                // An old document is better than none.
                (Err(error), Some((old, _))) if error.reason != Reason::Issuer => Ok(old),
                (Err(error), _) => Err(error),
            },
        }
    }

    /// The token endpoint, as far as it is known without asking anybody.
    pub(super) fn known_token_endpoint(&self) -> Result<Option<String>> {
        let known = self.discovered.0.lock()?.clone();
        let metadata = known.map_or_else(|| self.config.server.clone(), |(metadata, _)| metadata);
        Ok(metadata.endpoint(Endpoint::Token).map(ToString::to_string))
    }

    /// A POST of these parameters to an endpoint, in which the client says who it is.
    pub(super) fn request(
        &self,
        endpoint: Endpoint,
        parameters: &Parameters,
        call: &Call,
    ) -> Result<TokenRequest> {
        let server = self.server(call)?;
        let client = &self.config.client;
        let method = client_auth::method(client, &server);
        let url = match client_auth::shows_certificate(client, method) {
            true => server.endpoint_with_certificate(endpoint),
            false => server.endpoint(endpoint),
        };
        let url = url.ok_or_else(|| no_endpoint(endpoint))?;
        let assertion = match method {
            AuthMethod::SecretJwt | AuthMethod::PrivateKeyJwt => {
                let audience = server.issuer.clone().unwrap_or_else(|| url.to_string());
                Some(self.assertion(method, &audience, call)?)
            }
            _ => None,
        };
        let user_agent = &self.config.http.user_agent;
        Ok(client_auth::request(url, parameters, &Requester { client, method, assertion, user_agent }))
    }

    /// What the server publishes there, up to this many bytes.
    pub(super) fn get(&self, url: &Url, limit: u64, call: &Call) -> Result<Whole> {
        let headers = headers_for_json(&self.config.http.user_agent);
        let request = Outgoing { method: "GET", url, headers: &headers, body: Body::Empty };
        let asked = self.time.steady();
        let answer = self.transport.whole(request, limit, call);
        let whole = answer.map_err(|unfinished| unfinished.error.at(url.without_query()))?;
        self.time.learn(&whole.headers, asked);
        Ok(whole)
    }

    fn discover(&self, issuer: &Issuer, call: &Call) -> Result<Metadata> {
        let places = discovery::places(&issuer.url);
        for place in &places {
            let whole = self.get(place, discovery::LONGEST, call)?;
            let configured = self.config.server.document();
            let read =
                discovery::read(&Answer::from(&whole), place, &issuer.text, configured, self.time.wall_s());
            if let Some(metadata) = read.map_err(|error| error.at(place.without_query()))? {
                self.hooks
                    .log(hooks::INFO, "server_discovered", || vec![("url", quote(&place.without_query()))]);
                return Ok(metadata);
            }
        }
        let message = format!("there is no metadata at {} nor at {}", places[0], places[1]);
        Err(Error::new(Reason::Metadata, message))
    }
}

/// Nobody said where the server does this.
pub(super) fn no_endpoint(endpoint: Endpoint) -> Error {
    let message = format!("server.{}: is neither configured nor in the server's metadata", endpoint.member());
    Error::new(Reason::NoEndpoint, message)
}
