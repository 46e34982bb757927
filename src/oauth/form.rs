//! `application/x-www-form-urlencoded`, as RFC 6749 appendix B uses it.

use crate::secret::{SecretBytes, Wiped};
use crate::url::percent_decode;

/// Appends the text, encoded.
pub fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(HEX[usize::from(byte >> 4)] as char);
                out.push(HEX[usize::from(byte & 15)] as char);
            }
        }
    }
}

/// The text, encoded.
pub fn encode(text: &str) -> Wiped {
    // Reserved in one go, so that no unwiped copy is left behind.
    let mut out = Wiped::with_capacity(text.len() * 3);
    encode_into(&mut out, text);
    out
}

/// A body of these parameters, in order.
pub fn body<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> SecretBytes {
    let size = parameters.clone().map(|(name, value)| (name.len() + value.len()) * 3 + 2).sum();
    let mut out = String::with_capacity(size);
    for (name, value) in parameters {
        if !out.is_empty() {
            out.push('&');
        }
        encode_into(&mut out, name);
        out.push('=');
        encode_into(&mut out, value);
    }
    SecretBytes::new(out.into_bytes())
}

/// The parameters of a body, decoded; `None` where it is not such a body.
pub fn parse(text: &str) -> Option<Vec<(String, Wiped)>> {
    let text = text.trim();
    if text.is_empty() || text.bytes().any(|b| !b.is_ascii_graphic()) {
        return None;
    }
    text.split('&')
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((decode(name)?.to_string(), decode(value)?))
        })
        .collect()
}

fn decode(text: &str) -> Option<Wiped> {
    percent_decode(&Wiped::new(text.replace('+', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_6749_appendix_b_example() {
        assert_eq!(&**encode(" %&+£€"), "+%25%26%2B%C2%A3%E2%82%AC");
        assert_eq!(&**decode("+%25%26%2B%C2%A3%E2%82%AC").unwrap(), " %&+£€");
    }

    #[test]
    fn bodies_are_built_and_read() {
        let parameters = [("grant_type", "refresh_token"), ("a b", "c=d&e")];
        let bytes = body(parameters.iter().copied());
        assert_eq!(bytes.expose(), b"grant_type=refresh_token&a+b=c%3Dd%26e");
        let read = parse(std::str::from_utf8(bytes.expose()).unwrap()).unwrap();
        assert_eq!(read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect::<Vec<_>>(), parameters);
    }

    #[test]
    fn what_is_no_form_is_none() {
        for bad in ["", "x", "a=%4", "a=%zz", "a=%ff", "<html>\n</html>", "{\"a\":\"b=c\"} x"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
