//! What becomes of a client after it has registered (RFC 7592).

use crate::api::bearer_token;
use crate::grants::random;
use crate::published::merge;
use crate::registration::{read, refused, unauthorized};
use crate::request::Request;
use crate::response::Response;
use crate::route::{Place, REGISTER};
use crate::shared::State;
use serde_json::Value;

/// A client that registered by itself.
pub struct Registered {
    /// What it said of itself, and what was filled in.
    pub metadata: Value,
    /// When.
    pub issued_at: i64,
    /// The token that it manages itself with.
    pub token: String,
}

impl Registered {
    /// One that has just registered.
    pub fn new(metadata: Value, issued_at: i64) -> Self {
        Self { metadata, issued_at, token: random("registration-") }
    }
}

/// `GET`, `PUT` or `DELETE` of `/auth/register/{id}`.
pub fn answer(state: &mut State, request: &Request, place: &Place, certificate: &str, id: &str) -> Response {
    let token = bearer_token(request);
    // Section 2: one that is gone is as one that never was.
    let its = state.registered.get(id).map(|registered| registered.token.as_str());
    if its.is_none() || its != token {
        return unauthorized();
    }
    match request.method.as_str() {
        "DELETE" => {
            state.registered.remove(id);
            state.clients.remove(id);
            state.grants.revoke_client(id);
            return Response::empty(204).header("Cache-Control", "no-store");
        }
        "PUT" => {
            if let Err(error) = replace(state, request, certificate, id) {
                return refused(error, 400);
            }
        }
        _ => {}
    }
    if state.config.registration_rotates
        && let Some(registered) = state.registered.get_mut(id)
    {
        registered.token = random("registration-");
    }
    Response::json(200, &shown(state, place, id)).header("Cache-Control", "no-store")
}

/// Everything that a client is told of itself.
pub fn shown(state: &State, place: &Place, id: &str) -> Value {
    let Some(registered) = state.registered.get(id) else {
        return Value::Null;
    };
    let mut answer = registered.metadata.clone();
    answer["client_id"] = id.into();
    answer["client_id_issued_at"] = registered.issued_at.into();
    answer["registration_access_token"] = registered.token.clone().into();
    answer["registration_client_uri"] = format!("{}{REGISTER}/{id}", place.base).into();
    if let Some(secret) = state.clients.find(id).and_then(|client| client.secret.as_ref()) {
        answer["client_secret"] = secret.clone().into();
        answer["client_secret_expires_at"] = 0.into();
    }
    merge(&mut answer, &state.config.registration_members);
    answer
}

/// Section 2.2: all of it is new, except who it is.
fn replace(state: &mut State, request: &Request, certificate: &str, id: &str) -> Result<(), &'static str> {
    const NOT_ITS: [&str; 4] = [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ];
    let (mut client, mut metadata) = read(request, certificate)?;
    let said = |name: &str| metadata.get(name).and_then(Value::as_str);
    let secret = state.clients.find(id).and_then(|client| client.secret.clone());
    let is_other = said("client_secret").is_some_and(|said| Some(said) != secret.as_deref());
    let is_not_its = NOT_ITS.iter().any(|name| metadata.get(name).is_some());
    if said("client_id") != Some(id) || is_other || is_not_its {
        return Err("invalid_request");
    }
    if client.secret.is_some() && secret.is_some() {
        client.secret = secret;
    }
    if let Some(members) = metadata.as_object_mut() {
        members.remove("client_id");
        members.remove("client_secret");
    }
    state.clients.register(id.to_string(), client);
    if let Some(registered) = state.registered.get_mut(id) {
        registered.metadata = metadata;
    }
    Ok(())
}
