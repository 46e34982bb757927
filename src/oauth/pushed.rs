//! Authorization requests that do not go through the browser in the open: pushed (PAR, RFC 9126), or signed (JAR,
//! RFC 9101).

use crate::base64;
use crate::error::{Error, Reason, Result};
use crate::json::{Object, Raw};
use crate::oauth::jws;
use crate::oauth::token_request::Parameters;
use crate::secret::{Secret, Wiped};

/// How long a signed request may be used; its login holds no longer.
const LIFETIME_S: i64 = 600;

/// What is left for the browser of a pushed request (RFC 9126 section 4).
pub fn reference(client_id: &str, answer: &Object) -> Result<Parameters> {
    match answer.get("request_uri").and_then(Raw::as_str) {
        Some(uri) if !uri.is_empty() => Ok(vec![
            ("client_id".to_owned(), Secret::from(client_id)),
            ("request_uri".to_owned(), Secret::from(uri.as_str())),
        ]),
        _ => Err(Error::new(
            Reason::TokenFormat,
            "request_uri is missing from the answer to a pushed authorization request",
        )),
    }
}

/// What is signed of a request (RFC 9101 section 4): its parameters as claims.
pub fn signing_input(
    algorithm: &str,
    key_id: Option<&str>,
    audience: &str,
    parameters: &Parameters,
    now: i64,
    jti: &[u8; 16],
) -> Wiped {
    let header = jws::header(algorithm, "oauth-authz-req+jwt", key_id);
    let mut claims = Object::default();
    for (name, value) in parameters {
        let json = match name.as_str() {
            // These are JSON already (RFC 9396 section 2, OpenID Connect Core section 6.1).
            "authorization_details" | "claims" => Raw::from_json(value.expose()),
            _ => Raw::from_text(value.expose()),
        };
        // Of several resources a list (RFC 8707 section 2).
        let json = match claims.get(name) {
            Some(first) => {
                Raw::from_json(&format!("[{},{}]", first.text().trim_matches(['[', ']']), json.text()))
            }
            None => json,
        };
        claims.set(name, json);
    }
    let client_id = claims.get("client_id").cloned().unwrap_or_else(|| Raw::from_text(""));
    claims.set("iss", client_id);
    claims.set("aud", Raw::from_text(audience));
    claims.set("iat", Raw::from_integer(now));
    claims.set("nbf", Raw::from_integer(now));
    claims.set("exp", Raw::from_integer(now.saturating_add(LIFETIME_S)));
    claims.set("jti", Raw::from_text(&base64::encode_url(jti)));
    jws::signing_input(&header, &claims.to_text())
}

/// The signed request as the one parameter beside the client's identifier (RFC 9101 section 5).
pub fn signed(client_id: &str, request: Secret) -> Parameters {
    vec![("client_id".to_owned(), Secret::from(client_id)), ("request".to_owned(), request)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9126_section_2_2_and_4_examples() {
        let answer = r#"{"request_uri":"urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c","expires_in":60}"#;
        let left = reference("s6BhdRkqt3", &Object::parse(answer).unwrap()).unwrap();
        let left: Vec<_> = left.iter().map(|(name, value)| format!("{name}={}", value.expose())).collect();
        assert_eq!(
            left,
            [
                "client_id=s6BhdRkqt3",
                "request_uri=urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
            ]
        );
        assert_eq!(reference("c", &Object::default()).unwrap_err().reason, Reason::TokenFormat);
    }

    #[test]
    fn rfc_9101_section_4_claims() {
        let given = [
            ("response_type", "code"),
            ("client_id", "s6BhdRkqt3"),
            ("state", "af0ifjsldkj"),
            ("resource", "https://a"),
            ("resource", "https://b"),
            ("authorization_details", r#"[{"type":"x"}]"#),
        ];
        let parameters: Parameters =
            given.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        let input =
            signing_input("RS256", Some("k2bdc"), "https://server.example.com", &parameters, 1000, &[1; 16]);
        let part = |n| {
            let bytes = base64::decode_url(input.split('.').nth(n).unwrap()).unwrap();
            String::from_utf8(bytes.expose().to_vec()).unwrap()
        };
        assert_eq!(part(0), r#"{"alg":"RS256","typ":"oauth-authz-req+jwt","kid":"k2bdc"}"#);
        assert_eq!(
            part(1),
            r#"{"response_type":"code","client_id":"s6BhdRkqt3","state":"af0ifjsldkj","resource":["https://a","https://b"],"authorization_details":[{"type":"x"}],"iss":"s6BhdRkqt3","aud":"https://server.example.com","iat":1000,"nbf":1000,"exp":1600,"jti":"AQEBAQEBAQEBAQEBAQEBAQ"}"#
        );
    }
}
