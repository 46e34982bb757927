//! Public keys from JWKs (RFC 7517, 7518 section 6, 8037 section 2), and the signatures that they verify. What a key can
//! verify is decided by the key, never by what is to be verified. Bytes in, yes or no out.

use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use crate::base64;
use crate::json::{Object, Raw};
use crate::secret::Wiped;
use crate::signing::Algorithm;

/// A public key.
pub struct Key {
    public: Public,
    algorithms: &'static [Algorithm],
    kid: Option<Wiped>,
}

enum Public {
    /// A point of P-256, uncompressed.
    Ec([u8; 65]),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ed([u8; 32]),
}

impl Key {
    /// Reads a JWK that is there to verify signatures; what else a set may hold is refused with what is wrong with it.
    pub fn read(jwk: &Object) -> Result<Key, &'static str> {
        let kty = text(jwk, "kty")?.ok_or("kty: is missing")?;
        let (public, all): (_, &'static [Algorithm]) = match kty.as_str() {
            "EC" => {
                curve(jwk, "P-256")?;
                let mut point = [4; 65];
                point[1..33].copy_from_slice(&of_32(jwk, "x")?);
                point[33..].copy_from_slice(&of_32(jwk, "y")?);
                (Public::Ec(point), &[Algorithm::Es256])
            }
            "OKP" => {
                curve(jwk, "Ed25519")?;
                (Public::Ed(of_32(jwk, "x")?), &[Algorithm::EdDsa])
            }
            "RSA" => (rsa(jwk)?, &[Algorithm::Rs256, Algorithm::Ps256]),
            // A shared secret among public keys is known to everybody.
            _ => return Err("kty: must be \"EC\", \"RSA\" or \"OKP\""),
        };
        if text(jwk, "use")?.is_some_and(|use_| use_.as_str() != "sig") {
            return Err("use: must be \"sig\"");
        }
        if let Some(operations) = jwk.get("key_ops") {
            let operations = operations.as_array().ok_or("key_ops: must be an array")?;
            if !operations.iter().any(|operation| operation.as_str().is_some_and(|name| *name == "verify")) {
                return Err("key_ops: must have \"verify\"");
            }
        }
        let mut algorithms = all;
        if let Some(name) = text(jwk, "alg")? {
            let fits = |algorithm| all.iter().position(|own| *own == algorithm);
            let index = Algorithm::parse(&name).and_then(fits).ok_or("alg: is not one of this key's")?;
            algorithms = &all[index..=index];
        }
        Ok(Key { public, algorithms, kid: text(jwk, "kid")? })
    }

    /// What it is called in its set.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref().map(String::as_str)
    }

    /// Whether it is one for this algorithm.
    pub fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }

    /// Whether this is its signature of these bytes. That of ES256 is r and s, 32 bytes each, and never DER.
    pub fn verify(&self, algorithm: Algorithm, bytes: &[u8], signature: &[u8]) -> bool {
        if !self.is_for(algorithm) {
            return false;
        }
        let outcome = match &self.public {
            Public::Ec(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(bytes, signature)
            }
            Public::Ed(key) => UnparsedPublicKey::new(&ED25519, key).verify(bytes, signature),
            Public::Rsa { n, e } => {
                let padding: &RsaParameters = match algorithm {
                    Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(padding, bytes, signature)
            }
        };
        outcome.is_ok()
    }
}

/// Whether this is the HMAC with SHA-256 of these bytes; how much of it is right does not show in the time it takes.
pub fn hs256(secret: &[u8], bytes: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), bytes, tag).is_ok()
}

/// Numbers of 2048 to 8192 bits, and exponents that cost no time (`hostile.md` J-7).
fn rsa(jwk: &Object) -> Result<Public, &'static str> {
    let n = bytes(jwk, "n")?.ok_or("n: is missing")?;
    let e = bytes(jwk, "e")?.ok_or("e: is missing")?;
    let bits = 8 * n.len() - n.first().map_or(0, |first| first.leading_zeros() as usize);
    let starts_with_zero = |number: &[u8]| number.first() == Some(&0);
    if !(2048..=8192).contains(&bits) || starts_with_zero(&n) || n[n.len() - 1] % 2 == 0 {
        return Err("n: must be an odd number of 2048 to 8192 bits");
    }
    let exponent = e.iter().take(5).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    if e.len() > 4 || starts_with_zero(&e) || exponent < 3 || exponent % 2 == 0 {
        return Err("e: must be an odd number between 3 and 2^32");
    }
    Ok(Public::Rsa { n, e })
}

fn curve(jwk: &Object, wanted: &str) -> Result<(), &'static str> {
    match text(jwk, "crv")? {
        Some(curve) if curve.as_str() == wanted => Ok(()),
        _ => Err("crv: must be \"P-256\", or \"Ed25519\" for \"OKP\""),
    }
}

fn of_32(jwk: &Object, name: &str) -> Result<[u8; 32], &'static str> {
    let bytes = bytes(jwk, name)?.ok_or("x, y: are missing")?;
    bytes.try_into().map_err(|_| "x, y: must be 32 bytes")
}

fn text(jwk: &Object, name: &str) -> Result<Option<Wiped>, &'static str> {
    let text = |raw: &Raw| raw.as_str().ok_or("a member that must be a string is none");
    jwk.get(name).map(text).transpose()
}

fn bytes(jwk: &Object, name: &str) -> Result<Option<Vec<u8>>, &'static str> {
    let decode = |text: Wiped| base64::decode_url(&text).map(|bytes| bytes.expose().to_vec());
    let wrong = "a number must be base64url without padding (RFC 7515 section 2)";
    text(jwk, name)?.map(|text| decode(text).ok_or(wrong)).transpose()
}

#[cfg(test)]
mod tests;
