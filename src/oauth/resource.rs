//! What an API says of itself: OAuth 2.0 Protected Resource Metadata, RFC 9728.

use crate::error::{Error, Reason, Result};
use crate::json::{Object, Raw};
use crate::oauth::token_response::{Answer, document};
use crate::url::Url;

/// Where the document of an API may be (section 3.1), and as what it must name itself there.
pub fn places(base: &Url) -> Vec<(Url, Url)> {
    const NAME: &str = "/.well-known/oauth-protected-resource";
    let path = base.path().split('?').next().unwrap_or_default().trim_end_matches('/');
    let mut places = Vec::new();
    if !path.is_empty() {
        places.push((base.at_path(&format!("{NAME}{path}")), base.at_path(path)));
    }
    places.push((base.at_path(NAME), base.at_path("/")));
    places
}

/// Reads what was found there; `None` where there is no document.
pub fn read(answer: &Answer<'_>, identifier: &Url, now: i64) -> Result<Option<Object>> {
    let Some(document) = document(answer, "the API", now)? else { return Ok(None) };
    // Section 3.3: a document that names another resource could lead a token elsewhere.
    let named = document.get("resource").and_then(Raw::as_str).and_then(|text| Url::parse(&text).ok());
    let is_it = named.is_some_and(|named| {
        named.origin() == identifier.origin()
            && named.path().trim_end_matches('/') == identifier.path().trim_end_matches('/')
    });
    if is_it {
        return Ok(Some(document));
    }
    Err(Error::new(Reason::Issuer, "the metadata is of another resource than base_url"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9728_section_3_examples() {
        let at = |base: &str| {
            let places = places(&Url::parse(base).unwrap());
            places.into_iter().map(|(place, _)| place.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            at("https://resource.example.com"),
            ["https://resource.example.com/.well-known/oauth-protected-resource"]
        );
        assert_eq!(
            at("https://resource.example.com/resource1"),
            [
                "https://resource.example.com/.well-known/oauth-protected-resource/resource1",
                "https://resource.example.com/.well-known/oauth-protected-resource"
            ]
        );
    }

    #[test]
    fn rfc_9728_section_3_3_a_document_of_another_resource_is_refused() {
        let identifier = Url::parse("https://api.example/v1").unwrap();
        let found = |status, body: &str| {
            let answer = Answer {
                status,
                content_type: None,
                content_encoding: None,
                retry_after: None,
                body: body.as_bytes(),
            };
            read(&answer, &identifier, 0)
        };
        assert!(found(200, r#"{"resource":"https://api.example/v1/"}"#).unwrap().is_some());
        for other in
            [r#"{"resource":"https://evil.example/v1"}"#, r#"{"resource":"https://api.example/v2"}"#, "{}"]
        {
            assert_eq!(found(200, other).unwrap_err().reason, Reason::Issuer, "{other}");
        }
        assert!(found(404, "").unwrap().is_none());
        assert_eq!(found(503, "").unwrap_err().reason, Reason::ServerError);
    }
}
