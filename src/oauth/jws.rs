//! What is signed of a JWT, and its compact form: RFC 7515 sections 5.1 and 7.1.

use crate::base64;
use crate::quote::quote;
use crate::secret::{Secret, Wiped};

/// The signing input of a header and claims in JSON.
pub fn signing_input(header: &str, claims: &str) -> Wiped {
    let part = |text: &str| base64::encode_url(text.as_bytes());
    Wiped::new(format!("{}.{}", *part(header), *part(claims)))
}

/// The header of a JWT of this type; `key_id` names the key to whoever verifies it.
pub fn header(algorithm: &str, kind: &str, key_id: Option<&str>) -> String {
    let mut header = format!(r#"{{"alg":"{algorithm}","typ":"{kind}""#);
    if let Some(key_id) = key_id {
        header.push_str(&format!(r#","kid":{}"#, quote(key_id)));
    }
    header.push('}');
    header
}

/// With its signature.
pub fn compact(signing_input: &str, signature: &[u8]) -> Secret {
    Secret::new(format!("{signing_input}.{}", *base64::encode_url(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_7515_appendix_a_1_1() {
        let header = "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
        let claims = "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
        let input = signing_input(header, claims);
        assert_eq!(
            &**input,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        );
        assert_eq!(compact("a.b", &[1, 2, 3]).expose(), "a.b.AQID");
    }
}
