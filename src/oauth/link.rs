//! Renewal by an external service that holds the client secret: account linking, as Home Assistant Cloud does it.

use crate::json::{Object, Raw};
use crate::oauth::form;
use crate::oauth::token_request::TokenRequest;
use crate::secret::{Secret, SecretBytes};
use crate::url::Url;

/// The request: the refresh token and nothing else, without client authentication.
pub fn request(url: &Url, refresh_token: &Secret, json_body: bool, user_agent: &str) -> TokenRequest {
    if json_body {
        let mut members = Object::default();
        members.set("refresh_token", Raw::from_text(refresh_token.expose()));
        let body = SecretBytes::new(members.to_text().as_bytes().to_vec());
        TokenRequest::new(url, "application/json", body, user_agent)
    } else {
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", refresh_token.expose())];
        let body = form::body(parameters.iter().copied());
        TokenRequest::new(url, "application/x-www-form-urlencoded", body, user_agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_home_assistant_cloud_is_asked() {
        let url = Url::parse("https://account-link.example/refresh_token/netatmo").unwrap();
        let sent = request(&url, &Secret::from("r\"1"), true, "test");
        assert_eq!(sent.headers.get("content-type"), Some("application/json"));
        assert_eq!(sent.headers.get("authorization"), None);
        assert_eq!(sent.body.expose(), br#"{"refresh_token":"r\"1"}"#);
        let sent = request(&url, &Secret::from("r1"), false, "test");
        assert_eq!(sent.body.expose(), b"grant_type=refresh_token&refresh_token=r1");
    }
}
