//! What an authorization server does for a client beside the token endpoint.

use super::authorize::access_token_of;
use super::{Client, Request};
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::http::{Body, Headers, Outgoing, Whole};
use crate::json::{Object, Raw};
use crate::metadata::Endpoint;
use crate::oauth::token_response::{self, Answer};
use crate::oauth::{id_token, resource};
use crate::secret::{Secret, Wiped};
use crate::status;
use crate::url::Url;

impl Client {
    /// The server's metadata as it is used.
    pub fn discover(&self, call: &Call) -> Result<Wiped> {
        call.check()?;
        Ok(self.session.server(call)?.document().to_text())
    }

    /// What the API says of itself (RFC 9728).
    pub fn discover_resource(&self, call: &Call) -> Result<Object> {
        let Some(base) = &self.config.base_url else {
            return Err(Error::new(Reason::Conflict, "base_url: is not configured"));
        };
        for (place, identifier) in resource::places(base) {
            let mut headers = Headers::default();
            headers.push("accept", Secret::from("application/json"));
            headers.push("user-agent", Secret::from(self.config.http.user_agent.as_str()));
            let request = Outgoing { method: "GET", url: &place, headers: &headers, body: Body::Empty };
            let whole = self.whole(request, call)?;
            let read = resource::read(&Answer::from(&whole), &identifier, self.session.wall_s());
            if let Some(document) = read.map_err(|error| error.at(place.without_query()))? {
                return Ok(document);
            }
        }
        Err(Error::new(Reason::Metadata, "the API has no metadata (RFC 9728)"))
    }

    /// Revokes the tokens that a hint of RFC 7009 section 2.1 names, and forgets them.
    pub fn revoke(&self, hint: Option<&str>, call: &Call) -> Result<()> {
        const BOTH: [&str; 2] = ["refresh_token", "access_token"];
        self.check_has_session()?;
        let kinds = match hint {
            None => &BOTH[..],
            Some("refresh_token") => &BOTH[..1],
            Some("access_token") => &BOTH[1..],
            Some(_) => {
                let problem = "token_type_hint: must be access_token, refresh_token or NULL";
                return Err(Error::new(Reason::Value, problem));
            }
        };
        let none = || Error::new(Reason::NoToken, "there is no such token to revoke");
        let Some(current) = self.session.token()? else { return Err(none()) };
        let mut done = 0;
        for kind in kinds {
            let token = match *kind {
                "refresh_token" => current.set.refresh_token(),
                _ => current.set.access_token(),
            };
            let Some(token) = token else { continue };
            let parameters = vec![
                ("token".to_owned(), token.clone()),
                ("token_type_hint".to_owned(), Secret::from(*kind)),
            ];
            match self.session.tell(Endpoint::Revocation, &parameters, call) {
                // A server that revokes refresh tokens only has ended the session with the one before.
                Err(error) if done > 0 && error.oauth_error.as_deref() == Some("unsupported_token_type") => {}
                // Whoever signs out wants to be rid of them, whatever the server did.
                Err(error) if error.status == status::UNCERTAIN => {
                    self.session.forget(current.generation, hint != Some("access_token"))?;
                    return Err(error);
                }
                outcome => outcome?,
            }
            done += 1;
        }
        if done == 0 {
            return Err(none());
        }
        self.session.forget(current.generation, hint != Some("access_token"))
    }

    /// What a token is (RFC 7662); `None` asks about the client's own.
    pub fn introspect(&self, token: Option<&str>, call: &Call) -> Result<Object> {
        let token = match token {
            Some(token) => Secret::from(token),
            None => access_token_of(&self.token()?)?.clone(),
        };
        let answer = self.session.ask(Endpoint::Introspection, &vec![("token".to_owned(), token)], call)?;
        match answer.get("active").and_then(Raw::as_bool) {
            Some(_) => Ok(answer),
            None => Err(Error::new(Reason::TokenFormat, "active is missing from the introspection answer")),
        }
    }

    /// Who signed in (OpenID Connect Core section 5.3).
    pub fn userinfo(&self, call: &Call) -> Result<Object> {
        let url = self.session.endpoint(Endpoint::Userinfo, call)?;
        let mut request = Request::new("GET", &url.to_string())?;
        request.add_header("accept", "application/json")?;
        let answer = self.send_to(&url, &mut request, call)?;
        let whole = answer.incoming.whole(token_response::LONGEST).map_err(|unfinished| unfinished.error)?;
        let claims = self.read(&whole, &url)?;
        let expected = self.session.token()?.and_then(|current| id_token::subject(&current.set));
        let subject = claims.get("sub").and_then(Raw::as_str);
        match (expected, subject) {
            (_, None) => Err(Error::new(Reason::TokenFormat, "sub is missing from the userinfo answer")),
            (Some(expected), Some(subject)) if *expected != *subject => Err(Error::new(
                Reason::Jwt,
                "the userinfo answer is of somebody else than the ID token: their sub differ",
            )),
            _ => Ok(claims),
        }
    }

    pub(super) fn whole(&self, request: Outgoing<'_>, call: &Call) -> Result<Whole> {
        let at = request.url.without_query();
        let outcome = self.transport.whole(request, token_response::LONGEST, call);
        outcome.map_err(|unfinished| unfinished.error.at(at))
    }

    pub(super) fn read(&self, whole: &Whole, url: &Url) -> Result<Object> {
        let kind = whole.headers.get("content-type").unwrap_or_default();
        if kind.trim_start().starts_with("application/jwt") {
            return Err(Error::new(
                Reason::NotBuilt,
                "the answer is a JWT, which this version does not read",
            ));
        }
        token_response::read_members(&Answer::from(whole), self.session.wall_s())
            .map_err(|error| self.session.without_secrets(error).at(url.without_query()))
    }
}
