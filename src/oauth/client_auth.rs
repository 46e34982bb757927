//! Client authentication: RFC 6749 section 2.3.1, RFC 7523 section 2.2, RFC 8705 section 2.

use crate::base64;
use crate::config::{AuthMethod, ClientRegistration};
use crate::metadata::Metadata;
use crate::oauth::form;
use crate::oauth::token_request::TokenRequest;
use crate::secret::{Secret, Wiped};
use crate::url::Url;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who asks.
pub struct Requester<'a> {
    /// The client.
    pub client: &'a ClientRegistration,
    /// How it authenticates.
    pub method: AuthMethod,
    /// The assertion, where the method has one.
    pub assertion: Option<Secret>,
    /// The user-agent header.
    pub user_agent: &'a str,
}

/// How a client authenticates to a server: as it is configured, else as both can. Nothing is ever tried out, for that
/// could cost a code that is good once.
pub fn method(client: &ClientRegistration, server: &Metadata) -> AuthMethod {
    if let Some(method) = client.auth_method {
        return method;
    }
    if client.client_secret.is_none() {
        return if client.private_key.is_some() { AuthMethod::PrivateKeyJwt } else { AuthMethod::None };
    }
    let Some(listed) = &server.auth_methods else { return AuthMethod::Post };
    let is_listed = |name: &str| listed.iter().any(|listed| listed == name);
    match () {
        () if is_listed("client_secret_post") => AuthMethod::Post,
        () if is_listed("client_secret_basic") => AuthMethod::Basic,
        () if is_listed("client_secret_jwt") => AuthMethod::SecretJwt,
        () => AuthMethod::Post,
    }
}

/// Whether its requests go where clients show their certificate (RFC 8705 section 5).
pub fn shows_certificate(client: &ClientRegistration, method: AuthMethod) -> bool {
    method == AuthMethod::Certificate || client.binds_to_certificate
}

/// A form POST of these parameters in which the client says who it is.
pub fn request(url: &Url, parameters: &[(String, Secret)], who: &Requester<'_>) -> TokenRequest {
    let mut parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.expose())).collect();
    let secret = who.client.client_secret.as_ref().map_or("", Secret::expose);
    let mut authorization = None;
    if let Some(id) = who.client.client_id.as_deref() {
        if who.method == AuthMethod::Basic {
            authorization = Some(basic(id, secret));
        } else if !parameters.iter().any(|(name, _)| *name == "client_id") {
            // A pushed authorization request names the client already.
            parameters.push(("client_id", id));
        }
        if who.method == AuthMethod::Post {
            parameters.push(("client_secret", secret));
        }
        if let Some(assertion) = &who.assertion {
            parameters.push(("client_assertion_type", ASSERTION_TYPE));
            parameters.push(("client_assertion", assertion.expose()));
        }
    }
    let body = form::body(parameters.iter().copied());
    let mut request = TokenRequest::new(url, "application/x-www-form-urlencoded", body, who.user_agent);
    request.has_assertion = who.assertion.is_some();
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
    use crate::json::Object;
    use crate::oauth::refresh;

    fn client() -> ClientRegistration {
        ClientRegistration {
            client_id: Some("s6BhdRkqt3".into()),
            client_secret: Some(Secret::from("7Fjfp0ZBr1KtDRbnfVdmIw")),
            ..ClientRegistration::default()
        }
    }

    fn sent(client: &ClientRegistration, method: AuthMethod) -> (Option<String>, String) {
        let url = Url::parse("https://server.example.com/token").unwrap();
        let parameters = refresh::parameters(&Secret::from("tGzv3JOkF0XG5Qx2TlKWIA"));
        let assertion = (method == AuthMethod::PrivateKeyJwt).then(|| Secret::from("PHNhbWxwOl"));
        let who = Requester { client, method, assertion, user_agent: "test" };
        let request = request(&url, &parameters, &who);
        let body = String::from_utf8(request.body.expose().to_vec()).unwrap();
        (request.headers.get("authorization").map(str::to_owned), body)
    }

    #[test]
    fn rfc_6749_section_2_3_1_examples() {
        let (authorization, body) = sent(&client(), AuthMethod::Basic);
        assert_eq!(authorization.unwrap(), "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
        assert_eq!(body, "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA");
        let (authorization, body) = sent(&client(), AuthMethod::Post);
        assert_eq!(authorization, None);
        assert_eq!(
            body,
            "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA&client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw"
        );
    }

    #[test]
    fn a_public_client_sends_its_identifier_alone() {
        let (authorization, body) = sent(&client(), AuthMethod::None);
        assert_eq!(authorization, None);
        assert!(body.ends_with("&client_id=s6BhdRkqt3"), "{body}");
    }

    #[test]
    fn h_5_basic_parts_are_form_encoded_first() {
        let mut odd = client();
        odd.client_id = Some("web:odd id".into());
        odd.client_secret = Some(Secret::from("p@ss:w%rd+/=& ~"));
        // base64("web%3Aodd+id:p%40ss%3Aw%25rd%2B%2F%3D%26+%7E")
        assert_eq!(
            sent(&odd, AuthMethod::Basic).0.unwrap(),
            "Basic d2ViJTNBb2RkK2lkOnAlNDBzcyUzQXclMjVyZCUyQiUyRiUzRCUyNislN0U="
        );
    }

    #[test]
    fn rfc_7523_section_2_2_example() {
        let (authorization, body) = sent(&client(), AuthMethod::PrivateKeyJwt);
        assert_eq!(authorization, None);
        assert!(
            body.ends_with(
                "&client_id=s6BhdRkqt3&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
                 client-assertion-type%3Ajwt-bearer&client_assertion=PHNhbWxwOl"
            ),
            "{body}"
        );
        assert!(!body.contains("client_secret"));
    }

    #[test]
    fn rfc_8705_section_2_a_certificate_goes_with_the_identifier_alone() {
        let (authorization, body) = sent(&client(), AuthMethod::Certificate);
        assert_eq!(authorization, None);
        assert!(body.ends_with("&client_id=s6BhdRkqt3"), "{body}");
    }

    #[test]
    fn the_method_is_the_configured_one_or_what_both_can() {
        let server = |list: &str| {
            let json = format!(r#"{{"token_endpoint_auth_methods_supported":{list}}}"#);
            Metadata::read(Object::parse(&json).unwrap(), None).unwrap()
        };
        let chosen = |list| method(&client(), &server(list));
        assert_eq!(chosen("null"), AuthMethod::Post);
        assert_eq!(chosen(r#"["client_secret_basic","client_secret_post"]"#), AuthMethod::Post);
        assert_eq!(chosen(r#"["private_key_jwt","client_secret_basic"]"#), AuthMethod::Basic);
        assert_eq!(chosen(r#"["client_secret_jwt"]"#), AuthMethod::SecretJwt);
        let fixed = ClientRegistration { auth_method: Some(AuthMethod::Basic), ..client() };
        assert_eq!(method(&fixed, &server(r#"["client_secret_post"]"#)), AuthMethod::Basic);
        let public = ClientRegistration { client_secret: None, ..client() };
        assert_eq!(method(&public, &server(r#"["client_secret_post"]"#)), AuthMethod::None);
    }
}
