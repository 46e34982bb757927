//! The device authorization grant (RFC 8628).

use crate::grants::{GrantId, Granted, random};
use crate::issue::DEFAULT_SCOPE;
use crate::members::Members;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token::{self, Pairs};
use serde_json::{Value, json};

/// How long a device code is good.
const TTL_MS: i64 = 600_000;

/// What a person has said so far.
#[derive(Clone, Copy, PartialEq)]
enum Said {
    Nothing,
    Yes,
    No,
}

/// One device that waits.
pub struct Device {
    code: String,
    user_code: String,
    client_id: String,
    scope: String,
    expires_ms: i64,
    interval_s: i64,
    asked_ms: Option<i64>,
    said: Said,
    grant: Option<GrantId>,
}

/// `POST /auth/device_authorization`.
pub fn begin(state: &mut State, request: &Request, place: &Place) -> Response {
    let (form, client) = match token::authenticated(state, request, place) {
        Ok(pair) => pair,
        Err(response) => return response,
    };
    let base = place.base;
    let number = state.devices.len() + 1;
    let device = Device {
        code: random("device-"),
        user_code: format!("CODE-{number:04}"),
        client_id: client,
        scope: token::value(&form, "scope").unwrap_or(DEFAULT_SCOPE).to_string(),
        expires_ms: state.clock.now_ms() + TTL_MS,
        interval_s: i64::try_from(state.config.device_interval_s).unwrap_or(i64::MAX),
        asked_ms: None,
        said: Said::Nothing,
        grant: None,
    };
    let answer = json!({
        "device_code": device.code,
        "user_code": device.user_code,
        "verification_uri": format!("{base}/device"),
        "verification_uri_complete": format!("{base}/device?user_code={}", device.user_code),
        "expires_in": TTL_MS / 1000,
        "interval": device.interval_s,
    });
    state.devices.push(device);
    Response::json(200, &answer).header("Cache-Control", "no-store")
}

/// The step at the token endpoint.
pub fn step(state: &mut State, form: &Pairs, client: &str) -> Response {
    let now_ms = state.clock.now_ms();
    let code = token::value(form, "device_code");
    let Some(device) = state.devices.iter_mut().find(|device| Some(device.code.as_str()) == code) else {
        return token::error("invalid_grant");
    };
    if device.client_id != client || device.grant.is_some() {
        return token::error("invalid_grant");
    }
    if now_ms >= device.expires_ms {
        return token::error("expired_token");
    }
    // A tenth of a second is what clocks and timers may differ by.
    let too_early = device.asked_ms.is_some_and(|asked| now_ms < asked + device.interval_s * 1000 - 100);
    device.asked_ms = Some(now_ms);
    if too_early {
        device.interval_s += 5;
        return token::error("slow_down");
    }
    match device.said {
        Said::Nothing => token::error("authorization_pending"),
        Said::No => token::error("access_denied"),
        Said::Yes => {
            let scope = device.scope.clone();
            let grant = state.grants.grant(Granted::new(client, &scope));
            device.grant = Some(grant);
            token::success(&state.token_answer(grant, &scope, true))
        }
    }
}

/// `POST /control/device`: what the person says.
pub fn say(state: &mut State, mut members: Members) -> Result<Value, String> {
    let user_code = members.required_text("user_code")?;
    let approves = members.flag("approve")?.ok_or("approve is missing")?;
    members.finish()?;
    let device = state.devices.iter_mut().find(|device| device.user_code == user_code);
    let device = device.ok_or("user_code is unknown")?;
    device.said = if approves { Said::Yes } else { Said::No };
    Ok(json!({}))
}
