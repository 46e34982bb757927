//! Clients that ask again and again until a person elsewhere has said something: the
//! common part of the device grant (RFC 8628) and of CIBA.

use crate::grants::{GrantId, Granted};
use crate::members::Members;
use crate::response::Response;
use crate::shared::State;
use crate::token::{self, Pairs};
use serde_json::{Value, json};

/// What a client waits with.
#[derive(Clone, Copy, PartialEq)]
pub enum Flow {
    /// A device code.
    Device,
    /// An `auth_req_id`.
    Ciba,
}

/// What a person has said so far.
#[derive(Clone, Copy, PartialEq)]
enum Said {
    Nothing,
    Yes,
    No,
}

/// One client that waits.
pub struct Waiting {
    /// How it waits.
    pub flow: Flow,
    /// The code it asks with.
    pub code: String,
    /// By what the person is found: a user code, or the hint that the client gave.
    pub person: String,
    granted: Granted,
    expires_ms: i64,
    interval_s: i64,
    asked_ms: Option<i64>,
    said: Said,
    grant: Option<GrantId>,
}

impl State {
    /// Lets a client wait; its interval.
    pub fn wait(
        &mut self,
        flow: Flow,
        code: &str,
        person: String,
        granted: Granted,
        expires_in_s: i64,
    ) -> i64 {
        let interval_s = i64::try_from(self.config.device_interval_s).unwrap_or(i64::MAX);
        self.waiting.push(Waiting {
            flow,
            code: code.to_string(),
            person,
            granted,
            expires_ms: self.clock.now_ms() + expires_in_s * 1000,
            interval_s,
            asked_ms: None,
            said: Said::Nothing,
            grant: None,
        });
        interval_s
    }
}

/// The step at the token endpoint.
pub fn step(state: &mut State, form: &Pairs, client: &str, flow: Flow) -> Response {
    let now_ms = state.clock.now_ms();
    let parameter = match flow {
        Flow::Device => "device_code",
        Flow::Ciba => "auth_req_id",
    };
    let Some(code) = token::value(form, parameter) else {
        return token::error("invalid_request");
    };
    let Some(waiting) = state.waiting.iter_mut().find(|waiting| waiting.flow == flow && waiting.code == code)
    else {
        return token::error("invalid_grant");
    };
    if waiting.granted.client_id != client || waiting.grant.is_some() {
        return token::error("invalid_grant");
    }
    if now_ms >= waiting.expires_ms {
        return token::error("expired_token");
    }
    // A tenth of a second is what clocks and timers may differ by.
    let too_early = waiting.asked_ms.is_some_and(|asked| now_ms < asked + waiting.interval_s * 1000 - 100);
    waiting.asked_ms = Some(now_ms);
    if too_early {
        waiting.interval_s += 5;
        return token::error("slow_down");
    }
    match waiting.said {
        Said::Nothing => token::error("authorization_pending"),
        Said::No => token::error("access_denied"),
        Said::Yes => {
            if let Err(code) = state.asked.fits(&waiting.granted) {
                return token::error(code);
            }
            let granted = waiting.granted.clone();
            let scope = granted.scope.clone();
            let grant = state.grants.grant(granted);
            waiting.grant = Some(grant);
            token::success(&state.token_answer(grant, &scope, true))
        }
    }
}

/// `POST /control/device`: what the person says.
pub fn say(state: &mut State, mut members: Members) -> Result<Value, String> {
    let user_code = members.text("user_code")?;
    let hint = members.text("login_hint")?;
    let id = members.text("auth_req_id")?;
    let approves = members.flag("approve")?.ok_or("approve is missing")?;
    members.finish()?;
    let (name, flow, is_code, value) = match (user_code, hint, id) {
        (Some(code), None, None) => ("user_code", Flow::Device, false, code),
        (None, Some(hint), None) => ("login_hint", Flow::Ciba, false, hint),
        (None, None, Some(id)) => ("auth_req_id", Flow::Ciba, true, id),
        _ => return Err("one of user_code, login_hint and auth_req_id is needed".to_string()),
    };
    let is_it = |waiting: &&mut Waiting| {
        let by = if is_code { &waiting.code } else { &waiting.person };
        waiting.flow == flow && *by == value
    };
    // The same person may have been asked before; it is the last time that counts.
    let waiting = state.waiting.iter_mut().rev().find(is_it);
    let waiting = waiting.ok_or_else(|| format!("{name} is unknown"))?;
    waiting.said = if approves { Said::Yes } else { Said::No };
    Ok(json!({}))
}
