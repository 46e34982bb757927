//! A request that can be sent again, and an answer whose body is read whole or piece by piece.

use std::time::Duration;

use crate::config::is_reserved;
use crate::error::{Error, Reason, Result};
use crate::http::{self, Body, Headers, Incoming, Outgoing, Source, read_to_end};
use crate::secret::SecretBytes;
use crate::url::Url;

/// A request to the API.
pub struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Headers,
    body: RequestBody,
    /// How long the whole call may take, where it is not the client's timeout.
    pub timeout: Option<Duration>,
}

enum RequestBody {
    Empty,
    Bytes(SecretBytes),
    Stream { source: ReadOnce, len: Option<u64> },
}

/// A body that can be read once; a request that failed before it was begun can still be sent.
struct ReadOnce {
    source: Box<dyn Source>,
    is_begun: bool,
}

impl Source for ReadOnce {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.is_begun = true;
        self.source.read(buffer)
    }
}

impl Request {
    /// The methods of RFC 9110 and 5789 may be written in lower case, as the source design does.
    pub fn new(method: &str, path: &str) -> Result<Request> {
        const STANDARD: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"];
        if !http::is_token(method) {
            return Err(Error::new(Reason::Value, "method: is not an HTTP method"));
        }
        let upper = method.to_ascii_uppercase();
        if upper == "CONNECT" {
            return Err(Error::new(Reason::Value, "method: CONNECT makes tunnels, not requests"));
        }
        let method = if STANDARD.contains(&upper.as_str()) { upper } else { method.to_owned() };
        Ok(Request {
            method,
            path: path.to_owned(),
            headers: Headers::default(),
            body: RequestBody::Empty,
            timeout: None,
        })
    }

    /// Appends a header line. Those that belong to the framing are refused (`hostile.md` H-3).
    pub fn add_header(&mut self, name: &str, value: &str) -> Result<()> {
        if is_reserved(name) {
            return Err(Error::new(Reason::Header, format!("name: {name} belongs to the library")));
        }
        self.headers.push_checked(name, value)
    }

    /// Appends an encoded query parameter.
    pub fn add_query(&mut self, name: &str, value: &str) {
        Url::add_query(&mut self.path, name, value);
    }

    /// A body that can be sent again.
    pub fn set_body(&mut self, bytes: SecretBytes) {
        self.body = RequestBody::Bytes(bytes);
    }

    /// A body that is read once.
    pub fn set_body_from(&mut self, source: Box<dyn Source>, len: Option<u64>) {
        self.body = RequestBody::Stream { source: ReadOnce { source, is_begun: false }, len };
    }

    pub(super) fn has_body(&self) -> bool {
        !matches!(self.body, RequestBody::Empty)
    }

    pub(super) fn can_be_sent_again(&self) -> bool {
        !matches!(self.body, RequestBody::Stream { .. })
    }

    pub(super) fn check_unspent(&self) -> Result<()> {
        match self.body {
            RequestBody::Stream { source: ReadOnce { is_begun: true, .. }, .. } => {
                Err(Error::new(Reason::Value, "request: its streamed body was read already; set a new one"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn outgoing<'a>(&'a mut self, url: &'a Url, headers: &'a Headers) -> Outgoing<'a> {
        let body = match &mut self.body {
            RequestBody::Empty => Body::Empty,
            RequestBody::Bytes(bytes) => Body::Bytes(bytes.expose()),
            RequestBody::Stream { source, len } => Body::Stream { source, len: *len },
        };
        Outgoing { method: &self.method, url, headers, body }
    }
}

/// An answer of the API.
pub struct Response {
    /// The HTTP status; 4xx and 5xx are answers like any other.
    pub status: u16,
    /// All header lines in order.
    pub headers: Headers,
    /// Where it came from.
    pub url: Url,
    body: Box<dyn Source>,
    failed: Option<Error>,
    limit: u64,
}

impl Response {
    pub(super) fn new(incoming: Incoming, url: Url, limit: u64) -> Response {
        let Incoming { status, headers, body } = incoming;
        Response { status, headers, url, body, failed: None, limit }
    }

    /// The next bytes of the body; 0 is the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.unless_failed(|body| body.read(buffer))
    }

    /// The rest of the body, unless it is larger than the limit; a NUL follows its last byte.
    pub fn read_rest(&mut self) -> Result<SecretBytes> {
        let limit = self.limit;
        self.unless_failed(|body| {
            let mut bytes = SecretBytes::default();
            read_to_end(body, &mut bytes, limit)?;
            bytes.extend(b"\0")?;
            Ok(bytes)
        })
    }

    /// A body that failed once fails for good: what is left of it must not pass for the whole.
    fn unless_failed<T>(&mut self, read: impl FnOnce(&mut dyn Source) -> Result<T>) -> Result<T> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        read(&mut *self.body).map_err(|error| {
            let error = error.at(self.url.without_query());
            self.failed = Some(error.clone());
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::InMemory;

    #[test]
    fn a_streamed_body_is_spent_once_it_is_read_and_not_before() {
        let url = Url::parse("http://a/").unwrap();
        let mut request = Request::new("put", "x").unwrap();
        request.set_body_from(Box::new(InMemory::new(SecretBytes::new(vec![1; 10]))), None);
        for _ in 0..2 {
            let _failed_to_connect = request.outgoing(&url, &Headers::default());
            request.check_unspent().unwrap();
        }
        let headers = Headers::default();
        if let Body::Stream { source, .. } = request.outgoing(&url, &headers).body {
            source.read(&mut [0; 4]).unwrap();
        }
        assert_eq!(request.check_unspent().unwrap_err().reason, Reason::Value);
    }
}
