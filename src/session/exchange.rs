//! One renewal's exchange: who is asked for the new token set, what an answer that got lost means, and going on with
//! an exchange whose call has left.

use std::sync::Arc;
use std::time::Duration;

use super::dpop::{Binding, Role};
use super::parts::Parts;
use crate::call::Call;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::hooks::{self, RefreshHook};
use crate::http::Whole;
use crate::json::Raw;
use crate::metadata::Endpoint;
use crate::oauth::token_request::{Parameters, TokenRequest};
use crate::oauth::token_response::{self, Answer};
use crate::oauth::{dpop, grant, link, refresh};
use crate::parked::{Parked, Unfinished};
use crate::quirks;
use crate::secret::Secret;
use crate::status;
use crate::token::TokenSet;
use crate::url::Url;

/// Where a new token set comes from, first to last.
pub(super) enum Way {
    /// The caller's hook.
    Hook(Arc<dyn RefreshHook>),
    /// An external service, by the refresh token.
    Link(TokenRequest),
    /// The token endpoint, by the refresh token.
    RefreshToken(Parameters),
    /// The token endpoint, by any other grant.
    Grant(Parameters),
}

impl Way {
    /// The way to renew this set; `refused` says that its refresh token is known to be dead.
    pub(super) fn of(parts: &Parts, old: Option<&TokenSet>, refused: bool) -> Result<Option<Way>> {
        if let Some(hook) = parts.hooks.refresh.get()? {
            return Ok(Some(Way::Hook(hook)));
        }
        let config = &parts.config;
        let has_server = config.issuer.is_some() || config.server.endpoint(Endpoint::Token).is_some();
        if let Some(refresh_token) = old.and_then(TokenSet::refresh_token).filter(|_| !refused) {
            if let Some(endpoint) = &config.refresh.endpoint {
                let user_agent = &config.http.user_agent;
                let request = link::request(endpoint, refresh_token, config.refresh.json_body, user_agent);
                return Ok(Some(Way::Link(request)));
            }
            if has_server {
                let parameters = refresh::parameters_with_scope(refresh_token, old, config);
                return Ok(Some(Way::RefreshToken(parameters)));
            }
        }
        let grant = config.grant.as_ref().filter(|_| has_server);
        Ok(grant.map(|grant| Way::Grant(grant::parameters(grant, &config.client))))
    }

    /// What the caller gave for it alone.
    fn secrets(&self) -> impl Iterator<Item = &str> + Clone {
        let parameters: &[(String, Secret)] = match self {
            Way::RefreshToken(parameters) | Way::Grant(parameters) => parameters,
            Way::Hook(_) | Way::Link(_) => &[],
        };
        parameters.iter().filter(|(name, _)| !is_public(name)).map(|(_, value)| value.expose())
    }

    /// Whether it presents the refresh token.
    pub(super) fn is_by_refresh_token(&self) -> bool {
        matches!(self, Way::Link(_) | Way::RefreshToken(_))
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Way::Hook(_) => "on_refresh",
            Way::Link(_) | Way::RefreshToken(_) => "refresh_token",
            Way::Grant(_) => "grant",
        }
    }
}

/// What came of an exchange.
pub(super) struct Answered {
    /// The token set as the server or the hook gave it.
    pub(super) set: TokenSet,
    /// When it was asked for, on the steady clock.
    pub(super) asked: Duration,
}

/// An exchange, as far as it has come.
pub(super) struct Exchange {
    pub(super) way: Way,
    tries: u32,
    asked: Duration,
    under_way: Option<UnderWay>,
    /// The server that was asked last.
    endpoint: Option<Url>,
    /// What the token is to be bound to.
    binding: Option<Binding>,
    /// Whether the request has a JWT of the client's: a proof, or an assertion.
    is_signed: bool,
    /// Whether such a JWT was refused for its nonce, or its time, and made anew.
    has_nonce: bool,
    has_time: bool,
}

enum UnderWay {
    Http(Box<dyn Parked<Whole>>),
    Hook(Box<dyn Parked<TokenSet>>),
}

/// An answer that was lost after the request had been sent: the server may have rotated the refresh token.
struct Lost {
    /// What became of the answer.
    error: Error,
    /// Whether some of it had arrived.
    partial: bool,
}

impl Exchange {
    pub(super) fn new(way: Way, parts: &Parts) -> Exchange {
        // A lost answer to a grant costs nothing: the next one asks again.
        let may_retry = parts.config.refresh.retry_lost || matches!(way, Way::Grant(_));
        Exchange::of(way, if may_retry { 2 } else { 1 }, None)
    }

    /// One that is not tried a second time, whatever becomes of its answer.
    pub(super) fn once(way: Way, binding: Option<Binding>) -> Exchange {
        Exchange::of(way, 1, binding)
    }

    fn of(way: Way, tries: u32, binding: Option<Binding>) -> Exchange {
        let asked = Duration::ZERO;
        Exchange {
            way,
            tries,
            asked,
            under_way: None,
            endpoint: None,
            binding,
            is_signed: false,
            has_nonce: false,
            has_time: false,
        }
    }

    /// Whether only the call has ended: the answer is still to come, and somebody must take it.
    pub(super) fn is_parked(&self) -> bool {
        self.under_way.is_some()
    }

    /// Begins, or goes on where the last call left it.
    pub(super) fn run(&mut self, parts: &Parts, old: Option<&TokenSet>, call: &Call) -> Result<Answered> {
        let set = match &self.way {
            Way::Hook(_) => self.ask_hook(parts, old, call),
            _ => self.ask_server(parts, old, call),
        };
        let set = set.map_err(|error| error.without(secrets(parts, old)).without(self.way.secrets()))?;
        Ok(Answered { set, asked: self.asked })
    }

    fn ask_hook(&mut self, parts: &Parts, old: Option<&TokenSet>, call: &Call) -> Result<TokenSet> {
        let outcome = match (self.under_way.take(), &self.way) {
            (Some(UnderWay::Hook(parked)), _) => parked.resume(call),
            (_, Way::Hook(hook)) => {
                self.asked = parts.time.steady();
                hook.refresh(old, call)
            }
            _ => Err(Error::new(Reason::Torn, "the renewal has no hook").into()),
        };
        outcome.map_err(|unfinished| {
            self.under_way = unfinished.parked.map(UnderWay::Hook);
            unfinished.error
        })
    }

    fn ask_server(&mut self, parts: &Parts, old: Option<&TokenSet>, call: &Call) -> Result<TokenSet> {
        if self.binding.is_none() && !matches!(self.way, Way::Link(_)) {
            let kept = old.and_then(|old| old.member(dpop::KEY)).map(Raw::text);
            self.binding = parts.binding(kept)?;
        }
        loop {
            if self.under_way.is_none() {
                self.tries = self.tries.saturating_sub(1);
            }
            let lost = match self.attempt(parts, call) {
                Ok(result) => return result.map_err(|error| self.at_endpoint(error)),
                Err(lost) => lost,
            };
            // A call that is over cannot try again; its own status says so.
            let is_over = matches!(lost.error.status, status::TIMEOUT | status::CANCELLED);
            if is_over || lost.partial && self.tries == 0 {
                return Err(self.at_endpoint(lost.error));
            }
            if self.tries == 0 {
                let message = format!("the answer to a renewal was lost: {}", lost.error.message);
                let mut error = Error::new(Reason::AnswerLost, message);
                (error.http_status, error.retry_after_s) = (lost.error.http_status, lost.error.retry_after_s);
                return Err(self.at_endpoint(error));
            }
            parts.hooks.log(hooks::WARN, "answer_lost", || vec![("error", lost.error.to_json())]);
        }
    }

    /// The server that was asked last, where it was not the caller's own code.
    pub(super) fn endpoint(&self) -> Option<&Url> {
        self.endpoint.as_ref()
    }

    fn at_endpoint(&self, error: Error) -> Error {
        match &self.endpoint {
            Some(url) => error.at(url.without_query()),
            None => error,
        }
    }

    /// Made anew for every try: an assertion is good once.
    fn send(&mut self, parts: &Parts, call: &Call) -> std::result::Result<Whole, Unfinished<Whole>> {
        let made;
        let request = match &self.way {
            Way::Link(request) => request,
            Way::RefreshToken(parameters) | Way::Grant(parameters) => {
                // Where the server cannot even be found, what it calls itself stands for its endpoint.
                self.endpoint = parts.config.issuer.as_ref().map(|issuer| issuer.url.clone());
                let parameters = quirks::token(parts.config.quirks.as_ref(), parameters);
                made = parts.request(Endpoint::Token, &parameters, call)?;
                &made
            }
            Way::Hook(_) => return Err(Error::new(Reason::Torn, "the renewal has no request").into()),
        };
        self.endpoint = Some(request.url.clone());
        self.is_signed = request.has_assertion || self.binding.is_some();
        let proof =
            self.binding.as_ref().map(|binding| parts.proof(&binding.key, "POST", &request.url, None));
        let mut outgoing = request.outgoing();
        let mut headers;
        if let Some(proof) = proof {
            headers = request.headers.clone();
            headers.push("dpop", proof?);
            outgoing.headers = &headers;
        }
        self.asked = parts.time.steady();
        parts.transport.whole(outgoing, token_response::LONGEST, call)
    }

    /// Whether the client's JWT alone was refused: for the nonce that the answer has (RFC 9449 section 8), or for its time,
    /// which was wrong until the answer said so. Each is tried once.
    fn wants_another_jwt(&mut self, read: &Result<TokenSet>, was_wrong: bool) -> bool {
        let Err(error) = read else { return false };
        match error.oauth_error.as_deref() {
            _ if !self.is_signed => false,
            Some("use_dpop_nonce") => !std::mem::replace(&mut self.has_nonce, true),
            Some("invalid_dpop_proof" | "invalid_client") if was_wrong => {
                !std::mem::replace(&mut self.has_time, true)
            }
            _ => false,
        }
    }

    /// A key that nobody else keeps is kept with the token that is bound to it.
    fn keep_key(&self, set: TokenSet) -> TokenSet {
        match self.binding.as_ref().and_then(Binding::kept) {
            Some(jwk) => set.with_member(dpop::KEY, Raw::from_json(jwk.expose())),
            None => set,
        }
    }

    /// One POST: what came of it, or that its answer was lost.
    fn attempt(&mut self, parts: &Parts, call: &Call) -> Result<Result<TokenSet>, Lost> {
        let outcome = match self.under_way.take() {
            Some(UnderWay::Http(parked)) => parked.resume(call),
            _ => self.send(parts, call),
        };
        let whole = match outcome {
            Ok(whole) => whole,
            Err(Unfinished { error, parked: Some(parked), .. }) => {
                self.under_way = Some(UnderWay::Http(parked));
                return Ok(Err(error));
            }
            Err(Unfinished { error, sent, .. }) if !sent || error.reason == Reason::BodySize => {
                return Ok(Err(error));
            }
            Err(Unfinished { error, .. }) => {
                let partial = matches!(error.reason, Reason::Truncated | Reason::Framing);
                return Err(Lost { error, partial });
            }
        };
        let was_wrong = parts.time.corrects(&whole.headers, self.asked);
        if let Some(endpoint) = self.endpoint.as_ref().filter(|_| self.binding.is_some()) {
            parts.nonces.learn(endpoint, Role::Authorization, &whole.headers);
        }
        let now = parts.time.wall_at(self.asked);
        let quirks = parts.config.quirks.as_ref();
        let read = token_response::read(quirks, &Answer::from(&whole), self.binding.is_some(), now);
        if self.wants_another_jwt(&read, was_wrong) {
            // Nothing was spent, and the answer has what was missing.
            return self.attempt(parts, call);
        }
        match read.map(|set| self.keep_key(set)) {
            // A gateway that got no answer says nothing about the server behind it (E-5).
            Err(error) if matches!(whole.status, 502 | 504) => Err(Lost { error, partial: false }),
            result => Ok(result),
        }
    }
}

/// Parameters that a server may repeat.
pub(super) fn is_public(name: &str) -> bool {
    matches!(name, "grant_type" | "scope" | "resource" | "audience" | "redirect_uri")
}

/// Everything that a server was or could be told, and might repeat.
pub(super) fn secrets<'a>(
    parts: &'a Parts,
    old: Option<&'a TokenSet>,
) -> impl Iterator<Item = &'a str> + Clone {
    let tokens = old.into_iter().flat_map(|old| [old.access_token(), old.refresh_token()]);
    let grant = parts.config.grant.iter().flatten().filter(|(name, _)| !is_public(name));
    tokens
        .chain([parts.config.client.client_secret.as_ref()])
        .flatten()
        .chain(grant.map(|(_, value)| value))
        .map(Secret::expose)
}
