//! What a 401 says about the token: RFC 6750 section 3.

/// Whether a renewal may help: not where the API names an error other than `invalid_token` (`hostile.md` F-10). No
/// `WWW-Authenticate` at all is how Home Assistant refuses an expired token.
pub fn asks_for_another_token<'a>(mut challenges: impl Iterator<Item = &'a str>) -> bool {
    challenges
        .all(|challenge| error(challenge).is_none_or(|error| error.eq_ignore_ascii_case("invalid_token")))
}

/// The `error` parameter of a challenge.
fn error(challenge: &str) -> Option<&str> {
    let mut rest = challenge;
    loop {
        // Walks from name to value, so that quoted text that looks like a parameter is not taken for one.
        let equals = rest.find('=')?;
        let name = rest[..equals].trim_end().rsplit([' ', ',', '\t']).next().unwrap_or_default();
        let value = rest[equals + 1..].trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => {
                let end = quoted_end(quoted)?;
                (&quoted[..end], &quoted[end + 1..])
            }
            None => value.split_at(value.find([',', ' ', '\t']).unwrap_or(value.len())),
        };
        if name.eq_ignore_ascii_case("error") {
            return Some(value);
        }
        rest = after;
    }
}

fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6750_section_3_examples() {
        assert_eq!(error(r#"Bearer realm="example""#), None);
        assert_eq!(
            error(
                r#"Bearer realm="example", error="invalid_token", error_description="The access token expired""#
            ),
            Some("invalid_token")
        );
    }

    #[test]
    fn f_10_only_invalid_token_asks_for_another() {
        let asks = |challenges: &[&str]| asks_for_another_token(challenges.iter().copied());
        assert!(asks(&[]));
        assert!(asks(&["Bearer"]));
        assert!(asks(&[r#"Basic realm="x""#, r#"Bearer error="INVALID_TOKEN""#]));
        assert!(asks(&["bearer error=invalid_token"]));
        assert!(!asks(&[r#"Bearer error="insufficient_scope", scope="admin""#]));
        assert!(!asks(&[r#"Bearer error = "invalid_request""#]));
        assert!(asks(&[r#"Bearer realm="error=\"x\"", a=b"#]), "quoted text is no parameter");
        assert!(asks(&[r#"Bearer realm="unfinished"#]));
    }
}
