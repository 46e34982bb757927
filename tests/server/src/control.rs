//! The control interface.

use crate::asked::Asked;
use crate::authorize::CODE_TTL_MS;
use crate::client::Client;
use crate::clients::CLIENT_ID;
use crate::clock::MAX_OFFSET_S;
use crate::encoding::form_pairs;
use crate::grants::{Code, Granted, USER};
use crate::issue::DEFAULT_SCOPE;
use crate::members::Members;
use crate::published::Published;
use crate::response::Response;
use crate::shared::{Kind, Shared, State};
use crate::waiting;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a request for held requests waits for them.
const HELD_WAIT: Duration = Duration::from_secs(10);

/// Whether a path belongs to the control interface.
pub fn is_control(path: &str) -> bool {
    path == "/control" || path.starts_with("/control/")
}

/// Carries out a control request.
pub fn answer(shared: &Shared, method: &str, target: &str, body: &[u8]) -> Response {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let name = path.strip_prefix("/control/").unwrap_or_default();
    let outcome = match Members::parse(body) {
        Ok(members) => run(shared, method, name, query, members),
        Err(error) => Err(Failure::Wrong(error)),
    };
    match outcome {
        Ok(value) => Response::json(200, &value),
        Err(Failure::Wrong(error)) => Response::json(400, &json!({ "error": error })),
        Err(Failure::Unknown) => {
            let error = format!("there is no {method} {path}");
            Response::json(404, &json!({ "error": error }))
        }
        Err(Failure::TooFew(held)) => {
            let error = format!("only {held} requests are held");
            Response::json(504, &json!({ "error": error, "held": held }))
        }
    }
}

enum Failure {
    Wrong(String),
    Unknown,
    TooFew(u64),
}

impl From<String> for Failure {
    fn from(error: String) -> Self {
        Self::Wrong(error)
    }
}

impl From<&str> for Failure {
    fn from(error: &str) -> Self {
        Self::Wrong(error.to_string())
    }
}

fn run(
    shared: &Shared,
    method: &str,
    name: &str,
    query: &str,
    mut members: Members,
) -> Result<Value, Failure> {
    match (method, name) {
        ("POST", "issue") => Ok(issue(shared, members)?),
        ("POST", "code") => Ok(code(&mut shared.lock(), members)?),
        ("POST", "device") => Ok(waiting::say(&mut shared.lock(), members)?),
        ("POST", "clock") => Ok(clock(&mut shared.lock(), members)?),
        ("POST", "client") => Ok(client(shared, members)?),
        ("POST", "invalidate") => Ok(invalidate(&mut shared.lock(), members)?),
        ("POST", "config") => {
            let mut state = shared.lock();
            state.config = state.config.changed(members)?;
            Ok(state.config.to_json())
        }
        ("POST", "keys") => Ok(shared.lock().keys.control(members)?),
        ("POST", "sign") => Ok(shared.lock().keys.sign_control(members)?),
        ("POST", "dpop") => Ok(shared.lock().dpop.control(members)?),
        ("POST", "fault") => Ok(json!({ "id": shared.lock().faults.add(members)? })),
        ("POST", "metadata") => {
            shared.lock().published.alter(members)?;
            Ok(json!({}))
        }
        ("POST", "hold") => {
            let path = members.required_text("path")?;
            members.finish()?;
            Ok(json!({ "id": shared.lock().holds.add(path) }))
        }
        ("POST", "release") => {
            let id = members.integer("id", 0, i64::MAX)?.ok_or("id is missing")?;
            members.finish()?;
            if !shared.lock().holds.release(id.unsigned_abs()) {
                return Err("there is no such hold".into());
            }
            shared.announce();
            Ok(json!({}))
        }
        ("GET", "held") => {
            members.finish()?;
            held(shared, query)
        }
        ("GET", "state") => {
            members.finish()?;
            Ok(state(shared))
        }
        ("GET", "log") => {
            members.finish()?;
            Ok(Value::Array(shared.lock().log.clone()))
        }
        ("POST", "reset") => {
            members.finish()?;
            shared.reset();
            Ok(json!({}))
        }
        ("DELETE", "fault") => {
            members.finish()?;
            shared.lock().faults.clear();
            Ok(json!({}))
        }
        ("DELETE", "metadata") => {
            members.finish()?;
            shared.lock().published = Published::default();
            Ok(json!({}))
        }
        ("DELETE", "log") => {
            members.finish()?;
            shared.lock().log.clear();
            Ok(json!({}))
        }
        _ => Err(Failure::Unknown),
    }
}

fn known_client(state: &State, members: &mut Members) -> Result<String, String> {
    let id = members.text("client_id")?.unwrap_or_else(|| CLIENT_ID.to_string());
    if state.clients.find(&id).is_some() {
        return Ok(id);
    }
    Err(format!("client {id:?} is not registered"))
}

fn issue(shared: &Shared, mut members: Members) -> Result<Value, String> {
    let state = &mut *shared.lock();
    let client_id = known_client(state, &mut members)?;
    let scope = members.text("scope")?.unwrap_or_else(|| DEFAULT_SCOPE.to_string());
    let sub = members.text("sub")?.unwrap_or_else(|| USER.to_string());
    let acr = members.text("acr")?;
    let ttl_s = members.count("expires_in", u32::MAX)?.unwrap_or(state.config.access_ttl_s);
    let expired = members.flag("expired")?.unwrap_or(false);
    let jkt = members.text("jkt")?;
    members.finish()?;
    let ttl = i64::try_from(ttl_s).unwrap_or(i64::MAX);
    // An expired token is one that was issued its lifetime and a minute ago.
    let issued_ms = state.clock.now_ms() - if expired { (ttl + 60) * 1000 } else { 0 };
    let granted = Granted { acr, auth_ms: Some(issued_ms), ..Granted::new(&client_id, &scope).by(&sub) };
    let grant = state.grants.grant(granted);
    let issuer = Some(state.issuer(&shared.urls[Kind::Http.index()]));
    state.asked = Asked { jkt, issuer, ..Asked::default() };
    let mut answer = state.token_answer_at(issued_ms, grant, &scope, true, ttl_s);
    state.asked = Asked::default();
    answer["expires_at"] = (issued_ms.div_euclid(1000) + ttl).into();
    Ok(answer)
}

fn code(state: &mut State, mut members: Members) -> Result<Value, String> {
    let client_id = known_client(state, &mut members)?;
    let redirect_uri = members.required_text("redirect_uri")?;
    let challenge = members.text("code_challenge")?;
    let scope = members.text("scope")?.unwrap_or_else(|| DEFAULT_SCOPE.to_string());
    let nonce = members.text("nonce")?;
    let jkt = members.text("dpop_jkt")?;
    members.finish()?;
    let code = Code {
        granted: Granted { nonce, ..Granted::new(&client_id, &scope) },
        redirect_uri,
        challenge,
        jkt,
        expires_ms: state.clock.now_ms() + CODE_TTL_MS,
        grant: None,
    };
    Ok(json!({ "code": state.grants.code(code) }))
}

fn clock(state: &mut State, mut members: Members) -> Result<Value, String> {
    let advance = members.integer("advance_s", -MAX_OFFSET_S, MAX_OFFSET_S)?;
    let offset = members.integer("offset_s", -MAX_OFFSET_S, MAX_OFFSET_S)?;
    members.finish()?;
    match (advance, offset) {
        (Some(by_s), None) => state.clock.advance(by_s),
        (None, Some(offset_s)) => state.clock.set_offset(offset_s),
        _ => return Err("one of advance_s and offset_s is needed".to_string()),
    }
    Ok(json!({ "now": state.clock.now_s() }))
}

fn client(shared: &Shared, mut members: Members) -> Result<Value, String> {
    let id = members.required_text("client_id")?;
    let client = Client::read(&mut members, &shared.certificate)?;
    members.finish()?;
    shared.lock().clients.register(id.clone(), client);
    Ok(json!({ "client_id": id }))
}

fn invalidate(state: &mut State, mut members: Members) -> Result<Value, String> {
    let access = members.text("access_token")?;
    let refresh = members.text("refresh_token")?;
    members.finish()?;
    if access.is_none() && refresh.is_none() {
        return Err("access_token or refresh_token is needed".to_string());
    }
    if access.is_some_and(|token| !state.grants.refuse_access(&token)) {
        return Err("access_token is unknown".to_string());
    }
    if refresh.is_some_and(|token| !state.grants.refuse_refresh(&token)) {
        return Err("refresh_token is unknown".to_string());
    }
    Ok(json!({}))
}

fn held(shared: &Shared, query: &str) -> Result<Value, Failure> {
    let mut id = None;
    let mut at_least = 0;
    for (name, value) in form_pairs(query).ok_or("malformed query")? {
        let number: u64 = value.parse().map_err(|_| format!("{name} is not a number"))?;
        match name.as_str() {
            "id" => id = Some(number),
            "at_least" => at_least = number,
            _ => return Err(format!("unknown parameter {name:?}").into()),
        }
    }
    let id = id.ok_or("id is missing")?;
    let mut now = None;
    shared.wait_until(Some(Instant::now() + HELD_WAIT), |state| {
        now = state.holds.held(id);
        now.is_none_or(|held| held >= at_least)
    });
    match now {
        None => Err("there is no such hold".into()),
        Some(held) if held < at_least => Err(Failure::TooFew(held)),
        Some(held) => Ok(json!({ "id": id, "held": held })),
    }
}

fn state(shared: &Shared) -> Value {
    let (connections, open) = shared.connections.to_json();
    let state = shared.lock();
    let mut answer = state.counters.to_json();
    answer["now"] = state.clock.now_s().into();
    answer["connections"] = connections;
    answer["open_connections"] = open.into();
    answer
}
