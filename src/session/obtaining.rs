//! A token set that the program gets by a request of its own: a login, a grant. It takes the place of the one there is.

use std::sync::Arc;

use super::Session;
use super::dpop::Binding;
use super::exchange::{Exchange, Way, is_public, secrets};
use super::flight::{self, Role};
use super::lifetime::Lifetime;
use super::server::no_endpoint;
use super::state::Current;
use super::taking_over::Install;
use crate::call::Call;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::http::Whole;
use crate::json::Object;
use crate::metadata::{Endpoint, Metadata};
use crate::oauth::pushed;
use crate::oauth::token_request::Parameters;
use crate::oauth::token_response::{self, Answer};
use crate::parked::Unfinished;
use crate::status;
use crate::token::TokenSet;
use crate::url::Url;

impl Session {
    /// Sends these parameters to the token endpoint, once, and makes what they bring the session's own as a renewal
    /// would: saved, then in force. No renewal is under way meanwhile. `check` may refuse the set.
    pub fn obtain(
        &self,
        parameters: Parameters,
        binding: Option<Binding>,
        check: impl Fn(&TokenSet) -> Result<()>,
        call: &Call,
    ) -> Result<Arc<Current>> {
        let mut exchange = Exchange::once(Way::Grant(parameters), binding);
        loop {
            let role = flight::role(&mut self.state.lock()?.flight)?;
            match role {
                Role::Join(_, event) => call.wait(&event)?,
                Role::Lead(flight) => {
                    let panicked = Err(Error::new(Reason::Panic, "the request for a token failed inside"));
                    return flight.lead(
                        || self.end_flight(),
                        panicked,
                        || {
                            let outcome = self.obtain_alone(&mut exchange, &check, call);
                            (outcome.clone(), outcome)
                        },
                    );
                }
            }
        }
    }

    /// The server's metadata, discovered if need be.
    pub fn server(&self, call: &Call) -> Result<Arc<Metadata>> {
        self.parts.server(call)
    }

    /// Where the server does this.
    pub fn endpoint(&self, endpoint: Endpoint, call: &Call) -> Result<Url> {
        call.check()?;
        self.server(call)?.endpoint(endpoint).cloned().ok_or_else(|| no_endpoint(endpoint))
    }

    /// An authorization request as it goes through the browser: signed (RFC 9101) and pushed (RFC 9126) where the client or
    /// the server wants it so.
    pub fn authorization_request(
        &self,
        parameters: Parameters,
        server: &Metadata,
        call: &Call,
    ) -> Result<Parameters> {
        let client = &self.parts.config.client;
        let client_id = client.client_id.as_deref().unwrap_or_default();
        let mut parameters = parameters;
        if let Some(algorithm) = &client.request_signing {
            let audience = match (&server.issuer, server.endpoint(Endpoint::Authorization)) {
                (Some(issuer), _) => issuer.clone(),
                (None, endpoint) => endpoint.map(ToString::to_string).unwrap_or_default(),
            };
            let request = self.parts.signed_request(algorithm, &audience, &parameters, call)?;
            parameters = pushed::signed(client_id, request);
        }
        if client.pushes || server.requires_pushed_requests {
            let answer = self.ask(Endpoint::PushedRequest, &parameters, call)?;
            parameters = pushed::reference(client_id, &answer)?;
        }
        Ok(parameters)
    }

    /// Forgets the set of this generation, or its access token alone: they were revoked.
    pub fn forget(&self, generation: u64, whole_set: bool) -> Result<()> {
        let member = self.families.join(&self.parts.config, None, self.parts.time.steady())?;
        let _old_member = {
            let mut state = self.state.lock()?;
            if state.generation != generation {
                return Ok(());
            }
            if !whole_set {
                state.refused_generation = Some(generation);
                return Ok(());
            }
            state.forget();
            std::mem::replace(&mut state.member, Arc::new(member))
        };
        self.replan_ahead()
    }

    /// Asks another endpoint of the authorization server, which answers as the token endpoint does but with no token.
    pub fn ask(&self, endpoint: Endpoint, parameters: &Parameters, call: &Call) -> Result<Object> {
        let (url, outcome) = self.post(endpoint, parameters, call)?;
        let whole = outcome.map_err(|unfinished| unfinished.error.at(url.without_query()))?;
        token_response::read_members(&Answer::from(&whole), self.wall_s())
            .and_then(|members| token_response::renamed(self.parts.config.quirks.as_ref(), members))
            .map_err(|error| self.tell_nothing(error, parameters).at(url.without_query()))
    }

    /// The same where a success says nothing, and doing it twice is as good as once: an answer that was lost is asked for
    /// again, and `UNCERTAIN` where that is lost as well.
    pub fn tell(&self, endpoint: Endpoint, parameters: &Parameters, call: &Call) -> Result<()> {
        let mut was_lost = false;
        loop {
            let (url, outcome) = self.post(endpoint, parameters, call)?;
            let whole = match outcome {
                Ok(whole) => whole,
                Err(Unfinished { error, sent, .. }) => {
                    let is_lost = sent && !matches!(error.status, status::TIMEOUT | status::CANCELLED);
                    if is_lost && !std::mem::replace(&mut was_lost, true) {
                        continue;
                    }
                    let lost = || {
                        let message = format!("the answer was lost, twice: {}", error.message);
                        Error::new(Reason::AnswerLost, message)
                    };
                    return Err(if is_lost { lost() } else { error }.at(url.without_query()));
                }
            };
            return token_response::check(&Answer::from(&whole), self.wall_s())
                .map_err(|error| self.tell_nothing(error, parameters).at(url.without_query()));
        }
    }

    fn post(
        &self,
        endpoint: Endpoint,
        parameters: &Parameters,
        call: &Call,
    ) -> Result<(Url, std::result::Result<Whole, Unfinished<Whole>>)> {
        call.check()?;
        let request = self.parts.request(endpoint, parameters, call)?;
        let asked = self.parts.time.steady();
        let answer = self.parts.transport.whole(request.outgoing(), token_response::LONGEST, call);
        if let Ok(whole) = &answer {
            self.parts.time.learn(&whole.headers, asked);
        }
        Ok((request.url, answer))
    }

    /// Without what the server was told.
    fn tell_nothing(&self, error: Error, parameters: &Parameters) -> Error {
        let given = parameters.iter().filter(|(name, _)| !is_public(name)).map(|(_, value)| value.expose());
        self.without_secrets(error).without(given)
    }

    /// Without what any server could have been told.
    pub fn without_secrets(&self, error: Error) -> Error {
        let current = self.state.lock().ok().and_then(|state| state.current.clone());
        error.without(secrets(&self.parts, current.as_ref().map(|current| &current.set)))
    }

    fn obtain_alone(
        &self,
        exchange: &mut Exchange,
        check: &impl Fn(&TokenSet) -> Result<()>,
        call: &Call,
    ) -> Result<Arc<Current>> {
        call.check()?;
        let generation = self.state.lock()?.generation;
        let answered = exchange.run(&self.parts, None, call)?;
        check(&answered.set)?;
        let lifetime = Lifetime::of_received(&answered.set, answered.asked);
        // Another login is another session: nothing of the old set is carried over.
        let set = answered.set.succeed(None, self.parts.time.wall_at(answered.asked));
        let install = Install { set, lifetime, number: 0, is_saved: false };
        Ok(self.install(install, generation, call)?.current)
    }

    /// Seconds since 1970, as far as the client knows.
    pub fn wall_s(&self) -> i64 {
        crate::clock::Clock::wall_s(&self.parts.time)
    }
}
