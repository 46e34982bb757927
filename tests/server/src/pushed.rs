//! Pushed authorization requests (RFC 9126).

use crate::authorize::{self, Came, Wrong};
use crate::dpop;
use crate::grants::random;
use crate::jar;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token::{self, Pairs};
use serde_json::json;
use std::collections::HashMap;

/// What the names of pushed requests begin with.
const URN: &str = "urn:ietf:params:oauth:request_uri:";
/// How long they are good.
const TTL_S: i64 = 60;

/// The requests that were pushed and not yet used.
#[derive(Default)]
pub struct Pushed(HashMap<String, One>);

struct One {
    client: String,
    pairs: Pairs,
    is_signed: bool,
    expires_ms: i64,
}

impl Pushed {
    /// Takes a client's request; it is good once.
    pub fn take(&mut self, uri: &str, client: Option<&str>, now_ms: i64) -> Option<(Pairs, Came)> {
        let is_its = self.0.get(uri).is_some_and(|one| Some(one.client.as_str()) == client);
        let one = is_its.then(|| self.0.remove(uri)).flatten()?;
        let came = Came { is_pushed: true, is_signed: one.is_signed };
        (now_ms < one.expires_ms).then_some((one.pairs, came))
    }
}

/// `POST /auth/par`.
pub fn answer(state: &mut State, request: &Request, place: &Place) -> Response {
    let (form, client) = match token::authenticated(state, request, place) {
        Ok(pair) => pair,
        Err(response) => return response,
    };
    let jkt = match dpop::at_server(state, request, place, None) {
        Ok(jkt) => jkt,
        Err(response) => return response,
    };
    let response = match push(state, form, &client, jkt, place) {
        Ok(uri) => {
            state.counters.pushed += 1;
            let answer = json!({ "request_uri": uri, "expires_in": TTL_S });
            Response::json(201, &answer).header("Cache-Control", "no-store")
        }
        Err(error) => token::error(error),
    };
    dpop::hand_out(state, request, dpop::Side::Token, response)
}

fn push(
    state: &mut State,
    form: Pairs,
    client: &str,
    jkt: Option<String>,
    place: &Place,
) -> Result<String, &'static str> {
    // Section 2.1: a request that was pushed is not pushed again.
    if token::value(&form, "request_uri").is_some() {
        return Err("invalid_request");
    }
    let proves = |(name, _): &(String, String)| {
        !["client_secret", "client_assertion", "client_assertion_type", "client_id"].contains(&name.as_str())
    };
    let mut pairs: Pairs = form.into_iter().filter(proves).collect();
    pairs.push(("client_id".to_string(), client.to_string()));
    let (mut pairs, is_signed) = jar::opened(state, pairs, place)?;
    match (jkt, token::value(&pairs, "dpop_jkt")) {
        // RFC 9449, section 10.1: the proof says it as well.
        (Some(jkt), None) => pairs.push(("dpop_jkt".to_string(), jkt)),
        (Some(proved), Some(said)) if proved != said => return Err("invalid_dpop_proof"),
        _ => {}
    }
    authorize::code(state, &pairs, Came { is_pushed: true, is_signed }).map_err(|wrong| match wrong {
        Wrong::Page(_) => "invalid_request",
        Wrong::Back(error) => error,
    })?;
    let uri = random(URN);
    let expires_ms = state.clock.now_ms() + TTL_S * 1000;
    state.pushed.0.insert(uri.clone(), One { client: client.to_string(), pairs, is_signed, expires_ms });
    Ok(uri)
}
