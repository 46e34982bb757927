//! A client: a valid token, the request, on 401 another token, the request once more.

mod authorize;
mod device;
mod endpoints;
mod key;
mod login;
mod loopback;
mod registration;
mod request;

use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::cancel::Cancel;
use crate::clock::{Clock, Deadline};
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::hooks::{self, Hooks};
use crate::http::{Body, Incoming, Outgoing, Transport};
use crate::oauth::dpop;
use crate::quote::quote;
use crate::redirect::{self, Asked, Step};
use crate::secret::Secret;
use crate::session::{Families, Session};
use crate::stats::Stats;
use crate::token::TokenSet;
use crate::transport::Switch;
use crate::url::Url;

use authorize::{Authorization, access_token_of};
pub use loopback::OpenUrl;
pub use registration::Management;
pub use request::{Request, Response};

/// What a refused answer may hold before it is not worth reading for the sake of its connection.
const DRAINED_BYTES: usize = 64 * 1024;

/// Everything that belongs to one client.
pub struct Client {
    config: Arc<Config>,
    /// Where the caller's code takes part.
    pub hooks: Arc<Hooks>,
    /// What it has done.
    pub stats: Arc<Stats>,
    /// Ends every call.
    pub cancel: Arc<Cancel>,
    transport: Arc<dyn Transport>,
    session: Arc<Session>,
    /// How often which device code may be asked about.
    paces: Lock<Vec<device::Pace>>,
}

/// The answer at the end of a chain of redirects.
struct Answer {
    incoming: Incoming,
    url: Url,
    /// Whether whoever gave it was shown the token.
    has_token: bool,
}

impl Client {
    /// A client of this configuration. Files that it names are read now.
    pub fn new(config: Config, clock: Arc<dyn Clock>) -> Result<Client> {
        fork::watch();
        let config = Arc::new(config);
        let hooks = Arc::new(Hooks::default());
        let stats = Arc::new(Stats::default());
        let transport: Arc<dyn Transport> = Arc::new(Switch::new(&config, hooks.clone(), stats.clone())?);
        let families = Families::of_process();
        let key = key::read(&config)?;
        let session = Session::new(
            config.clone(),
            hooks.clone(),
            transport.clone(),
            clock,
            stats.clone(),
            families,
            key,
        )?;
        Ok(Client {
            config,
            hooks,
            stats,
            cancel: Arc::default(),
            transport,
            session,
            paces: Lock::default(),
        })
    }

    /// The configuration it was made of.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A call under this cancel that ends with the configured timeout, or earlier.
    pub fn call(&self, cancel: &Arc<Cancel>, latest: Option<Deadline>, timeout: Option<Duration>) -> Call {
        let own = Deadline::after(timeout.unwrap_or(self.config.http.timeout));
        Call { deadline: latest.map_or(own, |latest| latest.min(own)), cancel: cancel.clone() }
    }

    /// The token set as it is.
    pub fn token(&self) -> Result<TokenSet> {
        match self.session.token()? {
            Some(current) => Ok(current.set.clone()),
            None => Err(Error::new(Reason::NoToken, "there is no token yet")),
        }
    }

    /// Replaces the token set.
    pub fn set_token(&self, set: TokenSet) -> Result<()> {
        if self.config.authorization.is_some() {
            return Err(Error::new(
                Reason::Conflict,
                "the client has a fixed authorization: it has no token to set",
            ));
        }
        self.session.set_token(set)
    }

    /// Renews now.
    pub fn refresh(&self, call: &Call) -> Result<TokenSet> {
        if self.config.authorization.is_some() {
            return Err(Error::new(
                Reason::Conflict,
                "the client has a fixed authorization: there is nothing to renew",
            ));
        }
        self.session.begin_ahead()?;
        Ok(self.session.refresh(call)?.set.clone())
    }

    /// Hands out an access token that lasts at least `min_valid`, and when it expires.
    pub fn with_access_token<T>(
        &self,
        min_valid: Duration,
        call: &Call,
        take: impl FnOnce(&str, Option<i64>) -> Result<T>,
    ) -> Result<T> {
        if let Some(set) = self.ask_hook(None, call)? {
            return take(access_token_of(&set)?.expose(), set.expires_at());
        }
        if let Some(value) = &self.config.authorization {
            return take(value.expose(), None);
        }
        self.session.begin_ahead()?;
        let current = self.session.valid(min_valid, call)?;
        take(access_token_of(&current.set)?.expose(), current.set.expires_at())
    }

    /// Sends a request with a valid token; after a 401 once more with another.
    pub fn send(&self, request: &mut Request, call: &Call) -> Result<Response> {
        self.stats.requests.add();
        call.check()?;
        let Some(base) = &self.config.base_url else {
            return Err(Error::new(
                Reason::Conflict,
                "base_url: is not configured, so there is nowhere to send a request to",
            ));
        };
        let url = base
            .join(&request.path)
            .map_err(|problem| Error::new(Reason::Url, format!("path: {problem}")))?;
        if !self.config.trusts(url.origin()) {
            return Err(Error::new(Reason::Url, "path: leads to another origin than base_url and origins"));
        }
        request.check_unspent()?;
        let Answer { incoming, url, .. } = self.send_to(&url, request, call)?;
        Ok(Response::new(incoming, url, self.config.http.max_response_bytes))
    }

    /// The same to a URL that may get the token.
    fn send_to(&self, url: &Url, request: &mut Request, call: &Call) -> Result<Answer> {
        let authorization = self.authorize(None, call)?;
        let asked = self.session.steady();
        let mut answer = self.follow(request, url, &authorization, call)?;
        let was_wrong = answer.has_token
            && self.session.learn_time(answer.incoming.status, &answer.incoming.headers, asked);
        if answer.has_token
            && dpop::wants_another_proof(answer.incoming.status, &answer.incoming.headers, was_wrong)
            && request.can_be_sent_again()
        {
            // RFC 9449 section 9: the token is as good as before, and the answer has brought what was missing.
            drain(&mut answer.incoming);
            answer = self.follow(request, url, &authorization, call)?;
        }
        if answer.has_token
            && self.is_refusal(answer.incoming.status, &answer.incoming.headers)
            && let Some(other) = self.another(&authorization, request, call)?
        {
            drain(&mut answer.incoming);
            self.stats.unauthorized_retries.add();
            answer = self.follow(request, url, &other, call)?;
        }
        if answer.has_token && !self.is_refusal(answer.incoming.status, &answer.incoming.headers) {
            self.session.mark_accepted()?;
        }
        Ok(answer)
    }

    /// Sends a request, and goes where its answers lead as far as the configuration allows.
    fn follow(
        &self,
        request: &mut Request,
        url: &Url,
        authorization: &Authorization,
        call: &Call,
    ) -> Result<Answer> {
        let mut headers = request.headers.clone();
        if headers.get("user-agent").is_none() {
            headers.push("user-agent", Secret::from(self.config.http.user_agent.as_str()));
        }
        headers.set(&self.config.header.name, authorization.value.clone());
        self.set_proof(&mut headers, authorization, &request.method, url)?;
        let (mut method, mut had_body, mut hops) = (request.method.clone(), request.has_body(), 0);
        let mut answer = Answer {
            incoming: self.exchange(request.outgoing(url, &headers), call)?,
            url: url.clone(),
            has_token: true,
        };
        loop {
            if answer.has_token && headers.get("dpop").is_some() {
                self.session.learn_nonce(&answer.url, &answer.incoming.headers);
            }
            let asked = Asked { method: &method, had_body, url: &answer.url, hops };
            let incoming = &answer.incoming;
            let Step::Follow { url, method: next_method, leaves_origin } =
                redirect::next(self.config.http.redirects, &asked, incoming.status, &incoming.headers)?
            else {
                return Ok(answer);
            };
            drain(&mut answer.incoming);
            headers = redirect::headers_for(&headers, had_body && next_method == method, leaves_origin);
            if leaves_origin {
                // Whatever it is called: for good, also where a later redirect leads back.
                headers.remove(&self.config.header.name);
                headers.remove("dpop");
                answer.has_token = false;
            }
            if answer.has_token {
                self.set_proof(&mut headers, authorization, &next_method, &url)?;
            }
            (method, had_body, hops) = (next_method, false, hops + 1);
            let outgoing = Outgoing { method: &method, url: &url, headers: &headers, body: Body::Empty };
            answer.incoming = self.exchange(outgoing, call)?;
            answer.url = url;
        }
    }

    fn exchange(&self, request: Outgoing<'_>, call: &Call) -> Result<Incoming> {
        self.stats.sent.add();
        let (method, url) = (request.method, request.url);
        let outcome =
            self.transport.exchange(request, call).map_err(|failed| failed.error.at(url.without_query()));
        self.hooks.log(hooks::DEBUG, "request", || {
            let result = match &outcome {
                Ok(incoming) => ("http_status", incoming.status.to_string()),
                Err(error) => ("error", error.to_json()),
            };
            vec![("method", quote(method)), ("url", quote(&url.without_query())), result]
        });
        outcome
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Before the session ends, so that what is still under way in the background is not lost on its thread.
        let _ = self.session.end_ahead();
    }
}

/// Reads a short answer to its end, so that its connection can serve the next request.
fn drain(incoming: &mut Incoming) {
    let mut piece = [0; 4096];
    let mut left = DRAINED_BYTES;
    while let Ok(n @ 1..) = incoming.body.read(&mut piece) {
        left = left.saturating_sub(n);
        if left == 0 {
            return;
        }
    }
}
