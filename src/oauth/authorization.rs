//! The authorization code grant: RFC 6749 section 4.1, with PKCE (RFC 7636, S256 only) and the issuer in the answer
//! (RFC 9207). What is known between the two halves is JSON that the caller keeps.

use crate::base64;
use crate::config::ClientRegistration;
use crate::digest;
use crate::error::{Error, Reason, Result};
use crate::json::{Kind, Object, Raw};
use crate::metadata::Metadata;
use crate::oauth::token_request::Parameters;
use crate::oauth::{form, id_token, token_response};
use crate::secret::{Secret, Wiped};
use crate::url::Url;

/// How long a person may take (`hostile.md` A-1).
const LONGEST_S: i64 = 600;
/// How far the server's clock may be from ours.
const SKEW_S: i64 = 60;

/// What must be new for every login; 32 bytes each, in base64url.
pub struct Fresh {
    /// Ties the answer to the login (RFC 6749 section 10.12).
    pub state: Wiped,
    /// The PKCE verifier (RFC 7636 section 4.1).
    pub verifier: Wiped,
    /// Ties an ID token to the login (OpenID Connect Core section 3.1.2.1).
    pub nonce: Wiped,
}

impl Fresh {
    /// Of 96 bytes that nobody can guess.
    pub fn of(bytes: &[u8; 96]) -> Fresh {
        let part = |n: usize| base64::encode_url(&bytes[32 * n..32 * (n + 1)]);
        Fresh { state: part(0), verifier: part(1), nonce: part(2) }
    }
}

/// A login that has begun.
pub struct Begun {
    /// The parameters of the authorization request.
    pub parameters: Parameters,
    /// What the other half needs; `authorization_url` is still to come.
    pub login: Object,
}

/// Begins a login with the caller's parameters, by their RFC names. `dpop_jkt` names the key that the token is to be
/// bound to (RFC 9449 section 10).
pub fn begin(
    server: &Metadata,
    client: &ClientRegistration,
    given: &Object,
    dpop_jkt: Option<&str>,
    fresh: &Fresh,
    now: i64,
) -> Result<Begun> {
    let Some(client_id) = &client.client_id else {
        return Err(Error::new(Reason::Conflict, "client.client_id: is not configured"));
    };
    if server.pkce_methods.as_ref().is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
        return Err(Error::new(
            Reason::Pkce,
            "the server's metadata does not list S256 among its code_challenge_methods_supported",
        ));
    }
    let mut parameters = Parameters::new();
    let mut add = |name: &str, value: &str| parameters.push((name.to_owned(), Secret::from(value)));
    add("response_type", "code");
    add("client_id", client_id);
    let mut nonce = None;
    for (name, value) in given.iter() {
        const OURS: [&str; 8] = [
            "response_type",
            "client_id",
            "state",
            "code_challenge",
            "code_challenge_method",
            "request",
            "request_uri",
            "dpop_jkt",
        ];
        if OURS.contains(&name) {
            return Err(Error::new(Reason::Member, format!("params_json.{name}: is set by the library")));
        }
        match (name, value.kind()) {
            ("scope", _) | (_, Kind::Null) => {}
            // Several resources are several parameters (RFC 8707 section 2).
            ("resource", Kind::Array) => {
                for resource in value.as_array().unwrap_or_default() {
                    let text = resource.as_str().ok_or_else(|| not_text("resource"))?;
                    add(name, &text);
                }
            }
            // JSON in a parameter: RFC 9396 section 2, OpenID Connect Core section 5.5.
            ("authorization_details", Kind::Array | Kind::Object) | ("claims", Kind::Object) => {
                add(name, value.text());
            }
            _ => {
                let text = text_of(given, name)?.unwrap_or_default();
                if name == "nonce" {
                    nonce = Some(text.clone());
                }
                add(name, &text);
            }
        }
    }
    let scope = match text_of(given, "scope")? {
        Some(scope) => Some(scope.to_string()),
        None => client.scope.clone(),
    };
    if let Some(scope) = &scope {
        add("scope", scope);
        if nonce.is_none() && id_token::is_asked_for(scope) {
            add("nonce", &fresh.nonce);
            nonce = Some(fresh.nonce.clone());
        }
    }
    add("state", &fresh.state);
    add("code_challenge", &base64::encode_url(&digest::sha256(fresh.verifier.as_bytes())));
    add("code_challenge_method", "S256");
    if let Some(jkt) = dpop_jkt {
        add("dpop_jkt", jkt);
    }
    let mut login = Object::default();
    // First of all, for people who look at it.
    login.set("authorization_url", Raw::from_text(""));
    let redirect_uri = text_of(given, "redirect_uri")?;
    for (name, value) in [
        ("state", Some(fresh.state.as_str())),
        ("code_verifier", Some(fresh.verifier.as_str())),
        ("nonce", nonce.as_deref().map(String::as_str)),
        ("redirect_uri", redirect_uri.as_deref().map(String::as_str)),
        ("issuer", server.issuer.as_deref()),
        ("response_mode", text_of(given, "response_mode")?.as_deref().map(String::as_str)),
        ("scope", scope.as_deref()),
        ("max_age", text_of(given, "max_age")?.as_deref().map(String::as_str)),
    ] {
        if let Some(value) = value {
            login.set(name, Raw::from_text(value));
        }
    }
    login.set("expires_at", Raw::from_integer(now.saturating_add(LONGEST_S)));
    Ok(Begun { parameters, login })
}

/// Where the browser is sent.
pub fn url(endpoint: &Url, parameters: &Parameters) -> String {
    let mut url = endpoint.to_string();
    for (name, value) in parameters {
        Url::add_query(&mut url, name, value.expose());
    }
    url
}

/// What the person's way through the browser brought.
#[derive(Debug)]
pub struct Answer {
    /// The code, good once.
    pub code: Secret,
    verifier: Secret,
    redirect_uri: Option<Wiped>,
    /// What an ID token must repeat.
    pub nonce: Option<Secret>,
    /// How long ago the person may have proved who they are (OpenID Connect Core section 3.1.2.1).
    pub max_age_s: Option<i64>,
}

/// Reads the callback: the URL that the browser was sent to, or its query.
pub fn finish(server: &Metadata, login: &Object, callback: &str, now: i64) -> Result<Answer> {
    let needed = |name: &str| match login.get(name).and_then(Raw::as_str) {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(Error::new(Reason::Member, format!("login_json.{name}: is missing"))),
    };
    let (state, verifier) = (needed("state")?, needed("code_verifier")?);
    let parameters = query_of(callback)?;
    let one = |wanted: &str| single(&parameters, wanted);
    let (code, error, answered_state) = (one("code")?, one("error")?, one("state")?);
    if !answered_state.is_some_and(|answered| Secret::from(answered.as_str()).matches(&state)) {
        return Err(Error::new(
            Reason::State,
            "the callback does not belong to this login: its state differs",
        ));
    }
    check_issuer(server, login, one("iss")?.map(|iss| iss.as_str()))?;
    let expires_at = login.get("expires_at").and_then(Raw::as_thousandths).map(|at| at / 1000);
    if expires_at.is_some_and(|at| at <= now) {
        return Err(Error::new(Reason::LoginExpired, "the login was begun too long ago: begin again"));
    }
    match (code, error) {
        (Some(code), None) if !code.is_empty() => Ok(Answer {
            code: Secret::from(code.as_str()),
            verifier: Secret::from(verifier.as_str()),
            redirect_uri: login.get("redirect_uri").and_then(Raw::as_str),
            max_age_s: login.get("max_age").and_then(Raw::as_str).and_then(|text| text.parse().ok()),
            nonce: login.get("nonce").and_then(Raw::as_str).map(|nonce| Secret::from(nonce.as_str())),
        }),
        (None, Some(error)) => Err(refused(error, one("error_description")?)),
        _ => Err(Error::new(Reason::State, "the callback must have either a code or an error")),
    }
}

type Query = Vec<(String, Wiped)>;

fn query_of(callback: &str) -> Result<Query> {
    let query = callback.split('#').next().unwrap_or_default();
    let query = query.split_once('?').map_or(query, |(_, query)| query);
    // Some servers add words of their own.
    let query: Vec<_> = query.split('&').filter(|pair| pair.contains('=')).collect();
    form::parse(&query.join("&")).ok_or_else(|| {
        Error::new(Reason::Url, "callback_url: has no query as RFC 6749 section 4.1.2 wants it")
    })
}

fn single<'a>(parameters: &'a Query, wanted: &str) -> Result<Option<&'a Wiped>> {
    let mut found = parameters.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (first, None) => Ok(first),
        _ => Err(Error::new(Reason::State, format!("the callback has {wanted} twice"))),
    }
}

/// The JWT that a callback consists of, where the login asked for one (JARM section 2.3.1). Nothing else is then believed.
pub fn signed_response(login: &Object, callback: &str) -> Result<Option<Wiped>> {
    let mode = login.get("response_mode").and_then(Raw::as_str);
    if !mode.is_some_and(|mode| *mode == "jwt" || mode.ends_with(".jwt")) {
        return Ok(None);
    }
    match single(&query_of(callback)?, "response")? {
        Some(response) => Ok(Some(response.clone())),
        None => Err(Error::new(Reason::State, "the callback is not signed, which the login asked for")),
    }
}

/// A signed callback's claims as the query of a plain one, where it is of this server and for this client (JARM section
/// 2.4).
pub fn query_of_claims(claims: &Object, issuer: Option<&str>, client_id: &str, now: i64) -> Result<Wiped> {
    let text = |name: &str| claims.get(name).and_then(Raw::as_str);
    if issuer.is_none() || text("iss").as_deref().map(String::as_str) != issuer {
        return Err(Error::new(Reason::Issuer, "the callback is signed by another issuer than the server"));
    }
    let audiences = claims.get("aud").and_then(Raw::as_array);
    let is_ours = match audiences {
        Some(list) => list.iter().filter_map(Raw::as_str).any(|one| *one == client_id),
        None => text("aud").is_some_and(|one| *one == client_id),
    };
    let expires_at = claims.get("exp").and_then(Raw::as_thousandths).map(|exp| exp / 1000);
    if !is_ours || expires_at.is_none_or(|at| at.saturating_add(SKEW_S) <= now) {
        return Err(Error::new(Reason::Jwt, "the callback's JWT is for another client, or too old"));
    }
    let mut query = String::from("?");
    for (name, value) in claims.iter().filter_map(|(name, value)| Some((name, value.as_str()?))) {
        if !matches!(name, "aud" | "exp" | "iat" | "nbf") {
            Url::add_query(&mut query, name, &value);
        }
    }
    Ok(Wiped::new(query))
}

/// RFC 9207 section 2.4: a code from another server goes nowhere.
fn check_issuer(server: &Metadata, login: &Object, answered: Option<&str>) -> Result<()> {
    let expected = login.get("issuer").and_then(Raw::as_str);
    match (expected.as_deref(), answered) {
        (Some(expected), Some(answered)) if expected != answered => Err(Error::new(
            Reason::Issuer,
            "the callback comes from another issuer than the login was begun with",
        )),
        (Some(_), None) if server.issuer_in_answers => {
            Err(Error::new(Reason::Issuer, "the callback has no iss, which this server always sends"))
        }
        _ => Ok(()),
    }
}

fn refused(code: &str, description: Option<&Wiped>) -> Error {
    let mut error = if code == "access_denied" {
        Error::new(Reason::Denied, "the person, or the server, said no")
    } else {
        Error::new(Reason::OauthError, "the authorization server refused the login")
    };
    error.oauth_error = Some(token_response::tidy(code));
    error.oauth_error_description = description.map(|text| token_response::tidy(text));
    error
}

/// What is sent to trade the code for tokens (RFC 6749 section 4.1.3).
pub fn parameters(answer: &Answer) -> Parameters {
    let mut parameters = vec![
        ("grant_type".to_owned(), Secret::from("authorization_code")),
        ("code".to_owned(), answer.code.clone()),
    ];
    if let Some(redirect_uri) = &answer.redirect_uri {
        parameters.push(("redirect_uri".to_owned(), Secret::from(redirect_uri.as_str())));
    }
    parameters.push(("code_verifier".to_owned(), answer.verifier.clone()));
    parameters
}

fn text_of(parameters: &Object, name: &str) -> Result<Option<Wiped>> {
    match parameters.get(name) {
        Some(value) if value.kind() != Kind::Null => match value.as_str() {
            Some(text) => Ok(Some(text)),
            None => Err(not_text(name)),
        },
        _ => Ok(None),
    }
}

fn not_text(name: &str) -> Error {
    Error::new(Reason::Member, format!("params_json.{name}: is not a string"))
}

#[cfg(test)]
mod tests;
