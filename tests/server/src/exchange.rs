//! Token exchange (RFC 8693).

use crate::grants::Granted;
use crate::issue::is_within;
use crate::response::Response;
use crate::shared::State;
use crate::token::{self, Pairs};
use serde_json::{Value, json};

/// The grant type.
pub const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// What the names of token types begin with.
const TYPES: &str = "urn:ietf:params:oauth:token-type:";
/// The audience that the server knows nothing of.
const UNKNOWN: &str = "unknown";

/// The step at the token endpoint.
pub fn step(state: &mut State, form: &Pairs, client: &str) -> Response {
    match answer(state, form, client) {
        Ok(answer) => token::success(&answer),
        Err(error) => token::error(error),
    }
}

fn answer(state: &mut State, form: &Pairs, client: &str) -> Result<Value, &'static str> {
    const WRONG: &str = "invalid_request";
    let subject = found(state, form, "subject_token", "subject_token_type")?.ok_or(WRONG)?;
    let actor = found(state, form, "actor_token", "actor_token_type")?;
    for (name, value) in form {
        let is_known = match name.as_str() {
            "audience" => value != UNKNOWN,
            // RFC 8707, section 2.
            "resource" => value.contains("://") && !value.contains('#'),
            _ => true,
        };
        if !is_known {
            return Err("invalid_target");
        }
    }
    let scope = token::value(form, "scope").unwrap_or(&subject.scope);
    if !is_within(scope, &subject.scope) {
        return Err("invalid_scope");
    }
    let requested = match token::value(form, "requested_token_type") {
        None => "access_token",
        Some(name) => name.strip_prefix(TYPES).ok_or(WRONG)?,
    };
    let scope = scope.to_string();
    let granted = Granted {
        client_id: client.to_string(),
        scope: scope.clone(),
        actor: actor.map(|actor| actor.sub).or_else(|| subject.actor.clone()),
        ..subject
    };
    let mut answer = match requested {
        "access_token" => {
            let grant = state.grants.grant(granted);
            state.token_answer(grant, &scope, false)
        }
        "refresh_token" => {
            let grant = state.grants.grant(granted);
            // Section 2.2.1: under this name, whatever it is.
            let token = state.grants.refresh_token(grant, None);
            json!({ "access_token": token, "token_type": "N_A", "scope": scope })
        }
        _ => return Err(WRONG),
    };
    if !state.config.token_members.contains_key("issued_token_type") {
        answer["issued_token_type"] = format!("{TYPES}{requested}").into();
    }
    Ok(answer)
}

/// What a token of the request came from. It has to be one of this server's and good, and
/// its type has to be there with it and never without it.
fn found(state: &State, form: &Pairs, name: &str, type_name: &str) -> Result<Option<Granted>, &'static str> {
    const WRONG: &str = "invalid_request";
    let (text, kind) = match (token::value(form, name), token::value(form, type_name)) {
        (None, None) => return Ok(None),
        (Some(text), Some(kind)) => (text, kind.strip_prefix(TYPES).ok_or(WRONG)?),
        _ => return Err(WRONG),
    };
    let now_ms = state.clock.now_ms();
    let granted = match kind {
        "access_token" | "jwt" => state
            .grants
            .live(text, now_ms)
            .map(|live| Granted { scope: live.access.scope.clone(), ..live.granted.clone() }),
        "refresh_token" => state.grants.live_refresh(text).cloned(),
        _ => None,
    };
    granted.map(Some).ok_or(WRONG)
}
