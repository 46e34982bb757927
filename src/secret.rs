//! Text that must not be seen: wiped when dropped, and printed as `…`.

use zeroize::{Zeroize, Zeroizing};

/// A token, client secret, code or key. Everything but this file and whoever must send it holds it unseen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; no copy is made.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The text itself. Whoever asks must neither log it nor put it into an error.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first 8 hex digits of its SHA-256: enough to tell two tokens apart in a log, useless to a thief.
    pub fn fingerprint(&self) -> String {
        crate::random::sha256(self.0.as_bytes())[..4].iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Bytes that are wiped when dropped, for bodies that hold tokens.
#[derive(Clone, Default)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> SecretBytes {
        SecretBytes(bytes)
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Appends. Growing wipes what the old place held; fails where there is no memory.
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), crate::error::Error> {
        let no_memory = |_| crate::error::Error::new(crate::error::Reason::Memory, "no memory for a body");
        if self.0.capacity() - self.0.len() < bytes.len() {
            let wanted = (self.0.len() + bytes.len()).max(self.0.capacity() * 2);
            let mut larger = Vec::new();
            larger.try_reserve_exact(wanted).map_err(no_memory)?;
            larger.extend_from_slice(&self.0);
            std::mem::swap(&mut self.0, &mut larger);
            larger.zeroize();
        }
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "… ({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::from("at-123")), "…");
        assert_eq!(format!("{:?}", SecretBytes::new(b"at-123".to_vec())), "… (6 bytes)");
    }

    #[test]
    fn fingerprint_is_eight_hex_digits_of_sha256() {
        // SHA-256("abc") begins ba7816bf (FIPS 180-2, appendix B.1).
        assert_eq!(Secret::from("abc").fingerprint(), "ba7816bf");
    }

    #[test]
    fn bytes_grow_and_keep_order() {
        let mut bytes = SecretBytes::default();
        for chunk in 0..100u8 {
            bytes.extend(&[chunk; 33]).unwrap();
        }
        assert_eq!(bytes.expose().len(), 3300);
        assert_eq!(bytes.expose()[33 * 57], 57);
    }
}
