//! Which part of the server answers a request.

use crate::metadata::Document;
use crate::request::Request;
use crate::response::Response;
use crate::shared::{Counters, Kind, Shared, State};
use crate::{
    api, authorize, ciba, device, end_session, introspect, link, managed, published, pushed, registration,
    token, userinfo,
};

/// The token endpoint.
pub const TOKEN: &str = "/auth/token";
/// The authorization endpoint.
pub const AUTHORIZE: &str = "/auth/authorize";
/// The end session endpoint.
pub const END_SESSION: &str = "/auth/end_session";
/// The server's keys.
pub const JWKS: &str = "/auth/jwks";
/// The pushed authorization request endpoint.
pub const PAR: &str = "/auth/par";
/// The revocation endpoint.
pub const REVOKE: &str = "/auth/revoke";
/// The device authorization endpoint.
pub const DEVICE: &str = "/auth/device_authorization";
/// The introspection endpoint.
pub const INTROSPECT: &str = "/auth/introspect";
/// The userinfo endpoint.
pub const USERINFO: &str = "/auth/userinfo";
/// The registration endpoint.
pub const REGISTER: &str = "/auth/register";
/// The backchannel authentication endpoint.
pub const CIBA: &str = "/auth/bc-authorize";
const LINK: &str = "/link/refresh_token/";

/// Where a request came in.
pub struct Place<'a> {
    /// The base URL of the listener.
    pub base: &'a str,
    /// That of the listener for which this one is an alias (RFC 8705, section 5).
    alias_of: Option<&'a str>,
}

impl Place<'_> {
    /// Whom assertions can be meant for: the issuer, its token endpoint, or that for pushed
    /// requests (RFC 9126, section 2).
    pub fn audiences(&self, issuer_path: &str) -> Vec<String> {
        let bases = [Some(self.base), self.alias_of].into_iter().flatten();
        bases.flat_map(|base| [issuer_path, TOKEN, PAR].map(|path| format!("{base}{path}"))).collect()
    }

    /// Whether this is the URL of a request, which has no query (RFC 9449, section 4.3):
    /// by the name under which the client reached the server, or by the server's own.
    pub fn is_at(&self, url: &str, request: &Request) -> bool {
        let scheme = self.base.split("://").next().unwrap_or_default();
        let host = request.header("host").unwrap_or_default().to_ascii_lowercase();
        let path = request.path();
        url == format!("{scheme}://{host}{path}") || url == format!("{}{path}", self.base)
    }
}

/// Counts a request that has arrived.
pub fn count(counters: &mut Counters, path: &str) {
    if path == TOKEN {
        counters.token_requests += 1;
    }
    if path == JWKS {
        counters.jwks_requests += 1;
    }
    if below(path, "/api").is_some() || below(path, "/fixed").is_some() {
        counters.api_requests += 1;
    }
}

/// Gives a request its effect and answers it.
pub fn answer(shared: &Shared, kind: Kind, request: &Request) -> Response {
    if kind == Kind::Other {
        return Response::text(200, "other\n");
    }
    let base = &shared.urls[kind.index()];
    let alias_of = (kind == Kind::Mtls).then(|| shared.urls[Kind::Https.index()].as_str());
    let place = &Place { base, alias_of };
    let mut state = shared.lock();
    let state = &mut *state;
    let response = route(shared, state, request, place);
    match state.config.date_header {
        true => response.header("Date", &state.clock.http_date()),
        false => response,
    }
}

fn route(shared: &Shared, state: &mut State, request: &Request, place: &Place) -> Response {
    let (path, base) = (request.path(), place.base);
    let is_get = request.method == "GET";
    let is_post = request.method == "POST";
    if let Some((document, resource)) = Document::at(path, &state.config.issuer_path) {
        return match is_get {
            true => published::answer(shared, state, document, base, resource),
            false => not_allowed("GET"),
        };
    }
    if let Some(rest) = below(path, "/api") {
        return api::bearer(state, request, place, rest);
    }
    if let Some(rest) = below(path, "/fixed") {
        return api::fixed(state, request, rest);
    }
    if let Some(id) = below(path, REGISTER).and_then(|rest| rest.strip_prefix('/')) {
        return match request.method.as_str() {
            "GET" | "PUT" | "DELETE" => managed::answer(state, request, place, &shared.certificate, id),
            _ => not_allowed("GET, PUT, DELETE"),
        };
    }
    match path {
        TOKEN if is_post => token::answer(state, request, place),
        JWKS if is_get => Response::json(200, &state.keys.published()),
        PAR if is_post => pushed::answer(state, request, place),
        AUTHORIZE if is_get => authorize::answer(state, request, place),
        DEVICE if is_post => device::begin(state, request, place),
        REVOKE if is_post => introspect::revoke(state, request, place),
        CIBA if is_post => ciba::begin(state, request, place),
        INTROSPECT if is_post => introspect::answer(state, request, place),
        REGISTER if is_post => registration::answer(state, request, place, &shared.certificate),
        END_SESSION if is_get || is_post => end_session::answer(state, request),
        USERINFO if is_get || is_post => userinfo::answer(state, request, place),
        USERINFO | END_SESSION => not_allowed("GET, POST"),
        TOKEN | PAR | REVOKE | DEVICE | CIBA | INTROSPECT | REGISTER => not_allowed("POST"),
        AUTHORIZE | JWKS => not_allowed("GET"),
        _ => match path.strip_prefix(LINK) {
            Some("") | None => Response::text(404, "404: Not Found"),
            Some(_) if is_post => link::answer(state, request),
            Some(_) => not_allowed("POST"),
        },
    }
}

fn not_allowed(allowed: &str) -> Response {
    Response::text(405, "405: Method Not Allowed").header("Allow", allowed)
}

/// The rest of a path that is `base` or below it.
fn below<'a>(path: &'a str, base: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_takes_assertions_for_its_listener() {
        let audiences = |alias_of| Place { base: "a:", alias_of }.audiences("/t");
        assert_eq!(audiences(None), ["a:/t", "a:/auth/token", "a:/auth/par"]);
        let both = ["a:/t", "a:/auth/token", "a:/auth/par", "b:/t", "b:/auth/token", "b:/auth/par"];
        assert_eq!(audiences(Some("b:")), both);
    }
}
