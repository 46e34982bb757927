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

    /// The time as `Date` has it (RFC 9110, section 5.6.7).
    pub fn http_date(&self) -> String {
        http_date(self.now_s())
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

fn http_date(at_s: i64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"];
    let (days, second) = (at_s.div_euclid(86400), at_s.rem_euclid(86400));
    // Years that begin in March, so that a leap day is the last: 719468 days before 1970.
    let since = days + 719_468;
    let (era, day) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year + i64::from(month >= 10);
    let name = |names: &[&'static str], index: i64| usize::try_from(index).map_or("", |index| names[index]);
    format!(
        "{}, {of_month:02} {} {year:04} {:02}:{:02}:{:02} GMT",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month),
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // The first is the example of RFC 9110, the second a leap day.
    #[test]
    fn dates_of_http() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(1_798_761_599), "Thu, 31 Dec 2026 23:59:59 GMT");
    }
}
