//! T-20 to T-25 where the API is concerned, beyond `tests/c/hostile.c`; and what a request is on the wire.

use bearer::client::Request;
use bearer::error::{Error, Reason, Result};
use bearer::http::Source;
use bearer::secret::SecretBytes;

use crate::asking::{ask, body, client, failure, get, send};
use crate::wire::{Wire, answer};

/// Says a begin to every request, and then the same again and again until the client leaves.
fn endless(begin: &'static str, again: &'static str) -> Wire {
    Wire::start(move |peer| {
        peer.request();
        peer.say(begin);
        peer.flood(again);
    })
}

#[test]
fn t_20_bodies_without_end() {
    for (begin, again) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", "x"),
    ] {
        let wire = endless(begin, again);
        let client = client(&wire.url(), r#""max_response_bytes":100000"#);
        assert_eq!(failure(get(&client, "x")), Reason::BodySize, "{begin}");
        // Streamed, there is no limit but the caller's.
        let mut response = ask(&client, "GET", "x").unwrap();
        let mut bytes = 0;
        while bytes < 200_000 {
            bytes += response.read(&mut [0; 10_000]).unwrap();
        }
        drop(response);
    }
}

#[test]
fn t_20_the_limit_is_exact() {
    for (bytes, is_fine) in [(999, true), (1000, true), (1001, false)] {
        let wire = Wire::answering(answer("200 OK", &"x".repeat(bytes)));
        let client = client(&wire.url(), r#""max_response_bytes":1000"#);
        match is_fine {
            true => assert_eq!(get(&client, "x").unwrap().len(), bytes),
            false => assert_eq!(failure(get(&client, "x")), Reason::BodySize),
        }
    }
}

/// T-20: encoded bodies are the caller's own: nothing is unpacked behind its back, so nothing can blow up.
#[test]
fn t_20_encodings_are_handed_over() {
    let wire = Wire::answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nzzzz");
    let client = client(&wire.url(), "");
    let response = ask(&client, "GET", "x").unwrap();
    assert_eq!(response.headers.get("content-encoding"), Some("gzip"));
    assert_eq!(body(response).unwrap(), "zzzz");
    assert!(!wire.requests()[0].to_ascii_lowercase().contains("accept"), "{}", wire.requests()[0]);
}

/// T-21: as large as a head may be, in few lines and in many.
#[test]
fn t_21_large_heads() {
    for (lines, size) in [(4, 15_000), (100, 500), (1, 60_000)] {
        let line = format!("X-Line: {}\r\n", "x".repeat(size));
        let wire = Wire::answering(format!(
            "HTTP/1.1 200 OK\r\n{}Content-Length: 4\r\n\r\nfine",
            line.repeat(lines)
        ));
        let client = client(&wire.url(), "");
        for _ in 0..2 {
            let response = ask(&client, "GET", "x").unwrap();
            assert_eq!(response.headers.get_all("x-line").count(), lines);
            assert_eq!(body(response).unwrap(), "fine");
        }
        assert_eq!(wire.connections(), 1);
    }
}

/// T-21, T-22: what never ends is given up long before the deadline, and without much memory.
#[test]
fn t_21_t_22_heads_and_chunks_without_end() {
    for (begin, again) in [
        ("", "x"),
        ("HTTP/1.1 200 ", "x"),
        ("HTTP/1.1 200 OK\r\nX: ", "x"),
        ("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
        ("HTTP/1.1 200 OK\r\nX", "x"),
        ("", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("", "\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", " "),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx", "x"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", "x"),
    ] {
        let wire = endless(begin, again);
        let client = client(&wire.url(), "");
        let reason = failure(get(&client, "x"));
        assert_eq!(reason, Reason::Framing, "{begin:?} and then {again:?} for ever");
    }
}

#[test]
fn t_22_some_interim_answers() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    let wire = Wire::start(move |peer| {
        while peer.request().is_some() {
            for _ in 0..10 {
                peer.say(interim);
            }
            peer.answer("200 OK", "fine");
        }
    });
    let client = client(&wire.url(), "");
    for _ in 0..3 {
        let response = ask(&client, "GET", "x").unwrap();
        assert_eq!((response.status, response.headers.get("link")), (200, None));
        assert_eq!(body(response).unwrap(), "fine");
    }
    assert_eq!(wire.connections(), 1);
}

/// T-22: whatever was malformed, its connection does not serve again.
#[test]
fn t_22_malformed_answers_end_their_connection() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let wire = Wire::start(move |peer| {
            while peer.request().is_some() {
                match peer.number {
                    1 => peer.say(text),
                    _ => peer.answer("200 OK", "fine"),
                }
            }
        });
        let client = client(&wire.url(), "");
        assert_eq!(failure(get(&client, "x")), Reason::Framing, "{text}");
        assert_eq!(get(&client, "x").unwrap(), "fine");
        assert_eq!(wire.connections(), 2, "{text}");
    }
}

/// T-25, and the others that have no body whatever they say of its length.
#[test]
fn t_25_answers_without_a_body() {
    for (method, text) in [
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("DELETE", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
        ("GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n"),
        ("POST", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let wire = Wire::answering(text);
        let client = client(&wire.url(), "");
        for _ in 0..3 {
            assert_eq!(body(ask(&client, method, "x").unwrap()).unwrap(), "", "{method} {text}");
        }
        assert_eq!(wire.connections(), 1, "{method} {text}");
    }
}

/// Lines come as they were sent: in their order, in their case, repeated ones apart. ureq's own map loses that.
#[test]
fn headers_keep_their_order_and_case() {
    let lines =
        [("Set-Cookie", "a"), ("X-A", "1"), ("set-cookie", "b"), ("x-a", "2"), ("Content-Length", "0")];
    let head: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let wire = Wire::answering(format!("HTTP/1.1 200 OK\r\n{head}\r\n"));
    let response = ask(&client(&wire.url(), ""), "GET", "x").unwrap();
    assert_eq!(response.headers.iter().collect::<Vec<_>>(), lines);
}

#[test]
fn requests_on_the_wire() {
    let wire = Wire::answering(answer("200 OK", ""));
    let client = client(&wire.url(), r#""user_agent":"tests""#);
    let common = format!("host: {}\r\n", wire.address);
    for (method, framing) in
        [("GET", ""), ("HEAD", ""), ("DELETE", ""), ("POST", "0"), ("PUT", "0"), ("LINK", "")]
    {
        ask(&client, method, "x?y=%20z").unwrap();
        let seen = wire.requests().pop().unwrap();
        let mut lines: Vec<_> = seen.split("\r\n").filter(|line| !line.is_empty()).collect();
        assert_eq!(lines.remove(0), format!("{method} /x?y=%20z HTTP/1.1"));
        lines.sort_unstable();
        let length = format!("content-length: {framing}");
        let mut wanted = vec!["authorization: Bearer at-SECRET", common.trim(), "user-agent: tests"];
        if !framing.is_empty() {
            wanted.push(&length);
        }
        wanted.sort_unstable();
        assert_eq!(lines, wanted, "{method}");
    }
}

/// A body of the caller's, of pieces.
struct Pieces(Vec<Result<Vec<u8>>>);

impl Source for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0)?;
        buffer[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }
}

fn streaming(pieces: &[&str], len: Option<u64>) -> Request {
    let mut request = Request::new("PUT", "x").unwrap();
    let pieces = pieces.iter().map(|piece| match *piece {
        "fail" => Err(Error::new(Reason::Hook, "no more")),
        piece => Ok(piece.as_bytes().to_vec()),
    });
    request.set_body_from(Box::new(Pieces(pieces.collect())), len);
    request
}

#[test]
fn streamed_bodies() {
    let wire = Wire::answering(answer("200 OK", "fine"));
    let client = client(&wire.url(), "");
    send(&client, &mut streaming(&["ab", "c"], Some(3))).unwrap();
    let seen = wire.requests().pop().unwrap();
    assert!(seen.contains("content-length: 3\r\n") && seen.ends_with("\r\n\r\nabc"), "{seen}");
    assert!(!seen.contains("transfer-encoding"), "{seen}");
    send(&client, &mut streaming(&["ab", "c"], None)).unwrap();
    let seen = wire.requests().pop().unwrap();
    assert!(seen.contains("transfer-encoding: chunked\r\n") && !seen.contains("content-length"), "{seen}");
    assert!(seen.contains("ab") && seen.ends_with("0\r\n\r\n"), "{seen}");
    // No more than was said.
    send(&client, &mut streaming(&["ab", "c"], Some(2))).unwrap();
    assert!(wire.requests().pop().unwrap().ends_with("\r\n\r\nab"));
    // Less than was said, and a source that fails: the server must not take what it got for the whole.
    let gone = wire.connections();
    for mut request in
        [streaming(&["ab"], Some(3)), streaming(&["ab", "fail"], None), streaming(&["ab", "fail"], Some(9))]
    {
        let whole = wire.requests().len();
        assert_eq!(failure(send(&client, &mut request)), Reason::Hook);
        assert_eq!(get(&client, "y").unwrap(), "fine");
        assert!(wire.requests()[whole..].iter().all(|request| request.starts_with("GET /y ")));
    }
    assert!(wire.connections() >= gone + 3, "none of the three connections was used again");
}

/// An answer that comes before the request is whole, from a server that goes on reading.
#[test]
fn an_early_answer() {
    let wire = Wire::start(|peer| {
        peer.head();
        peer.answer("413 Content Too Large", "no");
        peer.until_gone();
    });
    let client = client(&wire.url(), "");
    let mut request = Request::new("PUT", "x").unwrap();
    request.set_body(SecretBytes::new(vec![b'x'; 8 << 20]));
    let response = send(&client, &mut request).unwrap();
    assert_eq!((response.status, body(response).unwrap().as_str()), (413, "no"));
}

/// A server that refuses a long body without reading it answers, and closes with bytes unread, which resets the
/// connection: its answer counts all the same, and the connection does not.
#[test]
fn an_early_answer_to_a_long_body_is_not_lost() {
    for status in ["401 Unauthorized", "413 Content Too Large"] {
        let wire = Wire::start(move |peer| {
            peer.head();
            peer.answer(status, "no");
        });
        let client = client(&wire.url(), "");
        let refused = |request: &mut Request| {
            let response = send(&client, request).unwrap();
            let code: u16 = status[..3].parse().unwrap();
            assert_eq!((response.status, body(response).unwrap().as_str()), (code, "no"));
        };
        let mut request = Request::new("PUT", "x").unwrap();
        request.set_body(SecretBytes::new(vec![b'x'; 16 << 20]));
        refused(&mut request);
        for len in [Some(16 << 20), None] {
            let mut request = Request::new("POST", "x").unwrap();
            request.set_body_from(Box::new(Zeros(16 << 20)), len);
            refused(&mut request);
        }
    }
}

/// So many zeros, piece by piece.
struct Zeros(usize);

impl Source for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = self.0.min(buffer.len());
        buffer[..n].fill(0);
        self.0 -= n;
        Ok(n)
    }
}
