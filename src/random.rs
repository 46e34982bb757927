//! Randomness, by the crypto library that rustls links; it needs no network code.

use ring::rand::{SecureRandom, SystemRandom};

use crate::error::{Error, Reason, Result};

/// Fills the buffer with random bytes from the operating system.
pub fn fill(buffer: &mut [u8]) -> Result<()> {
    SystemRandom::new()
        .fill(buffer)
        .map_err(|_| Error::new(Reason::Unexpected, "the system gave no random bytes"))
}

/// Bytes that nobody has used before, for what is to be told apart.
pub fn id() -> Result<[u8; 16]> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_the_whole_buffer_differently_each_time() {
        let (mut a, mut b) = ([0; 32], [0; 32]);
        fill(&mut a).unwrap();
        fill(&mut b).unwrap();
        assert_ne!(a, b);
    }
}
