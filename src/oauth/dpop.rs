//! Tokens that are bound to a key: DPoP, RFC 9449.

use crate::base64;
use crate::digest;
use crate::http::Headers;
use crate::oauth::{challenge, jws};
use crate::quote::quote;
use crate::secret::{Secret, Wiped};
use crate::token::TokenSet;
use crate::url::Url;

/// The member of a token set, or of a login, that keeps the private key, where the library made it.
pub const KEY: &str = "dpop_key";

/// What a proof says (section 4.2).
pub struct Proof<'a> {
    /// The method of the request that it goes with.
    pub method: &'a str,
    /// Its URL.
    pub url: &'a Url,
    /// The access token that goes along, where one does.
    pub access_token: Option<&'a Secret>,
    /// The nonce that the server gave last.
    pub nonce: Option<&'a str>,
    /// Seconds since 1970.
    pub now: i64,
    /// Bytes that nobody has used before.
    pub jti: &'a [u8; 16],
}

/// What is signed.
pub fn signing_input(algorithm: &str, public_jwk: &str, proof: &Proof<'_>) -> Wiped {
    let header = format!(r#"{{"typ":"dpop+jwt","alg":"{algorithm}","jwk":{public_jwk}}}"#);
    let mut claims = format!(
        r#"{{"jti":"{}","htm":{},"htu":{},"iat":{}"#,
        base64::encode_url(proof.jti).as_str(),
        quote(proof.method),
        // Without query and fragment.
        quote(&proof.url.without_query()),
        proof.now
    );
    if let Some(token) = proof.access_token {
        let hash = digest::sha256(token.expose().as_bytes());
        claims.push_str(&format!(r#","ath":"{}""#, base64::encode_url(&hash).as_str()));
    }
    if let Some(nonce) = proof.nonce {
        claims.push_str(&format!(r#","nonce":{}"#, quote(nonce)));
    }
    claims.push('}');
    jws::signing_input(&header, &claims)
}

/// The thumbprint of a public key whose members are in their order (RFC 7638): `jkt`, `dpop_jkt`.
pub fn thumbprint(public_jwk: &str) -> String {
    base64::encode_url(&digest::sha256(public_jwk.as_bytes())).to_string()
}

/// Whether the set's access token is bound to a key (section 5).
pub fn is_bound(set: &TokenSet) -> bool {
    set.token_type().is_some_and(|kind| kind.eq_ignore_ascii_case("dpop"))
}

/// Whether an API refuses the proof and not the token: for its nonce (section 9), or for its time where this machine's
/// clock was just found to be wrong.
pub fn wants_another_proof(status: u16, answer: &Headers, clock_was_wrong: bool) -> bool {
    let names = |code| challenge::has_error(answer.get_all("www-authenticate"), code);
    status == 401 && (names("use_dpop_nonce") || clock_was_wrong && names("invalid_dpop_proof"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Object, Raw};

    fn parts(input: &str) -> [Object; 2] {
        let mut parts = input.split('.').map(|part| {
            let bytes = base64::decode_url(part).unwrap();
            Object::parse(std::str::from_utf8(bytes.expose()).unwrap()).unwrap()
        });
        std::array::from_fn(|_| parts.next().unwrap())
    }

    fn text(object: &Object, name: &str) -> String {
        object.get(name).and_then(Raw::as_str).unwrap().to_string()
    }

    #[test]
    fn rfc_9449_section_4_and_7_examples() {
        let url = Url::parse("https://resource.example.org/protectedresource?a=b").unwrap();
        let token = Secret::from("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
        let proof = Proof {
            method: "GET",
            url: &url,
            access_token: Some(&token),
            nonce: Some("eyJ7S_zG.eyJH0-Z.HX4w-7v"),
            now: 1_562_262_618,
            jti: &[7; 16],
        };
        let jwk = r#"{"crv":"P-256","kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#;
        let [header, claims] = parts(&signing_input("ES256", jwk, &proof));
        assert_eq!((text(&header, "typ"), text(&header, "alg")), ("dpop+jwt".into(), "ES256".into()));
        assert_eq!(header.get("jwk").unwrap().text(), jwk);
        assert_eq!(text(&claims, "htm"), "GET");
        assert_eq!(text(&claims, "htu"), "https://resource.example.org/protectedresource");
        assert_eq!(claims.get("iat").unwrap().text(), "1562262618");
        assert_eq!(text(&claims, "ath"), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
        assert_eq!(text(&claims, "nonce"), "eyJ7S_zG.eyJH0-Z.HX4w-7v");
        // Section 6.1: cnf.jkt of that key.
        assert_eq!(thumbprint(jwk), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
        let bare = Proof { access_token: None, nonce: None, ..proof };
        let [_, claims] = parts(&signing_input("ES256", jwk, &bare));
        assert!(claims.get("ath").is_none() && claims.get("nonce").is_none());
    }
}
