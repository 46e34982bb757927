//! A private key, and what it signs.

use ring::error::KeyRejected;
use ring::rand::SystemRandom;
use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};

use super::{Algorithm, jwk, pem, pkcs};
use crate::error::{Error, Reason, Result};

/// A private key.
pub struct Key {
    pub(super) pair: Pair,
    pub(super) algorithms: &'static [Algorithm],
    pub(super) kid: Option<String>,
}

pub(super) enum Pair {
    Ec(Box<EcdsaKeyPair>),
    Rsa(Box<RsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
}

impl Pair {
    pub(super) fn algorithms(&self) -> &'static [Algorithm] {
        match self {
            Pair::Ec(_) => &[Algorithm::Es256],
            Pair::Rsa(_) => &[Algorithm::Rs256, Algorithm::Ps256],
            Pair::Ed(_) => &[Algorithm::EdDsa],
        }
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Key {
    /// Reads a key from the text of a PEM file or of a JWK. What is wrong with it is said without a byte of it.
    pub fn read(text: &str) -> Result<Key, String> {
        if text.trim_start().starts_with('{') {
            return jwk::read(text);
        }
        let pair = pem::private_key(text).and_then(|(kind, der)| match kind {
            pem::Kind::Pkcs8 => pkcs::pkcs8(der.expose()),
            pem::Kind::Ec => pkcs::ec(der.expose()),
            pem::Kind::Rsa => pkcs::rsa(der.expose()),
        })?;
        Ok(Key { algorithms: pair.algorithms(), pair, kid: None })
    }

    /// What it can sign with, the usual one first; a JWK's `alg` is the only one then.
    pub fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }

    /// What it signs with where nothing else was agreed on.
    pub fn default_algorithm(&self) -> Algorithm {
        self.algorithms[0]
    }

    /// The name that a JWK gives itself.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// A signature as JOSE has it: that of ES256 is r and s, 32 bytes each.
    pub fn sign(&self, algorithm: Algorithm, bytes: &[u8]) -> Result<Vec<u8>> {
        if !self.algorithms.contains(&algorithm) {
            return Err(Error::new(Reason::Conflict, format!("the key does not sign {}", algorithm.name())));
        }
        let random = SystemRandom::new();
        let signed = match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, bytes).map(|signature| signature.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.sign(bytes).as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &'static dyn ring::signature::RsaEncoding =
                    if algorithm == Algorithm::Ps256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, bytes, &mut signature).map(|()| signature)
            }
        };
        signed.map_err(|_| Error::new(Reason::Unexpected, "nothing could be signed with the key"))
    }
}

/// An RSA key, once a signature by it was right: what `dp` and `dq` are worth shows in nothing else. `form` stands before
/// the names of its parts.
pub(super) fn tried(pair: std::result::Result<RsaKeyPair, KeyRejected>, form: &str) -> Result<Pair, String> {
    let pair = pair.map_err(|rejected| {
        let problem = match rejected.to_string().as_str() {
            "TooSmall" | "TooLarge" => "n, e: must have 2048 to 4096 and 17 to 33 bits",
            _ => "n, e, d, p, q, dp, dq, qi: are not the numbers of one RSA key",
        };
        format!("{form}{problem}")
    })?;
    let mut signature = vec![0; pair.public().modulus_len()];
    match pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), b"", &mut signature) {
        Ok(()) => Ok(Pair::Rsa(Box::new(pair))),
        Err(_) => Err(format!("{form}e, dp, dq: do not belong to the rest of the key")),
    }
}

/// A P-256 key; `private` and `public` are what to call the parts where one is wrong.
pub(super) fn p256(d: &[u8], point: &[u8], private: &str, public: &str) -> Result<Pair, String> {
    let algorithm = &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, d, point, &SystemRandom::new());
    pair.map(|pair| Pair::Ec(Box::new(pair))).map_err(|rejected| match rejected.to_string().as_str() {
        "InconsistentComponents" => format!("{public}: not the public key of {private}"),
        _ => format!("{private}: not a number that a P-256 key can have"),
    })
}

/// An Ed25519 key.
pub(super) fn ed25519(seed: &[u8], public: Option<&[u8]>, name: &str) -> Result<Pair, String> {
    let pair = match public {
        Some(public) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
        None => Ed25519KeyPair::from_seed_unchecked(seed),
    };
    pair.map(|pair| Pair::Ed(Box::new(pair)))
        .map_err(|_| format!("{name}: not the public key of an Ed25519 key"))
}
