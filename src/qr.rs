//! QR codes in text.

use crate::error::{Error, Reason, Result};

/// The lines, each with a line feed behind it: light on dark, two rows of modules in a line.
#[cfg(not(feature = "qr"))]
pub fn draw(_: &str) -> Result<String> {
    Err(Error::new(Reason::NotBuilt, "text: this build draws no QR codes (feature qr)"))
}

/// The lines, each with a line feed behind it: light on dark, two rows of modules in a line.
#[cfg(feature = "qr")]
pub fn draw(text: &str) -> Result<String> {
    /// How many light modules the standard wants around the code (ISO/IEC 18004).
    const MARGIN: i32 = 4;
    /// What version 40-M holds in bytes; the other forms, for digits and capitals, are not used: a URL has small letters.
    const LONGEST: usize = 2331;
    let too_long = || Error::new(Reason::QrSize, "text: is too long for a QR code");
    if text.len() > LONGEST {
        return Err(too_long());
    }
    let code = qrcodegen::QrCode::encode_binary(text.as_bytes(), qrcodegen::QrCodeEcc::Medium)
        .map_err(|_| too_long())?;
    let end = code.size() + MARGIN;
    // The last line has one row; below it the terminal itself is dark.
    let is_light = |x, y| y < end && !code.get_module(x, y);
    let mut lines = String::new();
    for y in (-MARGIN..end).step_by(2) {
        for x in -MARGIN..end {
            lines.push(match (is_light(x, y), is_light(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        lines.push('\n');
    }
    Ok(lines)
}

#[cfg(all(test, feature = "qr"))]
#[path = "../tests/support/qr.rs"]
mod reader;

#[cfg(all(test, feature = "qr"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_can_be_read() {
        let url = "https://auth.example.com/device?user_code=WDJB-MJHT";
        for text in [
            "A".to_owned(),
            "1234567890".repeat(10),
            "HTTPS://EXAMPLE.COM/DEVICE".to_owned(),
            url.to_owned(),
            format!("{url}&state={}", "x1-_~%2F".repeat(20)),
            format!("{url}&state={}", "x1-_~%2F".repeat(120)),
            "https://例え.example/デバイス?code=ü".to_owned(),
            "x".repeat(2331),
        ] {
            let drawn = draw(&text).unwrap();
            assert_eq!(reader::read(&drawn), text);
        }
    }

    #[test]
    fn it_is_the_smallest_code_with_the_margin_of_the_standard() {
        // Versions 1 and 2 at M hold 14 and 26 bytes: 21 and 25 modules in a row.
        for (len, modules) in [(1, 21), (14, 21), (15, 25), (26, 25), (27, 29), (2331, 177)] {
            let drawn = draw(&"x".repeat(len)).unwrap();
            let lines: Vec<Vec<char>> = drawn.lines().map(|line| line.chars().collect()).collect();
            assert!(lines.iter().all(|line| line.len() == modules + 8));
            assert_eq!(lines.len(), (modules + 8).div_ceil(2));
            assert!(lines[..2].concat().iter().all(|cell| *cell == '█'));
            assert!(lines.iter().all(|line| [&line[..4], &line[line.len() - 4..]].concat().iter().all(
                |cell| { *cell == if std::ptr::eq(line, lines.last().unwrap()) { '▀' } else { '█' } }
            )));
            // The corner of the first finder pattern: a row of seven dark modules above one dark at each side.
            assert_eq!(lines[2][4..12].iter().collect::<String>(), " ▄▄▄▄▄ █");
        }
    }

    #[test]
    fn too_long_a_text_is_refused() {
        for len in [2332, 3000, 10_000_000] {
            assert_eq!(draw(&"1".repeat(len)).unwrap_err().reason, Reason::QrSize);
        }
    }
}
