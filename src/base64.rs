//! Base64 with padding (RFC 4648 section 4), for `Basic` credentials, and without in URLs (section 5).

use crate::secret::{SecretBytes, Wiped};

/// The bytes, encoded.
pub fn encode(bytes: &[u8]) -> Wiped {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Wiped::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            out.push(if place <= chunk.len() {
                ALPHABET[(word >> (18 - 6 * place) & 63) as usize] as char
            } else {
                '='
            });
        }
    }
    out
}

/// The bytes, encoded for URLs and file names, without padding.
pub fn encode_url(bytes: &[u8]) -> Wiped {
    let standard = encode(bytes);
    let mut out = Wiped::with_capacity(standard.len());
    for char in standard.chars().take_while(|char| *char != '=') {
        out.push(match char {
            '+' => '-',
            '/' => '_',
            other => other,
        });
    }
    out
}

/// The bytes of such a text; `None` for padding, other characters, or bits left over that are not zero (RFC 7515
/// section 2, `hostile.md` J-8).
pub fn decode_url(text: &str) -> Option<SecretBytes> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut word, mut bits) = (0u32, 0);
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        word = word << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    (bits < 6 && word == 0).then(|| SecretBytes::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j_8_decoding_is_strict() {
        for bytes in [&b""[..], b"f", b"fo", b"foo", b"foob", &[0xfb, 0xff, 0xfe, 0xff]] {
            assert_eq!(decode_url(&encode_url(bytes)).unwrap().expose(), bytes);
        }
        for bad in ["Zg==", "Z", "Zh", "Zm8=", "Zm9+", "Zm9/", "Zg ", "Zm9v\n", "A"] {
            assert!(decode_url(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn for_urls_it_has_other_characters_and_no_padding() {
        assert_eq!(&**encode_url(&[0xfb, 0xff, 0xfe, 0xff]), "-__-_w");
        assert_eq!(&**encode_url(b""), "");
    }

    #[test]
    fn rfc_4648_section_10_vectors() {
        for (text, wanted) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(&**encode(text.as_bytes()), wanted);
        }
    }
}
