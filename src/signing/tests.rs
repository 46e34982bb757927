//! The keys under `tests/` are those of the RFCs, in the forms that OpenSSL gives them; the others are to be refused.

mod hostile;
mod rfc;
mod vectors;

use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::*;
use crate::base64::decode_url;
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
