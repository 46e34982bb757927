//! The token endpoint.

use crate::asked::Asked;
use crate::clients::{Proof, Refusal};
use crate::dpop::{self, Side};
use crate::encoding::{base64url, form_pairs};
use crate::exchange;
use crate::grants::Granted;
use crate::issue::{DEFAULT_SCOPE, NotRenewed};
use crate::presented;
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use crate::waiting::{self, Flow};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

/// The parameters of a form.
pub type Pairs = Vec<(String, String)>;

/// `POST /auth/token`.
pub fn answer(state: &mut State, request: &Request, place: &Place) -> Response {
    let (form, client) = match authenticated(state, request, place) {
        Ok(pair) => pair,
        Err(response) => return response,
    };
    let asked = dpop::at_server(state, request, place, Some(&client)).and_then(|jkt| {
        let asked = state.config.asked.read(&form).map_err(error)?;
        let issuer = Some(state.issuer(place.base));
        Ok(Asked { jkt, issuer, ..asked })
    });
    state.asked = match asked {
        Ok(asked) => asked,
        Err(response) => {
            if value(&form, "grant_type") == Some("refresh_token") {
                state.counters.refresh_failures += 1;
            }
            return response;
        }
    };
    let response = grant(state, &form, &client);
    state.asked = Asked::default();
    dpop::hand_out(state, request, Side::Token, response)
}

fn grant(state: &mut State, form: &Pairs, client: &str) -> Response {
    match value(form, "grant_type") {
        Some("refresh_token") => refresh(state, form, client),
        Some("authorization_code") => code(state, form, client),
        Some("client_credentials") => client_credentials(state, form, client),
        Some("urn:ietf:params:oauth:grant-type:device_code") => {
            waiting::step(state, form, client, Flow::Device)
        }
        Some("urn:openid:params:grant-type:ciba") => waiting::step(state, form, client, Flow::Ciba),
        Some(exchange::GRANT) => exchange::step(state, form, client),
        Some("password") => presented::password(state, form, client),
        Some(grant) if presented::ASSERTIONS.contains(&grant) => presented::assertion(state, form, client),
        Some(_) => error("unsupported_grant_type"),
        None => error("invalid_request"),
    }
}

/// The form of a request, and the client that it authenticates.
pub fn authenticated(
    state: &mut State,
    request: &Request,
    place: &Place,
) -> Result<(Pairs, String), Response> {
    // Like Home Assistant, which finds no grant_type in any other body.
    if request.media_type() != "application/x-www-form-urlencoded" {
        return Err(error("unsupported_grant_type"));
    }
    let Some(form) = form(request) else {
        return Err(error("invalid_request"));
    };
    let repeated = form
        .iter()
        .enumerate()
        // RFC 8693 and RFC 8707 have these two several times.
        .filter(|(_, (name, _))| name != "resource" && name != "audience")
        .any(|(index, (name, _))| form[..index].iter().any(|(earlier, _)| earlier == name));
    let mut authorization = request.header_values("authorization");
    let (authorization, more) = (authorization.next(), authorization.next());
    if repeated || more.is_some() {
        return Err(error("invalid_request"));
    }
    let proof = Proof {
        authorization,
        id: value(&form, "client_id"),
        secret: value(&form, "client_secret"),
        assertion_type: value(&form, "client_assertion_type"),
        assertion: value(&form, "client_assertion"),
        certificate: request.certificate.as_deref(),
    };
    let audiences = place.audiences(&state.config.issuer_path);
    let client = match state.clients.authenticate(&proof, &audiences, state.clock.now_s()) {
        Ok(proved) => {
            *state.counters.accepted.entry(proved.method).or_default() += 1;
            proved.id
        }
        Err(refusal) => {
            let reason = match refusal {
                Refusal::InvalidClient { reason, .. } => reason,
                Refusal::InvalidRequest => "twice",
            };
            *state.counters.refused.entry(reason).or_default() += 1;
            if value(&form, "grant_type") == Some("refresh_token") {
                state.counters.refresh_failures += 1;
            }
            return Err(refused(&refusal));
        }
    };
    Ok((form, client))
}

fn refresh(state: &mut State, form: &Pairs, client: &str) -> Response {
    let scope = value(form, "scope");
    let outcome = match value(form, "refresh_token") {
        None => Err("invalid_request"),
        Some(token) => match state.renew(token, Some(client), scope) {
            Ok(answer) => Ok(answer),
            Err(NotRenewed::InvalidGrant) => Err("invalid_grant"),
            Err(NotRenewed::InvalidScope) => Err("invalid_scope"),
            Err(NotRenewed::TooMuch(code)) => Err(code),
        },
    };
    match outcome {
        Ok(answer) => {
            state.counters.refreshes += 1;
            success(&answer)
        }
        Err(code) => {
            state.counters.refresh_failures += 1;
            error(code)
        }
    }
}

fn code(state: &mut State, form: &Pairs, client: &str) -> Response {
    let Some(text) = value(form, "code") else {
        return error("invalid_request");
    };
    let now_ms = state.clock.now_ms();
    let Some(code) = state.grants.find_code(text) else {
        return error("invalid_grant");
    };
    if let Some(grant) = code.grant {
        // RFC 6749, section 4.1.2: a code used twice was stolen, and so may be what
        // came of it.
        state.end_family(grant);
        return error("invalid_grant");
    }
    let good = code.granted.client_id == client
        && now_ms < code.expires_ms
        && value(form, "redirect_uri") == Some(&code.redirect_uri)
        && code.jkt.as_ref().is_none_or(|bound| state.asked.jkt.as_ref() == Some(bound))
        && verified(code.challenge.as_deref(), value(form, "code_verifier"));
    if !good {
        return error("invalid_grant");
    }
    if let Err(code) = state.asked.fits(&code.granted) {
        return error(code);
    }
    let granted = code.granted.clone();
    let scope = granted.scope.clone();
    let grant = state.grants.grant(granted);
    if let Some(code) = state.grants.find_code(text) {
        code.grant = Some(grant);
    }
    success(&state.token_answer(grant, &scope, true))
}

fn client_credentials(state: &mut State, form: &Pairs, client: &str) -> Response {
    if !state.clients.is_confidential(client) {
        return error("unauthorized_client");
    }
    let scope = value(form, "scope").unwrap_or(DEFAULT_SCOPE);
    let grant = state.grants.grant(Granted::new(client, scope).by(client));
    success(&state.token_answer(grant, scope, false))
}

/// PKCE with S256; nothing to verify where there was no challenge.
fn verified(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    let Some(challenge) = challenge else {
        return true;
    };
    verifier.is_some_and(|verifier| {
        let hash = digest(&SHA256, verifier.as_bytes());
        base64url(hash.as_ref()) == challenge
    })
}

/// The form of a request, where it is one.
pub fn form(request: &Request) -> Option<Pairs> {
    form_pairs(std::str::from_utf8(request.whole_body()?).ok()?)
}

/// A parameter; one without value counts as absent (RFC 6749, section 3.2).
pub fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = form.iter().find(|(n, value)| n == name && !value.is_empty());
    found.map(|(_, value)| value.as_str())
}

pub fn success(answer: &Value) -> Response {
    Response::json(200, answer).header("Cache-Control", "no-store")
}

pub fn error(code: &str) -> Response {
    Response::json(400, &json!({ "error": code })).header("Cache-Control", "no-store")
}

/// What a public client gets where it has to prove who it is.
pub fn not_confidential(state: &mut State) -> Response {
    *state.counters.refused.entry("method").or_default() += 1;
    refused(&Refusal::InvalidClient { basic: false, reason: "method" })
}

fn refused(refusal: &Refusal) -> Response {
    let basic = match refusal {
        Refusal::InvalidRequest => return error("invalid_request"),
        Refusal::InvalidClient { basic, .. } => *basic,
    };
    let mut response = error("invalid_client");
    response.status = 401;
    if basic {
        response = response.header("WWW-Authenticate", "Basic realm=\"bearer-testserver\"");
    }
    response
}
