//! The public half of a key as a JWK, and keys that are made here.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use super::key::{Key, Pair};
use super::pkcs;
use crate::base64;
use crate::error::{Error, Reason, Result};
use crate::secret::Secret;

impl Key {
    /// The public key's required members in the order of RFC 7638 section 3, so that its SHA-256 is its thumbprint.
    pub fn public_jwk(&self) -> String {
        let text = |bytes: &[u8]| base64::encode_url(bytes).to_string();
        match &self.pair {
            Pair::Ec(pair) => {
                // A point is 4, x and y.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text(x), text(y))
            }
            Pair::Rsa(pair) => {
                let (n, e) = pkcs::rsa_public(pair.public_key().as_ref()).unwrap_or_default();
                format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(e), text(n))
            }
            Pair::Ed(pair) => {
                format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, text(pair.public_key().as_ref()))
            }
        }
    }

    /// A new P-256 key, and the private JWK that keeps it.
    pub fn generate() -> Result<(Key, Secret)> {
        let failed = || Error::new(Reason::Unexpected, "no key could be made");
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| failed())?;
        let d = pkcs::number_of_ec(document.as_ref()).ok_or_else(failed)?;
        let pair = pkcs::pkcs8(document.as_ref()).map_err(|_| failed())?;
        let key = Key { algorithms: pair.algorithms(), pair, kid: None };
        let public = key.public_jwk();
        let public = public.trim_end_matches('}');
        let jwk = Secret::new(format!(r#"{public},"d":"{}"}}"#, *base64::encode_url(d)));
        Ok((key, jwk))
    }
}
