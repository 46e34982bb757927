//! Assertions for client authentication: RFC 7523 section 2.2 and 3, in the compact form of RFC 7515.

use crate::base64;
use crate::oauth::jws;
use crate::quote::quote;
use crate::secret::Wiped;

/// How long one may be used: it is made for one request.
const LIFETIME_S: i64 = 60;

/// What an assertion says.
pub struct Claims<'a> {
    /// The client, issuer and subject alike.
    pub client_id: &'a str,
    /// The authorization server: its issuer identifier, or its token endpoint where that is not known.
    pub audience: &'a str,
    /// Seconds since 1970.
    pub now: i64,
    /// Bytes that nobody has used before.
    pub jti: &'a [u8; 16],
}

/// What is signed (RFC 7515 section 5.1).
pub fn signing_input(algorithm: &str, key_id: Option<&str>, claims: &Claims<'_>) -> Wiped {
    let header = jws::header(algorithm, "JWT", key_id);
    let (client_id, jti) = (quote(claims.client_id), base64::encode_url(claims.jti));
    let payload = format!(
        r#"{{"iss":{client_id},"sub":{client_id},"aud":{},"jti":"{}","iat":{},"exp":{}}}"#,
        quote(claims.audience),
        jti.as_str(),
        claims.now,
        claims.now.saturating_add(LIFETIME_S)
    );
    jws::signing_input(&header, &payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Object, Raw};

    #[test]
    fn rfc_7523_section_3_claims() {
        let claims =
            Claims { client_id: "s6\"B", audience: "https://as.example", now: 1_000, jti: &[0xff; 16] };
        let input = signing_input("ES256", Some("k1"), &claims);
        let part = |n| {
            let bytes = base64::decode_url(input.split('.').nth(n).unwrap()).unwrap();
            Object::parse(std::str::from_utf8(bytes.expose()).unwrap()).unwrap()
        };
        let text = |object: &Object, name: &str| object.get(name).and_then(Raw::as_str).unwrap().to_string();
        let (header, payload) = (part(0), part(1));
        assert_eq!((text(&header, "alg"), text(&header, "kid")), ("ES256".into(), "k1".into()));
        for (name, value) in [("iss", "s6\"B"), ("sub", "s6\"B"), ("aud", "https://as.example")] {
            assert_eq!(text(&payload, name), value);
        }
        assert_eq!(
            (payload.get("iat").unwrap().text(), payload.get("exp").unwrap().text()),
            ("1000", "1060")
        );
        assert_eq!(text(&payload, "jti").len(), 22);
    }
}
