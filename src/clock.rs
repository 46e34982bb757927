//! The only room that reads clocks. Token lifetimes go by [`Clock`]; how long a call may take by [`Deadline`].

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Two clocks: what time people say it is, and how much time has passed (also while the machine slept).
pub trait Clock: Send + Sync {
    /// Seconds since 1970 as the machine believes them; may jump either way.
    fn wall_s(&self) -> i64;
    /// Time since some fixed moment; never jumps, and counts through suspend.
    fn steady(&self) -> Duration;
}

/// The machine's own clocks.
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_s(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn steady(&self) -> Duration {
        // CLOCK_MONOTONIC, which std reads, stands still while the machine sleeps.
        // SAFETY: all-zero bytes are a valid timespec.
        #[allow(unsafe_code)]
        let mut now: libc::timespec = unsafe { std::mem::zeroed() };
        // SAFETY: `now` is a valid timespec to write to; the clock id exists since Linux 2.6.39.
        #[allow(unsafe_code)]
        unsafe {
            libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut now);
        }
        Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn steady(&self) -> Duration {
        // Elsewhere the monotonic clock that std reads counts through sleep (macOS, Windows).
        use std::sync::OnceLock;
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// The longest a call may take; larger timeouts mean this one.
pub const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The moment when a call must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// That long from now, at most [`LONGEST`].
    pub fn after(timeout: Duration) -> Deadline {
        Deadline(Instant::now() + timeout.min(LONGEST))
    }

    /// What is left; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether it has passed.
    pub fn has_passed(self) -> bool {
        self.remaining().is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_timeouts_are_clamped() {
        let deadline = Deadline::after(Duration::MAX);
        assert!(deadline.remaining() <= LONGEST);
        assert!(deadline.remaining() > LONGEST / 2);
        assert!(Deadline::after(Duration::ZERO).has_passed());
    }

    #[test]
    fn steady_does_not_run_backwards() {
        let first = SystemClock.steady();
        assert!(SystemClock.steady() >= first);
        assert!(SystemClock.wall_s() > 1_700_000_000);
    }
}
