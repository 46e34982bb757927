//! The first token: logins and grants.

use super::Client;
use crate::call::Call;
use crate::config::grant_parameters;
use crate::error::{Error, Reason, Result};
use crate::json::Object;
use crate::oauth::authorization::{self, Fresh};
use crate::oauth::{grant, id_token};
use crate::random;
use crate::token::TokenSet;
use crate::url::Url;

impl Client {
    /// Begins a login with these parameters of the authorization request.
    pub fn login_begin(&self, parameters: &Object) -> Result<Object> {
        self.check_has_session()?;
        let mut bytes = zeroize::Zeroizing::new([0; 96]);
        random::fill(&mut bytes[..])?;
        authorization::begin(&self.config, parameters, &Fresh::of(&bytes), self.session.wall_s())
    }

    /// Ends a login with the URL that the browser was sent back to.
    pub fn login_finish(&self, login: &Object, callback: &str, call: &Call) -> Result<TokenSet> {
        let endpoint = self.token_endpoint()?;
        let answer = authorization::finish(&self.config, login, callback, self.session.wall_s())?;
        let request =
            authorization::request(endpoint, &answer, &self.config.client, &self.config.http.user_agent);
        let check = |set: &TokenSet| id_token::check_nonce(set, answer.nonce.as_ref());
        Ok(self.session.obtain(request, true, check, call)?.set.clone())
    }

    /// Gets a token by any grant.
    pub fn grant(&self, members: &Object, call: &Call) -> Result<TokenSet> {
        let endpoint = self.token_endpoint()?;
        let parameters = grant_parameters(members, "grant_json")?;
        let request =
            grant::request(endpoint, &parameters, &self.config.client, &self.config.http.user_agent);
        Ok(self.session.obtain(request, true, |_| Ok(()), call)?.set.clone())
    }

    pub(super) fn check_has_session(&self) -> Result<()> {
        if self.config.authorization.is_some() {
            return Err(Error::new(
                Reason::Conflict,
                "the client has a fixed authorization: it has no token to get",
            ));
        }
        Ok(())
    }

    pub(super) fn token_endpoint(&self) -> Result<&Url> {
        self.check_has_session()?;
        self.config.token_endpoint.as_ref().ok_or_else(|| {
            Error::new(Reason::Conflict, "server.token_endpoint: is not configured, and there is no base_url")
        })
    }
}
