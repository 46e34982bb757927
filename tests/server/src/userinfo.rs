//! What is known of the person who granted (OpenID Connect Core, section 5.3).

use crate::api::presented;
use crate::challenge::challenge;
use crate::dpop::{self, Side};
use crate::published::merge;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token;
use serde_json::json;

/// `GET` or `POST /auth/userinfo`.
pub fn answer(state: &mut State, request: &Request, place: &Place) -> Response {
    let token = presented(request);
    let refused =
        |challenge: &str| Response::text(401, "401: Unauthorized").header("WWW-Authenticate", challenge);
    if let Some(token) = token
        && let Err(challenge) = dpop::at_api(state, request, place, token)
    {
        return dpop::hand_out(state, request, Side::Api, refused(&challenge));
    }
    let token = token.map(|token| token.text);
    let live = token.and_then(|token| state.grants.live(token, state.clock.now_ms()));
    let Some(live) = live else {
        let error = token.map(|_| ("error", "invalid_token"));
        return refused(&challenge(error));
    };
    let mut answer = json!({ "sub": live.granted.sub, "name": "A. Tester" });
    merge(&mut answer, &state.config.userinfo_members);
    dpop::hand_out(state, request, Side::Api, token::success(&answer))
}
