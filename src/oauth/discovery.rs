//! Finding a server's metadata: RFC 8414 section 3, then OpenID Connect Discovery section 4.

use crate::error::{Error, Reason, Result};
use crate::json::Object;
use crate::metadata::Metadata;
use crate::oauth::token_response::{Answer, document};
use crate::url::Url;

/// The longest document (`hostile.md` A-8).
pub const LONGEST: u64 = 1 << 20;

/// Where an issuer's metadata may be, to be tried in this order.
pub fn places(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().split('?').next().unwrap_or_default().trim_end_matches('/');
    // RFC 8414 section 3.1 puts the name before the issuer's path, OpenID after it.
    [
        issuer.at_path(&format!("/.well-known/oauth-authorization-server{path}")),
        issuer.at_path(&format!("{path}/.well-known/openid-configuration")),
    ]
}

/// Reads what was found at `place`; `None` where there is no document. Members of `configured` count more than the
/// server's.
pub fn read(
    answer: &Answer<'_>,
    place: &Url,
    issuer: &str,
    configured: &Object,
    now: i64,
) -> Result<Option<Metadata>> {
    let Some(mut document) = document(answer, "the discovery endpoint", now)? else { return Ok(None) };
    for (name, value) in configured.iter() {
        document.set(name, value.clone());
    }
    let metadata = Metadata::read(document, Some(place))
        .map_err(|unfit| Error::new(Reason::Metadata, format!("{}: {}", unfit.0, unfit.1)))?;
    // Home Assistant says none. Whoever says another could have a token of theirs spent elsewhere (section 3.3).
    if let Some(own) = metadata.issuer.as_deref().filter(|own| *own != issuer) {
        let differs_by_slash = own.trim_end_matches('/') == issuer.trim_end_matches('/');
        let hint =
            if differs_by_slash { ", by the slash at its end: configure it as it calls itself" } else { "" };
        return Err(Error::new(
            Reason::Issuer,
            format!("the metadata is of another issuer than asked{hint}"),
        ));
    }
    if place.is_https() && metadata.urls().any(|url| !url.is_https()) {
        return Err(Error::new(Reason::Issuer, "the metadata of an https issuer has an http endpoint"));
    }
    Ok(Some(metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Endpoint;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn answer(status: u16, body: &str) -> Answer<'_> {
        Answer {
            status,
            content_type: None,
            content_encoding: None,
            retry_after: None,
            body: body.as_bytes(),
        }
    }

    fn found(status: u16, body: &str) -> Result<Option<Metadata>> {
        let place = url("https://as.example/.well-known/oauth-authorization-server");
        read(&answer(status, body), &place, "https://as.example", &Object::default(), 0)
    }

    #[test]
    fn rfc_8414_section_3_1_examples() {
        let places = |issuer: &str| places(&url(issuer)).map(|place| place.to_string());
        assert_eq!(
            places("https://example.com"),
            [
                "https://example.com/.well-known/oauth-authorization-server",
                "https://example.com/.well-known/openid-configuration"
            ]
        );
        assert_eq!(
            places("https://example.com/issuer1/"),
            [
                "https://example.com/.well-known/oauth-authorization-server/issuer1",
                "https://example.com/issuer1/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn a_8_what_is_no_document_is_passed_over_and_what_is_another_issuers_is_refused() {
        for (status, body) in [(404, ""), (403, "{}"), (302, ""), (200, "<html>"), (200, "[]"), (204, "")] {
            assert!(found(status, body).unwrap().is_none(), "{status} {body}");
        }
        let reason = |status, body: &str| found(status, body).unwrap_err().reason;
        assert_eq!(reason(200, r#"{"issuer":"https://evil.example"}"#), Reason::Issuer);
        assert_eq!(reason(200, r#"{"issuer":"https://as.example/"}"#), Reason::Issuer);
        assert_eq!(reason(200, r#"{"token_endpoint":"http://as.example/t"}"#), Reason::Issuer);
        assert_eq!(reason(200, r#"{"token_endpoint":"ftp://as.example/t"}"#), Reason::Metadata);
        assert_eq!(reason(503, ""), Reason::ServerError);
        let relative = found(200, r#"{"token_endpoint":"/t"}"#).unwrap().unwrap();
        assert_eq!(relative.endpoint(Endpoint::Token).unwrap().to_string(), "https://as.example/t");
    }

    #[test]
    fn configured_members_count_more() {
        let configured = Object::parse(r#"{"token_endpoint":"https://as.example/other"}"#).unwrap();
        let place = url("https://as.example/.well-known/openid-configuration");
        let body = r#"{"issuer":"https://as.example","token_endpoint":"https://as.example/t"}"#;
        let metadata =
            read(&answer(200, body), &place, "https://as.example", &configured, 0).unwrap().unwrap();
        assert_eq!(metadata.endpoint(Endpoint::Token).unwrap().path(), "/other");
    }
}
