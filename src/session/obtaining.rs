//! A token set that the program gets by a request of its own: a login, a grant. It takes the place of the one there is.

use std::sync::Arc;

use super::Session;
use super::exchange::{Exchange, Way, answer_of, secrets};
use super::flight::{self, Role};
use super::lifetime::Lifetime;
use super::state::Current;
use super::taking_over::Install;
use crate::call::Call;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::json::Object;
use crate::oauth::token_request::TokenRequest;
use crate::oauth::token_response;
use crate::token::TokenSet;

impl Session {
    /// Sends the request, and makes what it brings the session's own as a renewal would: saved, then in force. No
    /// renewal is under way meanwhile. `check` may refuse the set. What can be spent only once is not tried twice.
    pub fn obtain(
        &self,
        request: TokenRequest,
        is_spent_by_use: bool,
        check: impl Fn(&TokenSet) -> Result<()>,
        call: &Call,
    ) -> Result<Arc<Current>> {
        let mut exchange = if is_spent_by_use {
            Exchange::once(Way::Grant(request))
        } else {
            Exchange::new(Way::Grant(request), &self.parts)
        };
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

    /// Asks another endpoint of the authorization server, which answers as the token endpoint does but with no token.
    pub fn ask(&self, request: &TokenRequest, call: &Call) -> Result<Object> {
        let asked = self.parts.time.steady();
        let answer = self.parts.transport.whole(request.outgoing(), token_response::LONGEST, call);
        let members = answer.map_err(|unfinished| unfinished.error).and_then(|whole| {
            self.parts.time.learn(&whole.headers, asked);
            token_response::read_members(&answer_of(&whole), self.wall_s())
        });
        members.map_err(|error| error.without(secrets(&self.parts, None)).at(request.url.without_query()))
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
