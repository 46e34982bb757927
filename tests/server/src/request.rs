//! Reading requests off a connection.

use crate::encoding::hex;
use crate::stream::Stream;
use ring::digest::{Context, SHA256, digest};
use std::io::{self, ErrorKind, Read, Write};

/// The longest head that is read.
const MAX_HEAD: usize = 256 * 1024;
/// The most header lines that are read.
const MAX_HEADERS: usize = 1024;
/// The longest body that is read.
const MAX_BODY: u64 = 256 * 1024 * 1024;
/// How much of a body is kept.
const KEEP: usize = 1024 * 1024;
/// The same for control requests, which carry canned answers.
const KEEP_CONTROL: usize = 64 * 1024 * 1024;

/// A request that was read whole.
pub struct Request {
    /// The method as received.
    pub method: String,
    /// The request target as received.
    pub target: String,
    /// Whether the client can keep the connection.
    pub keep_alive: bool,
    /// The headers as received, in their order.
    pub headers: Vec<(String, String)>,
    /// SHA-256 of the certificate that the client showed, in hexadecimal.
    pub certificate: Option<String>,
    /// The beginning of the body.
    pub body: Vec<u8>,
    /// The length of the whole body.
    pub body_length: u64,
    /// The hash of the whole body.
    pub body_sha256: String,
}

impl Request {
    /// The target in origin form, which is what routes are about: a client that takes
    /// this server for its proxy sends whole URLs.
    pub fn origin_form(&self) -> &str {
        let Some((_, rest)) = self.target.split_once("://") else {
            return &self.target;
        };
        if self.target.starts_with('/') {
            return &self.target;
        }
        rest.find('/').map_or("/", |slash| &rest[slash..])
    }

    /// The path without its query, not decoded.
    pub fn path(&self) -> &str {
        let target = self.origin_form();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// The query, not decoded.
    pub fn query(&self) -> &str {
        self.origin_form().split_once('?').map_or("", |(_, query)| query)
    }

    /// The values of all headers of a name.
    pub fn header_values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.headers.iter();
        named.filter_map(move |(n, v)| n.eq_ignore_ascii_case(name).then_some(v.as_str()))
    }

    /// The value of a header that is there exactly once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.header_values(name);
        values.next().filter(|_| values.next().is_none())
    }

    /// The media type of the body, in lower case and without parameters.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        let media_type = value.split_once(';').map_or(value, |(first, _)| first);
        media_type.trim().to_ascii_lowercase()
    }

    /// The whole body; `None` if not all of it was kept.
    pub fn whole_body(&self) -> Option<&[u8]> {
        let kept = u64::try_from(self.body.len()).ok()?;
        (kept == self.body_length).then_some(self.body.as_slice())
    }

    /// The body as text, if it is short enough to be shown.
    pub fn body_text(&self) -> Option<&str> {
        let body = self.whole_body().filter(|body| body.len() <= 64 * 1024)?;
        std::str::from_utf8(body).ok()
    }
}

/// Why no request could be read.
#[derive(Debug)]
pub enum ReadError {
    /// The connection is gone.
    Io,
    /// What arrived is no request that can be served; the status to answer.
    Refused(u16, Vec<u8>),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

/// A connection with what was read ahead.
pub struct Wire {
    /// The connection.
    pub stream: Stream,
    buffer: Vec<u8>,
}

struct Head {
    length: usize,
    request: Request,
}

enum Framing {
    Length(u64),
    Chunked,
}

struct Sink {
    kept: Vec<u8>,
    keep: usize,
    length: u64,
    hash: Context,
}

impl Wire {
    /// Begins with nothing read.
    pub fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The next request; `None` when the client closed the connection between two.
    pub fn read_request(&mut self, is_control: fn(&Request) -> bool) -> Result<Option<Request>, ReadError> {
        let mut head = loop {
            if let Some(head) = parse_head(&self.buffer)? {
                break head;
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ReadError::Refused(431, self.buffer.clone()));
            }
            if !self.fill()? {
                return Ok(None);
            }
        };
        self.buffer.drain(..head.length);
        let request = &mut head.request;
        let framing = framing(request)?;
        let mut sink = Sink {
            kept: Vec::new(),
            keep: if is_control(request) { KEEP_CONTROL } else { KEEP },
            length: 0,
            hash: Context::new(&SHA256),
        };
        let has_body = !matches!(framing, Framing::Length(0));
        let waits = request.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"));
        if waits && has_body && self.buffer.is_empty() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            self.stream.flush()?;
        }
        match framing {
            Framing::Length(length) => self.body_part(length, &mut sink)?,
            Framing::Chunked => self.chunked_body(&mut sink)?,
        }
        request.certificate = self.stream.certificate().map(|der| hex(digest(&SHA256, der).as_ref()));
        request.body = sink.kept;
        request.body_length = sink.length;
        request.body_sha256 = hex(sink.hash.finish().as_ref());
        Ok(Some(head.request))
    }

    /// Waits until the client closes the connection.
    pub fn wait_for_close(&mut self) {
        while self.fill().unwrap_or(false) {
            self.buffer.clear();
        }
    }

    /// Reads more; `false` at the end of the input.
    fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(read) => {
                    self.buffer.extend_from_slice(&chunk[..read]);
                    return Ok(read > 0);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn body_part(&mut self, mut left: u64, sink: &mut Sink) -> Result<(), ReadError> {
        if sink.length.saturating_add(left) > MAX_BODY {
            return Err(ReadError::Refused(413, Vec::new()));
        }
        while left > 0 {
            if self.buffer.is_empty() && !self.fill()? {
                return Err(ReadError::Io);
            }
            let available = self.buffer.len();
            let taken = usize::try_from(left).map_or(available, |left| left.min(available));
            sink.take(&self.buffer[..taken]);
            self.buffer.drain(..taken);
            left -= taken as u64;
        }
        Ok(())
    }

    fn chunked_body(&mut self, sink: &mut Sink) -> Result<(), ReadError> {
        loop {
            let line = self.line()?;
            let digits = line.split_once(';').map_or(line.as_str(), |(size, _)| size);
            let digits = digits.trim();
            let size = match u64::from_str_radix(digits, 16) {
                Ok(size) if !digits.starts_with('+') && size <= MAX_BODY => size,
                Ok(_) => return Err(ReadError::Refused(413, Vec::new())),
                Err(_) => return Err(ReadError::Refused(400, Vec::new())),
            };
            if size == 0 {
                break;
            }
            self.body_part(size, sink)?;
            if !self.line()?.is_empty() {
                return Err(ReadError::Refused(400, Vec::new()));
            }
        }
        // Trailer fields are read and not used.
        while !self.line()?.is_empty() {}
        Ok(())
    }

    fn line(&mut self) -> Result<String, ReadError> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                let line = String::from_utf8_lossy(&line);
                return Ok(line.trim_end_matches(['\r', '\n']).to_string());
            }
            if self.buffer.len() > 8192 {
                return Err(ReadError::Refused(400, Vec::new()));
            }
            if !self.fill()? {
                return Err(ReadError::Io);
            }
        }
    }
}

impl Sink {
    fn take(&mut self, bytes: &[u8]) {
        let room = self.keep.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }
}

fn parse_head(buffer: &[u8]) -> Result<Option<Head>, ReadError> {
    let mut headers = vec![httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let refused = |status| ReadError::Refused(status, buffer.to_vec());
    let length = match parsed.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(refused(431)),
        Err(_) => return Err(refused(400)),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = parsed.headers.iter();
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_string(),
        target: parsed.path.unwrap_or_default().to_string(),
        keep_alive: false,
        headers: headers.map(|h| (h.name.to_string(), text(h.value))).collect(),
        certificate: None,
        body: Vec::new(),
        body_length: 0,
        body_sha256: String::new(),
    };
    let asks = |token: &str| {
        let mut values = request.header_values("connection").flat_map(|v| v.split(','));
        values.any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    request.keep_alive = match parsed.version {
        Some(1) => !asks("close"),
        _ => asks("keep-alive"),
    };
    Ok(Some(Head { length, request }))
}

/// How the body is framed. Whatever two readers could understand differently is
/// refused, so that a client which sends it fails its test.
fn framing(request: &Request) -> Result<Framing, ReadError> {
    let refused = |status| ReadError::Refused(status, request.target.clone().into_bytes());
    let mut lengths = request.header_values("content-length");
    let mut codings = request.header_values("transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(Framing::Length(0)),
        (None, Some(coding)) if coding.eq_ignore_ascii_case("chunked") && codings.next().is_none() => {
            Ok(Framing::Chunked)
        }
        (None, Some(_)) => Err(refused(501)),
        (Some(length), None) if lengths.next().is_none() && is_digits(length) => {
            length.parse().map(Framing::Length).map_err(|_| refused(413))
        }
        _ => Err(refused(400)),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
