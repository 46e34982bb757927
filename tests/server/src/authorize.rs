//! The authorization endpoint: the user says yes at once, or no if asked to.

use crate::encoding::{form_pairs, percent_encode};
use crate::grants::{Code, Granted};
use crate::issue::DEFAULT_SCOPE;
use crate::request::Request;
use crate::response::Response;
use crate::shared::State;

/// How long a code is good, in milliseconds.
pub const CODE_TTL_MS: i64 = 600_000;

/// `GET /auth/authorize`.
pub fn answer(state: &mut State, request: &Request, base: &str) -> Response {
    let Some(pairs) = form_pairs(request.query()) else {
        return Response::text(400, "400: malformed query");
    };
    let value = |name: &str| {
        let mut named = pairs.iter().filter(|(n, _)| n == name);
        named.next().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    // Without these two there is nowhere to send anybody back to.
    let Some(client_id) = value("client_id").filter(|id| state.clients.find(id).is_some()) else {
        return Response::text(400, "400: unknown client_id");
    };
    let Some(redirect_uri) = value("redirect_uri").filter(|uri| is_header_safe(uri)) else {
        return Response::text(400, "400: redirect_uri is needed");
    };
    if !state.clients.find(client_id).is_some_and(|client| client.redirects_to(redirect_uri)) {
        return Response::text(400, "400: redirect_uri is not registered");
    }
    let repeated = pairs
        .iter()
        .enumerate()
        .any(|(index, (name, _))| pairs[..index].iter().any(|(earlier, _)| earlier == name));
    let challenge = value("code_challenge");
    let method = value("code_challenge_method").unwrap_or("plain");
    let outcome = match value("response_type") {
        _ if repeated => Err("invalid_request"),
        None => Err("invalid_request"),
        Some(other) if other != "code" => Err("unsupported_response_type"),
        Some(_) if challenge.is_some() && method != "S256" => Err("invalid_request"),
        Some(_) if value("login_hint") == Some("deny") => Err("access_denied"),
        Some(_) => Ok(Code {
            granted: Granted {
                // The first is the one that the client likes best.
                acr: value("acr_values").and_then(|values| values.split(' ').next()).map(str::to_string),
                auth_ms: Some(state.clock.now_ms()),
                ..Granted::new(client_id, value("scope").unwrap_or(DEFAULT_SCOPE))
            },
            redirect_uri: redirect_uri.to_string(),
            challenge: challenge.map(ToString::to_string),
            jkt: value("dpop_jkt").map(ToString::to_string),
            expires_ms: state.clock.now_ms() + CODE_TTL_MS,
            grant: None,
        }),
    };
    let mut back = redirect_uri.to_string();
    let (name, text) = match outcome {
        Ok(code) => ("code", state.grants.code(code)),
        Err(error) => ("error", error.to_string()),
    };
    let issuer = state.issuer(base);
    let answer = [(name, Some(text.as_str())), ("state", value("state")), ("iss", Some(&*issuer))];
    for (name, text) in answer {
        if let Some(text) = text {
            back.push(if back.contains('?') { '&' } else { '?' });
            back.push_str(&format!("{name}={}", percent_encode(text)));
        }
    }
    Response::text(302, "").header("Location", &back).header("Cache-Control", "no-store")
}

fn is_header_safe(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
