//! Refreshing an access token: RFC 6749 section 6.

use crate::config::ClientRegistration;
use crate::oauth::client_auth;
use crate::oauth::token_request::TokenRequest;
use crate::secret::Secret;
use crate::url::Url;

/// The request. `scope` is left out, which means: as granted; some servers refuse any other.
pub fn request(
    url: &Url,
    refresh_token: &Secret,
    client: &ClientRegistration,
    user_agent: &str,
) -> TokenRequest {
    let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
    client_auth::request(url, &parameters, client, user_agent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AuthMethod;

    #[test]
    fn rfc_6749_section_6_example() {
        let client = ClientRegistration {
            client_id: Some("s6BhdRkqt3".into()),
            client_secret: Some(Secret::from("gX1fBat3bV")),
            auth_method: AuthMethod::Basic,
            scope: None,
        };
        let url = Url::parse("https://server.example.com/token").unwrap();
        let request = request(&url, &Secret::from("tGzv3JOkF0XG5Qx2TlKWIA"), &client, "test");
        assert_eq!(request.headers.get("authorization"), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
        assert_eq!(request.headers.get("content-type"), Some("application/x-www-form-urlencoded"));
        assert_eq!(request.headers.get("accept"), Some("application/json"));
        assert_eq!(request.body.expose(), b"grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
    }
}
