//! A client of bytes: what the tests send and receive is all in sight.

// Each test program uses its own part of this.
#![allow(dead_code)]

use bearer_testserver::{Options, Server};
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub const BASIC: &str = "Basic dGVzdC1jbGllbnQ6dGVzdC1zZWNyZXQ=";
pub const POST_CLIENT: &str = "client_id=test-client&client_secret=test-secret";

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is text")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.as_str())
    }
}

pub fn start() -> Server {
    Server::start(Options::default()).expect("the server starts")
}

/// Connects to the host of a base URL.
pub fn connect(url: &str) -> TcpStream {
    let port = url.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    // Far longer than anything takes: it makes a failed test of one that would hang.
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
    stream
}

/// Reads one answer, byte by byte so that nothing behind it is taken.
pub fn read_answer(stream: &mut impl Read) -> Answer {
    try_read_answer(stream).expect("a whole answer")
}

pub fn try_read_answer(stream: &mut impl Read) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(exactly(stream, 1)?);
    }
    let head = String::from_utf8(head).expect("the head is text");
    let status = head[9..12].parse().expect("a status");
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    let mut answer = Answer { status, head, headers, body: Vec::new() };
    if answer.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                line.extend(exactly(stream, 1)?);
            }
            let digits = std::str::from_utf8(&line).expect("a size").trim();
            let size = usize::from_str_radix(digits, 16).expect("a size");
            answer.body.extend(exactly(stream, size)?);
            assert_eq!(exactly(stream, 2)?, b"\r\n");
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = answer.header("content-length") {
        let length = length.parse().expect("a length");
        answer.body = exactly(stream, length)?;
    }
    Ok(answer)
}

fn exactly(stream: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Sends bytes on a fresh connection and reads one answer.
pub fn once(url: &str, request: &str) -> Answer {
    let mut stream = connect(url);
    stream.write_all(request.as_bytes()).expect("the server reads");
    read_answer(&mut stream)
}

/// Sends a request and reads everything up to the end of the connection.
pub fn everything(url: &str, request: &str) -> (Vec<u8>, io::Result<usize>) {
    let mut stream = connect(url);
    stream.write_all(request.as_bytes()).expect("the server reads");
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received);
    (received, end)
}

/// A request's bytes; `headers` are whole lines.
pub fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// A form post's bytes.
pub fn form(path: &str, headers: &str, body: &str) -> String {
    let headers = format!("Content-Type: application/x-www-form-urlencoded\r\n{headers}");
    request("POST", path, &headers, body)
}

/// Asks the token endpoint.
pub fn token(server: &Server, body: &str) -> Answer {
    once(server.url(), &form("/auth/token", "", body))
}

/// Renews as the standard client.
pub fn refresh(server: &Server, refresh_token: &str) -> Answer {
    token(server, &refresh_body(refresh_token))
}

pub fn refresh_body(refresh_token: &str) -> String {
    format!("grant_type=refresh_token&refresh_token={refresh_token}&{POST_CLIENT}")
}

/// Asks the API.
pub fn get(server: &Server, path: &str, authorization: &str) -> Answer {
    once(server.url(), &get_request(path, authorization))
}

pub fn get_request(path: &str, authorization: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\n\r\n")
}

/// A bearer's `Authorization` value for a token answer.
pub fn bearer(tokens: &Value) -> String {
    format!("Bearer {}", text(tokens, "access_token"))
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value} is text"))
}

/// A control request that has to succeed.
pub fn control(server: &Server, method: &str, path: &str, body: &str) -> Value {
    let answer = control_answer(server, method, path, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

pub fn control_answer(server: &Server, method: &str, path: &str, body: &str) -> Answer {
    once(server.url(), &request(method, &format!("/control{path}"), "", body))
}

/// A fresh grant's tokens.
pub fn issue(server: &Server) -> Value {
    control(server, "POST", "/issue", "{}")
}

/// One member of the server's state.
pub fn count(server: &Server, name: &str) -> u64 {
    let state = control(server, "GET", "/state", "");
    state[name].as_u64().unwrap_or_else(|| panic!("{name} of {state} is a number"))
}

/// Whether the API takes the access token of an answer.
pub fn is_accepted(server: &Server, tokens: &Value) -> bool {
    match get(server, "/api/x", &bearer(tokens)).status {
        200 => true,
        401 => false,
        status => panic!("status {status}"),
    }
}
