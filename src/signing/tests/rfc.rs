//! The examples of RFC 7515 appendix A, RFC 7520 section 4 and RFC 8037 appendix A.

use super::*;

const CLAIMS: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

const FRODO: &str = "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0a\
    GUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3Z\
    XB0IG9mZiB0by4";

#[test]
fn rfc_7515_a_1_hs256() {
    let secret =
        bytes("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    let input = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}");
    assert_eq!(hs256(&secret, input.as_bytes())[..], bytes("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
}

#[test]
fn rfc_7515_a_2_rs256() {
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujG\
        bds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN\
        9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy\
        wlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let input = format!("eyJhbGciOiJSUzI1NiJ9.{CLAIMS}");
    for form in [RSA, include_str!("rsa.pem"), include_str!("rsa-pkcs8.pem")] {
        let key = Key::read(form).unwrap();
        assert_eq!(key.sign(Algorithm::Rs256, input.as_bytes()).unwrap(), bytes(signature));
    }
}

#[test]
fn rfc_7515_a_3_es256() {
    let signature =
        bytes("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    let input = format!("eyJhbGciOiJFUzI1NiJ9.{CLAIMS}");
    assert!(is_right(EC, Algorithm::Es256, input.as_bytes(), &signature));
    assert_eq!(raw_ecdsa(&signature).unwrap()[..], signature);
    let own = Key::read(EC).unwrap().sign(Algorithm::Es256, input.as_bytes()).unwrap();
    assert!(is_right(EC, Algorithm::Es256, input.as_bytes(), &own));
    assert_ne!(own, signature);
}

#[test]
fn rfc_7520_4_1_rs256_and_its_key_with_ps256() {
    let jwk = include_str!("rfc-7520-3-4.json");
    let key = Key::read(jwk).unwrap();
    assert_eq!(key.kid(), Some("bilbo.baggins@hobbiton.example"));
    let input = format!("eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.{FRODO}");
    let signature = "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7P\
        NDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnH\
        XFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcI\
        e8u9ipH84ogoree7vjbU5y18kDquDg";
    assert_eq!(key.sign(Algorithm::Rs256, input.as_bytes()).unwrap(), bytes(signature));
    // Its own examples of PSS and ECDSA, 4.2 and 4.3, are of PS384 and ES512.
    let signature = key.sign(Algorithm::Ps256, input.as_bytes()).unwrap();
    assert!(is_right(jwk, Algorithm::Ps256, input.as_bytes(), &signature));
    assert!(!is_right(jwk, Algorithm::Rs256, input.as_bytes(), &signature));
}

#[test]
fn rfc_7520_4_4_hs256() {
    let input =
        format!("eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAzNyJ9.{FRODO}");
    assert_eq!(
        hs256(&bytes("hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg"), input.as_bytes())[..],
        bytes("s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0")
    );
}

#[test]
fn rfc_8037_a_4_eddsa() {
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    for form in [ED25519, include_str!("ed25519.pem")] {
        let key = Key::read(form).unwrap();
        assert_eq!(key.sign(Algorithm::EdDsa, input.as_bytes()).unwrap(), bytes(signature));
    }
}
