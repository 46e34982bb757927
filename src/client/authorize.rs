//! Which token goes with a request, and which after it was refused.

use std::sync::Arc;
use std::time::Duration;

use super::{Client, Request};
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::http::Headers;
use crate::json::{Object, Raw};
use crate::oauth::{bearer, challenge, dpop};
use crate::secret::Secret;
use crate::session::Current;
use crate::token::TokenSet;
use crate::url::Url;

/// A header value, and what it was made from.
pub(super) struct Authorization {
    pub(super) value: Secret,
    source: Source,
}

enum Source {
    Fixed,
    Hook(Secret),
    Session(Arc<Current>),
}

impl Client {
    /// The headers that a request of the caller's own to this URL needs, as a JSON object.
    pub fn authorization(&self, method: &str, url: &Url, call: &Call) -> Result<Object> {
        self.check_origin(url)?;
        let authorization = self.authorize(None, call)?;
        let mut headers = Object::default();
        headers.set(&self.config.header.name, Raw::from_text(authorization.value.expose()));
        if let Some(proof) = self.proof(&authorization, method, url)? {
            headers.set("dpop", Raw::from_text(proof.expose()));
        }
        Ok(headers)
    }

    /// Learns from an answer that the caller's own HTTP stack got; says whether to ask for new headers and send again.
    pub fn feedback(
        &self,
        url: &Url,
        sent: &Headers,
        status: u16,
        answer: &Headers,
        call: &Call,
    ) -> Result<bool> {
        self.check_origin(url)?;
        // When the request was started is not known here; that it took long would be bad luck.
        let was_wrong = self.session.learn_time(status, answer, self.session.steady());
        if sent.get("dpop").is_some() {
            self.session.learn_nonce(url, answer);
            if dpop::wants_another_proof(status, answer, was_wrong) {
                return Ok(true);
            }
        }
        if !self.is_refusal(status, answer) || self.config.authorization.is_some() {
            self.session.mark_accepted()?;
            return Ok(false);
        }
        let Some(sent) = sent.get(&self.config.header.name) else { return Ok(false) };
        if self.hooks.access_token.get()?.is_some() {
            let scheme = self.config.header.scheme.as_str();
            let refused = Secret::from(sent.strip_prefix(scheme).unwrap_or(sent).trim_start());
            let other = self.ask_hook(Some(&refused), call)?;
            return Ok(other.is_some_and(|other| other.access_token() != Some(&refused)));
        }
        let Some(current) = self.session.token()? else { return Ok(false) };
        if current.header_value(&self.config).is_ok_and(|value| value.expose() != sent) {
            return Ok(true);
        }
        if !self.session.may_replace(current.generation)? {
            return Ok(false);
        }
        self.session.after_refusal(current.generation, call).map(|_| true)
    }

    pub(super) fn is_refusal(&self, status: u16, headers: &Headers) -> bool {
        self.config.http.unauthorized.contains(&status)
            && challenge::asks_for_another_token(headers.get_all("www-authenticate"))
    }

    /// Another authorization than the refused one; `None` where the caller gets the refusal.
    pub(super) fn another(
        &self,
        refused: &Authorization,
        request: &Request,
        call: &Call,
    ) -> Result<Option<Authorization>> {
        if let Source::Session(current) = &refused.source {
            if !self.session.may_replace(current.generation)? {
                return Ok(None);
            }
            if !request.can_be_sent_again() {
                self.session.mark_refused(current.generation)?;
                return Ok(None);
            }
        }
        if matches!(refused.source, Source::Fixed) || !request.can_be_sent_again() {
            return Ok(None);
        }
        let other = self.authorize(Some(refused), call)?;
        Ok((other.value != refused.value).then_some(other))
    }

    pub(super) fn authorize(&self, refused: Option<&Authorization>, call: &Call) -> Result<Authorization> {
        let rejected = refused.and_then(|refused| match &refused.source {
            Source::Hook(token) => Some(token),
            _ => None,
        });
        if let Some(set) = self.ask_hook(rejected, call)? {
            let token = access_token_of(&set)?;
            let value = bearer::header_value(token, &self.config.header)?;
            return Ok(Authorization { value, source: Source::Hook(token.clone()) });
        }
        if let Some(value) = &self.config.authorization {
            return Ok(Authorization { value: value.clone(), source: Source::Fixed });
        }
        self.session.begin_ahead()?;
        let current = match refused.map(|refused| &refused.source) {
            Some(Source::Session(refused)) => self.session.after_refusal(refused.generation, call)?,
            _ => self.session.valid(Duration::ZERO, call)?,
        };
        Ok(Authorization { value: current.header_value(&self.config)?, source: Source::Session(current) })
    }

    pub(super) fn ask_hook(&self, rejected: Option<&Secret>, call: &Call) -> Result<Option<TokenSet>> {
        match self.hooks.access_token.get()? {
            Some(hook) => {
                call.check()?;
                hook.access_token(rejected, call).map(Some)
            }
            None => Ok(None),
        }
    }

    /// The proof that goes with this token to there, where it is bound to a key (RFC 9449).
    pub(super) fn proof(
        &self,
        authorization: &Authorization,
        method: &str,
        url: &Url,
    ) -> Result<Option<Secret>> {
        match &authorization.source {
            Source::Session(current) => self.session.proof(current, method, url),
            Source::Fixed | Source::Hook(_) => Ok(None),
        }
    }

    pub(super) fn set_proof(
        &self,
        headers: &mut Headers,
        authorization: &Authorization,
        method: &str,
        url: &Url,
    ) -> Result<()> {
        if let Some(proof) = self.proof(authorization, method, url)? {
            headers.set("dpop", proof);
        }
        Ok(())
    }

    pub(super) fn check_origin(&self, url: &Url) -> Result<()> {
        if self.config.base_url.is_none() && self.config.origins.is_empty() {
            return Err(Error::new(
                Reason::Conflict,
                "base_url: is not configured, so no URL may get the token",
            ));
        }
        if !self.config.trusts(url.origin()) {
            return Err(Error::new(Reason::Origin, "url: is of another origin than base_url and origins")
                .at(url.without_query()));
        }
        Ok(())
    }
}

pub(super) fn access_token_of(set: &TokenSet) -> Result<&Secret> {
    set.access_token().ok_or_else(|| Error::new(Reason::NoToken, "the token set has no access token"))
}
