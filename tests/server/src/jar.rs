//! Authorization requests that the client signs (RFC 9101).

use crate::client::Client;
use crate::jws::Jws;
use crate::route::Place;
use crate::shared::State;
use crate::token::{Pairs, value};
use serde_json::{Map, Value};

/// Why a request object was refused, as it is counted.
pub const REASONS: [&str; 9] =
    ["malformed", "typ", "alg", "kid", "signature", "client_id", "iss", "aud", "exp"];

/// The parameters of a request, out of its request object where it has one. An error is
/// the code.
pub fn opened(state: &mut State, pairs: Pairs, place: &Place) -> Result<(Pairs, bool), &'static str> {
    let Some(object) = value(&pairs, "request") else {
        return Ok((pairs, false));
    };
    let opened = value(&pairs, "client_id").ok_or("client_id").and_then(|id| {
        let client = state.clients.find(id).ok_or("client_id")?;
        let audiences = place.audiences(&state.config.issuer_path);
        verified(object, id, client, &audiences, state.clock.now_s())
    });
    match opened {
        Ok(claims) => {
            state.counters.request_objects += 1;
            Ok((claims.into_iter().flat_map(|(name, value)| parameters(&name, &value)).collect(), true))
        }
        Err(reason) => {
            *state.counters.request_objects_refused.entry(reason).or_default() += 1;
            Err("invalid_request_object")
        }
    }
}

fn verified(
    object: &str,
    id: &str,
    client: &Client,
    audiences: &[String],
    now_s: i64,
) -> Result<Map<String, Value>, &'static str> {
    let jws = Jws::parse(object).ok_or("malformed")?;
    let typ = jws.header.get("typ").map(|typ| typ.as_str().unwrap_or_default().to_ascii_lowercase());
    if typ.is_some_and(|typ| !["jwt", "oauth-authz-req+jwt"].contains(&typ.as_str())) {
        return Err("typ");
    }
    if client.request_object_alg.as_ref().is_some_and(|alg| *alg != jws.alg) {
        return Err("alg");
    }
    let fitting: Vec<_> = client.keys.iter().filter(|key| key.is_for(&jws.alg)).collect();
    if fitting.is_empty() {
        return Err("alg");
    }
    let mut named = fitting.into_iter().filter(|key| key.kid.is_none() || key.kid == jws.kid).peekable();
    if named.peek().is_none() {
        return Err("kid");
    }
    if !named.any(|key| jws.is_by(key)) {
        return Err("signature");
    }
    let claims = jws.claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // Section 5: the client says in both places who it is; section 6.1: nothing nested.
    let is_nested = claims.contains_key("request") || claims.contains_key("request_uri");
    if text("client_id") != Some(id) || is_nested {
        return Err("client_id");
    }
    if claims.contains_key("iss") && text("iss") != Some(id) {
        return Err("iss");
    }
    let is_here = |aud: &str| audiences.iter().any(|audience| audience == aud);
    let is_meant = match claims.get("aud") {
        None => true,
        Some(Value::String(aud)) => is_here(aud),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(is_here),
        Some(_) => false,
    };
    if !is_meant {
        return Err("aud");
    }
    let time = |name: &str| claims.get(name).map(Value::as_i64);
    let is_over = time("exp").is_some_and(|exp| exp.is_none_or(|exp| exp <= now_s));
    let is_early = time("nbf").is_some_and(|nbf| nbf.is_none_or(|nbf| nbf > now_s + 60));
    if is_over || is_early {
        return Err("exp");
    }
    Ok(claims)
}

/// A claim as the parameters that it would be otherwise.
fn parameters(name: &str, value: &Value) -> Pairs {
    let one = |text: String| (name.to_string(), text);
    match (name, value) {
        // Of the object, and not of the request.
        ("iss" | "aud" | "exp" | "iat" | "nbf" | "jti", _) => Vec::new(),
        (_, Value::String(text)) => vec![one(text.clone())],
        ("resource", Value::Array(several)) => {
            several.iter().filter_map(Value::as_str).map(|text| one(text.to_string())).collect()
        }
        _ => vec![one(value.to_string())],
    }
}
