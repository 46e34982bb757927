use super::*;
use crate::error::Reason;

const NOW: i64 = 1_311_281_000;

fn part(text: &str) -> String {
    base64::encode_url(text.as_bytes()).to_string()
}

/// The claims of OpenID Connect Core section 2's example, some of them replaced; `""` takes one away.
fn claims(other: &[(&str, &str)]) -> String {
    let mut claims = vec![
        ("iss", r#""https://server.example.com""#),
        ("sub", r#""24400320""#),
        ("aud", r#""s6BhdRkqt3""#),
        ("nonce", r#""n-0S6_WzA2Mj""#),
        ("exp", "1311281970"),
        ("iat", "1311280970"),
        ("auth_time", "1311280969"),
        ("acr", r#""urn:mace:incommon:iap:silver""#),
    ];
    claims.retain(|(name, _)| other.iter().all(|(replaced, _)| name != replaced));
    claims.extend(other.iter().filter(|(_, value)| !value.is_empty()));
    let members: Vec<_> = claims.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn outcome(alg: &str, other: &[(&str, &str)], expected: &Expected<'_>) -> Result<(), Reason> {
    let jwt = format!("{}.{}.c2ln", part(&format!(r#"{{"alg":"{alg}"}}"#)), part(&claims(other)));
    let jws = Jws::read(&jwt).unwrap();
    check_claims(&jws, expected).map_err(|error| error.reason)
}

fn expected<'a>(nonce: &'a Secret) -> Expected<'a> {
    Expected {
        issuer: Some("https://server.example.com"),
        client_id: Some("s6BhdRkqt3"),
        nonce: Some(nonce),
        now: NOW,
        ..Expected::default()
    }
}

/// What becomes of the example with these claims.
fn with(other: &[(&str, &str)]) -> Result<(), Reason> {
    outcome("RS256", other, &expected(&Secret::from("n-0S6_WzA2Mj")))
}

const REFUSED: Result<(), Reason> = Err(Reason::Jwt);

#[test]
fn openid_connect_core_section_2_example() {
    assert_eq!(with(&[]), Ok(()));
}

#[test]
fn a_5_the_nonce_must_be_that_of_the_login() {
    for bad in [r#""other""#, r#""n-0S6_WzA2M""#, r#""""#, "1", "null", r#"["n-0S6_WzA2Mj"]"#, ""] {
        assert_eq!(with(&[("nonce", bad)]), REFUSED, "{bad}");
    }
    let unasked = Expected { now: NOW, ..Expected::default() };
    assert_eq!(outcome("RS256", &[], &unasked), Ok(()), "nobody asked for one");
}

#[test]
fn j_10_times_are_numbers_of_seconds_and_now() {
    for name in ["exp", "iat", "nbf", "auth_time"] {
        for bad in [
            r#""1311281970""#,
            "null",
            "true",
            "[1311281970]",
            "{}",
            "-1",
            "-1311281970",
            "-0",
            "1e30",
            "1000000000000000000000000000000",
            "253402300800",
        ] {
            assert_eq!(with(&[(name, bad)]), REFUSED, "{name} {bad}");
        }
    }
    for name in ["exp", "iat"] {
        assert_eq!(with(&[(name, "")]), REFUSED, "{name} must be there");
    }
    // RFC 7519 section 2: "Numeric values with a fraction can be represented".
    assert_eq!(with(&[("exp", "1311281970.5"), ("iat", "1.31128097e9")]), Ok(()));
    let at = |name: &str, offset: i64| with(&[(name, &(NOW + offset).to_string())]);
    assert_eq!((at("exp", -59), at("exp", -60)), (Ok(()), REFUSED), "60 s of skew");
    for name in ["iat", "nbf"] {
        assert_eq!((at(name, 60), at(name, 61)), (Ok(()), REFUSED), "{name}");
    }
}

#[test]
fn j_10_the_issuer_is_compared_as_text() {
    for bad in [
        r#""https://server.example.com/""#,
        r#""https://SERVER.example.com""#,
        r#""http://server.example.com""#,
        r#""server.example.com""#,
        r#""""#,
        "7",
        "",
    ] {
        assert_eq!(with(&[("iss", bad)]), REFUSED, "{bad}");
    }
    let nonce = Secret::from("n-0S6_WzA2Mj");
    let mut of_any = expected(&nonce);
    of_any.issuer = None;
    assert_eq!(
        outcome("RS256", &[("iss", r#""https://x""#)], &of_any),
        Ok(()),
        "nobody knows what it is called"
    );
    assert_eq!(outcome("RS256", &[("iss", "")], &of_any), REFUSED);
}

#[test]
fn j_10_the_audience_is_this_client() {
    for good in [r#""s6BhdRkqt3""#, r#"["s6BhdRkqt3"]"#] {
        assert_eq!(with(&[("aud", good)]), Ok(()), "{good}");
    }
    for bad in [
        "",
        "null",
        "7",
        "[]",
        "{}",
        r#""""#,
        r#""other""#,
        r#"["other"]"#,
        r#""s6BhdRkqt3 other""#,
        r#"["s6BhdRkqt3",7]"#,
        r#"["s6BhdRkqt3",null]"#,
        r#"[["s6BhdRkqt3"]]"#,
        r#"["s6BhdRkqt3","other"]"#,
    ] {
        assert_eq!(with(&[("aud", bad)]), REFUSED, "{bad}");
    }
    let several = ("aud", r#"["other","s6BhdRkqt3"]"#);
    assert_eq!(with(&[several, ("azp", r#""s6BhdRkqt3""#)]), Ok(()));
    assert_eq!(with(&[several, ("azp", r#""other""#)]), REFUSED, "given to another");
    assert_eq!(with(&[("azp", r#""other""#)]), REFUSED);
    assert_eq!(with(&[("azp", "7")]), REFUSED);
    assert_eq!(with(&[("azp", r#""s6BhdRkqt3""#)]), Ok(()));
}

#[test]
fn j_10_the_subject_must_be_there() {
    for bad in ["", r#""""#, "7", "null"] {
        assert_eq!(with(&[("sub", bad)]), REFUSED, "{bad}");
    }
}

#[test]
fn j_10_max_age_is_held() {
    let nonce = Secret::from("n-0S6_WzA2Mj");
    let within = |max_age_s, other: &[(&str, &str)]| {
        outcome("RS256", other, &Expected { max_age_s: Some(max_age_s), ..expected(&nonce) })
    };
    let at = |ago: i64| (NOW - ago).to_string();
    assert_eq!(within(100, &[("auth_time", &at(160))]), Ok(()), "with the skew");
    assert_eq!(within(100, &[("auth_time", &at(161))]), REFUSED);
    assert_eq!(within(100, &[("auth_time", "")]), REFUSED, "asked for, so it must be there");
    assert_eq!(within(i64::MAX, &[]), Ok(()));
    assert_eq!(with(&[("auth_time", "")]), Ok(()), "nobody asked");
}

#[test]
fn j_10_hashes_tie_the_token_and_the_code_to_it() {
    // OpenID Connect Core appendix A.4: an access token, a code, and their hashes.
    let token = Secret::from("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    let code = Secret::from("Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk");
    let nonce = Secret::from("n-0S6_WzA2Mj");
    let both = Expected { access_token: Some(&token), code: Some(&code), ..expected(&nonce) };
    let (at, c) = (("at_hash", r#""77QmUPtjPfzWtF2AnpK9RQ""#), ("c_hash", r#""LDktKdoQak3Pk0cnXxCltA""#));
    for alg in ["RS256", "ES256", "PS256", "HS256"] {
        assert_eq!(outcome(alg, &[at, c], &both), Ok(()), "{alg}");
    }
    assert_eq!(outcome("RS256", &[], &both), Ok(()), "both may be absent");
    for bad in [r#""LDktKdoQak3Pk0cnXxCltA""#, r#""77QmUPtjPfzWtF2AnpK9RQ==""#, r#""""#, "7", "null"] {
        assert_eq!(outcome("RS256", &[("at_hash", bad)], &both), REFUSED, "{bad}");
    }
    assert_eq!(outcome("RS256", &[("c_hash", at.1)], &both), REFUSED);
    // Ed25519 goes with SHA-512.
    #[cfg(feature = "signing")]
    assert_eq!(outcome("EdDSA", &[at], &both), REFUSED);
    let long = format!("\"{}\"", *base64::encode_url(&digest::sha512(token.expose().as_bytes())[..32]));
    assert_eq!(outcome("EdDSA", &[("at_hash", &long)], &both), Ok(()));
}

#[test]
fn which_algorithms_are_taken() {
    let server = |json: &str| Metadata::read(Object::parse(json).unwrap(), None).unwrap();
    let usual = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];
    assert_eq!(algorithms(None, &server("{}")), usual);
    let listed = server(
        r#"{"id_token_signing_alg_values_supported":["none","HS256","HS512","EdDSA","RS256","ES512",7]}"#,
    );
    assert_eq!(
        algorithms(None, &listed),
        [Algorithm::EdDsa, Algorithm::Rs256],
        "J-2: HS256 must be agreed on"
    );
    assert_eq!(algorithms(Some(Algorithm::Hs256), &listed), [Algorithm::Hs256]);
    assert_eq!(algorithms(Some(Algorithm::Ps256), &listed), [Algorithm::Ps256]);
}

#[test]
fn t_19_a_renewal_is_about_the_same_person() {
    let object = |other: &[(&str, &str)]| Object::parse(&claims(other)).unwrap();
    let continues =
        |other: &[(&str, &str)]| check_continues(&object(&[]), &object(other)).map_err(|error| error.reason);
    assert_eq!(continues(&[("iat", "1311290000")]), Ok(()));
    assert_eq!(continues(&[("nonce", "")]), Ok(()), "section 12.2: it should not have one");
    for (name, bad) in [
        ("sub", r#""24400321""#),
        ("sub", ""),
        ("sub", "24400320"),
        ("iss", r#""https://other.example.com""#),
        ("iss", ""),
        ("nonce", r#""other""#),
    ] {
        assert_eq!(continues(&[(name, bad)]), REFUSED, "{name} {bad}");
    }
}
