//! Account linking's renewal: JSON in, no client, and failures only as a status.

use crate::asked::Asked;
use crate::request::Request;
use crate::response::Response;
use crate::shared::State;
use serde_json::Value;

/// `POST /link/refresh_token/{service}`.
pub fn answer(state: &mut State, request: &Request) -> Response {
    let body = request.whole_body().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let token = body.get("refresh_token").and_then(Value::as_str);
    let renewed = token.map(|token| state.renew(token, None, None));
    state.asked = Asked::default();
    match renewed {
        Some(Ok(answer)) => {
            state.counters.link_refreshes += 1;
            Response::json(200, &answer).header("Cache-Control", "no-store")
        }
        Some(Err(_)) | None => {
            state.counters.refresh_failures += 1;
            Response::empty(400)
        }
    }
}
