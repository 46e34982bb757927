//! The buffers of a connection: small, wiped after use, and gone while the connection is idle.

use ureq::unversioned::transport::Buffers;
use zeroize::Zeroize;

use super::LONGEST_HEAD;
use super::exchange::Shared;

const INPUT: usize = 8 * 1024;
const OUTPUT: usize = 16 * 1024;
/// ureq gives up by itself once a head is longer than allowed; it must be able to see that much.
const LARGEST_INPUT: usize = LONGEST_HEAD + INPUT;

/// Input between `consumed` and `filled` waits for ureq.
#[derive(Default)]
pub(super) struct WipedBuffers {
    input: Vec<u8>,
    consumed: usize,
    filled: usize,
    output: Vec<u8>,
    scratch: Vec<u8>,
    made_progress: bool,
}

impl std::fmt::Debug for WipedBuffers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WipedBuffers({} bytes waiting)", self.filled - self.consumed)
    }
}

impl WipedBuffers {
    /// Wipes and gives the memory back.
    pub(super) fn release(&mut self) {
        for buffer in [&mut self.input, &mut self.output, &mut self.scratch] {
            buffer.zeroize();
            *buffer = Vec::new();
        }
        (self.consumed, self.filled, self.made_progress) = (0, 0, false);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.consumed == self.filled
    }

    fn grow(buffer: &mut Vec<u8>, size: usize) {
        if buffer.len() < size {
            let mut larger = vec![0; size];
            larger[..buffer.len()].copy_from_slice(buffer);
            std::mem::swap(buffer, &mut larger);
            larger.zeroize();
        }
    }

    fn ready_output(&mut self) {
        let needed = Shared::current().map_or(0, |shared| shared.needed_output);
        WipedBuffers::grow(&mut self.output, OUTPUT.max(needed));
    }
}

impl Buffers for WipedBuffers {
    fn output(&mut self) -> &mut [u8] {
        self.ready_output();
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        &self.input[self.consumed..self.filled]
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        if self.is_empty() {
            (self.consumed, self.filled) = (0, 0);
        }
        if self.filled == self.input.len() {
            if self.consumed > 0 {
                self.input.copy_within(self.consumed..self.filled, 0);
                (self.consumed, self.filled) = (0, self.filled - self.consumed);
            } else {
                let larger = (self.input.len() * 2).clamp(INPUT, LARGEST_INPUT);
                WipedBuffers::grow(&mut self.input, larger);
            }
        }
        &mut self.input[self.filled..]
    }

    fn input_appended(&mut self, amount: usize) {
        self.filled += amount;
        self.made_progress = amount > 0;
    }

    fn input_consume(&mut self, amount: usize) {
        if amount > 0
            && let Ok(shared) = Shared::current()
        {
            shared.consumed(&self.input[self.consumed..self.consumed + amount]);
        }
        self.consumed += amount;
        self.made_progress = amount > 0;
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.ready_output();
        WipedBuffers::grow(&mut self.scratch, INPUT);
        (&mut self.scratch, &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        !self.is_empty() && self.made_progress
    }
}

impl Drop for WipedBuffers {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(buffers: &mut WipedBuffers, bytes: &[u8]) -> usize {
        let room = buffers.input_append_buf();
        let n = room.len().min(bytes.len());
        room[..n].copy_from_slice(&bytes[..n]);
        buffers.input_appended(n);
        n
    }

    #[test]
    fn input_is_kept_in_order_through_growing_and_moving() {
        let mut buffers = WipedBuffers::default();
        let bytes: Vec<u8> = (0..60_000u32).map(|i| (i % 251) as u8).collect();
        let (mut put, mut got) = (0, 0);
        while got < bytes.len() {
            if put < bytes.len() {
                put += append(&mut buffers, &bytes[put..(put + 5000).min(bytes.len())]);
            }
            let n = buffers.input().len().min(3001);
            assert_eq!(&buffers.input()[..n], &bytes[got..got + n]);
            buffers.input_consume(n);
            got += n;
        }
        assert!(buffers.is_empty());
    }

    #[test]
    fn input_stops_growing_a_little_beyond_the_longest_head() {
        let mut buffers = WipedBuffers::default();
        while append(&mut buffers, &[7; 4096]) > 0 {}
        assert_eq!(buffers.input().len(), LARGEST_INPUT);
    }

    #[test]
    fn unconsumed_input_asks_for_more() {
        let mut buffers = WipedBuffers::default();
        assert!(!buffers.can_use_input());
        append(&mut buffers, b"half a head");
        assert!(buffers.can_use_input());
        buffers.input_consume(0);
        assert!(!buffers.can_use_input());
    }
}
