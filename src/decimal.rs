//! Decimal numbers as text: everything counted here is seconds or whole numbers, so no doubles are needed.

/// A decimal number in thousandths, rounded down, and at most what fits: `3599.9` is 3 599 900, `1e400` the largest.
/// Everything counted here is seconds or whole numbers, so no doubles, and none of their tables, are needed.
pub fn thousandths(text: &str) -> Option<i64> {
    let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, small_integer(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    // How many digits stand before the point once it has moved.
    let kept = whole.len() as i64 + exponent + 3;
    let (mut number, mut is_cut) = (0i64, false);
    for (place, digit) in (0..).zip(whole.bytes().chain(fraction.bytes())) {
        if place < kept {
            number = number.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
        } else {
            is_cut |= digit != b'0';
        }
    }
    let digits = (whole.len() + fraction.len()) as i64;
    // Twenty zeros fill any i64.
    for _ in 0..(kept - digits).clamp(0, 20) {
        number = number.saturating_mul(10);
    }
    Some(if is_negative { -number - i64::from(is_cut) } else { number })
}

/// An exponent; those that make every number huge or nothing are all the same.
fn small_integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| sign * digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_9_decimals_are_rounded_down_and_saturate() {
        for (text, wanted) in [
            ("0", 0),
            ("-0", 0),
            ("3600", 3_600_000),
            ("3599.9", 3_599_900),
            ("0.0019", 1),
            ("-0.0001", -1),
            ("-0.5", -500),
            ("1.5e3", 1_500_000),
            ("12345e-2", 123_450),
            ("1E+2", 100_000),
            ("1795499228.123456", 1_795_499_228_123),
            ("1e400", i64::MAX),
            ("-1e400", -i64::MAX),
            ("1e-400", 0),
            ("0e400", 0),
            ("1e99999999999999999999", i64::MAX),
            ("9223372036854775808", i64::MAX),
            ("1000000000000000000000000000000", i64::MAX),
        ] {
            assert_eq!(thousandths(text), Some(wanted), "{text}");
        }
        for bad in ["", "-", "+1", ".5", "1.", "1e", "1e+", "1e1.5", "0x10", "1 ", "inf", "NaN", "1_000"] {
            assert_eq!(thousandths(bad), None, "{bad}");
        }
    }
}
