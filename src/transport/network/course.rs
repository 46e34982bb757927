//! How far an exchange that may be parked has come.

use std::io::{self, Write};

use zeroize::Zeroizing;

use super::blocking::Blocking;
use crate::secret::SecretBytes;

/// ureq cannot be left and entered again in the middle, so whoever
/// goes on runs it from the start: what was sent goes nowhere then, and what had come is shown once more.
#[derive(Default)]
pub(super) struct Course {
    /// Bytes of ureq's that were taken over since the request began.
    pub(super) taken: usize,
    /// How many of those are yet to come again, for nothing.
    pub(super) repeated: usize,
    /// Taken over, and not on the wire yet.
    pub(super) unsent: Zeroizing<Vec<u8>>,
    /// What came since the request began.
    pub(super) received: SecretBytes,
    /// How much of that was shown in this run.
    pub(super) shown: usize,
}

impl Course {
    /// As somebody else goes on with it.
    pub(super) fn again(self) -> Course {
        Course { repeated: self.taken + self.repeated, taken: 0, shown: 0, ..self }
    }

    /// Writes all of it; what the call has no time for is kept.
    pub(super) fn write(&mut self, bytes: &[u8], blocking: &mut Blocking<'_>) -> io::Result<()> {
        let mut written = 0;
        while written < bytes.len() {
            match blocking.write(&bytes[written..]) {
                Ok(n) => written += n,
                Err(error) => {
                    self.unsent = Zeroizing::new(bytes[written..].to_vec());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Whether something of the exchange may have reached the server.
    pub(super) fn has_begun(&self) -> bool {
        self.taken > 0 || self.repeated > 0
    }
}
