//! The header that carries an access token: RFC 6750 section 2.1.

use crate::config::TokenHeader;
use crate::error::{Error, Reason, Result};
use crate::http::LONGEST_HEADER;
use crate::secret::Secret;

/// The header's value. The scheme is the configuration's, never the server's `token_type`: Home Assistant refuses
/// `bearer`, and glewlwyd answers with just that (`servers.md`).
pub fn header_value(access_token: &Secret, header: &TokenHeader) -> Result<Secret> {
    let token = access_token.expose();
    let fits =
        if header.only_b64token { is_b64token(token) } else { token.bytes().all(|b| b.is_ascii_graphic()) };
    if !fits || token.is_empty() {
        return Err(Error::new(
            Reason::Header,
            "access_token: has characters outside RFC 6750's b64token; header.token_charset \"visible\" allows them",
        ));
    }
    if token.len() > LONGEST_HEADER {
        return Err(Error::new(Reason::Header, "access_token: is longer than 16 KiB"));
    }
    Ok(if header.scheme.is_empty() {
        access_token.clone()
    } else {
        let mut value = String::with_capacity(header.scheme.len() + 1 + token.len());
        value.push_str(&header.scheme);
        value.push(' ');
        value.push_str(token);
        Secret::new(value)
    })
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(scheme: &str, only_b64token: bool) -> TokenHeader {
        TokenHeader { name: "authorization".into(), scheme: scheme.into(), only_b64token }
    }

    fn value(token: &str, header: &TokenHeader) -> Result<String> {
        header_value(&Secret::from(token), header).map(|value| value.expose().to_owned())
    }

    #[test]
    fn rfc_6750_section_2_1_example() {
        assert_eq!(value("mF_9.B5f-4.1JqM", &header("Bearer", true)).unwrap(), "Bearer mF_9.B5f-4.1JqM");
    }

    #[test]
    fn a_header_of_its_own() {
        assert_eq!(value("key", &header("", true)).unwrap(), "key");
        assert_eq!(value("key", &header("token", true)).unwrap(), "token key");
    }

    #[test]
    fn h_1_h_4_what_no_token_may_be() {
        for bad in ["", "a b", "a\r\nb", "é", "a|b", "a=b", "=="] {
            assert_eq!(value(bad, &header("Bearer", true)).unwrap_err().reason, Reason::Header, "{bad}");
        }
        assert_eq!(value("a|b", &header("Bearer", false)).unwrap(), "Bearer a|b");
        assert!(value("a b", &header("Bearer", false)).is_err());
        assert!(value(&"a".repeat(LONGEST_HEADER + 1), &header("Bearer", true)).is_err());
        assert!(value("QUJD==", &header("Bearer", true)).is_ok());
    }
}
