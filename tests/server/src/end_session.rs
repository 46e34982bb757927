//! The end of a person's session, at a client's wish (OpenID Connect RP-Initiated Logout).

use crate::encoding::{form_pairs, percent_encode};
use crate::request::Request;
use crate::response::Response;
use crate::shared::State;
use crate::token::{self, value};
use serde_json::Value;

/// `GET` or `POST /auth/end_session`. What it ends is nothing that this server has; tokens
/// stay good.
pub fn answer(state: &mut State, request: &Request) -> Response {
    let pairs = match request.method.as_str() {
        "POST" => token::form(request),
        _ => form_pairs(request.query()),
    };
    let back = pairs.as_deref().ok_or("malformed").and_then(|pairs| back(state, pairs));
    match back {
        Err(text) => {
            state.counters.logouts_refused += 1;
            Response::text(400, &format!("400: {text}"))
        }
        Ok(back) => {
            state.counters.logouts += 1;
            match back {
                None => Response::text(200, "signed out\n"),
                Some(to) => Response::text(302, "").header("Location", &to),
            }
        }
    }
}

/// Where the person goes from here.
fn back(state: &State, pairs: &[(String, String)]) -> Result<Option<String>, &'static str> {
    // Section 4: one that is over will do.
    let hint = match value(pairs, "id_token_hint") {
        None => None,
        Some(hint) => {
            let claims = state.keys.claims(hint).ok_or("id_token_hint is not of this server")?;
            let client = claims.get("aud").and_then(Value::as_str);
            Some(client.ok_or("id_token_hint is for no client")?.to_string())
        }
    };
    let named = value(pairs, "client_id");
    let client = match (&hint, named) {
        (Some(aud), Some(id)) if aud != id => return Err("client_id is not that of id_token_hint"),
        (aud, id) => aud.as_deref().or(id),
    };
    let Some(uri) = value(pairs, "post_logout_redirect_uri") else {
        return Ok(None);
    };
    let client = client.and_then(|id| state.clients.find(id)).ok_or("unknown client")?;
    let is_safe = uri.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_safe || !client.returns_to(uri) {
        return Err("post_logout_redirect_uri is not registered");
    }
    let mut back = uri.to_string();
    if let Some(text) = value(pairs, "state") {
        back.push(if back.contains('?') { '&' } else { '?' });
        back.push_str(&format!("state={}", percent_encode(text)));
    }
    Ok(Some(back))
}
