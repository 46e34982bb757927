//! Text that must not be seen: wiped when dropped, and printed as `…`.

use zeroize::Zeroize;

/// A token, client secret, code or key. Everything but this file and whoever must send it holds it unseen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Wiped);

impl Secret {
    /// Takes the text over; no copy is made.
    pub fn new(text: String) -> Secret {
        Secret(Wiped::new(text))
    }

    /// Whether it is this text, in a time that does not tell how much of it is right.
    pub fn matches(&self, other: &str) -> bool {
        let (own, other) = (self.expose().as_bytes(), other.as_bytes());
        own.len() == other.len() && own.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    /// The text itself. Whoever asks must neither log it nor put it into an error.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The first 8 hex digits of its SHA-256: enough to tell two tokens apart in a log, useless to a thief.
    pub fn fingerprint(&self) -> String {
        crate::digest::sha256(self.0.as_bytes())[..4].iter().map(|b| format!("{b:02x}")).collect()
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

/// Text that is wiped when dropped, and otherwise is text: JSON and forms on their way in and out.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Wiped(String);

impl Wiped {
    /// Takes the text over.
    pub fn new(text: String) -> Wiped {
        Wiped(text)
    }

    /// No text, with room for that many bytes: growing would leave unwiped copies behind.
    pub fn with_capacity(bytes: usize) -> Wiped {
        Wiped(String::with_capacity(bytes))
    }
}

impl std::ops::Deref for Wiped {
    type Target = String;

    fn deref(&self) -> &String {
        &self.0
    }
}

impl std::ops::DerefMut for Wiped {
    fn deref_mut(&mut self) -> &mut String {
        &mut self.0
    }
}

impl Drop for Wiped {
    // Out of line: it stands at the end of very many scopes, and in as many clean-ups after a panic.
    #[inline(never)]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl std::fmt::Debug for Wiped {
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
    #[inline(never)]
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
