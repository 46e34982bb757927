use super::*;

mod vectors;

const RFC_7515_A_2: &str = include_str!("../signing/tests/rfc-7515-a-2.json");
const RFC_7515_A_3: &str = include_str!("../signing/tests/rfc-7515-a-3.json");

fn read(json: &str) -> Result<Key, &'static str> {
    Key::read(&Object::parse(json).unwrap())
}

/// A JWK with one member replaced, or taken away by `null`'s absence.
fn with(json: &str, name: &str, value: Option<&str>) -> Result<Key, &'static str> {
    let mut jwk = Object::parse(json).unwrap();
    match value {
        Some(value) => {
            jwk.set(name, Object::parse(&format!(r#"{{"x":{value}}}"#)).unwrap().get("x").unwrap().clone())
        }
        None => jwk.remove(name),
    }
    Key::read(&jwk)
}

/// RFC 8037 appendix A.2.
const ED25519_KEY: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const INPUT: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const SIGNATURE: &str =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

#[test]
fn rfc_8037_appendix_a_5_example() {
    let key = read(ED25519_KEY).unwrap();
    let signature = base64::decode_url(SIGNATURE).unwrap();
    assert!(key.verify(Algorithm::EdDsa, INPUT.as_bytes(), signature.expose()));
    assert!(!key.verify(Algorithm::EdDsa, &INPUT.as_bytes()[1..], signature.expose()));
    assert_eq!(key.kid(), Some("ed"));
}

#[test]
fn j_2_j_3_the_key_decides_what_it_verifies() {
    let all = [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Hs256];
    let of = |json: &str| -> Vec<_> {
        let key = read(json).unwrap();
        all.into_iter().filter(|algorithm| key.is_for(*algorithm)).collect()
    };
    assert_eq!(of(RFC_7515_A_3), [Algorithm::Es256]);
    assert_eq!(of(RFC_7515_A_2), [Algorithm::Rs256, Algorithm::Ps256]);
    assert_eq!(of(ED25519_KEY), [Algorithm::EdDsa]);
    let narrowed = with(RFC_7515_A_2, "alg", Some(r#""PS256""#)).unwrap();
    assert!(narrowed.is_for(Algorithm::Ps256) && !narrowed.is_for(Algorithm::Rs256));
    let signature = base64::decode_url(SIGNATURE).unwrap();
    let key = read(ED25519_KEY).unwrap();
    assert!(!key.verify(Algorithm::Es256, INPUT.as_bytes(), signature.expose()), "not what it is for");
    for (json, name, bad) in [
        (RFC_7515_A_3, "alg", r#""RS256""#),
        (RFC_7515_A_3, "alg", r#""HS256""#),
        (RFC_7515_A_3, "alg", r#""none""#),
        (RFC_7515_A_3, "alg", r#""ES384""#),
        (RFC_7515_A_3, "alg", "7"),
        (RFC_7515_A_2, "alg", r#""RS512""#),
        (ED25519_KEY, "alg", r#""Ed448""#),
        (RFC_7515_A_3, "kty", r#""oct""#),
        (RFC_7515_A_3, "kty", r#""RSA""#),
        (RFC_7515_A_3, "kty", r#""OKP""#),
        (RFC_7515_A_3, "kty", r#""ec""#),
        (RFC_7515_A_3, "crv", r#""P-384""#),
        (RFC_7515_A_3, "crv", r#""secp256k1""#),
        (ED25519_KEY, "crv", r#""X25519""#),
        (ED25519_KEY, "use", r#""enc""#),
        (ED25519_KEY, "use", "true"),
        (ED25519_KEY, "key_ops", r#"["sign"]"#),
        (ED25519_KEY, "key_ops", r#"[]"#),
        (ED25519_KEY, "key_ops", r#""verify""#),
        (ED25519_KEY, "kid", "1"),
    ] {
        assert!(with(json, name, Some(bad)).is_err(), "{name} {bad}");
    }
    for name in ["kty", "crv", "x", "y"] {
        assert!(with(RFC_7515_A_3, name, None).is_err(), "{name}");
    }
    for (name, good) in [
        ("use", r#""sig""#),
        ("key_ops", r#"["sign","verify"]"#),
        ("alg", r#""EdDSA""#),
        ("alg", r#""Ed25519""#),
    ] {
        assert!(with(ED25519_KEY, name, Some(good)).is_ok(), "{name} {good}");
    }
}

#[test]
fn j_7_numbers_of_rsa_keys_are_bounded() {
    let number = |first: u8, len: usize, last: u8| {
        let mut bytes = vec![first; len];
        bytes[len - 1] = last;
        format!("\"{}\"", *base64::encode_url(&bytes))
    };
    for (n, is_good) in [
        (number(0x80, 256, 1), true),
        (number(0xff, 1024, 0xff), true),
        (number(0x80, 256, 2), false),
        (number(0x7f, 256, 1), false),
        (number(0xff, 128, 1), false),
        (number(0x01, 1025, 1), false),
        (number(0x00, 257, 1), false),
        (r#""""#.to_owned(), false),
    ] {
        assert_eq!(with(RFC_7515_A_2, "n", Some(&n)).is_ok(), is_good, "{n}");
    }
    for (e, is_good) in [
        (vec![3], true),
        (vec![1, 0, 1], true),
        (vec![0xff; 4], true),
        (vec![1], false),
        (vec![2], false),
        (vec![1, 0, 0], false),
        (vec![0, 1, 0, 1], false),
        (vec![1, 0, 0, 0, 1], false),
        (vec![0xff; 256], false),
        (vec![], false),
    ] {
        let text = format!("\"{}\"", *base64::encode_url(&e));
        assert_eq!(with(RFC_7515_A_2, "e", Some(&text)).is_ok(), is_good, "{e:?}");
    }
    for name in ["n", "e"] {
        assert!(with(RFC_7515_A_2, name, None).is_err());
        assert!(with(RFC_7515_A_2, name, Some(r#""AQ==""#)).is_err(), "padding");
    }
}

#[cfg(feature = "signing")]
#[test]
fn j_9_es256_signatures_are_r_and_s() {
    use crate::signing;
    let private = signing::Key::read(RFC_7515_A_3).unwrap();
    let raw = private.sign(Algorithm::Es256, b"x").unwrap();
    let key = read(RFC_7515_A_3).unwrap();
    let is_right = |signature: &[u8]| key.verify(Algorithm::Es256, b"x", signature);
    assert!(is_right(&raw));
    // The same two numbers in DER.
    let mut der = vec![0x30, 0];
    for number in raw.chunks(32) {
        let number = &number[number.iter().take_while(|byte| **byte == 0).count()..];
        let zero: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
        let number = [zero, number].concat();
        der.extend([2, number.len() as u8]);
        der.extend(number);
    }
    der[1] = der.len() as u8 - 2;
    assert!(signing::raw_ecdsa(&der).is_some_and(|of_der| of_der[..] == raw[..]), "it is that signature");
    assert!(!is_right(&der));
    let zero = [0; 32];
    for bad in [
        &[&zero, &raw[32..]].concat()[..],
        &[&raw[..32], &zero].concat(),
        &[0; 64],
        &[0xff; 64],
        &raw[..63],
        &[&raw[..], &[0]].concat(),
        &[&[0], &raw[..32], &[0], &raw[32..]].concat(),
        b"",
    ] {
        assert!(!is_right(bad), "{bad:?}");
    }
    let off_curve = with(RFC_7515_A_3, "x", Some(&format!("\"{}\"", "A".repeat(43)))).unwrap();
    assert!(!off_curve.verify(Algorithm::Es256, b"x", &raw));
}
