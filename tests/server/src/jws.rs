//! Signed JSON (RFC 7515) and the public keys that verify it (RFC 7517, 8037).

use crate::encoding::{base64url, base64url_decode};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value, json};

/// The algorithms that are verified.
pub const ALGORITHMS: [&str; 5] = ["HS256", "ES256", "RS256", "PS256", "EdDSA"];

/// A public key.
#[derive(Clone)]
pub struct Jwk {
    /// Its name.
    pub kid: Option<String>,
    /// The one algorithm it is for.
    pub alg: Option<String>,
    material: Material,
}

#[derive(Clone)]
enum Material {
    /// The uncompressed point on P-256.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

impl Jwk {
    /// Reads a public key. A private one is refused: whoever sent it told a secret.
    pub fn parse(jwk: &Value) -> Result<Self, String> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            let bytes = text(name).and_then(base64url_decode);
            bytes.ok_or_else(|| format!("the JWK's {name} is not base64url"))
        };
        if ["d", "k", "p", "q", "dp", "dq", "qi"].iter().any(|name| jwk.get(name).is_some()) {
            return Err("the JWK is not a public key".to_string());
        }
        let material = match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if (x.len(), y.len()) != (32, 32) {
                    return Err("the JWK's point has not twice 32 bytes".to_string());
                }
                Material::P256([&[4][..], &x, &y].concat())
            }
            (Some("OKP"), Some("Ed25519")) => Material::Ed25519(bytes("x")?),
            (Some("RSA"), None) => Material::Rsa { n: bytes("n")?, e: bytes("e")? },
            (kty, crv) => return Err(format!("kty {kty:?} with crv {crv:?} is not known")),
        };
        let owned = |name: &str| text(name).map(ToString::to_string);
        Ok(Self { kid: owned("kid"), alg: owned("alg"), material })
    }

    /// Whether this key is for an algorithm.
    pub fn is_for(&self, alg: &str) -> bool {
        let fits = match self.material {
            Material::P256(_) => alg == "ES256",
            Material::Ed25519(_) => alg == "EdDSA",
            Material::Rsa { .. } => alg == "RS256" || alg == "PS256",
        };
        fits && self.alg.as_deref().is_none_or(|its| its == alg)
    }

    /// Its thumbprint by SHA-256 (RFC 7638).
    pub fn thumbprint(&self) -> String {
        let members = match &self.material {
            Material::P256(point) => {
                let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
                json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y })
            }
            Material::Ed25519(key) => json!({ "crv": "Ed25519", "kty": "OKP", "x": base64url(key) }),
            Material::Rsa { n, e } => json!({ "e": base64url(e), "kty": "RSA", "n": base64url(n) }),
        };
        // serde_json sorts the members, as the thumbprint wants it.
        base64url(digest(&SHA256, members.to_string().as_bytes()).as_ref())
    }

    fn verifies(&self, alg: &str, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            Material::Ed25519(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            Material::Rsa { n, e } => {
                let parameters: &RsaParameters = match alg {
                    "PS256" => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
        }
    }
}

/// A signed JSON object, read and not yet verified.
pub struct Jws<'a> {
    /// The algorithm it names.
    pub alg: String,
    /// The key it names.
    pub kid: Option<String>,
    /// All that is said of it.
    pub header: Map<String, Value>,
    /// What it says.
    pub claims: Map<String, Value>,
    message: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads the compact form; extensions that would have to be understood are not.
    pub fn parse(compact: &'a str) -> Option<Self> {
        let (message, signature) = compact.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let object = |part: &str| serde_json::from_slice::<Map<_, _>>(&base64url_decode(part)?).ok();
        let header = object(header)?;
        if header.contains_key("crit") {
            return None;
        }
        let text = |name: &str| header.get(name).map(|value| value.as_str().map(ToString::to_string));
        let kid = match text("kid") {
            None => None,
            Some(kid) => Some(kid?),
        };
        Some(Self {
            alg: text("alg")??,
            kid,
            header,
            claims: object(claims)?,
            message: message.as_bytes(),
            signature: base64url_decode(signature)?,
        })
    }

    /// Whether a public key verifies it.
    pub fn is_by(&self, key: &Jwk) -> bool {
        key.is_for(&self.alg) && key.verifies(&self.alg, self.message, &self.signature)
    }

    /// Whether it was made with a secret, by HS256.
    pub fn is_by_secret(&self, secret: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        self.alg == "HS256" && hmac::verify(&key, self.message, &self.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifies(jwk: Value, compact: &str) -> bool {
        Jws::parse(compact).is_some_and(|jws| jws.is_by(&Jwk::parse(&jwk).expect("a key")))
    }

    // RFC 7515, appendix A.3.
    #[test]
    fn es256_of_the_standard_verifies() {
        let jwk = json!({ "kty": "EC", "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" });
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6\
            Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature =
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        assert!(verifies(jwk.clone(), &format!("{message}.{signature}")));
        assert!(!verifies(jwk, &format!("{message}.E{}", &signature[1..])));
    }

    // RFC 7638, section 3.1, RFC 8037, appendix A.3, and RFC 9449, section 4.1 with 6.1.
    #[test]
    fn thumbprints_of_the_standards() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP\
            ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQM\
            icAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3\
            XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        for (jwk, thumbprint) in [
            (
                json!({ "kty": "RSA", "n": n, "e": "AQAB", "kid": "x" }),
                "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
            ),
            (
                json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
                "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
            ),
            (
                json!({ "kty": "EC", "crv": "P-256", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
                    "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA" }),
                "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
            ),
        ] {
            assert_eq!(Jwk::parse(&jwk).expect("a key").thumbprint(), thumbprint);
        }
    }

    // RFC 8037, appendix A.4. Its payload is no object, so it is no JWS for `Jws::parse`.
    #[test]
    fn eddsa_of_the_standard_verifies() {
        let jwk =
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = base64url_decode(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        );
        let key = Jwk::parse(&jwk).expect("a key");
        assert!(key.verifies("EdDSA", message, &signature.expect("base64url")));
        assert!(!key.verifies("EdDSA", message, &[0; 64]));
    }

    // The key of RFC 7515, appendix A.1 is not text, as a client's secret is.
    #[test]
    fn hs256_goes_by_the_secret() {
        let compact = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ";
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
        let tag = crate::encoding::base64url(hmac::sign(&key, compact.as_bytes()).as_ref());
        let compact = format!("{compact}.{tag}");
        let jws = Jws::parse(&compact).expect("a JWS");
        assert!(jws.is_by_secret("secret"));
        assert!(!jws.is_by_secret("other"));
    }

    #[test]
    fn private_and_unknown_keys_are_refused() {
        for jwk in [
            json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA" }),
            json!({ "kty": "oct", "k": "AA" }),
            json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" }),
            json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
            json!({ "kty": "RSA", "n": "A+A", "e": "AQAB" }),
            json!("text"),
        ] {
            assert!(Jwk::parse(&jwk).is_err(), "{jwk}");
        }
    }
}
