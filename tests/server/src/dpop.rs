//! DPoP (RFC 9449): with each request a proof that its sender holds the key to which its
//! tokens are bound.

use crate::challenge::challenge_of;
use crate::encoding::base64url;
use crate::grants::random;
use crate::jws::{Jwk, Jws};
use crate::members::Members;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::token;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::HashSet;

/// What proofs can be signed with.
pub const ALGORITHMS: [&str; 4] = ["ES256", "EdDSA", "RS256", "PS256"];
/// The same in a challenge, where these two are enough for everybody.
const ALGS: (&str, &str) = ("algs", "ES256 EdDSA");
/// By how much the clock of a proof may differ.
const SKEW_S: u64 = 60;

/// Why a proof, or the want of one, was refused, as it is counted.
pub const REASONS: [&str; 15] = [
    "missing",
    "malformed",
    "typ",
    "alg",
    "jwk",
    "signature",
    "jti",
    "replay",
    "htm",
    "htu",
    "nonce",
    "iat",
    "ath",
    "binding",
    "scheme",
];

/// Where a proof is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The authorization server.
    Token,
    /// The API and the userinfo endpoint.
    Api,
}

/// The settings.
#[derive(Clone, Default)]
pub struct Settings {
    nonce: Nonce,
    ignored: bool,
}

/// Who requires a nonce.
#[derive(Clone, Copy, Default)]
enum Nonce {
    #[default]
    None,
    Required,
    At(Side),
}

impl Nonce {
    const ALL: [(&str, Self); 4] = [
        ("none", Self::None),
        ("required", Self::Required),
        ("token", Self::At(Side::Token)),
        ("api", Self::At(Side::Api)),
    ];

    fn is_required(self, side: Side) -> bool {
        match self {
            Self::None => false,
            Self::Required => true,
            Self::At(only) => only == side,
        }
    }
}

impl Settings {
    /// Takes the settings that a control request changes.
    pub fn change(&mut self, members: &mut Members) -> Result<(), String> {
        if let Some(name) = members.text("dpop_nonce")? {
            let found = Nonce::ALL.iter().find(|(known, _)| *known == name);
            self.nonce = found.ok_or("dpop_nonce is not one of none, required, token, api")?.1;
        }
        if let Some(ignored) = members.flag("dpop_ignored")? {
            self.ignored = ignored;
        }
        Ok(())
    }

    /// Shows the settings among all others.
    pub fn show(&self, all: &mut Value) {
        let is_it = |nonce: &Nonce| {
            [Side::Token, Side::Api]
                .iter()
                .all(|side| nonce.is_required(*side) == self.nonce.is_required(*side))
        };
        let name = Nonce::ALL.iter().find(|(_, nonce)| is_it(nonce)).map(|(name, _)| *name);
        all["dpop_nonce"] = name.into();
        all["dpop_ignored"] = self.ignored.into();
    }
}

/// The nonces in use, and the proofs that were used.
pub struct Dpop {
    used: HashSet<(String, String)>,
    nonces: [Nonces; 2],
}

struct Nonces {
    now: String,
    before: Option<String>,
}

impl Default for Dpop {
    fn default() -> Self {
        let fresh = |prefix| Nonces { now: random(prefix), before: None };
        Self { used: HashSet::new(), nonces: [fresh("nonce-t-"), fresh("nonce-a-")] }
    }
}

impl Dpop {
    fn nonce(&self, side: Side) -> &str {
        &self.nonces[side as usize].now
    }

    fn takes(&self, side: Side, nonce: Option<&str>) -> bool {
        let nonces = &self.nonces[side as usize];
        nonce.is_some_and(|nonce| nonce == nonces.now || nonces.before.as_deref() == Some(nonce))
    }

    /// `POST /control/dpop`: new nonces; with `keep` the last ones are good for another while.
    pub fn control(&mut self, mut members: Members) -> Result<Value, String> {
        let rolls = members.flag("roll")?.unwrap_or(false);
        let keeps = members.flag("keep")?.unwrap_or(false);
        members.finish()?;
        if rolls {
            for (nonces, fresh) in self.nonces.iter_mut().zip(Self::default().nonces) {
                let last = std::mem::replace(&mut nonces.now, fresh.now);
                nonces.before = keeps.then_some(last);
            }
        }
        Ok(json!({ "nonce": self.nonce(Side::Token), "api_nonce": self.nonce(Side::Api) }))
    }
}

/// The key that a request to the token endpoint, or to one beside it, has proved: its
/// thumbprint (RFC 7638). A client may be one that has to prove one. An error is the answer.
pub fn at_server(
    state: &mut State,
    request: &Request,
    place: &Place,
    client: Option<&str>,
) -> Result<Option<String>, Response> {
    if state.config.dpop.ignored {
        return Ok(None);
    }
    let client = client.and_then(|id| state.clients.find(id));
    let is_needed = client.is_some_and(|client| client.dpop_bound);
    if request.header_values("dpop").next().is_none() && !is_needed {
        return Ok(None);
    }
    match verify(state, request, place, Side::Token, None) {
        Ok(jkt) => {
            state.counters.dpop_accepted += 1;
            Ok(Some(jkt))
        }
        Err(reason) => {
            count_refusal(state, reason);
            let code = if reason == "nonce" { "use_dpop_nonce" } else { "invalid_dpop_proof" };
            Err(hand_out(state, request, Side::Token, token::error(code)))
        }
    }
}

/// Whether a live token comes the way it has to; an error is the challenge. Tokens that
/// are not live, and requests without any, are left to the caller.
pub fn at_api(state: &mut State, request: &Request, place: &Place, token: Presented) -> Result<(), String> {
    let challenge = |error| Err(challenge_of("DPoP", [("error", error), ALGS]));
    let now_ms = state.clock.now_ms();
    let Some(live) = state.grants.live(token.text, now_ms) else {
        return if token.is_dpop { challenge("invalid_token") } else { Ok(()) };
    };
    let bound = live.access.jkt.clone();
    let outcome = match bound {
        None if !token.is_dpop => return Ok(()),
        Some(bound) if token.is_dpop => {
            let proved = verify(state, request, place, Side::Api, Some(token.text));
            proved.and_then(|jkt| if jkt == bound { Ok(()) } else { Err("binding") })
        }
        _ => Err("scheme"),
    };
    if outcome.is_ok() {
        state.counters.dpop_accepted += 1;
    }
    outcome.or_else(|reason| {
        count_refusal(state, reason);
        challenge(match reason {
            "nonce" => "use_dpop_nonce",
            "scheme" | "binding" => "invalid_token",
            _ => "invalid_dpop_proof",
        })
    })
}

/// What a request shows the API.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// Whether under `DPoP`, and not under `Bearer`.
    pub is_dpop: bool,
    /// The token.
    pub text: &'a str,
}

/// The answer to a request with a proof, with the nonce where one is required.
pub fn hand_out(state: &State, request: &Request, side: Side, response: Response) -> Response {
    let settings = &state.config.dpop;
    let is_asked = request.header_values("dpop").next().is_some() || response.status == 401;
    if !is_asked || settings.ignored || !settings.nonce.is_required(side) {
        return response;
    }
    response.header("DPoP-Nonce", state.dpop.nonce(side))
}

/// Counts a refusal.
pub fn count_refusal(state: &mut State, reason: &'static str) {
    *state.counters.dpop_refused.entry(reason).or_default() += 1;
}

/// Verifies the proof of a request; the thumbprint of its key, or the reason to count.
fn verify(
    state: &mut State,
    request: &Request,
    place: &Place,
    side: Side,
    token: Option<&str>,
) -> Result<String, &'static str> {
    if request.header_values("dpop").next().is_none() {
        return Err("missing");
    }
    let jws = request.header("dpop").and_then(Jws::parse).ok_or("malformed")?;
    let text = |name: &str| jws.claims.get(name).and_then(Value::as_str);
    if jws.header.get("typ").and_then(Value::as_str) != Some("dpop+jwt") {
        return Err("typ");
    }
    if !ALGORITHMS.contains(&jws.alg.as_str()) {
        return Err("alg");
    }
    let key = jws.header.get("jwk").and_then(|jwk| Jwk::parse(jwk).ok());
    let key = key.filter(|key| key.is_for(&jws.alg)).ok_or("jwk")?;
    if !jws.is_by(&key) {
        return Err("signature");
    }
    let jkt = key.thumbprint();
    let jti = text("jti").filter(|jti| !jti.is_empty()).ok_or("jti")?;
    // Also of a proof that is refused for something else: a client that has to try again
    // has to make another.
    if !state.dpop.used.insert((jkt.clone(), jti.to_string())) {
        return Err("replay");
    }
    if text("htm") != Some(&request.method) {
        return Err("htm");
    }
    if !text("htu").is_some_and(|htu| place.is_at(htu, request)) {
        return Err("htu");
    }
    if state.config.dpop.nonce.is_required(side) && !state.dpop.takes(side, text("nonce")) {
        return Err("nonce");
    }
    let iat = jws.claims.get("iat").and_then(Value::as_i64);
    if iat.is_none_or(|iat| state.clock.now_s().abs_diff(iat) > SKEW_S) {
        return Err("iat");
    }
    if token.is_some_and(|token| text("ath") != Some(&hash(token))) {
        return Err("ath");
    }
    Ok(jkt)
}

/// The hash of a token, as `ath` has it.
fn hash(token: &str) -> String {
    base64url(digest(&SHA256, token.as_bytes()).as_ref())
}
