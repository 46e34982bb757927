//! ID tokens: what they must say (OpenID Connect Core sections 3.1.3.7 and 12.2). Whose signature it is `jwt` tells.

use crate::base64;
use crate::digest;
use crate::error::Result;
use crate::json::{Kind, Object, Raw};
use crate::metadata::Metadata;
use crate::oauth::jwt::{self, Jws, wrong};
use crate::secret::{Secret, Wiped};
use crate::signing::Algorithm;
use crate::token::TokenSet;

/// How far two clocks may differ (`hostile.md` J-10).
const SKEW_S: i64 = 60;
/// The last second of the year 9999: what is later is no time.
const LAST_S: i64 = 253_402_300_799;

/// What an ID token is held against; `None` is not known, or was not asked for.
#[derive(Default)]
pub struct Expected<'a> {
    /// The server's issuer identifier.
    pub issuer: Option<&'a str>,
    /// The client.
    pub client_id: Option<&'a str>,
    /// What the login sent.
    pub nonce: Option<&'a Secret>,
    /// The code that was traded for it.
    pub code: Option<&'a Secret>,
    /// The access token beside it.
    pub access_token: Option<&'a Secret>,
    /// How long ago the person may have proved who they are.
    pub max_age_s: Option<i64>,
    /// Seconds since 1970.
    pub now: i64,
}

/// The algorithms that a client without an agreement takes: those with public keys, as far as the server lists them.
pub fn algorithms(registered: Option<Algorithm>, server: &Metadata) -> Vec<Algorithm> {
    const USUAL: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];
    if let Some(registered) = registered {
        return vec![registered];
    }
    let listed = server.document().get("id_token_signing_alg_values_supported").and_then(Raw::as_array);
    let Some(listed) = listed else { return USUAL.to_vec() };
    let listed = listed.iter().filter_map(Raw::as_str).filter_map(|name| Algorithm::parse(&name));
    listed.filter(|algorithm| USUAL.contains(algorithm)).collect()
}

/// Whether it is about this login at this client, and about now.
pub fn check_claims(jws: &Jws<'_>, expected: &Expected<'_>) -> Result<()> {
    let claims = &jws.claims;
    let needed = |name: &str| match text(claims, name)? {
        Some(text) if !text.is_empty() => Ok(text),
        _ => Err(wrong(&format!("has no {name}"))),
    };
    let issuer = needed("iss")?;
    if expected.issuer.is_some_and(|expected| *expected != **issuer) {
        return Err(wrong("comes from another issuer"));
    }
    needed("sub")?;
    check_audience(claims, expected.client_id)?;
    check_times(claims, expected)?;
    if let Some(nonce) = expected.nonce
        && !text(claims, "nonce")?.is_some_and(|own| nonce.matches(&own))
    {
        return Err(wrong("does not belong to this login: its nonce differs"));
    }
    for (name, of) in [("at_hash", expected.access_token), ("c_hash", expected.code)] {
        let (Some(own), Some(of)) = (text(claims, name)?, of) else { continue };
        if half_hash(jws.algorithm, of).is_some_and(|hash| *hash != *own) {
            return Err(wrong(&format!("belongs to something else: its {name} differs")));
        }
    }
    Ok(())
}

/// Items 3 to 5: it is for this client, and given to it.
fn check_audience(claims: &Object, client_id: Option<&str>) -> Result<()> {
    let no_audience = || wrong("has an aud that is neither a text nor a list of texts");
    let audience = claims.get("aud").ok_or_else(no_audience)?;
    let audiences = match audience.as_array() {
        Some(list) => list.iter().map(Raw::as_str).collect::<Option<Vec<_>>>().ok_or_else(no_audience)?,
        None => vec![audience.as_str().ok_or_else(no_audience)?],
    };
    let presenter = text(claims, "azp")?;
    let Some(client_id) = client_id else { return Ok(()) };
    if !audiences.iter().any(|audience| audience.as_str() == client_id) {
        return Err(wrong("is for another client"));
    }
    match presenter {
        Some(presenter) if presenter.as_str() != client_id => {
            Err(wrong("was given to another client: its azp differs"))
        }
        None if audiences.len() > 1 => Err(wrong("is for several clients and has no azp")),
        _ => Ok(()),
    }
}

fn check_times(claims: &Object, expected: &Expected<'_>) -> Result<()> {
    let now = expected.now;
    let needed = |name: &str| seconds(claims, name)?.ok_or_else(|| wrong(&format!("has no {name}")));
    if needed("exp")?.saturating_add(SKEW_S) <= now {
        return Err(wrong("has expired"));
    }
    let is_of_the_future = |time: i64| time > now.saturating_add(SKEW_S);
    if is_of_the_future(needed("iat")?) || seconds(claims, "nbf")?.is_some_and(is_of_the_future) {
        return Err(wrong("is of the future"));
    }
    let signed_in = seconds(claims, "auth_time")?;
    if let Some(max_age_s) = expected.max_age_s {
        let Some(signed_in) = signed_in else { return Err(wrong("has no auth_time")) };
        if signed_in.saturating_add(max_age_s).saturating_add(SKEW_S) < now {
            return Err(wrong("is of a sign-in that is longer ago than max_age"));
        }
    }
    Ok(())
}

/// Section 12.2: a renewal must be about the same person at the same server.
pub fn check_continues(old: &Object, new: &Object) -> Result<()> {
    for (name, may_be_absent) in [("sub", false), ("iss", false), ("nonce", true)] {
        let (old, new) = (text(old, name)?, text(new, name)?);
        let differs = old.is_some() && new != old;
        if differs && !(may_be_absent && new.is_none()) {
            return Err(wrong(&format!("of the renewal is not about the same login: its {name} differs")));
        }
    }
    Ok(())
}

/// Whom the set's ID token is about.
pub fn subject(set: &TokenSet) -> Option<Wiped> {
    claims(&of(set)?)?.get("sub")?.as_str()
}

/// The claims of one that is believed already.
pub fn claims(text: &str) -> Option<Object> {
    let mut parts = text.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else {
        return None;
    };
    jwt::object(payload)
}

/// Whether this scope asks for one (section 3.1.2.1).
pub fn is_asked_for(scope: &str) -> bool {
    scope.split(' ').any(|scope| scope == "openid")
}

/// The set's ID token.
pub fn of(set: &TokenSet) -> Option<Wiped> {
    set.member("id_token")?.as_str().filter(|text| !text.is_empty())
}

/// Section 3.1.3.6: the left half of the hash that goes with the algorithm; Ed25519's own is SHA-512 (RFC 8032), 9 KB that
/// a build without signatures is spared.
fn half_hash(algorithm: Option<Algorithm>, of: &Secret) -> Option<Wiped> {
    let bytes = of.expose().as_bytes();
    Some(match algorithm? {
        Algorithm::EdDsa if !cfg!(feature = "signing") => return None,
        Algorithm::EdDsa => base64::encode_url(&digest::sha512(bytes)[..32]),
        _ => base64::encode_url(&digest::sha256(bytes)[..16]),
    })
}

fn text(claims: &Object, name: &str) -> Result<Option<Wiped>> {
    let text = |raw: &Raw| raw.as_str().ok_or_else(|| wrong(&format!("has a claim {name} that is no text")));
    claims.get(name).map(text).transpose()
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction.
fn seconds(claims: &Object, name: &str) -> Result<Option<i64>> {
    let Some(raw) = claims.get(name) else { return Ok(None) };
    let is_number = raw.kind() == Kind::Number && !raw.text().starts_with('-');
    let time = raw.as_thousandths().filter(|_| is_number).map(|thousandths| thousandths / 1000);
    let time = time.filter(|time| *time <= LAST_S);
    time.map(Some).ok_or_else(|| wrong(&format!("has a claim {name} that is no time")))
}

#[cfg(test)]
mod tests;
