//! Answers of vendors, and answers that no vendor should give; the numbers are those of `hostile.md`.

use super::*;
use crate::status;

fn quirks(json: &str) -> Quirks {
    Quirks::new(Object::parse(json).unwrap()).unwrap()
}

fn answer(status: u16, body: &str) -> Answer<'_> {
    let body = body.as_bytes();
    Answer { status, content_type: None, content_encoding: None, retry_after: None, body }
}

fn read(quirks: &Quirks, body: &str) -> Result<TokenSet> {
    super::read(Some(quirks), &answer(200, body), false, 0)
}

fn set(json: &str, body: &str) -> String {
    read(&quirks(json), body).unwrap().to_json().to_string()
}

fn problem(json: &str, body: &str) -> String {
    let error = read(&quirks(json), body).unwrap_err();
    assert_eq!(error.status, status::PROTOCOL, "{error}");
    error.message.to_string()
}

#[test]
fn without_quirks_nothing_is_touched() {
    let body = r#"{"body":{"access_token":"x"},"access_token":"a","token_type":"bearer","scope":"a,b"}"#;
    assert_eq!(set("{}", body), body);
    assert_eq!(&*super::read(None, &answer(200, body), false, 0).unwrap().to_json(), body);
}

#[test]
fn token_path_lifts_the_members_and_keeps_what_stood_around_them() {
    let deep = r#"{"token_path":"data.token"}"#;
    assert_eq!(
        set(deep, r#"{"a":1,"data":{"b":2,"token":{"access_token":"t","c":1.50}},"access_token":"other"}"#),
        r#"{"access_token":"t","c":1.50,"vendor_answer":{"a":1,"data":{"b":2},"access_token":"other"}}"#
    );
    assert_eq!(
        set(r#"{"token_path":"body"}"#, r#"{"body":{"access_token":"t"}}"#),
        r#"{"access_token":"t"}"#
    );
    assert_eq!(set(deep, r#"{"access_token":"t"}"#), r#"{"access_token":"t"}"#, "as Slack renews");
}

#[test]
fn a_path_that_leads_nowhere_is_named() {
    let deep = r#"{"token_path":"data.token"}"#;
    for (body, wanted) in [
        ("{}", "data.token is missing from the answer"),
        (r#"{"data":null}"#, "data.token is missing from the answer"),
        (r#"{"data":{}}"#, "data.token is missing from the answer"),
        (r#"{"data":[]}"#, "data is an array, not an object"),
        (r#"{"data":"x"}"#, "data is a string, not an object"),
        (r#"{"data":{"token":[{"access_token":"a"}]}}"#, "data.token is an array, not an object"),
        (r#"{"data":{"token":1}}"#, "data.token is a number, not an object"),
        (r#"{"data":{"token":{"x":1,"x":2}}}"#, r#"data.token has the member "x" twice"#),
        (
            r#"{"data":{"token":{}}}"#,
            "data.token.access_token is missing, and there is no refresh_token either",
        ),
    ] {
        assert_eq!(problem(deep, body), wanted, "{body}");
    }
}

#[test]
fn members_are_renamed_and_named_as_the_vendor_does() {
    let names = r#"{"token_path":"r","members":{"access_token":"accessToken","expires_in":"expire","scope":"rights","token_type":"kind"}}"#;
    assert_eq!(
        set(names, r#"{"r":{"accessToken":"t","expire":"60","x":[]}}"#),
        r#"{"x":[],"access_token":"t","expires_in":"60"}"#
    );
    for (body, wanted) in [
        (r#"{"r":{"accessToken":7}}"#, "r.accessToken is a number, not a string"),
        (r#"{"r":{"accessToken":null}}"#, "r.accessToken is missing, and there is no refresh_token either"),
        (r#"{"r":{"accessToken":"a b"}}"#, "r.accessToken has characters that no header can carry"),
        (r#"{"r":{"accessToken":"t","expire":[]}}"#, "r.expire is an array, not a number of seconds"),
        (r#"{"r":{"accessToken":"t","rights":{}}}"#, "r.rights is an object, not a string"),
        (r#"{"r":{"accessToken":"t","refresh_token":{}}}"#, "r.refresh_token is an object, not a string"),
        (r#"{"r":{"refresh_token":"t"}}"#, "r.accessToken is missing"),
        (r#"{"accessToken":7}"#, "accessToken is a number, not a string"),
        (
            r#"{"r":{"accessToken":"t","access_token":"u"}}"#,
            "r.accessToken and access_token are both in the answer",
        ),
    ] {
        assert_eq!(problem(names, body), wanted, "{body}");
    }
    let odd = read(&quirks(names), r#"{"r":{"accessToken":"t","kind":"mac"}}"#).unwrap_err();
    assert_eq!((&*odd.message, odd.reason), ("r.kind is neither Bearer nor DPoP", Reason::TokenType));
}

#[test]
fn no_value_of_an_answer_stands_in_an_error() {
    for json in [r#"{"token_path":"r"}"#, r#"{"members":{"access_token":"t"}}"#] {
        for body in
            [r#"{"r":"planted"}"#, r#"{"r":["planted"]}"#, r#"{"t":["planted"]}"#, r#"{"t":"a planted"}"#]
        {
            assert!(!read(&quirks(json), body).unwrap_err().to_json().contains("planted"), "{body}");
        }
    }
}

#[test]
fn milliseconds_become_seconds() {
    let ms = r#"{"expires_in_unit":"ms","expires_at_unit":"ms","members":{"expires_at":"atExpiredTime"}}"#;
    for (value, wanted) in
        [("7200000", 7200), ("\"7200999\"", 7200), ("7200999.9", 7200), ("-1", -1), ("0", 0)]
    {
        let set = read(&quirks(ms), &format!(r#"{{"access_token":"t","expires_in":{value}}}"#)).unwrap();
        assert_eq!(set.expires_in(), Some(wanted), "{value}");
    }
    let set = read(&quirks(ms), r#"{"access_token":"t","atExpiredTime":1800000000123}"#).unwrap();
    assert_eq!((set.expires_at(), set.expires_in()), (Some(1_800_000_000), None));
    let set = read(&quirks(ms), r#"{"access_token":"t","expires_in":1e400}"#).unwrap();
    assert!(set.expires_in().unwrap() > 0);
    assert_eq!(
        problem(ms, r#"{"access_token":"t","expires_in":{}}"#),
        "expires_in is an object, not a number of seconds"
    );
    assert_eq!(
        problem(ms, r#"{"access_token":"t","atExpiredTime":"soon"}"#),
        "atExpiredTime is a string, not a number of seconds"
    );
}

#[test]
fn scopes_have_spaces_between_them() {
    let comma = r#"{"scope_separator":","}"#;
    for (scope, wanted) in [("a,b", "a b"), ("a, b", "a b"), ("a b", "a b"), ("", ""), (",a,,b,", "a b")] {
        let body = format!(r#"{{"access_token":"t","scope":"{scope}"}}"#);
        assert!(set(comma, &body).ends_with(&format!(r#""scope":"{wanted}"}}"#)), "{scope}");
    }
    assert!(set(comma, r#"{"access_token":"t","scope":["a","b"]}"#).ends_with(r#""scope":"a b"}"#));
    assert_eq!(problem(comma, r#"{"access_token":"t","scope":1}"#), "scope is a number, not a string");
}

#[test]
fn other_types_mean_bearer_where_they_are_named() {
    let bot = r#"{"token_types":["bot"]}"#;
    assert_eq!(
        set(bot, r#"{"access_token":"t","token_type":"bot"}"#),
        r#"{"access_token":"t","token_type":"Bearer","vendor_token_type":"bot"}"#
    );
    assert_eq!(
        set(bot, r#"{"access_token":"t","token_type":"bearer"}"#),
        r#"{"access_token":"t","token_type":"bearer"}"#
    );
    assert_eq!(
        problem(bot, r#"{"access_token":"t","token_type":"user"}"#),
        "token_type is neither Bearer nor DPoP"
    );
    assert_eq!(
        problem(bot, r#"{"access_token":"t","token_type":1}"#),
        "token_type is a number, not a string"
    );
}

#[test]
fn success_is_what_the_vendor_says_it_is() {
    let ok = r#"{"success":{"member":"meta.ok","value":true}}"#;
    assert!(set(ok, r#"{"meta":{"ok":true},"access_token":"t"}"#).contains("access_token"));
    for body in [
        r#"{"meta":{"ok":false},"access_token":"t"}"#,
        r#"{"meta":{"ok":1},"access_token":"t"}"#,
        r#"{"meta":{"ok":null},"access_token":"t","error":"x"}"#,
        r#"{"meta":{"ok":true},"access_token":"t","error":"x"}"#,
    ] {
        assert_eq!(read(&quirks(ok), body).unwrap_err().status, status::REJECTED, "{body}");
    }
    for body in [r#"{"access_token":"t"}"#, r#"{"meta":[],"access_token":"t"}"#, r#"{"meta":{"ok":{}}}"#] {
        assert_eq!(problem(ok, body), "meta.ok is missing from the answer", "{body}");
    }
    let zero = r#"{"success":{"member":"status","value":0}}"#;
    assert!(read(&quirks(zero), r#"{"status":"0","access_token":"t"}"#).is_ok());
    assert!(read(&quirks(zero), r#"{"status":10,"access_token":"t"}"#).is_err());
}

#[test]
fn errors_are_those_of_the_rfcs_and_keep_the_vendors_words() {
    let json = r#"{"error":{"code":"errors.0.type","description":"errors.0.text","codes":{"gone":"invalid_grant","no such user":"invalid_grant","busy":"temporarily_unavailable"}}}"#;
    let quirks = quirks(json);
    let error =
        |status: u16, body: &str| super::read(Some(&quirks), &answer(status, body), false, 0).unwrap_err();
    let gone = error(400, r#"{"errors":[{"type":"gone","text":"It is gone."}]}"#);
    assert_eq!((gone.status, gone.oauth_error.as_deref()), (status::LOGIN_REQUIRED, Some("invalid_grant")));
    assert_eq!(gone.oauth_error_description.as_deref(), Some("gone: It is gone."));
    assert_eq!(error(200, r#"{"errors":[{"type":"gone"}]}"#).http_status, Some(200), "without a flag");
    assert_eq!(error(400, r#"{"errors":[{"type":7,"text":"no such user"}]}"#).status, status::LOGIN_REQUIRED);
    let busy = error(400, r#"{"errors":[{"type":"busy"}]}"#);
    assert_eq!((busy.status, busy.reason), (status::UNAVAILABLE, Reason::ServerError));
    let other = error(400, r#"{"errors":[{"type":"odd","text":"x"}]}"#);
    assert_eq!((other.status, other.oauth_error.as_deref()), (status::REJECTED, Some("odd")));
    for body in [
        "{}",
        "[]",
        "x",
        r#"{"errors":[]}"#,
        r#"{"errors":{"0":1}}"#,
        r#"{"errors":[{"type":{}}]}"#,
        r#"{"errors":[{"type":""}]}"#,
        r#"{"errors":"gone"}"#,
    ] {
        let error = error(400, body);
        assert_eq!((error.status, error.http_status), (status::REJECTED, Some(400)), "{body}");
    }
    let plain = error(200, r#"{"access_token":"t","error":"invalid_scope"}"#);
    assert_eq!(
        (plain.status, plain.oauth_error.as_deref()),
        (status::REJECTED, Some("invalid_scope")),
        "T-3"
    );
    assert_eq!(error(503, r#"{"errors":[{"type":"gone"}]}"#).status, status::UNAVAILABLE, "E-4");
    assert_eq!(error(302, r#"{"errors":[{"type":"gone"}]}"#).status, status::UNSAFE);
}
