//! A client as many are: it follows every redirect, with all that it has.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::cases::Case;
use super::servers::header;

pub fn send(case: &Case, origin: &str) {
    let (mut authority, mut path) = (origin.to_owned(), case.path());
    for _ in 0..5 {
        let Ok(mut stream) = TcpStream::connect(&authority) else { return };
        let body = case.body().unwrap_or_default();
        let mut request = format!("{} {path} HTTP/1.1\r\nHost: {authority}\r\n", case.method);
        for (name, value) in case.headers().into_iter().chain([case.token_header()]) {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        stream.write_all(request.as_bytes()).unwrap();
        let head = read_head(&mut stream);
        let Some(location) = header(&head, "location") else { return };
        match resolve(location) {
            (Some(next), at) => (authority, path) = (next, at),
            (None, at) => path = at,
        }
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = String::new();
    let mut piece = [0; 4096];
    while !head.contains("\r\n\r\n") {
        match stream.read(&mut piece) {
            Ok(n @ 1..) => head.push_str(&String::from_utf8_lossy(&piece[..n])),
            _ => break,
        }
    }
    head
}

/// Host with port where there is one, and path; as carefree as can be.
fn resolve(location: &str) -> (Option<String>, String) {
    let location = location.replace('\\', "/").to_ascii_lowercase();
    let rest = match location.strip_prefix("http:").unwrap_or(&location) {
        rest if rest.starts_with("//") => rest.trim_start_matches('/'),
        rest if rest.starts_with('/') => return (None, rest.to_owned()),
        rest => return (None, format!("/{rest}")),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let authority = rest[..end].rsplit('@').next().unwrap();
    let path = if end == rest.len() { "/" } else { &rest[end..] };
    (Some(authority.to_owned()), path.to_owned())
}
