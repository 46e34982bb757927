//! PEM (RFC 7468): the private key among the blocks of a text.

use crate::base64;
use crate::secret::{SecretBytes, Wiped};

/// What the label says of the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `PRIVATE KEY`
    Pkcs8,
    /// `EC PRIVATE KEY`
    Ec,
    /// `RSA PRIVATE KEY`
    Rsa,
}

/// The one private key of the text. Certificates and EC parameters may stand beside it, and words between the blocks.
pub fn private_key(text: &str) -> Result<(Kind, SecretBytes), String> {
    let (mut found, mut rest) = (None, text);
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or("PEM: a BEGIN line is not finished")?;
        let (body, after) = after
            .split_once("-----END ")
            .and_then(|(body, after)| Some((body, after.strip_prefix(label)?.strip_prefix("-----")?)))
            .ok_or("PEM: a block has no END line of its own")?;
        rest = after;
        if !label.ends_with("PRIVATE KEY") {
            continue;
        }
        let kind = match label {
            "PRIVATE KEY" => Kind::Pkcs8,
            "EC PRIVATE KEY" => Kind::Ec,
            "RSA PRIVATE KEY" => Kind::Rsa,
            "ENCRYPTED PRIVATE KEY" => return Err(ENCRYPTED.into()),
            _ => return Err("PEM: its kind of private key is not known; PRIVATE KEY (PKCS#8) is".into()),
        };
        if body.contains("ENCRYPTED") {
            return Err(ENCRYPTED.into());
        }
        if found.is_some() {
            return Err("PEM: has more than one private key".into());
        }
        found = Some((kind, decode(body).ok_or("PEM: the private key is not base64")?));
    }
    found.ok_or_else(|| "is neither a PEM private key nor a JWK".into())
}

const ENCRYPTED: &str = "PEM: the private key is encrypted; openssl pkey decrypts it";

/// Base64 in lines, with padding (RFC 4648 section 4).
fn decode(body: &str) -> Option<SecretBytes> {
    let mut text = Wiped::with_capacity(body.len());
    for byte in body.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        text.push(match byte {
            b'+' => '-',
            b'/' => '_',
            b'-' | b'_' => return None,
            other => char::from(other),
        });
    }
    let padding = text.bytes().rev().take(2).take_while(|byte| *byte == b'=').count();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    base64::decode_url(&text[..text.len() - padding])
}
