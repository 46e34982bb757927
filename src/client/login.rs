//! The first token: logins and grants.

use super::Client;
use crate::call::Call;
use crate::config::grant_parameters;
use crate::error::{Error, Reason, Result};
use crate::json::Object;
use crate::metadata::Endpoint;
use crate::oauth::authorization::{self, Fresh};
use crate::oauth::{grant, id_token};
use crate::quirks;
use crate::random;
use crate::token::TokenSet;

impl Client {
    /// Begins a login with these parameters of the authorization request.
    pub fn login_begin(&self, parameters: &Object, call: &Call) -> Result<Object> {
        self.check_has_session()?;
        let (quirks, scope) = (self.config.quirks.as_ref(), self.config.client.scope.as_deref());
        let parameters = &*quirks::authorization(quirks, parameters, scope);
        let endpoint = self.session.endpoint(Endpoint::Authorization, call)?;
        let server = self.session.server(call)?;
        let mut bytes = zeroize::Zeroizing::new([0; 96]);
        random::fill(&mut bytes[..])?;
        let (client, fresh) = (&self.config.client, Fresh::of(&bytes));
        authorization::begin(&endpoint, &server, client, parameters, &fresh, self.session.wall_s())
    }

    /// Ends a login with the URL that the browser was sent back to.
    pub fn login_finish(&self, login: &Object, callback: &str, call: &Call) -> Result<TokenSet> {
        self.check_has_session()?;
        let server = self.session.server(call)?;
        let answer = authorization::finish(&server, login, callback, self.session.wall_s())?;
        let check = |set: &TokenSet| id_token::check_nonce(set, answer.nonce.as_ref());
        Ok(self.session.obtain(authorization::parameters(&answer), check, call)?.set.clone())
    }

    /// Gets a token by any grant.
    pub fn grant(&self, members: &Object, call: &Call) -> Result<TokenSet> {
        self.check_has_session()?;
        let parameters = grant::parameters(&grant_parameters(members, "grant_json")?, &self.config.client);
        Ok(self.session.obtain(parameters, |_| Ok(()), call)?.set.clone())
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
}
