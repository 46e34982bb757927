//! What is known of an authorization server: RFC 8414 section 2, as a program configures it or as the server tells it.

use crate::json::{Object, Raw};
use crate::url::Url;

/// Where a server does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Where a person signs in (RFC 6749 section 3.1).
    Authorization,
    /// Where tokens are had (RFC 6749 section 3.2).
    Token,
    /// Where a login on another device begins (RFC 8628).
    Device,
    /// Where tokens are revoked (RFC 7009).
    Revocation,
    /// Where a server says what a token is (RFC 7662).
    Introspection,
    /// Where a server says who signed in (OpenID Connect Core section 5.3).
    Userinfo,
    /// Where clients are registered (RFC 7591).
    Registration,
    /// Where a login on a person's own device begins (CIBA).
    Backchannel,
    /// Where a login's parameters are pushed to (RFC 9126).
    PushedRequest,
    /// Where a person signs out (OpenID Connect RP-Initiated Logout).
    EndSession,
}

impl Endpoint {
    const ALL: [(Endpoint, &'static str); 10] = [
        (Endpoint::Authorization, "authorization_endpoint"),
        (Endpoint::Token, "token_endpoint"),
        (Endpoint::Device, "device_authorization_endpoint"),
        (Endpoint::Revocation, "revocation_endpoint"),
        (Endpoint::Introspection, "introspection_endpoint"),
        (Endpoint::Userinfo, "userinfo_endpoint"),
        (Endpoint::Registration, "registration_endpoint"),
        (Endpoint::Backchannel, "backchannel_authentication_endpoint"),
        (Endpoint::PushedRequest, "pushed_authorization_request_endpoint"),
        (Endpoint::EndSession, "end_session_endpoint"),
    ];

    /// Its member of the metadata.
    pub fn member(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// A server's metadata.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// Its issuer identifier.
    pub issuer: Option<String>,
    /// Whether its callbacks always say who it is (RFC 9207).
    pub issuer_in_answers: bool,
    /// Whether it takes pushed authorization requests only (RFC 9126 section 5).
    pub requires_pushed_requests: bool,
    /// The methods of PKCE that it lists, where it does.
    pub pkce_methods: Option<Vec<String>>,
    /// How clients may authenticate at its token endpoint, where it says so.
    pub auth_methods: Option<Vec<String>>,
    /// Where its public keys are (RFC 7517 section 5).
    pub jwks_uri: Option<Url>,
    endpoints: [Option<Url>; Endpoint::ALL.len()],
    /// The same for clients with a certificate (RFC 8705 section 5).
    aliases: [Option<Url>; Endpoint::ALL.len()],
    document: Object,
}

/// Why a document is no metadata: the member, and what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfit(pub String, pub &'static str);

impl Metadata {
    /// Reads a document. Relative URLs, as Home Assistant has them, are resolved against `base`.
    pub fn read(mut document: Object, base: Option<&Url>) -> Result<Metadata, Unfit> {
        let endpoints = endpoints(&mut document, base, "")?;
        let jwks_uri = url(&mut document, base, "jwks_uri", "")?;
        let mut aliases = <[Option<Url>; Endpoint::ALL.len()]>::default();
        if let Some(Ok(mut own)) = document.get("mtls_endpoint_aliases").and_then(Raw::as_object) {
            aliases = self::endpoints(&mut own, base, "mtls_endpoint_aliases.")?;
            document.set("mtls_endpoint_aliases", Raw::from_object(&own));
        }
        Ok(Metadata {
            issuer: document.get("issuer").and_then(Raw::as_str).map(|issuer| issuer.to_string()),
            issuer_in_answers: document
                .get("authorization_response_iss_parameter_supported")
                .and_then(Raw::as_bool)
                .unwrap_or(false),
            requires_pushed_requests: document
                .get("require_pushed_authorization_requests")
                .and_then(Raw::as_bool)
                .unwrap_or(false),
            pkce_methods: texts(&document, "code_challenge_methods_supported"),
            auth_methods: texts(&document, "token_endpoint_auth_methods_supported"),
            jwks_uri,
            endpoints,
            aliases,
            document,
        })
    }

    /// Where the server does this, if it says so.
    pub fn endpoint(&self, endpoint: Endpoint) -> Option<&Url> {
        self.endpoints[endpoint as usize].as_ref()
    }

    /// The same for a client that shows a certificate.
    pub fn endpoint_with_certificate(&self, endpoint: Endpoint) -> Option<&Url> {
        self.aliases[endpoint as usize].as_ref().or(self.endpoint(endpoint))
    }

    /// Every URL that it has.
    pub fn urls(&self) -> impl Iterator<Item = &Url> {
        self.endpoints.iter().chain(&self.aliases).chain([&self.jwks_uri]).flatten()
    }

    /// Sets an endpoint that the document does not have.
    pub fn default_endpoint(&mut self, endpoint: Endpoint, url: Option<Url>) {
        let place = &mut self.endpoints[endpoint as usize];
        if let (None, Some(url)) = (&place, url) {
            self.document.set(endpoint.member(), Raw::from_text(&url.to_string()));
            *place = Some(url);
        }
    }

    /// The document as it is used: with absolute URLs.
    pub fn document(&self) -> &Object {
        &self.document
    }
}

fn endpoints(
    document: &mut Object,
    base: Option<&Url>,
    path: &str,
) -> Result<[Option<Url>; Endpoint::ALL.len()], Unfit> {
    let mut urls = <[Option<Url>; Endpoint::ALL.len()]>::default();
    for (endpoint, member) in Endpoint::ALL {
        urls[endpoint as usize] = url(document, base, member, path)?;
    }
    Ok(urls)
}

/// A member that is a URL; in the document it is absolute then.
fn url(document: &mut Object, base: Option<&Url>, member: &str, path: &str) -> Result<Option<Url>, Unfit> {
    let Some(text) = document.get(member).and_then(Raw::as_str) else { return Ok(None) };
    let url = match base {
        Some(base) => base.resolve(&text),
        None => Url::parse(&text),
    };
    let url = url.map_err(|problem| Unfit(format!("{path}{member}"), problem))?;
    document.set(member, Raw::from_text(&url.to_string()));
    Ok(Some(url))
}

fn texts(document: &Object, member: &str) -> Option<Vec<String>> {
    let list = document.get(member)?.as_array()?;
    Some(list.iter().filter_map(Raw::as_str).map(|text| text.to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str, base: Option<&str>) -> Result<Metadata, Unfit> {
        let base = base.map(|base| Url::parse(base).unwrap());
        Metadata::read(Object::parse(json).unwrap(), base.as_ref())
    }

    #[test]
    fn every_endpoint_stands_at_its_own_place() {
        for (index, (endpoint, _)) in Endpoint::ALL.iter().enumerate() {
            assert_eq!(*endpoint as usize, index);
        }
    }

    #[test]
    fn rfc_8414_section_3_2_example() {
        let metadata = read(
            r#"{"issuer":"https://server.example.com","authorization_endpoint":"https://server.example.com/authorize",
                "token_endpoint":"https://server.example.com/token",
                "token_endpoint_auth_methods_supported":["client_secret_basic","private_key_jwt"],
                "userinfo_endpoint":"https://server.example.com/userinfo",
                "registration_endpoint":"https://server.example.com/register","ui_locales_supported":["en-US"]}"#,
            None,
        )
        .unwrap();
        assert_eq!(metadata.issuer.as_deref(), Some("https://server.example.com"));
        let at = |endpoint| metadata.endpoint(endpoint).map(ToString::to_string);
        assert_eq!(at(Endpoint::Token).unwrap(), "https://server.example.com/token");
        assert_eq!(at(Endpoint::Registration).unwrap(), "https://server.example.com/register");
        assert_eq!(at(Endpoint::Device), None);
        assert_eq!(metadata.auth_methods.unwrap(), ["client_secret_basic", "private_key_jwt"]);
        assert!(metadata.document.get("ui_locales_supported").is_some());
    }

    #[test]
    fn a_8_relative_urls_are_resolved_and_shown_absolute() {
        let home = "http://ha.local:8123/.well-known/oauth-authorization-server";
        let metadata = read(
            r#"{"authorization_endpoint":"/auth/authorize","token_endpoint":"/auth/token"}"#,
            Some(home),
        )
        .unwrap();
        assert_eq!(
            &*metadata.document.to_text(),
            r#"{"authorization_endpoint":"http://ha.local:8123/auth/authorize","token_endpoint":"http://ha.local:8123/auth/token"}"#
        );
        let relative = read(r#"{"token_endpoint":"/t"}"#, None).unwrap_err();
        assert_eq!(relative.0, "token_endpoint");
    }

    #[test]
    fn rfc_8705_section_5_aliases_are_for_clients_with_a_certificate() {
        let metadata = read(
            r#"{"token_endpoint":"https://a/t","revocation_endpoint":"https://a/r",
                "mtls_endpoint_aliases":{"token_endpoint":"https://m/t"}}"#,
            None,
        )
        .unwrap();
        let at = |url: Option<&Url>| url.unwrap().to_string();
        assert_eq!(at(metadata.endpoint(Endpoint::Token)), "https://a/t");
        assert_eq!(at(metadata.endpoint_with_certificate(Endpoint::Token)), "https://m/t");
        assert_eq!(at(metadata.endpoint_with_certificate(Endpoint::Revocation)), "https://a/r");
        let odd = r#"{"mtls_endpoint_aliases":{"token_endpoint":"nowhere"}}"#;
        assert_eq!(read(odd, None).unwrap_err().0, "mtls_endpoint_aliases.token_endpoint");
    }
}
