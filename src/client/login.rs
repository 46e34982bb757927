//! The first token: logins and grants.

use super::Client;
use crate::call::Call;
use crate::config::{ClientRegistration, grant_parameters};
use crate::error::{Error, Reason, Result};
use crate::json::{Object, Raw};
use crate::metadata::Endpoint;
use crate::oauth::authorization::{self, Fresh};
use crate::oauth::{device, dpop, grant, id_token};
use crate::quirks;
use crate::random;
use crate::secret::Secret;
use crate::session::{Asked, Binding};
use crate::token::TokenSet;

impl Client {
    /// Begins a login with these parameters of the authorization request.
    pub fn login_begin(&self, given: &Object, call: &Call) -> Result<Object> {
        self.check_has_session()?;
        let quirks = self.config.quirks.as_ref();
        let given = &*quirks::authorization(quirks, given);
        let endpoint = self.session.endpoint(Endpoint::Authorization, call)?;
        let server = self.session.server(call)?;
        let mut bytes = zeroize::Zeroizing::new([0; 96]);
        random::fill(&mut bytes[..])?;
        let binding = self.session.binding(None)?;
        let jkt = binding.as_ref().map(Binding::thumbprint);
        let (client, now) = (&self.config.client, self.session.wall_s());
        let mut begun =
            authorization::begin(&server, client, given, jkt.as_deref(), &Fresh::of(&bytes), now)?;
        quirks::join_scopes(quirks, &mut begun.parameters);
        let mut login = begun.login;
        let parameters = self.session.authorization_request(begun.parameters, &server, call)?;
        login.set("authorization_url", Raw::from_text(&authorization::url(&endpoint, &parameters)));
        if let Some(jwk) = binding.as_ref().and_then(Binding::kept) {
            login.set(dpop::KEY, Raw::from_json(jwk.expose()));
        }
        Ok(login)
    }

    /// Ends a login with the URL that the browser was sent back to.
    pub fn login_finish(&self, login: &Object, callback: &str, call: &Call) -> Result<TokenSet> {
        self.check_has_session()?;
        let server = self.session.server(call)?;
        let signed = authorization::signed_response(login, callback)?;
        let opened = signed.map(|response| self.session.open_answer(&response, call)).transpose()?;
        let callback = opened.as_deref().map_or(callback, String::as_str);
        let answer = authorization::finish(&server, login, callback, self.session.wall_s())?;
        let scope = login.get("scope").and_then(Raw::as_str);
        let asked = Asked {
            is_wanted: scope.is_some_and(|scope| id_token::is_asked_for(&scope)),
            nonce: answer.nonce.as_ref(),
            code: Some(&answer.code),
            max_age_s: answer.max_age_s,
        };
        self.session.prepare_identity(&asked, call)?;
        let check = |set: &TokenSet| self.session.check_identity(set, &asked, call);
        let binding = self.session.binding(login.get(dpop::KEY).map(Raw::text))?;
        Ok(self.session.obtain(authorization::parameters(&answer), binding, check, call)?.set.clone())
    }

    /// Where a person signs out (OpenID Connect RP-Initiated Logout section 2).
    pub fn logout_url(&self, given: &Object, call: &Call) -> Result<String> {
        let endpoint = self.session.endpoint(Endpoint::EndSession, call)?;
        let mut parameters = device::parameters(given, &ClientRegistration::default())?;
        let mut add = |name: &str, value: Secret| {
            if !parameters.iter().any(|(known, _)| known == name) {
                parameters.push((name.to_owned(), value));
            }
        };
        let current = self.session.token()?;
        if let Some(id_token) = current.and_then(|current| current.set.member("id_token")?.as_str()) {
            add("id_token_hint", Secret::from(id_token.as_str()));
        }
        if let Some(client_id) = &self.config.client.client_id {
            add("client_id", Secret::from(client_id.as_str()));
        }
        Ok(authorization::url(&endpoint, &parameters))
    }

    /// Gets a token by any grant.
    pub fn grant(&self, members: &Object, call: &Call) -> Result<TokenSet> {
        self.check_has_session()?;
        let parameters = grant::parameters(&grant_parameters(members, "grant_json")?, &self.config.client);
        let check = |set: &TokenSet| self.session.check_identity(set, &Asked::default(), call);
        Ok(self.session.obtain(parameters, None, check, call)?.set.clone())
    }

    /// What the ID token says.
    pub fn id_token(&self) -> Result<Object> {
        self.session.identity()
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

#[cfg(all(test, feature = "signing"))]
mod tests;
