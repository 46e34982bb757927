//! What a client's assertion has to say (RFC 7523, section 3; OpenID Connect Core, 9).

use crate::client::Client;
use crate::jws::Jws;
use serde_json::Value;
use std::collections::HashSet;

/// The only type of assertion that authenticates clients here.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// For how long an assertion may be good: a longer one is a key in other words.
const MAX_LIFE_S: i64 = 3600;
/// By how much the client's clock may be ahead.
const SKEW_S: i64 = 60;

/// The assertions that were used, by client and `jti`.
#[derive(Default)]
pub struct Used(HashSet<(String, String)>);

/// Whom an assertion is said to be of, before anything is verified.
pub fn client_id(jws: &Jws) -> Option<String> {
    jws.claims.get("sub").and_then(Value::as_str).map(ToString::to_string)
}

/// Verifies an assertion of a client; an error is the reason to count.
pub fn verify(
    jws: &Jws,
    client: &Client,
    id: &str,
    audiences: &[String],
    now_s: i64,
    used: &mut Used,
) -> Result<(), &'static str> {
    signed(jws, client)?;
    let text = |name: &str| jws.claims.get(name).and_then(Value::as_str);
    let time = |name: &str| jws.claims.get(name).and_then(Value::as_i64);
    if text("iss") != Some(id) {
        return Err("iss");
    }
    if text("sub") != Some(id) {
        return Err("sub");
    }
    let is_here = |aud: &str| audiences.iter().any(|audience| audience == aud);
    let is_meant = match jws.claims.get("aud") {
        Some(Value::String(aud)) => is_here(aud),
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).any(is_here),
        _ => false,
    };
    if !is_meant {
        return Err("aud");
    }
    if !time("exp").is_some_and(|exp| exp > now_s && exp <= now_s + MAX_LIFE_S) {
        return Err("exp");
    }
    for name in ["iat", "nbf"] {
        if jws.claims.contains_key(name) && time(name).is_none_or(|time| time > now_s + SKEW_S) {
            return Err(name);
        }
    }
    let jti = text("jti").filter(|jti| !jti.is_empty()).ok_or("jti")?;
    if !used.0.insert((id.to_string(), jti.to_string())) {
        return Err("replay");
    }
    Ok(())
}

fn signed(jws: &Jws, client: &Client) -> Result<(), &'static str> {
    if client.alg.as_ref().is_some_and(|alg| *alg != jws.alg) {
        return Err("alg");
    }
    if client.method.as_deref() == Some("client_secret_jwt") {
        if jws.alg != "HS256" {
            return Err("alg");
        }
        let is_by = client.secret.as_ref().is_some_and(|secret| jws.is_by_secret(secret));
        return if is_by { Ok(()) } else { Err("signature") };
    }
    let fitting = client.keys.iter().filter(|key| key.is_for(&jws.alg));
    let fitting: Vec<_> = fitting.collect();
    if fitting.is_empty() {
        return Err("alg");
    }
    // A key that was registered with a name is called by it.
    let mut named = fitting.into_iter().filter(|key| key.kid.is_none() || key.kid == jws.kid).peekable();
    if named.peek().is_none() {
        return Err("kid");
    }
    if named.any(|key| jws.is_by(key)) { Ok(()) } else { Err("signature") }
}
