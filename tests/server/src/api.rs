//! The protected resource.

use crate::challenge::{challenge, challenge_of};
use crate::dpop::{self, Presented, Side};
use crate::encoding::form_pairs;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use serde_json::json;

/// The most bytes that are generated for one answer.
const MAX_BYTES: u64 = 1 << 30;

/// `/api`: needs a live access token, and one that is good enough.
pub fn bearer(state: &mut State, request: &Request, place: &Place, rest: &str) -> Response {
    let now_ms = state.clock.now_ms();
    let token = presented(request);
    if let Some(token) = token
        && let Err(challenge) = dpop::at_api(state, request, place, token)
    {
        let response = refuse(state, Some(challenge));
        return dpop::hand_out(state, request, Side::Api, response);
    }
    let token = token.map(|token| token.text);
    let document = format!("{}/.well-known/oauth-protected-resource/api", place.base);
    let document = Some(("resource_metadata", document.as_str()));
    let Some(live) = token.and_then(|token| state.grants.live(token, now_ms)) else {
        let challenge = state.config.resource_metadata.then(|| {
            let error = token.map(|_| ("error", "invalid_token"));
            challenge(error.into_iter().chain(document))
        });
        return refuse(state, challenge);
    };
    if let Some(lacks) = state.config.step_up.as_ref().and_then(|needed| needed.lacks(&live, now_ms)) {
        let own = lacks.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        let scheme = if live.access.jkt.is_some() { "DPoP" } else { "Bearer" };
        let challenge = challenge_of(scheme, own.chain(document.filter(|_| state.config.resource_metadata)));
        state.counters.api_step_ups += 1;
        return Response::text(lacks.status, "more is needed\n").header("WWW-Authenticate", &challenge);
    }
    let response = guarded(state, true, request, rest);
    dpop::hand_out(state, request, Side::Api, response)
}

/// The token of a request. The scheme is compared as it is: Home Assistant takes
/// `Bearer` only.
pub fn presented(request: &Request) -> Option<Presented<'_>> {
    let (scheme, text) = request.header("authorization")?.split_once(' ')?;
    let is_dpop = scheme == "DPoP";
    (is_dpop || scheme == "Bearer").then_some(Presented { is_dpop, text })
}

/// A token that comes as a bearer's.
pub fn bearer_token(request: &Request) -> Option<&str> {
    request.header("authorization")?.strip_prefix("Bearer ")
}

/// `/fixed`: needs one fixed `Authorization` value.
pub fn fixed(state: &mut State, request: &Request, rest: &str) -> Response {
    let value = request.header("authorization");
    let allowed = value == Some(&state.config.fixed_authorization);
    guarded(state, allowed, request, rest)
}

fn guarded(state: &mut State, allowed: bool, request: &Request, rest: &str) -> Response {
    if allowed && !state.config.reject_all {
        return resource(request, rest);
    }
    refuse(state, None)
}

/// 401, with the configured challenge before any other.
fn refuse(state: &mut State, challenge: Option<String>) -> Response {
    state.counters.api_401 += 1;
    let mut response = Response::text(401, "401: Unauthorized").content_type("text/plain");
    if let Some(challenge) = state.config.www_authenticate.as_ref().or(challenge.as_ref()) {
        response = response.header("WWW-Authenticate", challenge);
    }
    response
}

fn resource(request: &Request, rest: &str) -> Response {
    let (name, argument) = match rest.strip_prefix('/') {
        Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", ""),
    };
    let number = argument.parse::<u64>().ok();
    match (name, number) {
        ("status", Some(code @ 200..=599)) => {
            let status = u16::try_from(code).unwrap_or_default();
            Response::text(status, &format!("status {code}"))
        }
        ("bytes", Some(length @ 0..=MAX_BYTES)) => Response::pattern(length, false),
        ("chunked", Some(length @ 0..=MAX_BYTES)) => Response::pattern(length, true),
        ("status" | "bytes" | "chunked", _) => Response::text(400, "400: bad number"),
        ("headers", _) => Response::text(200, "headers\n")
            .header("Set-Cookie", "first=1; Path=/")
            .header("Set-Cookie", "second=2; Path=/")
            .header("X-Repeated", "a")
            .header("X-Repeated", "b"),
        ("redirect", _) => redirect(request),
        ("empty", _) => Response::empty(204),
        _ => echo(request),
    }
}

fn redirect(request: &Request) -> Response {
    let pairs = form_pairs(request.query()).unwrap_or_default();
    let value = |name| pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let status = value("status").unwrap_or("302").parse().ok();
    match (value("to"), status.filter(|status| (300..400).contains(status))) {
        (Some(to), Some(status)) if !to.contains(['\r', '\n', '\0']) => {
            Response::text(status, "").header("Location", to)
        }
        _ => Response::text(400, "400: to=<URL> and status=3xx are needed"),
    }
}

fn echo(request: &Request) -> Response {
    let echo = json!({
        "method": request.method,
        "path": request.target,
        "headers": request.headers,
        "body_length": request.body_length,
        "body_sha256": request.body_sha256,
        "body_text": request.body_text(),
    });
    Response::json(200, &echo)
}
