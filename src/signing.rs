//! Signatures of JWTs (RFC 7515, 7518, 8037): by private keys from PEM or a JWK, by a shared secret. Bytes in, bytes out.

// Signatures take a part of it.
#[cfg_attr(not(feature = "signing"), allow(dead_code))]
mod der;
mod ecdsa;
#[cfg(feature = "signing")]
mod jwk;
#[cfg(feature = "signing")]
mod key;
#[cfg(not(feature = "signing"))]
mod no_key;
#[cfg(feature = "signing")]
mod pem;
#[cfg(feature = "signing")]
mod pkcs;
#[cfg(feature = "signing")]
mod public;

use ring::hmac;

pub use ecdsa::raw_ecdsa;
#[cfg(feature = "signing")]
pub use key::Key;
#[cfg(not(feature = "signing"))]
pub use no_key::Key;

/// An algorithm of RFC 7518 section 3.1 or RFC 8037.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256 and a salt of 32 bytes.
    Ps256,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256: by a shared secret, never by a [`Key`].
    Hs256,
}

impl Algorithm {
    /// Every one, by its name.
    const ALL: [(&'static str, Algorithm); 5] = [
        ("ES256", Algorithm::Es256),
        ("RS256", Algorithm::Rs256),
        ("PS256", Algorithm::Ps256),
        ("EdDSA", Algorithm::EdDsa),
        ("HS256", Algorithm::Hs256),
    ];

    /// Its name in the `alg` of a JOSE header.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// The algorithm of that name, in exactly these letters; EdDSA also by its name in RFC 9864.
    pub fn parse(name: &str) -> Option<Algorithm> {
        let name = if name == "Ed25519" { "EdDSA" } else { name };
        Self::ALL.iter().find(|(own, _)| *own == name).map(|(_, algorithm)| *algorithm)
    }
}

/// HMAC with SHA-256 (RFC 7518 section 3.2).
pub fn hs256(secret: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), bytes).as_ref());
    out
}

#[cfg(all(test, feature = "signing"))]
mod tests;
