//! Client authentication at the token endpoint: RFC 6749 section 2.3.1.

use crate::base64;
use crate::config::{AuthMethod, ClientRegistration};
use crate::oauth::form;
use crate::oauth::token_request::TokenRequest;
use crate::secret::{Secret, Wiped};
use crate::url::Url;

/// A form POST of these parameters in which the client says who it is.
pub fn request(
    url: &Url,
    parameters: &[(&str, &str)],
    client: &ClientRegistration,
    user_agent: &str,
) -> TokenRequest {
    let mut parameters = parameters.to_vec();
    let secret = client.client_secret.as_ref().map_or("", Secret::expose);
    let mut authorization = None;
    if let Some(id) = &client.client_id {
        match client.auth_method {
            AuthMethod::None => parameters.push(("client_id", id)),
            AuthMethod::Post => parameters.extend([("client_id", id.as_str()), ("client_secret", secret)]),
            AuthMethod::Basic => authorization = Some(basic(id, secret)),
        }
    }
    let body = form::body(parameters.iter().copied());
    let mut request = TokenRequest::new(url, "application/x-www-form-urlencoded", body, user_agent);
    if let Some(authorization) = authorization {
        request.headers.push("authorization", authorization);
    }
    request
}

/// `Basic …` with both parts form-encoded first, which many libraries forget (`hostile.md` H-5).
fn basic(id: &str, secret: &str) -> Secret {
    let pair = Wiped::new(format!("{}:{}", *form::encode(id), *form::encode(secret)));
    Secret::new(format!("Basic {}", *base64::encode(pair.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(auth_method: AuthMethod) -> ClientRegistration {
        ClientRegistration {
            client_id: Some("s6BhdRkqt3".into()),
            client_secret: Some(Secret::from("7Fjfp0ZBr1KtDRbnfVdmIw")),
            auth_method,
            scope: None,
        }
    }

    fn sent(client: &ClientRegistration) -> (Option<String>, String) {
        let url = Url::parse("https://server.example.com/token").unwrap();
        let parameters = [("grant_type", "refresh_token"), ("refresh_token", "tGzv3JOkF0XG5Qx2TlKWIA")];
        let request = request(&url, &parameters, client, "test");
        let body = String::from_utf8(request.body.expose().to_vec()).unwrap();
        (request.headers.get("authorization").map(str::to_owned), body)
    }

    #[test]
    fn rfc_6749_section_2_3_1_examples() {
        let (authorization, body) = sent(&client(AuthMethod::Basic));
        assert_eq!(authorization.unwrap(), "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
        assert_eq!(body, "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
        let (authorization, body) = sent(&client(AuthMethod::Post));
        assert_eq!(authorization, None);
        assert_eq!(
            body,
            "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw"
        );
    }

    #[test]
    fn a_public_client_sends_its_identifier_alone() {
        let (authorization, body) = sent(&client(AuthMethod::None));
        assert_eq!(authorization, None);
        assert!(body.ends_with("&client_id=s6BhdRkqt3"), "{body}");
    }

    #[test]
    fn h_5_basic_parts_are_form_encoded_first() {
        let mut odd = client(AuthMethod::Basic);
        odd.client_id = Some("web:odd id".into());
        odd.client_secret = Some(Secret::from("p@ss:w%rd+/=& ~"));
        // base64("web%3Aodd+id:p%40ss%3Aw%25rd%2B%2F%3D%26+%7E")
        assert_eq!(
            sent(&odd).0.unwrap(),
            "Basic d2ViJTNBb2RkK2lkOnAlNDBzcyUzQXclMjVyZCUyQiUyRiUzRCUyNislN0U="
        );
    }
}
