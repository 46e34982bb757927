//! Keys that are none, or not this library's: refused with words that name what is wrong, and nothing of the key.

use super::*;

/// What is said of a text; it may hold no piece of the text that could be of a key.
fn refused(text: &str) -> String {
    let problem = Key::read(text).map(|_| ()).expect_err(text);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| word.len() >= 12) {
        assert!(!problem.contains(word), "{problem}");
    }
    problem
}

#[test]
fn members_that_are_missing_or_wrong_are_named() {
    let long = "A".repeat(43) + "A";
    for (jwk, members) in [
        (EC, &["kty", "crv", "d", "x", "y"][..]),
        (ED25519, &["kty", "crv", "d", "x"]),
        (RSA, &["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"]),
    ] {
        for name in members {
            for value in [None, Some(""), Some("AQ=="), Some("a+b/"), Some("é"), Some(&long[..])] {
                let problem = refused(&with(jwk, name, value));
                let named: Vec<_> = problem.split(':').next().unwrap().split(", ").collect();
                assert!(named.contains(name), "{name} = {value:?}: {problem}");
            }
            let number = with(jwk, name, Some("#")).replace("\"#\"", "7");
            assert_eq!(refused(&number), format!("{name}: must be a string"));
        }
    }
}

#[test]
fn numbers_that_do_not_belong_together_are_refused() {
    // The order of P-256, and more.
    for d in ["_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE", "__________________________________________8"] {
        assert_eq!(refused(&with(EC, "d", Some(d))), "d: not a number that a P-256 key can have");
    }
    let zero = "A".repeat(43);
    assert_eq!(refused(&with(EC, "d", Some(&zero))), "d: not a number that a P-256 key can have");
    // A point of no curve, and that of another key.
    for x in [zero.as_str(), "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"] {
        assert_eq!(refused(&with(EC, "x", Some(x))), "x, y: not the public key of d");
        assert_eq!(refused(&with(EC, "y", Some(x))), "x, y: not the public key of d");
        assert_eq!(refused(&with(ED25519, "x", Some(x))), "x: not the public key of an Ed25519 key");
    }
    let other = include_str!("rfc-7520-3-4.json");
    let text = |name| Object::parse(other).unwrap().get(name).unwrap().as_str().unwrap();
    for name in ["n", "p", "q", "qi"] {
        let problem = refused(&with(RSA, name, Some(&text(name))));
        assert_eq!(problem, "n, e, d, p, q, dp, dq, qi: are not the numbers of one RSA key", "{name}");
    }
    for name in ["dp", "dq"] {
        let problem = refused(&with(RSA, name, Some(&text(name))));
        assert_eq!(problem, "e, dp, dq: do not belong to the rest of the key", "{name}");
    }
    assert_eq!(refused(&with(RSA, "e", Some("AQAD"))), "e, dp, dq: do not belong to the rest of the key");
    for e in ["Aw", "AAEAAQ", "AQAA", "AQAAAAAAAAAB"] {
        refused(&with(RSA, "e", Some(e)));
    }
}

#[test]
fn keys_for_something_else_are_refused() {
    assert_eq!(refused(r#"{"kty":"oct","k":"c2VjcmV0"}"#), "kty: \"oct\" is a shared secret, no private key");
    assert_eq!(refused(r#"{"keys":[]}"#), "kty: is missing");
    assert_eq!(refused(&with(EC, "crv", Some("P-384"))), "crv: must be \"P-256\"");
    assert_eq!(refused(&with(EC, "crv", Some("secp256k1"))), "crv: must be \"P-256\"");
    assert_eq!(refused(&with(ED25519, "crv", Some("X25519"))), "crv: must be \"Ed25519\"");
    assert_eq!(refused(&with(EC, "use", Some("enc"))), "use: must be \"sig\"");
    for alg in ["RS256", "HS256", "none", "es256", "ES512", ""] {
        assert_eq!(refused(&with(EC, "alg", Some(alg))), "alg: is not one of this key's");
    }
    refused(&with(RSA, "oth", Some("x")));
    assert!(refused("{\"kty\":\"EC\",\"kty\":\"RSA\"}").contains("\"kty\" twice"));
    refused("{");
}

#[test]
fn other_pem_is_refused_by_name() {
    let encrypted = "PEM: the private key is encrypted; openssl pkey decrypts it";
    assert_eq!(refused(include_str!("ec-encrypted.pem")), encrypted);
    assert_eq!(refused(include_str!("ec-pkcs8-encrypted.pem")), encrypted);
    assert!(refused(include_str!("ec-no-public.pem")).contains("public key is missing"));
    assert_eq!(refused(include_str!("p384.pem")), "PEM: the key is of another curve than P-256");
    assert_eq!(refused(include_str!("ed448.pem")), "PEM: the key is neither EC nor RSA nor Ed25519");
    assert_eq!(refused(include_str!("rsa-1024.pem")), "PEM: n, e: must have 2048 to 4096 and 17 to 33 bits");
    for label in ["OPENSSH PRIVATE KEY", "DSA PRIVATE KEY"] {
        let pem = include_str!("ec-pkcs8.pem").replace("PRIVATE KEY", label);
        assert!(refused(&pem).contains("kind of private key is not known"));
    }
    let neither = "is neither a PEM private key nor a JWK";
    for text in
        ["", "x", "-----BEGIN", "[]", "\u{feff}", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"]
    {
        assert_eq!(refused(text), neither);
    }
    let twice = include_str!("ec-pkcs8.pem").repeat(2);
    assert_eq!(refused(&twice), "PEM: has more than one private key");
    // A key under the label of another.
    for (file, from, to) in [
        (include_str!("ec-pkcs8.pem"), "PRIVATE", "EC PRIVATE"),
        (include_str!("ec-pkcs8.pem"), "PRIVATE", "RSA PRIVATE"),
        (include_str!("rsa.pem"), "RSA PRIVATE", "PRIVATE"),
        (include_str!("ed25519.pem"), "PRIVATE", "EC PRIVATE"),
    ] {
        refused(&file.replace(from, to));
    }
}

#[test]
fn pem_with_garbage_is_refused() {
    let pem = include_str!("ec-pkcs8.pem");
    let line = pem.lines().nth(1).unwrap();
    for bad in [
        pem.replacen(line, &format!("{line}="), 1),
        pem.replacen(line, &format!("{line}!"), 1),
        pem.replacen(line, &format!("{line}é"), 1),
        pem.replacen(line, &format!("{line}_"), 1),
        pem.replacen(line, &line[1..], 1),
        pem.replacen(line, "", 1),
        pem.replace("-----END PRIVATE KEY-----", ""),
        pem.replace("-----END PRIVATE KEY-----", "-----END EC PRIVATE KEY-----"),
        pem.replace("BEGIN PRIVATE KEY-----", "BEGIN PRIVATE KEY"),
    ] {
        refused(&bad);
    }
}

/// Every beginning of a key, and every key with one bit turned: refused or read, and no panic.
#[test]
fn broken_der_is_refused() {
    for (label, text) in [
        ("EC PRIVATE KEY", include_str!("ec.pem")),
        ("PRIVATE KEY", include_str!("ec-pkcs8.pem")),
        ("PRIVATE KEY", include_str!("ed25519.pem")),
        ("RSA PRIVATE KEY", include_str!("rsa.pem")),
        ("PRIVATE KEY", include_str!("rsa-pkcs8.pem")),
    ] {
        let (_, der) = pem::private_key(text).unwrap();
        assert!(Key::read(&pem_of(label, der.expose())).is_ok());
        for end in 0..der.expose().len() {
            refused(&pem_of(label, &der.expose()[..end]));
        }
        refused(&pem_of(label, &[der.expose(), &[0]].concat()));
        // The structure is in the first bytes; the numbers behind it take long to check.
        for bit in 0..8 * der.expose().len().min(64) {
            let mut der = der.expose().to_vec();
            der[bit / 8] ^= 1 << (bit % 8);
            let _ = Key::read(&pem_of(label, &der));
        }
    }
}

#[test]
fn signatures_have_one_form_of_each_kind() {
    let number = |value: &[u8]| [&[2, value.len() as u8], value].concat();
    let sequence = |parts: &[u8]| [&[0x30, parts.len() as u8], parts].concat();
    let both = |r: &[u8], s: &[u8]| sequence(&[number(r), number(s)].concat());
    let mut raw = [0; 64];
    (raw[31], raw[63]) = (1, 0x7f);
    assert_eq!(raw_ecdsa(&both(&[1], &[0x7f])), Some(raw));
    (raw[31], raw[63]) = (0x80, 1);
    assert_eq!(raw_ecdsa(&both(&[0, 0x80], &[1])), Some(raw));
    let order = [&[0], &ecdsa::ORDER[..]].concat();
    let long = [&[1], &[0; 32][..]].concat();
    for bad in [&[][..], &[0], &[0, 1], &[0x80], &[0, 0], &order, &long] {
        assert_eq!(raw_ecdsa(&both(bad, &[1])), None, "{bad:?}");
        assert_eq!(raw_ecdsa(&both(&[1], bad)), None, "{bad:?}");
    }
    let good = both(&[1], &[1]);
    assert!(raw_ecdsa(&good).is_some());
    for end in 0..good.len() {
        assert_eq!(raw_ecdsa(&good[..end]), None);
    }
    assert_eq!(raw_ecdsa(&[&good[..], &[0]].concat()), None, "more behind it");
    assert_eq!(raw_ecdsa(&sequence(&[number(&[1]), number(&[1]), number(&[1])].concat())), None);
    assert_eq!(
        raw_ecdsa(&[&[0x30, 0x81], &good[1..]].concat()),
        None,
        "a length of more bytes than it takes"
    );
    assert_eq!(raw_ecdsa(&[&[0x30, 0x80], &good[2..], &[0, 0]].concat()), None, "an indefinite length");
    for (len, byte) in [(63, 1), (65, 1), (64, 0), (64, 0xff)] {
        assert_eq!(raw_ecdsa(&vec![byte; len]), None);
    }
    // DER of 64 bytes is DER: r of 28 bytes and s of 30.
    let der = both(&[1; 28], &[1; 30]);
    assert_eq!(der.len(), 64);
    assert_eq!(raw_ecdsa(&der).unwrap()[..5], [0, 0, 0, 0, 1]);
}
