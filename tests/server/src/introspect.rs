//! Token introspection (RFC 7662) and revocation (RFC 7009).

use crate::published::merge;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token;
use serde_json::json;

/// `POST /auth/introspect`: for confidential clients only.
pub fn answer(state: &mut State, request: &Request, place: &Place) -> Response {
    let (form, client) = match token::authenticated(state, request, place) {
        Ok(pair) => pair,
        Err(response) => return response,
    };
    if !state.clients.is_confidential(&client) {
        return token::not_confidential(state);
    }
    let Some(token) = token::value(&form, "token") else {
        return token::error("invalid_request");
    };
    let now_ms = state.clock.now_ms();
    let mut answer = if let Some(live) = state.grants.live(token, now_ms) {
        let mut answer = json!({
            "active": true,
            "scope": live.access.scope,
            "client_id": live.granted.client_id,
            "sub": live.granted.sub,
            "token_type": if live.access.jkt.is_some() { "DPoP" } else { "Bearer" },
            "iat": live.access.issued_ms.div_euclid(1000),
            "exp": live.access.expires_ms.div_euclid(1000),
            "iss": state.issuer(place.base),
        });
        // RFC 9470, section 6.2: what a resource server goes by.
        if let Some(acr) = &live.granted.acr {
            answer["acr"] = acr.clone().into();
        }
        if let Some(auth_ms) = live.granted.auth_ms {
            answer["auth_time"] = auth_ms.div_euclid(1000).into();
        }
        match live.access.resources.as_slice() {
            [] => {}
            [one] => answer["aud"] = one.clone().into(),
            several => answer["aud"] = several.into(),
        }
        if let Some(details) = &live.access.details {
            answer["authorization_details"] = details.clone();
        }
        if let Some(jkt) = &live.access.jkt {
            answer["cnf"] = json!({ "jkt": jkt });
        }
        if let Some(actor) = &live.granted.actor {
            answer["act"] = json!({ "sub": actor });
        }
        answer
    } else if let Some(granted) = state.grants.live_refresh(token) {
        json!({
            "active": true,
            "scope": granted.scope,
            "client_id": granted.client_id,
            "sub": granted.sub,
            "iss": state.issuer(place.base),
        })
    } else {
        // RFC 7662, section 2.2: nothing about a token that is not active.
        json!({ "active": false })
    };
    merge(&mut answer, &state.config.introspection_members);
    token::success(&answer)
}

/// `POST /auth/revoke`: 200 as at Home Assistant, without client and also for a token
/// that nobody knows, except where the settings say otherwise.
pub fn revoke(state: &mut State, request: &Request, place: &Place) -> Response {
    if state.config.revocation_authenticates
        && let Err(response) = token::authenticated(state, request, place)
    {
        return response;
    }
    let form = token::form(request).unwrap_or_default();
    let Some(token) = token::value(&form, "token") else {
        return Response::empty(200);
    };
    let kind = state.grants.kind(token).or(token::value(&form, "token_type_hint"));
    if kind.is_some() && kind == state.config.unrevocable.as_deref() {
        return token::error("unsupported_token_type");
    }
    state.grants.revoke_token(token);
    Response::empty(200)
}
