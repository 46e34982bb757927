//! What time it is, as far as a client can know: by the machine's clocks, and by what servers say in `Date`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::calendar;
use crate::clock::Clock;
use crate::http::Headers;

/// The machine's clocks, its wall clock put right by servers: devices without a battery begin in 1970 at every start.
pub(super) struct Time {
    clock: Arc<dyn Clock>,
    /// A server's wall clock at the moment zero of the steady clock.
    server: AtomicI64,
}

const UNKNOWN: i64 = i64::MIN;
/// Where both agree this far, the machine's clock is right: `Date` has whole seconds and was some time on its way.
const AGREED_S: u64 = 60;
/// How far it may be off before that can be why a server refused a proof or an assertion.
const WORTHLESS_S: u64 = 30;

impl Time {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Time {
        Time { clock, server: AtomicI64::new(UNKNOWN) }
    }

    /// Learns from the answer to a request that was started at this steady time. What a cache kept has an old date.
    pub(super) fn learn(&self, answer: &Headers, asked: Duration) {
        if answer.get("age").is_some() {
            return;
        }
        if let Some(date) = answer.get("date").and_then(calendar::from_http_date) {
            self.server.store(date.saturating_sub(whole_seconds(asked)), Ordering::Relaxed);
        }
    }

    /// Learns, and says whether the time was that wrong until now that what was signed with it is worthless.
    pub(super) fn corrects(&self, answer: &Headers, asked: Duration) -> bool {
        let before = self.wall_at(asked);
        self.learn(answer, asked);
        self.wall_at(asked).abs_diff(before) > WORTHLESS_S
    }

    /// What the wall clock should have shown at this steady time.
    pub(super) fn wall_at(&self, then: Duration) -> i64 {
        let passed = self.steady().saturating_sub(then);
        self.wall_s().saturating_sub(whole_seconds(passed))
    }
}

impl Clock for Time {
    fn wall_s(&self) -> i64 {
        let (wall, server) = (self.clock.wall_s(), self.server.load(Ordering::Relaxed));
        if server == UNKNOWN {
            return wall;
        }
        let by_server = server.saturating_add(whole_seconds(self.clock.steady()));
        if by_server.abs_diff(wall) <= AGREED_S { wall } else { by_server }
    }

    fn steady(&self) -> Duration {
        self.clock.steady()
    }
}

fn whole_seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::TestClock;

    fn says(date: &str, age: Option<&str>) -> Headers {
        let mut headers = Headers::default();
        headers.push_checked("date", date).unwrap();
        if let Some(age) = age {
            headers.push_checked("age", age).unwrap();
        }
        headers
    }

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const SECONDS: i64 = 784_111_777;

    #[test]
    fn k_3_k_4_a_wrong_wall_clock_is_put_right_by_the_server() {
        for wrong in [0, SECONDS - 3600, SECONDS + 3600, i64::MAX] {
            let clock = Arc::new(TestClock::at(wrong));
            let time = Time::new(clock.clone());
            time.learn(&says(DATE, None), clock.steady());
            assert_eq!(time.wall_s(), SECONDS);
            clock.pass(100);
            assert_eq!(time.wall_s(), SECONDS + 100);
            clock.set_wall(5);
            assert_eq!(time.wall_s(), SECONDS + 100, "a jump changes nothing");
            assert_eq!(time.wall_at(clock.steady() - Duration::from_secs(40)), SECONDS + 60);
        }
    }

    #[test]
    fn a_wall_clock_that_is_about_right_is_right() {
        let clock = Arc::new(TestClock::at(SECONDS + 60));
        let time = Time::new(clock.clone());
        time.learn(&says(DATE, None), clock.steady());
        assert_eq!(time.wall_s(), SECONDS + 60);
    }

    #[test]
    fn what_a_cache_kept_and_garbage_say_nothing() {
        let clock = Arc::new(TestClock::at(5));
        let time = Time::new(clock.clone());
        time.learn(&says(DATE, Some("3")), clock.steady());
        time.learn(&says("yesterday", None), clock.steady());
        time.learn(&Headers::default(), clock.steady());
        assert_eq!(time.wall_s(), 5);
    }
}
