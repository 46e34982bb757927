//! Refreshing an access token: RFC 6749 section 6.

use crate::config::Config;
use crate::json::Raw;
use crate::oauth::token_request::Parameters;
use crate::quirks;
use crate::secret::Secret;
use crate::token::TokenSet;

/// What is sent. `scope` is left out, which means: as granted; some servers refuse any other.
pub fn parameters(refresh_token: &Secret) -> Parameters {
    vec![
        ("grant_type".to_owned(), Secret::from("refresh_token")),
        ("refresh_token".to_owned(), refresh_token.clone()),
    ]
}

/// The same with the scopes that some servers want named again.
pub fn parameters_with_scope(refresh_token: &Secret, old: Option<&TokenSet>, config: &Config) -> Parameters {
    let mut parameters = parameters(refresh_token);
    let granted = || old?.member("scope").and_then(Raw::as_str).map(|scope| scope.to_string().into());
    let scope = quirks::refresh_scope(config.quirks.as_ref(), granted, config.client.scope.as_deref());
    if let Some(scope) = scope.filter(|scope| !scope.is_empty()) {
        parameters.push(("scope".to_owned(), Secret::from(&*scope)));
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AuthMethod, ClientRegistration};
    use crate::oauth::client_auth::{self, Requester};
    use crate::url::Url;

    #[test]
    fn scopes_are_named_where_the_server_wants_them() {
        let old = TokenSet::from_stored(r#"{"refresh_token":"r","scope":"a b"}"#).unwrap();
        let sent = |quirks: &str| {
            let config = format!(r#"{{"client":{{"client_id":"c","scope":"x y"}},"quirks":{quirks}}}"#);
            let config = Config::parse(&config).unwrap();
            let parameters = parameters_with_scope(&Secret::from("r"), Some(&old), &config);
            parameters.get(2).map(|(name, value)| format!("{name}={}", value.expose()))
        };
        assert_eq!(sent("null"), None);
        assert_eq!(sent(r#"{"scope_on_refresh":"granted"}"#).unwrap(), "scope=a b");
        assert_eq!(sent(r#"{"scope_on_refresh":"requested"}"#).unwrap(), "scope=x y");
    }

    #[test]
    fn rfc_6749_section_6_example() {
        let client = ClientRegistration {
            client_id: Some("s6BhdRkqt3".into()),
            client_secret: Some(Secret::from("gX1fBat3bV")),
            ..ClientRegistration::default()
        };
        let url = Url::parse("https://server.example.com/token").unwrap();
        let parameters = parameters(&Secret::from("tGzv3JOkF0XG5Qx2TlKWIA"));
        let who =
            Requester { client: &client, method: AuthMethod::Basic, assertion: None, user_agent: "test" };
        let request = client_auth::request(&url, &parameters, &who);
        assert_eq!(request.headers.get("authorization"), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
        assert_eq!(request.headers.get("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(request.headers.get("accept"), Some("application/json"));
        assert_eq!(request.body.expose(), b"grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
    }
}
