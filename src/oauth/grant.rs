//! Grants that need no person: RFC 6749 section 4.4, and any extension grant (section 4.5).

use crate::config::ClientRegistration;
use crate::oauth::client_auth;
use crate::oauth::token_request::TokenRequest;
use crate::secret::Secret;
use crate::url::Url;

/// The request. The client's registered scope is asked for unless the grant names its own.
pub fn request(
    url: &Url,
    grant: &[(String, Secret)],
    client: &ClientRegistration,
    user_agent: &str,
) -> TokenRequest {
    let mut parameters: Vec<(&str, &str)> =
        grant.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    if let Some(scope) = &client.scope
        && !parameters.iter().any(|(name, _)| *name == "scope")
    {
        parameters.push(("scope", scope));
    }
    client_auth::request(url, &parameters, client, user_agent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AuthMethod;

    #[test]
    fn rfc_6749_section_4_4_2_example() {
        let mut client = ClientRegistration {
            client_id: Some("s6BhdRkqt3".into()),
            client_secret: Some(Secret::from("gX1fBat3bV")),
            auth_method: AuthMethod::Basic,
            scope: None,
        };
        let url = Url::parse("https://server.example.com/token").unwrap();
        let grant = [("grant_type".to_owned(), Secret::from("client_credentials"))];
        let sent = request(&url, &grant, &client, "test");
        assert_eq!(sent.headers.get("authorization"), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
        assert_eq!(sent.body.expose(), b"grant_type=client_credentials");
        client.scope = Some("a b".into());
        assert_eq!(
            request(&url, &grant, &client, "test").body.expose(),
            b"grant_type=client_credentials&scope=a+b"
        );
    }
}
