//! One renewal: who is asked for the new token set, and what an answer that got lost means.

use crate::call::Call;
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::hooks::Hooks;
use crate::http::{Failed, Transport};
use crate::oauth::token_request::TokenRequest;
use crate::oauth::token_response::{self, Answer};
use crate::oauth::{grant, link, refresh};
use crate::secret::SecretBytes;
use crate::status;
use crate::token::TokenSet;

/// Where a new token set comes from, first to last.
pub enum Way {
    /// The caller's hook.
    Hook(std::sync::Arc<dyn crate::hooks::RefreshHook>),
    /// The token endpoint or an external service, by the refresh token.
    RefreshToken(TokenRequest),
    /// The token endpoint, by a grant that needs no person.
    Grant(TokenRequest),
}

/// The way to renew this set; `refused` says that its refresh token is known to be dead.
pub fn way(config: &Config, hooks: &Hooks, old: Option<&TokenSet>, refused: bool) -> Result<Option<Way>> {
    if let Some(hook) = hooks.refresh.get()? {
        return Ok(Some(Way::Hook(hook)));
    }
    let user_agent = &config.http.user_agent;
    if let Some(refresh_token) = old.and_then(TokenSet::refresh_token).filter(|_| !refused) {
        if let Some(endpoint) = &config.refresh.endpoint {
            let request = link::request(endpoint, refresh_token, config.refresh.json_body, user_agent);
            return Ok(Some(Way::RefreshToken(request)));
        }
        if let Some(endpoint) = &config.token_endpoint {
            return Ok(Some(Way::RefreshToken(refresh::request(
                endpoint,
                refresh_token,
                &config.client,
                user_agent,
            ))));
        }
    }
    if let (Some(parameters), Some(endpoint)) = (&config.grant, &config.token_endpoint) {
        return Ok(Some(Way::Grant(grant::request(endpoint, parameters, &config.client, user_agent))));
    }
    Ok(None)
}

/// Gets a new token set.
pub fn obtain(
    way: &Way,
    old: Option<&TokenSet>,
    transport: &dyn Transport,
    retry_lost: bool,
    now: i64,
    call: &Call,
) -> Result<TokenSet> {
    match way {
        Way::Hook(hook) => hook.refresh(old, call),
        Way::RefreshToken(request) => exchange(request, transport, retry_lost, now, call),
        // A lost answer to a grant costs nothing: the next one asks again.
        Way::Grant(request) => exchange(request, transport, true, now, call),
    }
}

/// An answer that was lost after the request had been sent: the server may have rotated the refresh token.
struct Lost {
    /// What became of the answer.
    error: Error,
    /// Whether some of it had arrived.
    partial: bool,
}

fn exchange(
    request: &TokenRequest,
    transport: &dyn Transport,
    retry_lost: bool,
    now: i64,
    call: &Call,
) -> Result<TokenSet> {
    let mut tries = if retry_lost { 2 } else { 1 };
    loop {
        tries -= 1;
        let lost = match attempt(request, transport, now, call) {
            Ok(result) => return result.map_err(|error| error.at(request.url.without_query())),
            Err(lost) => lost,
        };
        // A call that is over cannot try again; its own status says so.
        let is_over = matches!(lost.error.status, status::TIMEOUT | status::CANCELLED);
        if is_over || lost.partial && tries == 0 {
            return Err(lost.error.at(request.url.without_query()));
        }
        if tries == 0 {
            let message = format!("the answer to a renewal was lost: {}", lost.error.message);
            return Err(Error::new(Reason::AnswerLost, message).at(request.url.without_query()));
        }
    }
}

/// One POST: what came of it, or that its answer was lost.
fn attempt(
    request: &TokenRequest,
    transport: &dyn Transport,
    now: i64,
    call: &Call,
) -> std::result::Result<Result<TokenSet>, Lost> {
    let mut incoming = match transport.exchange(request.outgoing(), call) {
        Ok(incoming) => incoming,
        Err(Failed { error, sent: false }) => return Ok(Err(error)),
        Err(Failed { error, sent: true }) => {
            let partial = matches!(error.reason, Reason::Truncated | Reason::Framing);
            return Err(Lost { error, partial });
        }
    };
    let body: SecretBytes = match incoming.read_body(token_response::LONGEST) {
        Ok(body) => body,
        Err(error) if error.reason == Reason::BodySize => return Ok(Err(error)),
        Err(error) => return Err(Lost { error, partial: true }),
    };
    let answer = Answer {
        status: incoming.status,
        content_type: incoming.headers.get("content-type"),
        content_encoding: incoming.headers.get("content-encoding"),
        retry_after: incoming.headers.get("retry-after"),
        body: body.expose(),
    };
    Ok(token_response::read(&answer, now))
}
