//! Client-initiated backchannel authentication (OpenID CIBA), of which the client polls.

use crate::grants::{Granted, random};
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token::{self, Pairs};
use crate::waiting::Flow;
use serde_json::json;

/// How long an `auth_req_id` is good, where the client does not say.
const TTL_S: i64 = 600;
/// The person whom the server does not know.
const NOBODY: &str = "nobody";

/// `POST /auth/bc-authorize`: for confidential clients only.
pub fn begin(state: &mut State, request: &Request, place: &Place) -> Response {
    let (form, client) = match token::authenticated(state, request, place) {
        Ok(pair) => pair,
        Err(response) => return response,
    };
    if !state.clients.is_confidential(&client) {
        return token::not_confidential(state);
    }
    let (hint, scope, expires_in_s) = match asked(&form) {
        Ok(asked) => asked,
        Err(error) => return token::error(error),
    };
    let id = random("ciba-");
    let granted = Granted::new(&client, scope).by(hint);
    let interval_s = state.wait(Flow::Ciba, &id, hint.to_string(), granted, expires_in_s);
    token::success(&json!({ "auth_req_id": id, "expires_in": expires_in_s, "interval": interval_s }))
}

/// The hint, the scope and the lifetime that a request asks for.
fn asked(form: &Pairs) -> Result<(&str, &str, i64), &'static str> {
    let scope = token::value(form, "scope").ok_or("invalid_request")?;
    if !scope.split(' ').any(|one| one == "openid") {
        return Err("invalid_scope");
    }
    let hints = ["login_hint", "login_hint_token", "id_token_hint"];
    let mut hints = hints.into_iter().filter_map(|name| token::value(form, name));
    let (Some(hint), None) = (hints.next(), hints.next()) else {
        return Err("invalid_request");
    };
    if hint == NOBODY {
        return Err("unknown_user_id");
    }
    if token::value(form, "binding_message").is_some_and(|text| text.chars().count() > 64) {
        return Err("invalid_binding_message");
    }
    let expires_in_s = match token::value(form, "requested_expiry") {
        None => TTL_S,
        Some(text) => text.parse().ok().filter(|s| (1..=86400).contains(s)).ok_or("invalid_request")?,
    };
    Ok((hint, scope, expires_in_s))
}
