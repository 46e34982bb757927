//! What ureq's errors mean here. Their own texts are never shown: some hold URLs with their query.

use std::io;

use super::exchange::Exchange;
use crate::error::{Error, Reason};

/// Of a request that got no answer.
pub(super) fn before_head(error: ureq::Error, exchange: &Exchange) -> Error {
    if let Some(failure) = exchange.take_failure() {
        return cut(failure, exchange);
    }
    match error {
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            cut(Error::new(Reason::Connection, "the connection was closed before an answer came"), exchange)
        }
        ureq::Error::Io(error) => {
            cut(Error::new(Reason::Connection, format!("the connection failed: {}", error.kind())), exchange)
        }
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => Error::new(
            Reason::Framing,
            "the answer is not HTTP/1.1 as it should be, or its head is too large",
        ),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            Error::new(Reason::Url, "the request cannot be written as HTTP/1.1")
        }
        _ => Error::new(Reason::Unexpected, "the HTTP library refused the request"),
    }
}

/// Of a body that was being read.
pub(super) fn in_body(error: io::Error, exchange: &Exchange) -> Error {
    if let Some(failure) = exchange.take_failure() {
        return cut(failure, exchange);
    }
    // An end in the middle of a chunk is a malformed chunk to ureq.
    if error.kind() == io::ErrorKind::UnexpectedEof || exchange.has_ended() {
        return Error::new(Reason::Truncated, "the answer ended before it was whole");
    }
    Error::new(Reason::Framing, "the body of the answer is not HTTP/1.1 as it should be")
}

/// A connection that broke in the middle of an answer has truncated it; before that, there was nothing to truncate.
fn cut(failure: Error, exchange: &Exchange) -> Error {
    match (failure.reason, exchange.received_anything()) {
        (Reason::Connection, true) => {
            Error::new(Reason::Truncated, "the connection broke before the answer was whole")
        }
        (Reason::Truncated, false) => {
            Error::new(Reason::Connection, "the connection was closed before an answer came")
        }
        _ => failure,
    }
}
