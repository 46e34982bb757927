//! What the server signs, looked at with the keys that it publishes.

// Each test program uses its own part of this.
#![allow(dead_code)]

use crate::common::*;
use bearer_testserver::Server;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

/// Header and claims of a JWS.
pub fn parts(jws: &str) -> [Value; 2] {
    let mut parts = jws.split('.').map(decoded);
    [0, 1].map(|_| serde_json::from_slice(&parts.next().expect("a part")).expect("JSON"))
}

/// The published key that a JWS names.
pub fn key(server: &Server, jws: &str) -> Option<Value> {
    let keys = once(server.url(), &request("GET", "/auth/jwks", "", "")).json();
    let kid = &parts(jws)[0]["kid"];
    keys["keys"].as_array().expect("keys").iter().find(|key| key["kid"] == *kid).cloned()
}

/// Whether the key that a JWS names verifies it.
pub fn is_verified(server: &Server, jws: &str) -> bool {
    key(server, jws).is_some_and(|key| {
        assert_eq!((&key["alg"], &key["use"]), (&parts(jws)[0]["alg"], &"sig".into()));
        verifies(&key, jws, false)
    })
}

pub fn verifies(key: &Value, jws: &str, is_der: bool) -> bool {
    let (message, signature) = jws.rsplit_once('.').expect("a signature");
    let (message, signature) = (message.as_bytes(), decoded(signature));
    let bytes = |name: &str| decoded(text(key, name));
    match text(key, "alg") {
        "ES256" => {
            let point = [&[4][..], &bytes("x"), &bytes("y")].concat();
            let scheme = if is_der { &ECDSA_P256_SHA256_ASN1 } else { &ECDSA_P256_SHA256_FIXED };
            UnparsedPublicKey::new(scheme, point).verify(message, &signature).is_ok()
        }
        "EdDSA" => UnparsedPublicKey::new(&ED25519, bytes("x")).verify(message, &signature).is_ok(),
        alg => {
            let scheme = if alg == "PS256" { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
            RsaPublicKeyComponents { n: bytes("n"), e: bytes("e") }
                .verify(scheme, message, &signature)
                .is_ok()
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let digit = |byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'-' => 62,
        b'_' => 63,
        _ => panic!("{byte} in base64url"),
    };
    let (mut bits, mut count, mut out) = (0_u32, 0, Vec::new());
    for byte in text.bytes() {
        bits = bits << 6 | u32::from(digit(byte));
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 255) as u8);
        }
    }
    out
}
