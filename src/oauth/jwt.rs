//! JWTs of others: the compact form of RFC 7515, sets of public keys (RFC 7517), and which key is to verify what.

use crate::base64;
use crate::error::{Error, Reason, Result};
use crate::json::{Object, Raw};
use crate::secret::{Secret, SecretBytes, Wiped};
use crate::signing::Algorithm;
use crate::verifying::{self, Key};

/// The longest JWT, header, and set of keys (`hostile.md` J-7).
const LONGEST: usize = 64 * 1024;
const LONGEST_HEADER: usize = 8 * 1024;
/// The longest document that is read as a set of keys.
pub const LONGEST_KEYS: u64 = 1 << 20;
const MOST_KEYS: usize = 100;

/// A signed JWT, read and not yet believed.
pub struct Jws<'a> {
    /// What it says it is signed with; `None` for an algorithm that is not known here.
    pub algorithm: Option<Algorithm>,
    /// What it says.
    pub claims: Object,
    kid: Option<Wiped>,
    input: &'a str,
    signature: SecretBytes,
}

impl Jws<'_> {
    /// Reads the compact form. Keys and addresses of keys in its header are not looked at (J-4).
    pub fn read(text: &str) -> Result<Jws<'_>> {
        if text.len() > LONGEST {
            return Err(wrong("is longer than 64 KB"));
        }
        let parts: Vec<&str> = text.split('.').take(6).collect();
        let (header, payload, signature) = match parts[..] {
            [header, payload, signature] => (header, payload, signature),
            // RFC 7516 section 3.1.
            [_, _, _, _, _] => return Err(encrypted()),
            _ => return Err(wrong("has not three parts")),
        };
        if header.len() > LONGEST_HEADER {
            return Err(wrong("has a header that is longer than 8 KB"));
        }
        let head = object(header).ok_or_else(|| wrong("has a header that is no JSON in base64url"))?;
        if head.get("enc").is_some() || head.get("zip").is_some() {
            return Err(encrypted());
        }
        // Extensions that must be understood, and RFC 7797's payloads that are not encoded: none is known here.
        if head.get("crit").is_some() || head.get("b64").is_some() {
            return Err(wrong("has a header with crit or b64"));
        }
        let name = match head.get("alg").and_then(Raw::as_str) {
            Some(name) if !name.is_empty() && !name.eq_ignore_ascii_case("none") => name,
            _ => return Err(wrong("is not signed")),
        };
        // RFC 8725 section 3.11: JWTs of another kind say so.
        let is_other_kind = |kind: &str| kind.to_ascii_lowercase().ends_with("+jwt");
        if head.get("typ").and_then(Raw::as_str).is_some_and(|kind| is_other_kind(&kind)) {
            return Err(wrong("is a JWT of another kind"));
        }
        let kid = match head.get("kid") {
            Some(kid) => Some(kid.as_str().ok_or_else(|| wrong("has a kid that is no text"))?),
            None => None,
        };
        Ok(Jws {
            algorithm: Algorithm::parse(&name),
            claims: object(payload).ok_or_else(|| wrong("has claims that are no JSON in base64url"))?,
            kid,
            input: &text[..header.len() + 1 + payload.len()],
            signature: base64::decode_url(signature)
                .ok_or_else(|| wrong("has a signature that is no base64url"))?,
        })
    }

    /// Whether the right key signed it; `None` where the set has none for it. Which algorithms may be is the caller's
    /// to say, and never the header's (J-2).
    pub fn verify(&self, keys: &Keys, allowed: &[Algorithm]) -> Result<Option<()>> {
        let algorithm = self.allowed(allowed)?;
        let is_named = |key: &&Key| self.kid.as_ref().is_none_or(|kid| key.kid() == Some(kid.as_str()));
        let mut fitting = keys.0.iter().filter(|key| key.is_for(algorithm)).filter(is_named);
        let Some(key) = fitting.next() else { return Ok(None) };
        if fitting.next().is_some() {
            return Err(wrong("does not say which of several keys signed it"));
        }
        match key.verify(algorithm, self.input.as_bytes(), self.signature.expose()) {
            true => Ok(Some(())),
            false => Err(wrong("has a signature that is not right")),
        }
    }

    /// Whether whoever knows the secret made it (HS256).
    pub fn verify_by_secret(&self, secret: &Secret) -> Result<()> {
        self.allowed(&[Algorithm::Hs256])?;
        match verifying::hs256(secret.expose().as_bytes(), self.input.as_bytes(), self.signature.expose()) {
            true => Ok(()),
            false => Err(wrong("has a signature that is not right")),
        }
    }

    /// Its algorithm, which must be one of these.
    pub fn allowed(&self, algorithms: &[Algorithm]) -> Result<Algorithm> {
        let allowed = self.algorithm.filter(|own| algorithms.contains(own));
        allowed.ok_or_else(|| wrong("is signed with an algorithm that was not agreed on"))
    }
}

/// A server's public keys.
pub struct Keys(Vec<Key>);

impl Keys {
    /// Reads a JWK Set. Keys that are of no use here are passed over (RFC 7517 section 5).
    pub fn read(document: &[u8]) -> std::result::Result<Keys, &'static str> {
        let text = std::str::from_utf8(document).map_err(|_| "is not UTF-8")?;
        let set = Object::parse(text).map_err(|_| "is not JSON")?;
        let keys = set.get("keys").and_then(Raw::as_array).ok_or("has no keys")?;
        if keys.len() > MOST_KEYS {
            return Err("has more than 100 keys");
        }
        let key = |raw: &Raw| raw.as_object()?.ok().and_then(|jwk| Key::read(&jwk).ok());
        Ok(Keys(keys.iter().filter_map(key).collect()))
    }
}

/// What is wrong with a JWT: fixed words, for it may be anybody's.
pub fn wrong(problem: &str) -> Error {
    Error::new(Reason::Jwt, format!("the ID token {problem}"))
}

fn encrypted() -> Error {
    Error::new(Reason::NotBuilt, "the ID token is encrypted or compressed, which this version does not read")
}

/// The JSON object that a part of a JWT is.
pub fn object(part: &str) -> Option<Object> {
    let bytes = base64::decode_url(part)?;
    Object::parse(std::str::from_utf8(bytes.expose()).ok()?).ok()
}

#[cfg(test)]
mod tests;
