//! Logins on a person's own device: OpenID Connect Client-Initiated Backchannel Authentication (CIBA) core, poll mode.
//! Its steps are those of `device`.

use crate::error::{Error, Reason, Result};
use crate::json::{Object, Raw};
use crate::oauth::device;

/// The server's answer (section 7.3) as it came, plus `expires_at`.
pub fn begun(mut answer: Object, now: i64) -> Result<Object> {
    if answer.get("auth_req_id").and_then(Raw::as_str).is_none_or(|id| id.is_empty()) {
        let problem = "auth_req_id is missing from the backchannel authentication answer";
        return Err(Error::new(Reason::TokenFormat, problem));
    }
    device::add_expiry(&mut answer, now);
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciba_core_section_7_3_and_10_1_examples() {
        let json = r#"{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2}"#;
        let begun = begun(Object::parse(json).unwrap(), 1000).unwrap();
        assert_eq!(begun.get("expires_at").unwrap().text(), "1120");
        let step = device::read(&begun).unwrap();
        assert_eq!(step.interval.as_secs(), 2);
        let sent: Vec<_> = device::poll(&step)
            .into_iter()
            .map(|(name, value)| format!("{name}={}", value.expose()))
            .collect();
        assert_eq!(
            sent,
            [
                "grant_type=urn:openid:params:grant-type:ciba",
                "auth_req_id=1c266114-a1be-4252-8ad1-04986c5b9ac1"
            ]
        );
        assert_eq!(super::begun(Object::default(), 0).unwrap_err().reason, Reason::TokenFormat);
    }
}
