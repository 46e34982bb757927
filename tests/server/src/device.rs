//! The device authorization grant (RFC 8628).

use crate::grants::{Granted, random};
use crate::issue::DEFAULT_SCOPE;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token;
use crate::waiting::Flow;
use serde_json::json;

/// How long a device code is good.
const TTL_S: i64 = 600;

/// `POST /auth/device_authorization`.
pub fn begin(state: &mut State, request: &Request, place: &Place) -> Response {
    let (form, client) = match token::authenticated(state, request, place) {
        Ok(pair) => pair,
        Err(response) => return response,
    };
    let base = place.base;
    let devices = state.waiting.iter().filter(|waiting| waiting.flow == Flow::Device);
    let user_code = format!("CODE-{:04}", devices.count() + 1);
    let code = random("device-");
    let asked = match state.config.asked.read(&form) {
        Ok(asked) => asked,
        Err(code) => return token::error(code),
    };
    let scope = token::value(&form, "scope").unwrap_or(DEFAULT_SCOPE);
    let granted =
        Granted { resources: asked.resources, details: asked.details, ..Granted::new(&client, scope) };
    let interval_s = state.wait(Flow::Device, &code, user_code.clone(), granted, TTL_S);
    token::success(&json!({
        "device_code": code,
        "user_code": user_code,
        "verification_uri": format!("{base}/device"),
        "verification_uri_complete": format!("{base}/device?user_code={user_code}"),
        "expires_in": TTL_S,
        "interval": interval_s,
    }))
}
