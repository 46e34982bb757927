//! How long to wait after something failed: longer each time, and by chance, so that a fleet spreads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::error::Error;
use crate::random;

/// Nobody waits longer than this before another try.
const LONGEST_S: u64 = 600;

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

/// After that many failures in a row. The first is forgiven at once: most are blips.
pub(super) fn delay(failures: u32, roll: f64) -> Duration {
    let Some(doublings) = failures.checked_sub(2) else { return Duration::ZERO };
    let longest = 1u64.checked_shl(doublings).unwrap_or(LONGEST_S).min(LONGEST_S);
    Duration::from_secs(longest).mul_f64(0.5 + roll / 2.0)
}

/// At which part of its life the background renews a token: a fleet that was started at once spreads.
pub(super) fn ahead_part(roll: f64) -> f64 {
    0.5 + 0.25 * roll
}

/// Failures in a row, and when the next try may come.
#[derive(Default)]
pub(super) struct Setback {
    failures: u32,
    not_before: Duration,
    error: Option<Error>,
}

impl Setback {
    /// One more failure, at this steady time.
    pub(super) fn failed(&mut self, error: &Error, now: Duration, dice: &Dice) {
        self.failures = self.failures.saturating_add(1);
        let told = Duration::from_secs(error.retry_after_s.unwrap_or(0));
        self.not_before = now.saturating_add(delay(self.failures, dice.roll()).max(told));
        self.error = Some(error.clone());
    }

    /// The last failure, while the next try may not come yet.
    pub(super) fn holds_back(&self, now: Duration) -> Option<Error> {
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
    fn delays_grow_to_a_limit_and_are_jittered() {
        let seconds = |failures, roll| delay(failures, roll).as_secs_f64();
        assert_eq!([0, 1].map(|failures| seconds(failures, 0.9)), [0.0, 0.0]);
        assert_eq!([2, 3, 4].map(|failures| seconds(failures, 0.0)), [0.5, 1.0, 2.0]);
        for failures in [13, 100, u32::MAX] {
            assert_eq!(seconds(failures, 0.0), 300.0);
            assert!(seconds(failures, 0.999_999) <= 600.0);
        }
    }

    #[test]
    fn a_setback_says_when_to_come_again_and_honours_what_the_server_said() {
        let (mut setback, dice) = (Setback::default(), Dice::Seeded(AtomicU64::new(1)));
        let now = Duration::from_secs(100);
        let mut error = Error::new(Reason::ServerError, "503");
        setback.failed(&error, now, &dice);
        assert!(setback.holds_back(now).is_none(), "one more try at once");
        error.retry_after_s = Some(7);
        setback.failed(&error, now, &dice);
        let held = setback.holds_back(now + Duration::from_millis(1)).unwrap();
        assert_eq!((held.reason, held.retry_after_s), (Reason::ServerError, Some(7)));
        assert!(setback.holds_back(now + Duration::from_secs(7)).is_none());
        setback.clear();
        assert!(setback.holds_back(now).is_none() && setback.is_clear());
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
