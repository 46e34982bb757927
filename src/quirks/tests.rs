use std::borrow::Cow;

use super::*;
use crate::secret::Secret;

fn quirks(json: &str) -> Quirks {
    Quirks::new(Object::parse(json).unwrap()).unwrap()
}

#[test]
fn requests_get_what_the_vendor_wants_on_top() {
    let given = vec![
        ("grant_type".to_owned(), Secret::from("refresh_token")),
        ("scope".to_owned(), Secret::from("a b")),
    ];
    assert!(matches!(token(None, &given), Cow::Borrowed(_)));
    let vendor = quirks(r#"{"requested_scope_separator":",","token_parameters":{"action":"x","scope":"y"}}"#);
    let sent = token(Some(&vendor), &given);
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    assert_eq!(sent, [("grant_type", "refresh_token"), ("scope", "a,b"), ("action", "x")]);

    let vendor = quirks(r#"{"authorization_parameters":{"access_type":"offline","prompt":"x","y":null}}"#);
    let own = Object::parse(r#"{"prompt":"consent"}"#).unwrap();
    let asked = authorization(Some(&vendor), &own);
    assert_eq!(&*asked.to_text(), r#"{"prompt":"consent","access_type":"offline","y":null}"#);
    assert!(matches!(authorization(None, &own), Cow::Borrowed(_)));
}

#[test]
fn scopes_of_a_renewal() {
    let named = |json: &str| {
        let quirks = quirks(json);
        refresh_scope(Some(&quirks), || Some("granted".into()), Some("requested")).map(Cow::into_owned)
    };
    assert_eq!(named("{}"), None);
    assert_eq!(named(r#"{"scope_on_refresh":"omit"}"#), None);
    assert_eq!(named(r#"{"scope_on_refresh":"granted"}"#).as_deref(), Some("granted"));
    assert_eq!(named(r#"{"scope_on_refresh":"requested"}"#).as_deref(), Some("requested"));
    assert_eq!(refresh_scope(None, || panic!("nobody asks"), Some("requested")), None);
}
