use super::*;
use crate::json::Kind;
use crate::signing;
use crate::status;

const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const EC: &str = include_str!("../../signing/tests/rfc-7515-a-3.json");
const RSA: &str = include_str!("../../signing/tests/rfc-7515-a-2.json");
const ALL: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

fn part(text: &str) -> String {
    base64::encode_url(text.as_bytes()).to_string()
}

/// A JWT with this header, whatever it says, signed with one of the keys.
#[cfg(feature = "signing")]
fn signed(header: &str, key: &str, algorithm: Algorithm) -> String {
    let input = format!("{}.{}", part(header), part(r#"{"sub":"a"}"#));
    let signature = signing::Key::read(key).unwrap().sign(algorithm, input.as_bytes()).unwrap();
    format!("{input}.{}", *base64::encode_url(&signature))
}

fn keys(list: &[&str]) -> Keys {
    Keys::read(format!(r#"{{"keys":[{}]}}"#, list.join(",")).as_bytes()).unwrap()
}

#[cfg(feature = "signing")]
fn named(key: &str, kid: &str) -> String {
    let mut jwk = Object::parse(key).unwrap();
    jwk.set("kid", Raw::from_text(kid));
    jwk.to_text().to_string()
}

/// Right, without a key, or refused with the reason.
fn outcome(text: &str, keys: &Keys, allowed: &[Algorithm]) -> std::result::Result<bool, Reason> {
    let verified = Jws::read(text).and_then(|jws| jws.verify(keys, allowed));
    verified.map(|found| found.is_some()).map_err(|error| error.reason)
}

/// What becomes of a JWT with this header.
fn header(json: &str) -> std::result::Result<(), Reason> {
    Jws::read(&format!("{}.e30.c2ln", part(json))).map(drop).map_err(|error| error.reason)
}

#[test]
fn j_1_what_is_not_signed_is_refused() {
    for alg in [r#""none""#, r#""None""#, r#""nOnE""#, r#""""#, "null", "7", "[]", r#"["EdDSA"]"#] {
        assert_eq!(header(&format!(r#"{{"alg":{alg}}}"#)), Err(Reason::Jwt), "{alg}");
    }
    assert_eq!(header("{}"), Err(Reason::Jwt));
    assert_eq!(
        outcome(&format!("{}.e30.", part(r#"{"alg":"EdDSA"}"#)), &keys(&[ED]), &ALL),
        Err(Reason::Jwt)
    );
    assert_eq!(outcome(&format!("{}.e30", part(r#"{"alg":"EdDSA"}"#)), &keys(&[ED]), &ALL), Err(Reason::Jwt));
    assert_eq!(header(r#"{"alg":"EdDSA","alg":"EdDSA"}"#), Err(Reason::Jwt), "a member twice");
}

#[cfg(feature = "signing")]
#[test]
fn each_algorithm_verifies_what_its_key_signed() {
    for (key, algorithm) in
        [(ED, Algorithm::EdDsa), (EC, Algorithm::Es256), (RSA, Algorithm::Rs256), (RSA, Algorithm::Ps256)]
    {
        let jwt = signed(&format!(r#"{{"alg":"{}"}}"#, algorithm.name()), key, algorithm);
        let set = keys(&[ED, EC, RSA]);
        assert_eq!(outcome(&jwt, &set, &ALL), Ok(true), "{algorithm:?}");
        let others: Vec<_> = ALL.into_iter().filter(|other| *other != algorithm).collect();
        assert_eq!(outcome(&jwt, &set, &others), Err(Reason::Jwt), "not agreed on");
        let end = jwt.rfind('.').unwrap();
        let other_claims =
            format!("{}.{}{}", jwt.split('.').next().unwrap(), part(r#"{"sub":"b"}"#), &jwt[end..]);
        assert_eq!(outcome(&other_claims, &set, &ALL), Err(Reason::Jwt), "{algorithm:?}");
    }
    let named_by_rfc_9864 = signed(r#"{"alg":"Ed25519"}"#, ED, Algorithm::EdDsa);
    assert_eq!(outcome(&named_by_rfc_9864, &keys(&[ED]), &ALL), Ok(true));
}

#[test]
fn j_2_a_public_key_is_no_shared_secret() {
    // As whoever has the public key alone would write it: its JWK, its modulus and its point as the secret of HS256.
    let jwk = Object::parse(RSA).unwrap();
    let modulus = base64::decode_url(&jwk.get("n").unwrap().as_str().unwrap()).unwrap();
    let ec = Object::parse(EC).unwrap();
    let x = base64::decode_url(&ec.get("x").unwrap().as_str().unwrap()).unwrap();
    let set = keys(&[RSA, EC, r#"{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}"#]);
    let input = format!("{}.{}", part(r#"{"alg":"HS256"}"#), part(r#"{"sub":"a"}"#));
    for secret in [RSA.as_bytes(), modulus.expose(), x.expose(), b"secret"] {
        let tag = signing::hs256(secret, input.as_bytes());
        let jwt = format!("{input}.{}", *base64::encode_url(&tag));
        assert_eq!(outcome(&jwt, &set, &ALL), Err(Reason::Jwt));
        let with_hs256 = [Algorithm::Hs256, Algorithm::Rs256];
        assert_eq!(outcome(&jwt, &set, &with_hs256), Ok(false), "no key is one for HS256, whoever allows it");
    }
    // The agreed secret makes right ones; one by a key is not taken for one by the secret.
    let secret = Secret::from("a secret of thirty-two bytes or more");
    let tag = signing::hs256(secret.expose().as_bytes(), input.as_bytes());
    let jwt = format!("{input}.{}", *base64::encode_url(&tag));
    assert!(Jws::read(&jwt).unwrap().verify_by_secret(&secret).is_ok());
    assert!(Jws::read(&jwt).unwrap().verify_by_secret(&Secret::from("another")).is_err());
    let other_alg = format!("{}.e30.{}", part(r#"{"alg":"RS256"}"#), *base64::encode_url(&tag));
    assert!(Jws::read(&other_alg).unwrap().verify_by_secret(&secret).is_err());
}

#[cfg(feature = "signing")]
#[test]
fn j_3_the_header_cannot_choose_another_use_of_a_key() {
    let rs256 = signed(r#"{"alg":"RS256","kid":"r"}"#, RSA, Algorithm::Rs256);
    for (member, value) in [
        ("alg", Raw::from_text("PS256")),
        ("use", Raw::from_text("enc")),
        ("kty", Raw::from_text("oct")),
        ("key_ops", Object::parse(r#"{"x":["encrypt"]}"#).unwrap().get("x").unwrap().clone()),
    ] {
        let mut jwk = Object::parse(&named(RSA, "r")).unwrap();
        jwk.set(member, value);
        assert_eq!(outcome(&rs256, &keys(&[&jwk.to_text()]), &ALL), Ok(false), "{member}");
    }
    let says_es256 = signed(r#"{"alg":"ES256","kid":"r"}"#, RSA, Algorithm::Rs256);
    assert_eq!(outcome(&says_es256, &keys(&[&named(RSA, "r")]), &ALL), Ok(false));
    assert_eq!(header(r#"{"alg":"ES256","typ":"at+jwt"}"#), Err(Reason::Jwt), "a JWT of another kind");
    assert_eq!(header(r#"{"alg":"ES256","typ":"JWT"}"#), Ok(()));
}

#[cfg(feature = "signing")]
#[test]
fn j_4_keys_in_the_header_are_ignored() {
    let own = r#""jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "jku":"https://evil.example/keys","x5u":"https://evil.example/x","x5c":["MII"]"#;
    let jwt = signed(&format!(r#"{{"alg":"EdDSA",{own}}}"#), ED, Algorithm::EdDsa);
    assert_eq!(outcome(&jwt, &keys(&[EC]), &ALL), Ok(false), "nobody but the server says what its keys are");
    assert_eq!(outcome(&jwt, &keys(&[ED]), &ALL), Ok(true));
}

#[test]
fn j_5_extensions_are_refused() {
    for member in [r#""crit":["exp"]"#, r#""crit":["b64"],"b64":false"#, r#""crit":[]"#, r#""b64":false"#] {
        assert_eq!(header(&format!(r#"{{"alg":"ES256",{member}}}"#)), Err(Reason::Jwt), "{member}");
    }
}

#[cfg(feature = "signing")]
#[test]
fn j_6_which_key_is_tried() {
    let other = r#"{"kty":"OKP","crv":"Ed25519","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#;
    let [a, b, a_again] = [named(ED, "a"), named(other, "b"), named(other, "a")];
    let (unnamed, of_a) = (
        signed(r#"{"alg":"EdDSA"}"#, ED, Algorithm::EdDsa),
        signed(r#"{"alg":"EdDSA","kid":"a"}"#, ED, Algorithm::EdDsa),
    );
    assert_eq!(outcome(&unnamed, &keys(&[&a, EC, RSA]), &ALL), Ok(true), "one fits");
    assert_eq!(outcome(&unnamed, &keys(&[&a, &b]), &ALL), Err(Reason::Jwt), "several fit: none is tried");
    assert_eq!(outcome(&unnamed, &keys(&[EC]), &ALL), Ok(false), "none fits");
    assert_eq!(outcome(&of_a, &keys(&[&b, &a]), &ALL), Ok(true));
    assert_eq!(outcome(&of_a, &keys(&[&b]), &ALL), Ok(false), "unknown");
    assert_eq!(outcome(&of_a, &keys(&[other]), &ALL), Ok(false), "a key without a name is not the one");
    assert_eq!(outcome(&of_a, &keys(&[&a, &a_again]), &ALL), Err(Reason::Jwt), "twice");
    assert_eq!(outcome(&of_a, &keys(&[&named(EC, "a"), &a]), &ALL), Ok(true), "of another type");
    assert_eq!(header(r#"{"alg":"EdDSA","kid":7}"#), Err(Reason::Jwt));
}

#[test]
fn j_7_sizes_are_bounded() {
    let header = part(r#"{"alg":"ES256"}"#);
    let of_len = |len: usize| {
        let claims = part(&format!(r#"{{"x":"{}"}}"#, "a".repeat(len / 4 * 3)));
        format!("{header}.{claims}.c2ln")
    };
    assert!(Jws::read(&of_len(60 * 1024)).is_ok());
    assert_eq!(Jws::read(&of_len(65 * 1024)).map(drop).unwrap_err().reason, Reason::Jwt);
    let with_header = |len: usize| {
        let header = part(&format!(r#"{{"alg":"ES256","x":"{}"}}"#, "a".repeat(len / 4 * 3)));
        Jws::read(&format!("{header}.e30.c2ln")).map(drop).map_err(|error| error.reason)
    };
    assert_eq!((with_header(8000), with_header(8300)), (Ok(()), Err(Reason::Jwt)));
    let set = |count: usize| format!(r#"{{"keys":[{}]}}"#, vec![ED; count].join(","));
    assert!(Keys::read(set(100).as_bytes()).is_ok());
    assert_eq!(Keys::read(set(101).as_bytes()).map(drop).unwrap_err(), "has more than 100 keys");
}

#[test]
fn what_is_no_set_of_keys_is_refused_and_other_keys_are_passed_over() {
    for bad in
        [&b""[..], b"[]", b"{}", b"<html>", br#"{"keys":{}}"#, br#"{"keys":null}"#, b"{\"keys\":[\xff]}"]
    {
        assert!(Keys::read(bad).is_err());
    }
    let set = keys(&["7", "null", "{}", r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#, ED]);
    assert_eq!(set.0.len(), 1);
}

#[cfg(feature = "signing")]
#[test]
fn j_8_base64url_is_strict_in_each_part() {
    let jwt = signed(r#"{"alg":"EdDSA"}"#, ED, Algorithm::EdDsa);
    let parts: Vec<&str> = jwt.split('.').collect();
    let set = keys(&[ED]);
    assert_eq!(outcome(&jwt, &set, &ALL), Ok(true));
    for place in 0..3 {
        let part = parts[place];
        let mut trailing = part.as_bytes().to_vec();
        // The next letter of the alphabet: in the last place it differs in a bit that is not used.
        *trailing.last_mut().unwrap() += 1;
        for bad in [
            format!("{part}="),
            format!("{part}=="),
            format!("{part} "),
            format!("{part}\n"),
            format!("{} {}", &part[..4], &part[4..]),
            format!("+{}", &part[1..]),
            String::from_utf8(trailing).unwrap(),
        ] {
            let mut others = parts.clone();
            others[place] = &bad;
            assert_eq!(outcome(&others.join("."), &set, &ALL), Err(Reason::Jwt), "{place} {bad:?}");
        }
    }
    for bad in [
        "",
        ".",
        "..",
        "a.b",
        &format!("{jwt}."),
        &format!("{jwt}.a"),
        &format!(" {jwt}"),
        &format!("{jwt}\n"),
    ] {
        assert_eq!(outcome(bad, &set, &ALL), Err(Reason::Jwt), "{bad}");
    }
}

#[cfg(feature = "signing")]
#[test]
fn j_9_der_is_no_signature() {
    let jwt = signed(r#"{"alg":"ES256"}"#, EC, Algorithm::Es256);
    let (input, signature) = jwt.rsplit_once('.').unwrap();
    let raw = base64::decode_url(signature).unwrap();
    let der: Vec<u8> =
        [&[0x30, 0x44, 2, 0x20][..], &raw.expose()[..32], &[2, 0x20], &raw.expose()[32..]].concat();
    let set = keys(&[EC]);
    assert_eq!(outcome(&jwt, &set, &ALL), Ok(true));
    for bad in [&der[..], &[0; 64], &raw.expose()[..63]] {
        let jwt = format!("{input}.{}", *base64::encode_url(bad));
        assert_eq!(outcome(&jwt, &set, &ALL), Err(Reason::Jwt));
    }
}

#[test]
fn j_11_what_is_encrypted_or_compressed_is_not_supported() {
    let jwe = format!("{}.a.b.c.d", part(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#));
    let error = Jws::read(&jwe).map(drop).unwrap_err();
    assert_eq!((error.status, error.reason), (status::UNSUPPORTED, Reason::NotBuilt));
    assert_eq!(header(r#"{"alg":"RS256","zip":"DEF"}"#), Err(Reason::NotBuilt));
    assert_eq!(header(r#"{"alg":"dir","enc":"A128GCM"}"#), Err(Reason::NotBuilt));
}

#[test]
fn claims_are_one_json_object() {
    let read =
        |claims: &str| Jws::read(&format!("{}.{}.c2ln", part(r#"{"alg":"ES256"}"#), part(claims))).map(drop);
    assert!(read(r#"{"a":1}"#).is_ok());
    for bad in ["", "[]", "7", "null", r#"{"a":1,"a":2}"#, r#"{"a":1"#, "\u{feff}{}"] {
        assert_eq!(read(bad).unwrap_err().reason, Reason::Jwt, "{bad}");
    }
    let jwt = format!("{}.{}.c2ln", part(r#"{"alg":"RS512"}"#), part(r#"{"a":1}"#));
    let jws = Jws::read(&jwt).unwrap();
    assert_eq!((jws.algorithm, jws.claims.get("a").unwrap().kind()), (None, Kind::Number));
}
