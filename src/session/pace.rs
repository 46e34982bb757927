//! How long to wait after something failed: longer each time, and by chance, so that a fleet spreads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::Error;
use crate::random;

/// Between two tries at least, from the second failure on.
const SHORTEST: Duration = Duration::from_secs(1);
/// Nobody waits longer than this before another try.
const LONGEST: Duration = Duration::from_secs(600);
/// The next delay, as a part of how long it has been failing.
const GROWTH: f64 = 2.0;
/// By how much of it chance may shorten a delay.
const JITTER: f64 = 0.4;
/// The parts of a token's life between which the background renews it.
const RENEW_AHEAD: (f64, f64) = (0.4, 0.7);
/// The parts of what is left of it after which it tries again. docs/outage.md shows what these numbers do to a server.
const RETRY_AHEAD: (f64, f64) = (0.7, 1.0);

/// Where chance comes from.
pub(super) enum Dice {
    /// The operating system; asked only after failures.
    System,
    /// The same each time, for simulations.
    Seeded(AtomicU64),
}

impl Dice {
    /// From 0 up to, not including, 1.
    pub(super) fn roll(&self) -> f64 {
        let bits = match self {
            Dice::System => {
                let mut bytes = [0; 8];
                // Without chance the middle is as good as anything.
                if random::fill(&mut bytes).is_err() {
                    return 0.5;
                }
                u64::from_ne_bytes(bytes)
            }
            Dice::Seeded(state) => split_mix(state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed)),
        };
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Sebastiano Vigna's SplitMix64.
fn split_mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// After that many failures in a row, the first of which is so long ago: about as long as it has lasted already. The
/// first is forgiven at once, for most are blips.
pub(super) fn delay(failures: u32, lasted: Duration, roll: f64) -> Duration {
    if failures < 2 {
        return Duration::ZERO;
    }
    lasted.mul_f64(GROWTH).clamp(SHORTEST, LONGEST).mul_f64(1.0 - JITTER * roll)
}

/// The same for a renewal in the background, whose token is good for so much longer: there is no hurry.
pub(super) fn delay_ahead(failures: u32, lasted: Duration, left: Duration, roll: f64) -> Duration {
    let (earliest, latest) = RETRY_AHEAD;
    delay(failures, lasted, roll).max(left.mul_f64(earliest + (latest - earliest) * roll))
}

/// At which part of its life the background renews a token: a fleet that was started at once spreads.
pub(super) fn ahead_part(roll: f64) -> f64 {
    let (earliest, latest) = RENEW_AHEAD;
    earliest + (latest - earliest) * roll
}

/// Failures in a row, and when the next try may come.
#[derive(Default)]
pub(super) struct Setback {
    failures: u32,
    first: Duration,
    not_before: Duration,
    error: Option<Error>,
    in_background: bool,
}

impl Setback {
    /// One more failure, at this steady time. `left` is how long the token is still good, where the background renews it.
    pub(super) fn failed(&mut self, error: &Error, now: Duration, left: Option<Duration>, dice: &Dice) {
        if self.failures == 0 {
            self.first = now;
        }
        self.failures = self.failures.saturating_add(1);
        let lasted = now.saturating_sub(self.first);
        let told = Duration::from_secs(error.retry_after_s.unwrap_or(0));
        let delay = match left {
            Some(left) => delay_ahead(self.failures, lasted, left, dice.roll()),
            None => delay(self.failures, lasted, dice.roll()),
        };
        self.not_before = now.saturating_add(delay.max(told));
        self.error = Some(error.clone());
        self.in_background = left.is_some();
    }

    /// The last failure, while the next try may not come yet. Whoever needs a token now tries once, whatever happened
    /// in the background, which has time.
    pub(super) fn holds_back(&self, now: Duration, in_background: bool) -> Option<Error> {
        if self.in_background && !in_background {
            return None;
        }
        let error = self.error.as_ref()?;
        let left = self.not_before.checked_sub(now).filter(|left| !left.is_zero())?;
        Some(not_yet(error, left))
    }

    /// When the next try may come.
    pub(super) fn not_before(&self) -> Duration {
        self.not_before
    }

    pub(super) fn is_clear(&self) -> bool {
        self.failures == 0
    }

    pub(super) fn clear(&mut self) {
        *self = Setback::default();
    }
}

/// The same failure as an answer to somebody who asks too early.
pub(super) fn not_yet(error: &Error, left: Duration) -> Error {
    let mut error = error.clone();
    error.message = format!("{} (not tried again yet)", error.message).into();
    error.retry_after_s = Some(left.as_secs() + u64::from(left.subsec_nanos() > 0));
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason;

    #[test]
    fn a_delay_is_about_as_long_as_it_has_lasted_up_to_a_limit_and_jittered() {
        let seconds =
            |failures, lasted, roll| delay(failures, Duration::from_secs(lasted), roll).as_secs_f64();
        assert_eq!([0, 1].map(|failures| seconds(failures, 1000, 0.5)), [0.0, 0.0]);
        assert_eq!([0, 2, 60].map(|lasted| seconds(2, lasted, 0.0)), [1.0, 4.0, 120.0]);
        assert_eq!(seconds(2, 60, 1.0), 72.0);
        for lasted in [300, 3600, 10_000_000] {
            assert_eq!((seconds(u32::MAX, lasted, 0.0), seconds(9, lasted, 1.0)), (600.0, 360.0));
        }
    }

    #[test]
    fn the_background_waits_for_the_most_of_what_is_left() {
        let seconds = |left, roll| {
            delay_ahead(1, Duration::ZERO, Duration::from_secs(left), roll).as_secs_f64().round()
        };
        assert_eq!([0.0, 1.0].map(|roll| seconds(1000, roll)), [700.0, 1000.0]);
        assert_eq!(seconds(0, 0.5), 0.0);
    }

    #[test]
    fn a_setback_says_when_to_come_again_and_honours_what_the_server_said() {
        let (mut setback, dice) = (Setback::default(), Dice::Seeded(AtomicU64::new(1)));
        let now = Duration::from_secs(100);
        let mut error = Error::new(Reason::ServerError, "503");
        setback.failed(&error, now, None, &dice);
        assert!(setback.holds_back(now, false).is_none(), "one more try at once");
        error.retry_after_s = Some(7);
        setback.failed(&error, now, None, &dice);
        let held = setback.holds_back(now + Duration::from_millis(1), false).unwrap();
        assert_eq!((held.reason, held.retry_after_s), (Reason::ServerError, Some(7)));
        assert!(setback.holds_back(now + Duration::from_secs(7), false).is_none());
        setback.clear();
        assert!(setback.holds_back(now, false).is_none() && setback.is_clear());
    }

    #[test]
    fn what_failed_in_the_background_does_not_hold_back_who_needs_a_token_now() {
        let (mut setback, dice) = (Setback::default(), Dice::Seeded(AtomicU64::new(1)));
        let (now, error) = (Duration::from_secs(100), Error::new(Reason::ServerError, "503"));
        setback.failed(&error, now, Some(Duration::from_secs(1000)), &dice);
        assert!(setback.holds_back(now, true).is_some() && setback.holds_back(now, false).is_none());
        setback.failed(&error, now + Duration::from_secs(50), None, &dice);
        assert!(setback.holds_back(now + Duration::from_secs(51), false).is_some());
    }

    #[test]
    fn dice_are_even_and_repeatable() {
        let rolls = |dice: Dice| (0..10_000).map(|_| dice.roll()).sum::<f64>() / 10_000.0;
        for dice in [Dice::System, Dice::Seeded(AtomicU64::new(7))] {
            assert!((rolls(dice) - 0.5).abs() < 0.02);
        }
        let seeded = || Dice::Seeded(AtomicU64::new(9));
        assert_eq!(seeded().roll(), seeded().roll());
    }
}
