//! What is known of the person who granted (OpenID Connect Core, section 5.3).

use crate::api::bearer_token;
use crate::challenge::challenge;
use crate::published::merge;
use crate::request::Request;
use crate::response::Response;
use crate::shared::State;
use crate::token;
use serde_json::json;

/// `GET` or `POST /auth/userinfo`.
pub fn answer(state: &State, request: &Request) -> Response {
    let token = bearer_token(request);
    let live = token.and_then(|token| state.grants.live(token, state.clock.now_ms()));
    let Some(live) = live else {
        let error = token.map(|_| ("error", "invalid_token"));
        let challenge = challenge(error);
        return Response::text(401, "401: Unauthorized").header("WWW-Authenticate", &challenge);
    };
    let mut answer = json!({ "sub": live.granted.sub, "name": "A. Tester" });
    merge(&mut answer, &state.config.userinfo_members);
    token::success(&answer)
}
