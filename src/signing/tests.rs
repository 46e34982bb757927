//! The keys under `tests/` are those of the RFCs, in the forms that OpenSSL gives them; the others are to be refused.

mod hostile;
mod rfc;
mod vectors;

use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, UnparsedPublicKey, VerificationAlgorithm};

use super::*;
use crate::base64::decode_url;
use crate::error::Reason;
use crate::json::{Object, Raw};

const RSA: &str = include_str!("tests/rfc-7515-a-2.json");
const EC: &str = include_str!("tests/rfc-7515-a-3.json");
const ED25519: &str = include_str!("tests/rfc-8037-a-1.json");

fn bytes(base64url: &str) -> Vec<u8> {
    decode_url(base64url).unwrap().expose().to_vec()
}

fn member(jwk: &str, name: &str) -> Vec<u8> {
    bytes(&Object::parse(jwk).unwrap().get(name).unwrap().as_str().unwrap())
}

/// A JWK with one member changed; `None` takes it away.
fn with(jwk: &str, name: &str, value: Option<&str>) -> String {
    let mut jwk = Object::parse(jwk).unwrap();
    match value {
        Some(value) => jwk.set(name, Raw::from_text(value)),
        None => jwk.remove(name),
    }
    jwk.to_text().to_string()
}

fn pem_of(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----", crate::base64::encode(der).as_str())
}

/// Whether the signature is right by the public half of the JWK.
fn is_right(jwk: &str, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    let verify = |by: &'static dyn VerificationAlgorithm, key: &[u8]| {
        UnparsedPublicKey::new(by, key).verify(message, signature).is_ok()
    };
    match algorithm {
        Algorithm::Es256 => {
            let point = [&[4], &member(jwk, "x")[..], &member(jwk, "y")].concat();
            verify(&signature::ECDSA_P256_SHA256_FIXED, &point)
        }
        Algorithm::EdDsa => verify(&signature::ED25519, &member(jwk, "x")),
        Algorithm::Rs256 | Algorithm::Ps256 => {
            let key = signature::RsaPublicKeyComponents { n: member(jwk, "n"), e: member(jwk, "e") };
            let by = match algorithm {
                Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
                _ => &signature::RSA_PSS_2048_8192_SHA256,
            };
            key.verify(by, message, signature).is_ok()
        }
        Algorithm::Hs256 => unreachable!("no public key"),
    }
}

#[test]
fn every_form_of_a_key_is_the_same_key() {
    for (jwk, pems) in [
        (EC, &[include_str!("tests/ec.pem"), include_str!("tests/ec-pkcs8.pem")][..]),
        (RSA, &[include_str!("tests/rsa.pem"), include_str!("tests/rsa-pkcs8.pem")]),
        (ED25519, &[include_str!("tests/ed25519.pem")]),
    ] {
        for form in pems.iter().copied().chain([jwk]) {
            let windows = form.replace('\n', "\r\n");
            let beside =
                format!("Key: x\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{form}");
            for text in [form, &windows, if form == jwk { form } else { &beside }] {
                let key = Key::read(text).unwrap();
                for algorithm in key.algorithms() {
                    let signature = key.sign(*algorithm, b"message").unwrap();
                    assert!(is_right(jwk, *algorithm, b"message", &signature));
                    assert!(!is_right(jwk, *algorithm, b"massage", &signature));
                }
                assert_eq!(format!("{key:?}"), "…");
            }
        }
    }
}

#[test]
fn algorithms_are_those_of_the_key() {
    for (jwk, names) in [(EC, &["ES256"][..]), (RSA, &["RS256", "PS256"]), (ED25519, &["EdDSA"])] {
        let key = Key::read(jwk).unwrap();
        assert_eq!(key.algorithms().iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>(), names);
        assert_eq!(key.default_algorithm().name(), names[0]);
        assert_eq!(key.kid(), None);
        let other = if names[0] == "ES256" { Algorithm::EdDsa } else { Algorithm::Es256 };
        for other in [other, Algorithm::Hs256] {
            assert_eq!(key.sign(other, b"").unwrap_err().reason, Reason::Conflict);
        }
    }
    let key = Key::read(&with(&with(RSA, "alg", Some("PS256")), "kid", Some("k-1"))).unwrap();
    assert_eq!((key.algorithms(), key.kid()), (&[Algorithm::Ps256][..], Some("k-1")));
    assert!(key.sign(Algorithm::Rs256, b"").is_err());
    let key = Key::read(&with(ED25519, "alg", Some("Ed25519"))).unwrap();
    assert_eq!(key.default_algorithm(), Algorithm::EdDsa);
}

/// OpenSSL makes the first prime the larger one; Go leaves them as they come.
#[test]
fn primes_may_stand_in_either_order() {
    let text = |name| Object::parse(RSA).unwrap().get(name).unwrap().as_str().unwrap();
    let mut jwk = RSA.to_owned();
    for (name, other) in [("p", "q"), ("q", "p"), ("dp", "dq"), ("dq", "dp")] {
        jwk = with(&jwk, name, Some(&text(other)));
    }
    // The inverse of the other prime, which only this order needs.
    let qi = "nVW5DaWZ5cj3xmqFYxkc3YUG8bw-IMcraX9B1PyB-rPRp2w5PgPDHgFXLqSIj_8_SyXPdZwTblC4rhaRGB7QOxCQ0at86zOK2IFA\
        F7zu4m3A66o2rcCwFBA7tZt0UmEDHIvMsaozbCKv6EojOF9LLsXFDJh7Ktfu4zIgm4_xryk";
    let key = Key::read(&with(&jwk, "qi", Some(qi))).unwrap();
    let signature = key.sign(Algorithm::Rs256, b"message").unwrap();
    assert_eq!(signature, Key::read(RSA).unwrap().sign(Algorithm::Rs256, b"message").unwrap());
}

/// PKCS#8 of version 2 has the public key beside the private one.
#[test]
fn keys_that_ring_makes_are_read() {
    let random = SystemRandom::new();
    let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let ec = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let ed25519 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    for (key, algorithm) in [(ec, Algorithm::Es256), (ed25519, Algorithm::EdDsa)] {
        let key = Key::read(&pem_of("PRIVATE KEY", key.as_ref())).unwrap();
        assert_eq!(key.default_algorithm(), algorithm);
    }
}

#[test]
fn keys_may_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Key>();
}

#[test]
fn names_of_algorithms_are_exact() {
    for (name, algorithm) in Algorithm::ALL {
        assert_eq!((algorithm.name(), Algorithm::parse(name)), (name, Some(algorithm)));
    }
    assert_eq!(Algorithm::parse("Ed25519"), Some(Algorithm::EdDsa));
    for name in ["", "none", "es256", "ES384", "EDDSA", "Ed448"] {
        assert_eq!(Algorithm::parse(name), None, "{name}");
    }
}
