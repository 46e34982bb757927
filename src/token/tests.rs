use super::*;

const NOW: i64 = 1_795_499_228;

fn stored(text: &str) -> TokenSet {
    TokenSet::from_stored(text).unwrap()
}

fn member_refused(text: &str) -> String {
    TokenSet::from_stored(text).unwrap_err().member
}

#[test]
fn reads_what_others_store() {
    // Home Assistant's config entry, requests-oauthlib's dict, golang/oauth2's Token.
    let ha = stored(
        r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r","expires_in":1800,"ha_auth_provider":"homeassistant","expires_at":1795499228.75}"#,
    );
    assert_eq!(ha.expires_at(), Some(NOW));
    let oauthlib =
        stored(r#"{"access_token":"a","expires_in":"3600","expires_at":1795499228.0,"scope":["x","y"]}"#);
    assert_eq!((oauthlib.expires_in(), oauthlib.expires_at()), (Some(3600), Some(NOW)));
    let golang = stored(
        r#"{"access_token":"a","token_type":"bearer","refresh_token":"r","expiry":"2026-11-24T05:47:08.123456789Z"}"#,
    );
    assert_eq!(golang.expires_at(), Some(NOW));
    assert_eq!(stored(r#"{"access_token":"a","expiry":"0001-01-01T00:00:00Z"}"#).expires_at(), None);
}

#[test]
fn storing_keeps_the_text() {
    let text =
        r#"{"access_token":"a","x":{"n":1.10,"big":123456789012345678901},"expires_at":1795499228.75}"#;
    assert_eq!(&*stored(text).to_json(), text);
}

#[test]
fn t_8_access_token_must_fit_a_header() {
    for bad in [
        r#"{"access_token":1}"#,
        r#"{"access_token":{}}"#,
        r#"{"access_token":"a b"}"#,
        r#"{"access_token":"a\nb"}"#,
        r#"{"access_token":"é"}"#,
    ] {
        assert_eq!(member_refused(bad), "access_token", "{bad}");
    }
    for missing in ["{}", r#"{"access_token":null}"#, r#"{"access_token":""}"#] {
        assert_eq!(member_refused(missing), "access_token", "{missing}");
    }
    assert_eq!(member_refused(r#"{"access_token":"a","refresh_token":"r\r\n"}"#), "refresh_token");
    assert!(stored(r#"{"refresh_token":"r"}"#).access_token().is_none());
}

#[test]
fn t_9_expires_in_of_every_shape() {
    let lifetime =
        |value: &str| stored(&format!(r#"{{"access_token":"a","expires_in":{value}}}"#)).expires_in();
    for (value, wanted) in [
        ("\"3600\"", Some(3600)),
        ("3600.0", Some(3600)),
        ("3599.9", Some(3599)),
        ("null", None),
        ("0", Some(0)),
        ("-5", Some(-5)),
        ("1e400", Some(LONGEST_S)),
        ("9223372036854775808", Some(LONGEST_S)),
        ("1000000000000000000000000000000", Some(LONGEST_S)),
        ("\"NaN\"", Some(LONGEST_S)),
    ] {
        assert_eq!(lifetime(value), wanted, "{value}");
    }
    for bad in ["{}", "[]", "true", "\"soon\""] {
        assert_eq!(member_refused(&format!(r#"{{"access_token":"a","expires_in":{bad}}}"#)), "expires_in");
    }
}

#[test]
fn t_10_scope_as_an_array_becomes_text() {
    let set = stored(r#"{"access_token":"a","scope":["read","write"]}"#).with_scope_as_text().unwrap();
    assert_eq!(&*set.to_json(), r#"{"access_token":"a","scope":"read write"}"#);
    assert_eq!(
        stored(r#"{"access_token":"a","scope":[1]}"#).with_scope_as_text().unwrap_err().member,
        "scope"
    );
    assert_eq!(stored(r#"{"access_token":"a","scope":7}"#).with_scope_as_text().unwrap_err().member, "scope");
}

#[test]
fn t_15_t_16_a_successor_keeps_what_the_answer_leaves_out() {
    let old = stored(r#"{"refresh_token":"r1","x":1.50,"access_token":"a1","expires_in":60,"expires_at":1}"#);
    let new = stored(r#"{"access_token":"a2","expires_in":1800,"y":[]}"#).succeed(Some(&old), NOW);
    assert_eq!(
        &*new.to_json(),
        r#"{"refresh_token":"r1","x":1.50,"access_token":"a2","expires_in":1800,"y":[],"expires_at":1795501028}"#
    );
    assert_eq!(new.refresh_token().unwrap().expose(), "r1");
    assert_eq!(new.expires_at(), Some(NOW + 1800));
}

#[test]
fn t_17_an_empty_refresh_token_keeps_the_old() {
    let old = stored(r#"{"access_token":"a1","refresh_token":"r1"}"#);
    for empty in ["\"\"", "null"] {
        let new =
            stored(&format!(r#"{{"access_token":"a2","refresh_token":{empty}}}"#)).succeed(Some(&old), NOW);
        assert_eq!(new.refresh_token().unwrap().expose(), "r1");
        assert_eq!(&*new.to_json(), r#"{"access_token":"a2","refresh_token":"r1"}"#);
    }
}

#[test]
fn a_missing_lifetime_is_unknown_not_the_old_one() {
    // requests-oauthlib keeps the old expires_at here, and raises TokenExpiredError for ever after.
    let old = stored(r#"{"access_token":"a1","expires_in":60,"expires_at":1}"#);
    let new = stored(r#"{"access_token":"a2"}"#).succeed(Some(&old), NOW);
    assert_eq!((new.expires_at(), &**new.to_json()), (None, r#"{"access_token":"a2"}"#));
}

#[test]
fn golang_keeps_finding_its_expiry() {
    let old = stored(r#"{"access_token":"a1","expiry":"2020-01-01T00:00:00Z"}"#);
    let new = stored(r#"{"access_token":"a2","expires_in":10}"#).succeed(Some(&old), NOW);
    assert_eq!(
        &*new.to_json(),
        r#"{"access_token":"a2","expires_in":10,"expires_at":1795499238,"expiry":"2026-11-24T05:47:18Z"}"#
    );
}

#[test]
fn nothing_shows_a_token() {
    let set = stored(r#"{"access_token":"at-secret","refresh_token":"rt-secret"}"#);
    assert!(!format!("{set:?}").contains("secret"));
}
