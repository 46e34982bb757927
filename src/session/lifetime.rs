//! How long an access token is still good for, by two clocks.

use std::time::Duration;

use crate::clock::Clock;
use crate::token::TokenSet;

/// How far a stored token's times may disagree with its lifetime.
const SLACK: Duration = Duration::from_secs(60);

/// When an access token expires.
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    end: End,
    /// How long it lived when it was issued, where that is known.
    span: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// Nobody said.
    Unknown,
    /// By the wall clock: all there is for a token that was stored.
    Wall(i64),
    /// By the clock that never jumps: a token that was received here is neither spent nor kept by a wrong wall clock.
    Steady(Duration),
}

impl Lifetime {
    /// Of a token that the caller had stored.
    pub fn of_stored(set: &TokenSet) -> Lifetime {
        Lifetime { end: set.expires_at().map_or(End::Unknown, End::Wall), span: span(set) }
    }

    /// Of a token received for a request that was started at `asked` on the steady clock.
    pub fn of_received(set: &TokenSet, asked: Duration) -> Lifetime {
        match set.expires_in() {
            Some(seconds) => {
                let lived = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
                Lifetime { end: End::Steady(asked.saturating_add(lived)), span: span(set) }
            }
            None => Lifetime::of_stored(set),
        }
    }

    /// What is left of it; `None` where nobody knows.
    pub fn left(&self, clock: &dyn Clock) -> Option<Duration> {
        match self.end {
            End::Unknown => None,
            End::Wall(at) => {
                let seconds = at.saturating_sub(clock.wall_s());
                let left = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
                // A clock by which it has longer to live than it ever had stands in the past (K-3).
                let longest = self.span.map_or(Duration::MAX, |span| span.saturating_add(SLACK));
                (left <= longest).then_some(left)
            }
            End::Steady(at) => Some(at.saturating_sub(clock.steady())),
        }
    }

    /// When this part of it is over, on the steady clock.
    pub fn part_at(&self, part: f64, clock: &dyn Clock) -> Option<Duration> {
        let left = self.left(clock)?;
        let rest = self.span.unwrap_or(left).mul_f64(1.0 - part);
        Some(clock.steady().saturating_add(left.saturating_sub(rest)))
    }

    /// Whether it lasts longer than the leeway (at most a tenth of its lifetime) and than `min_valid`.
    pub fn is_fresh(&self, leeway: Duration, min_valid: Duration, clock: &dyn Clock) -> bool {
        let leeway = self.span.map_or(leeway, |span| leeway.min(span / 10));
        self.left(clock).is_none_or(|left| left > leeway.max(min_valid))
    }
}

fn span(set: &TokenSet) -> Option<Duration> {
    set.expires_in().map(|seconds| Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::TestClock;

    const LEEWAY: Duration = Duration::from_secs(30);

    fn set(json: &str) -> TokenSet {
        TokenSet::from_stored(json).unwrap()
    }

    #[test]
    fn a_stored_token_goes_by_the_wall_clock() {
        let clock = TestClock::at(1000);
        let lifetime = Lifetime::of_stored(&set(r#"{"access_token":"a","expires_at":1100}"#));
        assert!(lifetime.is_fresh(LEEWAY, Duration::ZERO, &clock));
        assert!(!lifetime.is_fresh(LEEWAY, Duration::from_secs(100), &clock));
        clock.set_wall(1070);
        assert!(!lifetime.is_fresh(LEEWAY, Duration::ZERO, &clock));
    }

    #[test]
    fn k_1_a_received_token_survives_a_wall_clock_that_jumps() {
        let clock = TestClock::at(1000);
        let lifetime =
            Lifetime::of_received(&set(r#"{"access_token":"a","expires_in":3600}"#), clock.steady());
        for jump in [0, i64::MAX, -1_000_000_000] {
            clock.set_wall(jump);
            assert!(lifetime.is_fresh(LEEWAY, Duration::ZERO, &clock), "{jump}");
        }
        clock.pass(3571);
        assert!(!lifetime.is_fresh(LEEWAY, Duration::ZERO, &clock));
    }

    #[test]
    fn k_6_the_leeway_is_at_most_a_tenth_of_the_lifetime() {
        let clock = TestClock::at(1000);
        let lifetime = Lifetime::of_received(&set(r#"{"access_token":"a","expires_in":60}"#), clock.steady());
        clock.pass(53);
        assert!(lifetime.is_fresh(LEEWAY, Duration::ZERO, &clock));
        clock.pass(1);
        assert!(!lifetime.is_fresh(LEEWAY, Duration::ZERO, &clock));
    }

    #[test]
    fn an_unknown_lifetime_is_used_until_the_api_refuses() {
        let lifetime = Lifetime::of_stored(&set(r#"{"access_token":"a"}"#));
        assert!(lifetime.is_fresh(LEEWAY, Duration::from_secs(1 << 40), &TestClock::at(1000)));
    }
}
