//! Every way to say where an answer ends.

use crate::parked_stage::Line;

/// The answer that brings the token set of this number.
pub struct Framing {
    pub name: &'static str,
    /// What comes before the answer itself.
    pub before: &'static str,
    pub how: How,
}

#[derive(Clone, Copy, PartialEq)]
pub enum How {
    Length,
    Chunked,
    UntilClose,
}

const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";

/// Every way to say where an answer ends.
pub const FRAMINGS: [Framing; 3] = [
    Framing { name: "length", before: "", how: How::Length },
    Framing { name: "chunks", before: "", how: How::Chunked },
    Framing { name: "until close", before: "", how: How::UntilClose },
];

/// The same after interim answers.
pub const AFTER_INTERIM: [Framing; 3] = [
    Framing { name: "interim, length", before: INTERIM, how: How::Length },
    Framing { name: "interim, chunks", before: INTERIM, how: How::Chunked },
    Framing { name: "interim, until close", before: INTERIM, how: How::UntilClose },
];

/// The body of an answer.
pub fn tokens(number: usize) -> String {
    format!(r#"{{"access_token":"at-{number}","refresh_token":"rt-{number}","expires_in":3600}}"#)
}

impl Framing {
    pub fn answer(&self, number: usize) -> Vec<u8> {
        let (before, body) = (self.before, tokens(number));
        let length = body.len();
        let (first, rest) = body.split_at(20);
        let text = match self.how {
            How::Length => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"),
            How::Chunked => format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n{first}\r\n{:x};a=b\r\n{rest}\r\n0\r\nX: y\r\n\r\n",
                rest.len()
            ),
            How::UntilClose => format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
        };
        format!("{before}{text}").into_bytes()
    }

    /// Whether its connection can serve once more.
    pub fn keeps(&self) -> bool {
        self.how != How::UntilClose
    }

    /// Says the rest of an answer, and that it ends where only that tells.
    pub fn finish(&self, line: &mut Line, rest: &[u8]) {
        line.say(rest);
        if !self.keeps() {
            line.finish();
        }
    }
}
