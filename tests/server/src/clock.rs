//! The server's own clock: the system's wall clock plus an offset that tests set.

use std::time::{SystemTime, UNIX_EPOCH};

/// A limit far beyond any use, so that sums of times cannot overflow.
pub const MAX_OFFSET_S: i64 = 10_000_000_000;

/// The clock by which all expiry is judged.
#[derive(Default)]
pub struct Clock {
    offset_s: i64,
}

impl Clock {
    /// Milliseconds since 1970 by this clock.
    pub fn now_ms(&self) -> i64 {
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        };
        wall.saturating_add(self.offset_s * 1000)
    }

    /// Seconds since 1970 by this clock.
    pub fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Sets the distance from the wall clock.
    pub fn set_offset(&mut self, offset_s: i64) {
        self.offset_s = offset_s.clamp(-MAX_OFFSET_S, MAX_OFFSET_S);
    }

    /// Moves the clock, backwards too.
    pub fn advance(&mut self, by_s: i64) {
        self.set_offset(self.offset_s.saturating_add(by_s));
    }
}
