//! The authorization endpoint: the user says yes at once, or no if asked to.

use crate::encoding::{form_pairs, percent_encode};
use crate::grants::{Code, Granted};
use crate::issue::DEFAULT_SCOPE;
use crate::jar;
use crate::published::merge;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token::value;
use serde_json::json;

/// How long a code is good, in milliseconds.
pub const CODE_TTL_MS: i64 = 600_000;

/// What is wrong with an authorization request.
pub enum Wrong {
    /// There is nowhere to send anybody back to: this page is shown.
    Page(&'static str),
    /// The client is told this error.
    Back(&'static str),
}

/// How an authorization request came.
#[derive(Clone, Copy, Default)]
pub struct Came {
    /// Whether by the endpoint for pushed ones (RFC 9126).
    pub is_pushed: bool,
    /// Whether signed (RFC 9101).
    pub is_signed: bool,
}

/// How the answer goes back.
pub const MODES: [&str; 3] = ["query", "query.jwt", "jwt"];

/// `GET /auth/authorize`.
pub fn answer(state: &mut State, request: &Request, place: &Place) -> Response {
    let page = |text: &str| Response::text(400, &format!("400: {text}"));
    let Some(mut pairs) = form_pairs(request.query()) else {
        return page("malformed query");
    };
    let mut came = Came::default();
    if let Some(uri) = value(&pairs, "request_uri") {
        let now_ms = state.clock.now_ms();
        let Some((pushed, how)) = state.pushed.take(uri, value(&pairs, "client_id"), now_ms) else {
            return page("unknown request_uri");
        };
        // RFC 9126, section 4: all that counts was pushed.
        (pairs, came) = (pushed, how);
    } else {
        (pairs, came.is_signed) = match jar::opened(state, pairs, place) {
            Ok(opened) => opened,
            Err(code) => return page(code),
        };
    }
    let outcome = match code(state, &pairs, came) {
        Err(Wrong::Page(text)) => return page(text),
        Err(Wrong::Back(error)) => Err(error),
        Ok(_) if value(&pairs, "login_hint") == Some("deny") => Err("access_denied"),
        Ok(code) => Ok(code),
    };
    if came.is_pushed {
        state.counters.pushed_used += 1;
    }
    let mut back = value(&pairs, "redirect_uri").unwrap_or_default().to_string();
    let (name, text) = match outcome {
        Ok(code) => ("code", state.grants.code(code)),
        Err(error) => ("error", error.to_string()),
    };
    let issuer = state.issuer(place.base);
    let answer = [(name, Some(text.as_str())), ("state", value(&pairs, "state")), ("iss", Some(&*issuer))];
    let answer = answer.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let client = value(&pairs, "client_id").unwrap_or_default();
    let answer: Vec<(&str, String)> = match value(&pairs, "response_mode") {
        Some("jwt" | "query.jwt") => vec![("response", signed(state, client, answer))],
        _ => answer.map(|(name, text)| (name, text.to_string())).collect(),
    };
    for (name, text) in answer {
        back.push(if back.contains('?') { '&' } else { '?' });
        back.push_str(&format!("{name}={}", percent_encode(&text)));
    }
    Response::text(302, "").header("Location", &back).header("Cache-Control", "no-store")
}

/// The answer as one JWT (JARM).
fn signed<'a>(state: &State, client: &str, answer: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut claims = json!({ "aud": client, "exp": state.clock.now_s() + CODE_TTL_MS / 1000 });
    for (name, text) in answer {
        claims[name] = text.into();
    }
    merge(&mut claims, &state.config.jarm_members);
    state.signed("JWT", &claims, client)
}

/// The code that comes of a request, if the person says yes.
pub fn code(state: &State, pairs: &[(String, String)], came: Came) -> Result<Code, Wrong> {
    let value = |name: &str| value(pairs, name);
    let client_id = value("client_id").ok_or(Wrong::Page("unknown client_id"))?;
    let client = state.clients.find(client_id).ok_or(Wrong::Page("unknown client_id"))?;
    let redirect_uri = value("redirect_uri").filter(|uri| is_header_safe(uri));
    let redirect_uri = redirect_uri.ok_or(Wrong::Page("redirect_uri is needed"))?;
    if !client.redirects_to(redirect_uri) {
        return Err(Wrong::Page("redirect_uri is not registered"));
    }
    let mut names: Vec<_> = pairs.iter().map(|(name, _)| name).filter(|name| *name != "resource").collect();
    names.sort_unstable();
    let is_repeated = names.windows(2).any(|two| two[0] == two[1]);
    let challenge = value("code_challenge");
    let method = value("code_challenge_method").unwrap_or("plain");
    let has_to_push = state.config.require_pushed || client.require_pushed;
    let has_to_sign = state.config.require_signed || client.require_signed;
    let comes_wrong = has_to_push && !came.is_pushed || has_to_sign && !came.is_signed;
    let mode = value("response_mode").unwrap_or(MODES[0]);
    match value("response_type") {
        _ if is_repeated || comes_wrong || !MODES.contains(&mode) => {
            return Err(Wrong::Back("invalid_request"));
        }
        None => return Err(Wrong::Back("invalid_request")),
        Some(other) if other != "code" => return Err(Wrong::Back("unsupported_response_type")),
        Some(_) if challenge.is_some() && method != "S256" => return Err(Wrong::Back("invalid_request")),
        Some(_) => {}
    }
    let asked = state.config.asked.read(pairs).map_err(Wrong::Back)?;
    Ok(Code {
        granted: Granted {
            // The first is the one that the client likes best.
            acr: value("acr_values").and_then(|values| values.split(' ').next()).map(str::to_string),
            auth_ms: Some(state.clock.now_ms()),
            nonce: value("nonce").map(ToString::to_string),
            resources: asked.resources,
            details: asked.details,
            ..Granted::new(client_id, value("scope").unwrap_or(DEFAULT_SCOPE))
        },
        redirect_uri: redirect_uri.to_string(),
        challenge: challenge.map(ToString::to_string),
        jkt: value("dpop_jkt").map(ToString::to_string),
        expires_ms: state.clock.now_ms() + CODE_TTL_MS,
        grant: None,
    })
}

fn is_header_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
