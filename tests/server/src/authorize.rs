//! The authorization endpoint: the user says yes at once, or no if asked to.

use crate::encoding::{form_pairs, percent_encode};
use crate::grants::{Code, Granted};
use crate::issue::DEFAULT_SCOPE;
use crate::request::Request;
use crate::response::Response;
use crate::shared::State;
use crate::token::value;

/// How long a code is good, in milliseconds.
pub const CODE_TTL_MS: i64 = 600_000;

/// What is wrong with an authorization request.
pub enum Wrong {
    /// There is nowhere to send anybody back to: this page is shown.
    Page(&'static str),
    /// The client is told this error.
    Back(&'static str),
}

/// `GET /auth/authorize`.
pub fn answer(state: &mut State, request: &Request, base: &str) -> Response {
    let page = |text: &str| Response::text(400, &format!("400: {text}"));
    let Some(mut pairs) = form_pairs(request.query()) else {
        return page("malformed query");
    };
    let mut is_pushed = false;
    if let Some(uri) = value(&pairs, "request_uri") {
        let now_ms = state.clock.now_ms();
        let Some(pushed) = state.pushed.take(uri, value(&pairs, "client_id"), now_ms) else {
            return page("unknown request_uri");
        };
        // RFC 9126, section 4: all that counts was pushed.
        pairs = pushed;
        is_pushed = true;
    }
    let outcome = match code(state, &pairs, is_pushed) {
        Err(Wrong::Page(text)) => return page(text),
        Err(Wrong::Back(error)) => Err(error),
        Ok(_) if value(&pairs, "login_hint") == Some("deny") => Err("access_denied"),
        Ok(code) => Ok(code),
    };
    if is_pushed {
        state.counters.pushed_used += 1;
    }
    let mut back = value(&pairs, "redirect_uri").unwrap_or_default().to_string();
    let (name, text) = match outcome {
        Ok(code) => ("code", state.grants.code(code)),
        Err(error) => ("error", error.to_string()),
    };
    let issuer = state.issuer(base);
    let answer = [(name, Some(text.as_str())), ("state", value(&pairs, "state")), ("iss", Some(&*issuer))];
    for (name, text) in answer {
        if let Some(text) = text {
            back.push(if back.contains('?') { '&' } else { '?' });
            back.push_str(&format!("{name}={}", percent_encode(text)));
        }
    }
    Response::text(302, "").header("Location", &back).header("Cache-Control", "no-store")
}

/// The code that comes of a request, if the person says yes.
pub fn code(state: &State, pairs: &[(String, String)], is_pushed: bool) -> Result<Code, Wrong> {
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
    match value("response_type") {
        _ if is_repeated || has_to_push && !is_pushed => return Err(Wrong::Back("invalid_request")),
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
