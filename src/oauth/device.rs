//! The device authorization grant: RFC 8628. Between its steps the server's answer is JSON that the caller keeps.

use std::time::Duration;

use crate::config::ClientRegistration;
use crate::error::{Error, Reason, Result};
use crate::json::{Kind, Object, Raw};
use crate::oauth::grant;
use crate::oauth::token_request::Parameters;
use crate::secret::Secret;
use crate::url::Url;

/// Where the server does not say how long its code is good; it must (RFC 8628 section 3.2, `hostile.md` D-6).
const LIFETIME_S: i64 = 600;
/// Where it does not say how often it may be asked (section 3.5).
const INTERVAL_S: i64 = 5;
/// Nobody is made to wait longer between two questions (`hostile.md` D-5).
const LONGEST_INTERVAL_S: i64 = 60;
/// What `slow_down` adds (section 3.5).
pub const SLOWER: Duration = Duration::from_secs(5);

/// What is sent to begin (section 3.1): the caller's parameters by their RFC names.
pub fn parameters(given: &Object, client: &ClientRegistration) -> Result<Parameters> {
    let mut parameters = Vec::new();
    for (name, value) in given.iter().filter(|(_, value)| value.kind() != Kind::Null) {
        let Some(text) = value.as_str() else {
            return Err(Error::new(Reason::Member, format!("params_json.{name}: is not a string")));
        };
        parameters.push((name.to_owned(), Secret::from(text.as_str())));
    }
    grant::add_scope(&mut parameters, client);
    Ok(parameters)
}

/// The server's answer (section 3.2) as it came, plus `expires_at`.
pub fn begun(endpoint: &Url, mut answer: Object, now: i64) -> Result<Object> {
    let wrong = |problem: String| Err(Error::new(Reason::TokenFormat, problem));
    for name in ["device_code", "user_code", "verification_uri"] {
        if answer.get(name).and_then(Raw::as_str).is_none_or(|text| text.is_empty()) {
            return wrong(format!("{name} is missing from the device authorization answer"));
        }
    }
    for name in ["verification_uri", "verification_uri_complete"] {
        let Some(text) = answer.get(name).and_then(Raw::as_str) else { continue };
        // A person is sent there, so it is as safe as where it came from (`hostile.md` D-7).
        match Url::parse(&text) {
            Ok(url) if url.is_https() || !endpoint.is_https() => {}
            _ => return wrong(format!("{name} is no https URL")),
        }
    }
    if answer.get("user_code").and_then(Raw::as_str).is_some_and(|code| code.chars().any(char::is_control)) {
        return wrong("user_code has control characters".to_owned());
    }
    add_expiry(&mut answer, now);
    Ok(answer)
}

/// Adds `expires_at`.
pub fn add_expiry(answer: &mut Object, now: i64) {
    let lives_s = seconds(answer, "expires_in").filter(|seconds| *seconds > 0).unwrap_or(LIFETIME_S);
    answer.set("expires_at", Raw::from_integer(now.saturating_add(lives_s)));
}

/// What a step needs of the JSON that the caller kept.
pub struct Device {
    /// Names the authorization to the server: the device's code, or a CIBA request.
    pub code: Secret,
    is_ciba: bool,
    /// When it ends.
    pub expires_at: Option<i64>,
    /// How long to wait between two questions.
    pub interval: Duration,
}

/// Reads that JSON.
pub fn read(device: &Object) -> Result<Device> {
    let text = |name: &str| device.get(name).and_then(Raw::as_str).filter(|text| !text.is_empty());
    let (code, is_ciba) = match (text("device_code"), text("auth_req_id")) {
        (Some(code), _) => (code, false),
        (None, Some(id)) => (id, true),
        (None, None) => return Err(Error::new(Reason::Member, "device_json.device_code: is missing")),
    };
    let interval_s = seconds(device, "interval").filter(|seconds| *seconds > 0).unwrap_or(INTERVAL_S);
    Ok(Device {
        code: Secret::from(code.as_str()),
        is_ciba,
        expires_at: seconds(device, "expires_at"),
        interval: Duration::from_secs(interval_s.min(LONGEST_INTERVAL_S).unsigned_abs()),
    })
}

/// What is sent to ask whether the person is done (section 3.4; CIBA core section 10.1).
pub fn poll(device: &Device) -> Parameters {
    let (grant_type, name) = match device.is_ciba {
        true => ("urn:openid:params:grant-type:ciba", "auth_req_id"),
        false => ("urn:ietf:params:oauth:grant-type:device_code", "device_code"),
    };
    vec![("grant_type".to_owned(), Secret::from(grant_type)), (name.to_owned(), device.code.clone())]
}

/// What the server's error means for the next step (section 3.5).
#[derive(Debug, PartialEq, Eq)]
pub enum NotYet {
    /// Ask again after the interval.
    Pending,
    /// The same, and the interval grows.
    SlowDown,
    /// It has ended.
    Over(Error),
}

/// Reads an error answer.
pub fn not_yet(error: Error) -> NotYet {
    match error.oauth_error.as_deref() {
        Some("authorization_pending") => NotYet::Pending,
        Some("slow_down") => NotYet::SlowDown,
        Some("expired_token") => {
            let mut over = Error::new(Reason::LoginExpired, "the device code is too old: begin again");
            over.oauth_error.clone_from(&error.oauth_error);
            NotYet::Over(over)
        }
        _ => NotYet::Over(error),
    }
}

fn seconds(object: &Object, name: &str) -> Option<i64> {
    object.get(name).and_then(Raw::as_thousandths).map(|thousandths| thousandths / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::form;

    fn client() -> ClientRegistration {
        ClientRegistration { scope: Some("example_scope".into()), ..ClientRegistration::default() }
    }

    fn object(json: &str) -> Object {
        Object::parse(json).unwrap()
    }

    fn body(parameters: &Parameters) -> String {
        let body = form::body(parameters.iter().map(|(name, value)| (name.as_str(), value.expose())));
        String::from_utf8(body.expose().to_vec()).unwrap()
    }

    const ANSWER: &str = r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT",
        "verification_uri":"https://example.com/device","verification_uri_complete":"https://example.com/device?user_code=WDJB-MJHT",
        "expires_in":1800,"interval":5}"#;

    #[test]
    fn rfc_8628_examples() {
        let url = Url::parse("https://server.example.com/device_authorization").unwrap();
        assert_eq!(body(&parameters(&Object::default(), &client()).unwrap()), "scope=example_scope");
        let device = begun(&url, object(ANSWER), 1000).unwrap();
        assert_eq!(device.get("expires_at").unwrap().text(), "2800");
        let device = read(&device).unwrap();
        assert_eq!((device.interval, device.expires_at), (Duration::from_secs(5), Some(2800)));
        assert_eq!(
            body(&poll(&device)),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code\
             &device_code=GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS"
        );
    }

    #[test]
    fn d_5_d_6_numbers_that_are_none() {
        let interval = |member: &str| {
            read(&object(&format!(r#"{{"device_code":"d"{member}}}"#))).unwrap().interval.as_secs()
        };
        for (member, wanted) in [
            ("", 5),
            (r#","interval":0"#, 5),
            (r#","interval":-1"#, 5),
            (r#","interval":"x""#, 5),
            (r#","interval":1"#, 1),
            (r#","interval":1000000000"#, 60),
        ] {
            assert_eq!(interval(member), wanted, "{member}");
        }
        let url = Url::parse("https://a.example/").unwrap();
        let answer = r#"{"device_code":"d","user_code":"u","verification_uri":"https://a.example/"}"#;
        assert_eq!(begun(&url, object(answer), 1000).unwrap().get("expires_at").unwrap().text(), "1600");
    }

    #[test]
    fn d_7_nobody_is_sent_to_what_is_no_safe_url() {
        let url = Url::parse("https://a.example/").unwrap();
        for bad in ["http://a.example/", "javascript:alert(1)", "https://a.example/\\n", ""] {
            let answer = format!(r#"{{"device_code":"d","user_code":"u","verification_uri":"{bad}"}}"#);
            assert_eq!(begun(&url, object(&answer), 0).unwrap_err().reason, Reason::TokenFormat, "{bad}");
        }
        let plain = Url::parse("http://ha.local/").unwrap();
        let answer = r#"{"device_code":"d","user_code":"u","verification_uri":"http://ha.local/d"}"#;
        assert!(begun(&plain, object(answer), 0).is_ok(), "a LAN's own");
        let answer = r#"{"device_code":"d","user_code":"a\u0007","verification_uri":"https://a.example/"}"#;
        assert!(begun(&url, object(answer), 0).is_err());
    }

    #[test]
    fn d_1_to_d_4_what_errors_mean() {
        let error = |code: &str| {
            let mut error = Error::new(Reason::OauthError, "no");
            error.oauth_error = Some(code.to_owned());
            not_yet(error)
        };
        assert_eq!((error("authorization_pending"), error("slow_down")), (NotYet::Pending, NotYet::SlowDown));
        assert!(
            matches!(error("expired_token"), NotYet::Over(error) if error.reason == Reason::LoginExpired)
        );
        assert!(matches!(error("invalid_client"), NotYet::Over(error) if error.reason == Reason::OauthError));
    }
}
