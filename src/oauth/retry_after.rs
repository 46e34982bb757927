//! The `Retry-After` header: RFC 9110 section 10.2.3.

use crate::calendar;

/// Nobody is made to wait longer than this (`hostile.md` E-4).
const LONGEST_S: i64 = 3600;

/// Seconds to wait at `now` (since 1970): a number of seconds or a date, clamped to an hour; `None` for garbage.
pub fn seconds(value: &str, now: i64) -> Option<u64> {
    let value = value.trim();
    let seconds = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        value.parse().unwrap_or(LONGEST_S)
    } else {
        calendar::from_http_date(value)?.saturating_sub(now)
    };
    Some(seconds.clamp(0, LONGEST_S) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_4_seconds_dates_and_garbage() {
        // RFC 9110 section 10.2.3: "Fri, 31 Dec 1999 23:59:59 GMT", "120".
        let now = calendar::from_http_date("Fri, 31 Dec 1999 23:59:00 GMT").unwrap();
        assert_eq!(seconds("Fri, 31 Dec 1999 23:59:59 GMT", now), Some(59));
        assert_eq!(seconds("120", now), Some(120));
        assert_eq!(seconds("Fri, 31 Dec 1999 23:58:59 GMT", now), Some(0));
        assert_eq!(seconds("Sat, 01 Jan 2039 00:00:00 GMT", now), Some(3600));
        assert_eq!(seconds("1000000000", now), Some(3600));
        assert_eq!(seconds("99999999999999999999999", now), Some(3600));
        for garbage in ["", "-1", "soon", "1.5", "0x10"] {
            assert_eq!(seconds(garbage, now), None, "{garbage}");
        }
    }
}
