//! Dynamic client registration (RFC 7591).

use crate::api::bearer_token;
use crate::challenge::challenge;
use crate::client::{Client, METHODS};
use crate::grants::random;
use crate::jws::Jwk;
use crate::managed::{self, Registered};
use crate::request::Request;
use crate::response::Response;
use crate::route::Place;
use crate::shared::State;
use serde_json::{Map, Value, json};

/// `POST /auth/register`.
pub fn answer(state: &mut State, request: &Request, place: &Place, certificate: &str) -> Response {
    let needed = state.config.registration_token.as_deref();
    if needed.is_some() && needed != bearer_token(request) {
        return unauthorized();
    }
    let (client, metadata) = match read(request, certificate) {
        Ok(pair) => pair,
        Err(error) => return refused(error, 400),
    };
    let id = random("client-");
    let registered = Registered::new(metadata, state.clock.now_s());
    state.registered.insert(id.clone(), registered);
    state.clients.register(id.clone(), client);
    Response::json(201, &managed::shown(state, place, &id)).header("Cache-Control", "no-store")
}

/// What comes of a wrong token.
pub fn unauthorized() -> Response {
    let challenge = challenge([("error", "invalid_token")]);
    refused("invalid_token", 401).header("WWW-Authenticate", &challenge)
}

/// What comes of a wrong request.
pub fn refused(error: &str, status: u16) -> Response {
    let answer = json!({ "error": error });
    Response::json(status, &answer).header("Cache-Control", "no-store")
}

/// The client that a request asks for, and its metadata with what it left open.
pub fn read(request: &Request, certificate: &str) -> Result<(Client, Value), &'static str> {
    const WRONG: &str = "invalid_client_metadata";
    let body = request.whole_body().filter(|_| request.media_type() == "application/json");
    let body = serde_json::from_slice(body.unwrap_or_default());
    let Ok(Value::Object(mut metadata)) = body else {
        return Err(WRONG);
    };
    let method = metadata.entry("token_endpoint_auth_method").or_insert_with(|| METHODS[0].into());
    let method = method.as_str().filter(|method| METHODS.contains(method)).ok_or(WRONG)?.to_string();
    let grants = metadata.entry("grant_types").or_insert_with(|| json!(["authorization_code"]));
    let grants: Vec<String> = serde_json::from_value(grants.clone()).map_err(|_| WRONG)?;
    metadata.entry("response_types").or_insert_with(|| json!(["code"]));
    let redirects = grants.iter().any(|grant| grant == "authorization_code" || grant == "implicit");
    let redirect_uris = redirect_uris(&metadata, "redirect_uris", redirects)?;
    let secret = method.starts_with("client_secret_").then(|| random("secret-"));
    let jwks = metadata.get("jwks").map(|set| set.get("keys").and_then(Value::as_array).ok_or(WRONG));
    let jwks = jwks.transpose()?.map(Vec::as_slice).unwrap_or_default();
    let mut client = Client {
        secret,
        method: Some(method),
        alg: text(&metadata, "token_endpoint_auth_signing_alg")?,
        keys: jwks.iter().map(Jwk::parse).collect::<Result<_, _>>().map_err(|_| WRONG)?,
        certificate: None,
        redirect_uris,
        post_logout_redirect_uris: self::redirect_uris(&metadata, "post_logout_redirect_uris", false)?,
        dpop_bound: flag(&metadata, "dpop_bound_access_tokens")?,
        request_object_alg: text(&metadata, "request_object_signing_alg")?,
        require_signed: flag(&metadata, "require_signed_request_object")?,
        require_pushed: flag(&metadata, "require_pushed_authorization_requests")?,
    };
    client.complete(certificate).map_err(|_| WRONG)?;
    Ok((client, Value::Object(metadata)))
}

fn text(metadata: &Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    let text = metadata.get(name).map(|text| text.as_str().map(ToString::to_string));
    text.map(|text| text.ok_or("invalid_client_metadata")).transpose()
}

fn flag(metadata: &Map<String, Value>, name: &str) -> Result<bool, &'static str> {
    match metadata.get(name) {
        None => Ok(false),
        Some(flag) => flag.as_bool().ok_or("invalid_client_metadata"),
    }
}

fn redirect_uris(
    metadata: &Map<String, Value>,
    name: &str,
    needed: bool,
) -> Result<Option<Vec<String>>, &'static str> {
    const WRONG: &str = "invalid_redirect_uri";
    let Some(uris) = metadata.get(name) else {
        return if needed { Err(WRONG) } else { Ok(None) };
    };
    let uris: Vec<String> = serde_json::from_value(uris.clone()).map_err(|_| WRONG)?;
    let good = |uri: &String| {
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        let is_absolute =
            !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        is_absolute && !uri.contains('#') && uri.bytes().all(|b| b.is_ascii_graphic())
    };
    if !uris.iter().all(good) || needed && uris.is_empty() {
        return Err(WRONG);
    }
    Ok(Some(uris))
}
