//! ID tokens, as far as a login needs them: OpenID Connect Core section 3.1.3.7, the nonce. The token came straight from
//! the token endpoint over TLS, which stands for its signature there.

use crate::base64;
use crate::error::{Error, Reason, Result};
use crate::json::{Object, Raw};
use crate::secret::{Secret, Wiped};
use crate::token::TokenSet;

/// Whether the set's ID token, where it has one, repeats the login's nonce (`hostile.md` A-5).
pub fn check_nonce(set: &TokenSet, expected: Option<&Secret>) -> Result<()> {
    let (Some(id_token), Some(expected)) = (set.member("id_token").and_then(|raw| raw.as_str()), expected)
    else {
        return Ok(());
    };
    let nonce = claims(&id_token).and_then(|claims| claims.get("nonce").and_then(Raw::as_str));
    if nonce.is_some_and(|nonce| expected.matches(&nonce)) {
        return Ok(());
    }
    Err(Error::new(Reason::Jwt, "the ID token does not belong to this login: its nonce differs"))
}

/// Whom the set's ID token is about.
pub fn subject(set: &TokenSet) -> Option<Wiped> {
    let id_token = set.member("id_token")?.as_str()?;
    claims(&id_token)?.get("sub")?.as_str()
}

/// The claims of a JWT in compact form (RFC 7519 section 3).
fn claims(jwt: &str) -> Option<Object> {
    let mut parts = jwt.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    let bytes = base64::decode_url(payload)?;
    Object::parse(std::str::from_utf8(bytes.expose()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(id_token: &str) -> TokenSet {
        TokenSet::from_stored(&format!(r#"{{"access_token":"a","id_token":"{id_token}"}}"#)).unwrap()
    }

    #[test]
    fn a_5_the_nonce_must_be_that_of_the_login() {
        let jwt = |claims: &str| format!("e30.{}.c2ln", base64::encode_url(claims.as_bytes()).as_str());
        let expected = Secret::from("n-0S6_WzA2Mj");
        let check =
            |id_token: &str| check_nonce(&set(id_token), Some(&expected)).map_err(|error| error.reason);
        assert_eq!(check(&jwt(r#"{"iss":"x","nonce":"n-0S6_WzA2Mj"}"#)), Ok(()));
        for bad in [
            &jwt(r#"{"nonce":"other"}"#),
            &jwt("{}"),
            &jwt("["),
            "",
            "a.b",
            "a.b.c.d",
            "e30.e30=.e30",
            &jwt(r#"{"nonce":1}"#),
        ] {
            assert_eq!(check(bad), Err(Reason::Jwt), "{bad}");
        }
        assert!(check_nonce(&set("x"), None).is_ok(), "a login without openid asked for no ID token");
    }
}
