//! A client that signs, with each algorithm.

// Each test program uses its own part of this.
#![allow(dead_code)]

use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use ring::{hmac, rsa};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

pub enum Signer {
    Secret(String),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl Signer {
    /// A fresh key for an algorithm; RSA's is always the same, for making one takes long.
    pub fn new(alg: &str) -> Self {
        let random = SystemRandom::new();
        match alg {
            "ES256" => {
                let scheme = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let key = EcdsaKeyPair::generate_pkcs8(scheme, &random).expect("a key");
                Self::Ec(EcdsaKeyPair::from_pkcs8(scheme, key.as_ref(), &random).expect("a key"))
            }
            "EdDSA" => {
                let key = Ed25519KeyPair::generate_pkcs8(&random).expect("a key");
                Self::Ed(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"))
            }
            _ => {
                let pem = PrivateKeyDer::from_pem_slice(include_bytes!("rsa.pem")).expect("a key");
                let key = RsaKeyPair::from_pkcs8(pem.secret_der()).expect("a key");
                let encoding: &dyn RsaEncoding =
                    if alg == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                Self::Rsa(key, encoding)
            }
        }
    }

    pub fn jwk(&self) -> Value {
        match self {
            Self::Secret(_) => Value::Null,
            Self::Ec(key) => {
                let point = key.public_key().as_ref();
                json!({ "kty": "EC", "crv": "P-256", "x": base64url(&point[1..33]), "y": base64url(&point[33..]) })
            }
            Self::Ed(key) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_key().as_ref()) })
            }
            Self::Rsa(key, _) => {
                let rsa::PublicKeyComponents::<Vec<u8>> { n, e } = key.public().into();
                json!({ "kty": "RSA", "n": base64url(&n), "e": base64url(&e) })
            }
        }
    }

    /// The thumbprint of the public key (RFC 7638).
    pub fn thumbprint(&self) -> String {
        // serde_json sorts the members, and there are only those that count.
        sha256(&self.jwk().to_string())
    }

    /// A JWS in its compact form.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        let random = SystemRandom::new();
        let signature = match self {
            Self::Secret(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Self::Ec(key) => key.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec(),
            Self::Ed(key) => key.sign(message.as_bytes()).as_ref().to_vec(),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(*encoding, &random, message.as_bytes(), &mut signature).expect("a signature");
                signature
            }
        };
        format!("{message}.{}", base64url(&signature))
    }
}

/// The SHA-256 of text, in base64url.
pub fn sha256(text: &str) -> String {
    base64url(digest(&SHA256, text.as_bytes()).as_ref())
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            out.push(char::from(ALPHABET[(bits >> count & 63) as usize]));
        }
    }
    if count > 0 {
        out.push(char::from(ALPHABET[(bits << (6 - count) & 63) as usize]));
    }
    out
}
