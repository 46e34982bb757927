//! The head of an answer, read again from its bytes: ureq's own map loses the order of the lines.

use crate::error::{Error, Reason, Result};
use crate::http::Headers;
use crate::secret::Secret;

/// Status and headers of a head that ureq has accepted.
pub(super) fn read(head: &[u8]) -> Result<(u16, Headers)> {
    let malformed = || Error::new(Reason::Framing, "the head of the answer is malformed");
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status_line = lines.next().ok_or_else(malformed)?;
    let status = status_line
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| Error::new(Reason::Framing, "the answer has no usable status"))?;
    let mut headers = Headers::default();
    for line in lines.take_while(|line| !line.is_empty()) {
        let colon = line.iter().position(|&byte| byte == b':').ok_or_else(malformed)?;
        let name = std::str::from_utf8(&line[..colon]).map_err(|_| malformed())?;
        headers.push(name, Secret::new(text(line[colon + 1..].trim_ascii())));
    }
    check_framing(&headers)?;
    Ok((status, headers))
}

/// Refuses what two readers could understand differently (RFC 9112 section 6.3): a length beside a transfer coding, two
/// lengths, and any coding but chunked, of which ureq would make what it can.
fn check_framing(headers: &Headers) -> Result<()> {
    let ambiguous = |what: &'static str| Err(Error::new(Reason::Framing, what));
    let (lengths, mut codings) =
        (headers.get_all("content-length").count(), headers.get_all("transfer-encoding"));
    let coding = codings.next();
    if lengths > 1 || codings.next().is_some() {
        return ambiguous("the answer says twice how long it is");
    }
    match coding {
        Some(_) if lengths > 0 => ambiguous("the answer has a Content-Length and a Transfer-Encoding"),
        Some(coding) if !coding.eq_ignore_ascii_case("chunked") => {
            ambiguous("the answer has an unknown Transfer-Encoding")
        }
        _ => Ok(()),
    }
}

/// Bytes that are not UTF-8 are taken for ISO 8859-1, as HTTP once defined them.
fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|&byte| byte as char).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_order_and_case() {
        let head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nX-A:b \r\nset-cookie: c\r\nServer:\r\nX-Latin: \xe9\r\n\r\n";
        let (status, headers) = read(head).unwrap();
        assert_eq!(status, 200);
        let lines: Vec<_> = headers.iter().collect();
        assert_eq!(
            lines,
            [("Set-Cookie", "a"), ("X-A", "b"), ("set-cookie", "c"), ("Server", ""), ("X-Latin", "é")]
        );
    }

    #[test]
    fn t_22_ambiguous_lengths() {
        for lines in [
            "Content-Length: 1\r\nContent-Length: 1",
            "Content-Length: 1\r\nTransfer-Encoding: chunked",
            "transfer-encoding: chunked\r\nTRANSFER-ENCODING: chunked",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: x",
            "Transfer-Encoding:",
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");
            assert_eq!(read(head.as_bytes()).unwrap_err().reason, Reason::Framing, "{lines}");
        }
        assert!(read(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n").is_ok());
    }

    #[test]
    fn t_22_statuses_that_are_none() {
        for head in [
            "HTTP/1.1 099 x\r\n\r\n",
            "HTTP/1.1 101 x\r\n\r\n",
            "HTTP/1.1 600\r\n\r\n",
            "HTTP/1.1 2x0\r\n\r\n",
            "",
        ] {
            assert_eq!(read(head.as_bytes()).unwrap_err().reason, Reason::Framing, "{head}");
        }
    }
}
