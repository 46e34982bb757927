//! What an exchange is: a request, an answer, and the trait of whatever carries them.

use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::parked::Unfinished;
use crate::secret::{Secret, SecretBytes};
use crate::url::Url;

/// The longest header value that is sent; tokens among them (`hostile.md` H-4).
pub const LONGEST_HEADER: usize = 16 * 1024;

/// Header lines in order; names in any case, repeated ones kept. Every value is held like a secret, for any may be.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(String, Secret)>);

impl Headers {
    /// Appends a line as it is.
    pub fn push(&mut self, name: impl Into<String>, value: Secret) {
        self.0.push((name.into(), value));
    }

    /// Appends a line after checking that HTTP allows it (H-1, H-2).
    pub fn push_checked(&mut self, name: &str, value: &str) -> Result<()> {
        check_header(name, value)?;
        self.push(name, Secret::from(value));
        Ok(())
    }

    /// Replaces every line of that name, in any case, by one.
    pub fn set(&mut self, name: &str, value: Secret) {
        self.remove(name);
        self.push(name, value);
    }

    /// Takes every line of that name away, in any case.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// The first value of that name, in any case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.expose())
    }

    /// Every value of that name, in order.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.expose())
    }

    /// Every line in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose()))
    }

    /// The line at an index.
    pub fn at(&self, index: usize) -> Option<(&str, &str)> {
        self.0.get(index).map(|(name, value)| (name.as_str(), value.expose()))
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether the text is a token of RFC 9110 section 5.6.2: a method or a header name.
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Whether HTTP allows the text as a header value, and everybody understands it the same way: visible ASCII, with
/// spaces and tabs inside only.
pub fn is_header_value(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t'))
        && text.trim_matches([' ', '\t']).len() == text.len()
}

/// An error that names the header, never its value.
pub fn check_header(name: &str, value: &str) -> Result<()> {
    if !is_token(name) {
        return Err(Error::new(Reason::Header, "name: is not a header name (RFC 9110 section 5.6.2)"));
    }
    if !is_header_value(value) {
        return Err(Error::new(
            Reason::Header,
            format!(
                "value of {name}: has a control character, a character outside ASCII, or space at an end"
            ),
        ));
    }
    if value.len() > LONGEST_HEADER {
        return Err(Error::new(Reason::Header, format!("value of {name}: is longer than 16 KiB")));
    }
    Ok(())
}

/// Where a request body comes from.
pub enum Body<'a> {
    /// No body.
    Empty,
    /// Bytes that can be sent again.
    Bytes(&'a [u8]),
    /// A stream that can be read once; `len` where it is known.
    Stream {
        /// Gives the bytes.
        source: &'a mut dyn Source,
        /// How many they are.
        len: Option<u64>,
    },
}

/// A body that is read once, piece by piece.
pub trait Source: Send {
    /// Fills the buffer's begin; 0 is the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize>;
}

/// A request on its way out.
pub struct Outgoing<'a> {
    /// The method, as it is written in the request line.
    pub method: &'a str,
    /// Where it goes.
    pub url: &'a Url,
    /// Its headers, without those of the framing.
    pub headers: &'a Headers,
    /// Its body.
    pub body: Body<'a>,
}

/// An answer whose headers are in.
pub struct Incoming {
    /// The HTTP status.
    pub status: u16,
    /// All header lines in order.
    pub headers: Headers,
    /// The rest; reading stays under the deadline and the cancel of the call that asked.
    pub body: Box<dyn Source>,
}

impl Incoming {
    /// The whole body, unless it is larger than the limit.
    pub fn read_body(&mut self, limit: u64) -> Result<SecretBytes> {
        let mut bytes = SecretBytes::default();
        read_to_end(&mut *self.body, &mut bytes, limit)?;
        Ok(bytes)
    }

    /// With its whole body, unless that is larger than the limit.
    pub fn whole(mut self, limit: u64) -> std::result::Result<Whole, Unfinished<Whole>> {
        let body = self.read_body(limit).map_err(|error| Unfinished::failed(error, true))?;
        Ok(Whole { status: self.status, headers: self.headers, body })
    }
}

/// Appends all that is left, unless the whole grows larger than the limit.
pub fn read_to_end(source: &mut dyn Source, bytes: &mut SecretBytes, limit: u64) -> Result<()> {
    let mut piece = zeroize::Zeroizing::new([0u8; 8 * 1024]);
    loop {
        match source.read(&mut piece[..])? {
            0 => return Ok(()),
            n if (bytes.expose().len() + n) as u64 > limit => {
                return Err(Error::new(Reason::BodySize, format!("the body is larger than {limit} bytes")));
            }
            n => bytes.extend(&piece[..n])?,
        }
    }
}

/// An answer that has come to its end.
pub struct Whole {
    /// The HTTP status.
    pub status: u16,
    /// All header lines in order.
    pub headers: Headers,
    /// The body.
    pub body: SecretBytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Failed {
    /// What happened.
    pub error: Error,
    /// Whether a byte of the request may have reached the server: only if not, sending it again is always safe.
    pub sent: bool,
}

impl Failed {
    /// Failed before anything was sent.
    pub fn before_sending(error: Error) -> Failed {
        Failed { error, sent: false }
    }
}

impl<T> From<Failed> for Unfinished<T> {
    fn from(failed: Failed) -> Unfinished<T> {
        Unfinished::failed(failed.error, failed.sent)
    }
}

/// Carries one request and brings the head of its answer, blocking: the network, or the caller's own HTTP stack.
/// It follows no redirect and adds no header but those of the framing.
pub trait Transport: Send + Sync {
    /// One exchange under the call's deadline and cancel.
    fn exchange(&self, request: Outgoing<'_>, call: &Call) -> std::result::Result<Incoming, Failed>;

    /// One exchange to its end, with a body of at most `limit` bytes. Where the call ends before it does, it is parked
    /// if the transport can do that.
    fn whole(
        &self,
        request: Outgoing<'_>,
        limit: u64,
        call: &Call,
    ) -> std::result::Result<Whole, Unfinished<Whole>> {
        self.exchange(request, call)?.whole(limit)
    }
}

/// A body that is in memory.
pub struct InMemory {
    bytes: SecretBytes,
    at: usize,
}

impl InMemory {
    /// Takes the bytes over.
    pub fn new(bytes: SecretBytes) -> InMemory {
        InMemory { bytes, at: 0 }
    }
}

impl Source for InMemory {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let rest = &self.bytes.expose()[self.at..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h_1_h_2_what_no_header_may_have() {
        let mut headers = Headers::default();
        for (name, value) in [("", "x"), ("a b", "x"), ("a:", "x"), ("é", "x"), ("a\r\nb", "x")] {
            assert_eq!(headers.push_checked(name, value).unwrap_err().reason, Reason::Header, "{name:?}");
        }
        for value in ["a\r\nb", "a\nb", "a\0b", "a\u{7f}", "é", " a", "a\t"] {
            let error = headers.push_checked("x-test", value).unwrap_err();
            assert!(error.message.starts_with("value of x-test"), "{}", error.message);
        }
        assert!(headers.push_checked("x", &"a".repeat(LONGEST_HEADER + 1)).is_err());
        assert!(headers.push_checked("x", &"a".repeat(LONGEST_HEADER)).is_ok());
        assert!(headers.push_checked("x", "").is_ok());
        assert!(headers.push_checked("x", "a\tb c").is_ok());
    }

    #[test]
    fn set_replaces_in_any_case_and_keeps_the_rest_in_order() {
        let mut headers = Headers::default();
        for (name, value) in [("X", "1"), ("Authorization", "a"), ("x", "2"), ("AUTHORIZATION", "b")] {
            headers.push_checked(name, value).unwrap();
        }
        headers.set("authorization", Secret::from("c"));
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("X", "1"), ("x", "2"), ("authorization", "c")]);
        assert_eq!(headers.get("AUTHORIZATION"), Some("c"));
    }

    #[test]
    fn a_body_over_the_limit_is_too_large() {
        let body = |n| Incoming {
            status: 200,
            headers: Headers::default(),
            body: Box::new(InMemory::new(SecretBytes::new(vec![7; n]))),
        };
        assert_eq!(body(100_000).read_body(100_000).unwrap().expose().len(), 100_000);
        assert_eq!(body(100_001).read_body(100_000).unwrap_err().reason, Reason::BodySize);
    }
}
