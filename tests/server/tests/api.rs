//! The protected resource and the reading of requests.

mod common;

use common::*;
use serde_json::{Value, json};
use std::io::{Read, Write};

const NONE_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ABC_SHA256: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn the_echo_shows_the_request_as_received() {
    let server = start();
    let auth = bearer(&issue(&server));
    let answer = once(
        server.url(),
        &format!(
            "PATCH /api/%41/../x?q=%20&q HTTP/1.1\r\nHost: h\r\nauthorization: {auth}\r\n\
             x-B: 2\r\nX-a: 1\r\nx-B: 3\r\nContent-Length: 3\r\n\r\nabc"
        ),
    );
    assert_eq!(answer.status, 200);
    let expected = json!({
        "method": "PATCH",
        "path": "/api/%41/../x?q=%20&q",
        "headers": [["Host", "h"], ["authorization", auth], ["x-B", "2"], ["X-a", "1"],
            ["x-B", "3"], ["Content-Length", "3"]],
        "body_length": 3,
        "body_sha256": ABC_SHA256,
        "body_text": "abc",
    });
    assert_eq!(answer.json(), expected);
    let echo = get(&server, "/api", &auth).json();
    assert_eq!(echo["body_sha256"], NONE_SHA256);
}

#[test]
fn only_a_live_token_under_the_exact_scheme_gets_in() {
    let server = start();
    let tokens = issue(&server);
    let token = text(&tokens, "access_token");
    let refused = |answer: Answer| {
        assert_eq!((answer.status, answer.text()), (401, "401: Unauthorized"));
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        assert_eq!(answer.header("www-authenticate"), None);
    };
    assert!(is_accepted(&server, &tokens));
    for wrong in ["bearer", "BEARER", "Bearer ", "Token", "Basic"] {
        refused(get(&server, "/api/x", &format!("{wrong} {token}")));
    }
    refused(get(&server, "/api/x", token));
    refused(get(&server, "/api/x", "Bearer at-unknown"));
    refused(get(&server, "/api/x", &format!("Bearer {}", text(&tokens, "refresh_token"))));
    refused(once(server.url(), "GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n"));
    // Two headers are one too many, good as they are.
    refused(get(&server, "/api/x", &format!("Bearer {token}\r\nAuthorization: Bearer {token}")));
    assert_eq!(count(&server, "api_requests"), 11);
    assert_eq!(count(&server, "api_401"), 10);

    control(&server, "POST", "/config", r#"{"www_authenticate":"Bearer realm=\"x\""}"#);
    let answer = get(&server, "/api/x", "Bearer x");
    assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"x\""));
    control(&server, "POST", "/config", r#"{"reject_all":true}"#);
    assert!(!is_accepted(&server, &tokens));
    control(&server, "POST", "/config", r#"{"reject_all":false}"#);
    assert!(is_accepted(&server, &tokens));
}

#[test]
fn the_fixed_resource_wants_one_value() {
    let server = start();
    assert_eq!(get(&server, "/fixed/status/202", "secret").text(), "status 202");
    for wrong in ["Secret", "Bearer secret", ""] {
        assert_eq!(get(&server, "/fixed/x", wrong).status, 401);
    }
    control(&server, "POST", "/config", r#"{"fixed_authorization":"Key 1:2"}"#);
    assert_eq!(get(&server, "/fixed/x", "secret").status, 401);
    assert_eq!(get(&server, "/fixed/x", "Key 1:2").json()["path"], "/fixed/x");
}

#[test]
fn answers_of_every_kind() {
    let server = start();
    let auth = bearer(&issue(&server));
    for code in [200, 404, 503, 599] {
        let answer = get(&server, &format!("/api/status/{code}"), &auth);
        assert_eq!((answer.status, answer.text()), (code, format!("status {code}").as_str()));
    }
    let answer = get(&server, "/api/empty", &auth);
    assert_eq!((answer.status, answer.header("content-length")), (204, None));

    let answer = get(&server, "/api/headers", &auth);
    let named = |name| {
        let headers = answer.headers.iter().filter(move |(n, _)| n == name);
        headers.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(named("X-Repeated"), ["a", "b"]);
    assert_eq!(named("Set-Cookie"), ["first=1; Path=/", "second=2; Path=/"]);

    let answer = get(&server, "/api/redirect?to=http%3A%2F%2Fx%2F%3Fa%26b&status=307", &auth);
    assert_eq!((answer.status, answer.header("location")), (307, Some("http://x/?a&b")));
    assert_eq!(get(&server, "/api/redirect?to=/y", &auth).status, 302);
    let wrong = ["status/99", "status/x", "bytes/-1", "redirect", "redirect?to=/&status=200"];
    for wrong in wrong.iter().chain(&["redirect?to=%0d%0ax"]) {
        assert_eq!(get(&server, &format!("/api/{wrong}"), &auth).status, 400, "{wrong}");
    }
    assert_eq!(get(&server, "/nowhere", &auth).status, 404);
}

#[test]
fn patterns_come_whole_or_in_chunks() {
    let server = start();
    let auth = bearer(&issue(&server));
    for length in [0_usize, 1, 250, 251, 252, 16_064, 16_065, 1_000_000] {
        let expected: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        let answer = get(&server, &format!("/api/bytes/{length}"), &auth);
        assert_eq!(answer.header("content-length"), Some(length.to_string().as_str()));
        assert!(answer.body == expected, "{length} bytes");
        let answer = get(&server, &format!("/api/chunked/{length}"), &auth);
        assert_eq!(answer.header("content-length"), None);
        assert!(answer.body == expected, "{length} bytes in chunks");
    }
}

#[test]
fn head_leaves_the_body_out() {
    let server = start();
    let auth = bearer(&issue(&server));
    let head = get_request("/api/bytes/9", &auth).replace("GET", "HEAD");
    let head = head.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let (received, _) = everything(server.url(), &head);
    let received = String::from_utf8(received).expect("a head");
    assert!(received.contains("\r\nContent-Length: 9\r\n"), "{received}");
    assert!(received.ends_with("\r\n\r\n"), "{received}");
}

#[test]
fn chunked_requests_are_understood() {
    let server = start();
    let auth = bearer(&issue(&server));
    let head = format!(
        "POST /api/x HTTP/1.1\r\nHost: h\r\nAuthorization: {auth}\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    let mut stream = connect(server.url());
    for (body, length) in [("1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: t\r\n\r\n", 3), ("0\r\n\r\n", 0)] {
        stream.write_all(format!("{head}{body}").as_bytes()).expect("written");
        assert_eq!(read_answer(&mut stream).json()["body_length"], length);
    }
    let echo = once(server.url(), &format!("{head}1\r\na\r\n2\r\nbc\r\n0\r\n\r\n")).json();
    assert_eq!((echo["body_sha256"].clone(), echo["body_text"].clone()), (json!(ABC_SHA256), json!("abc")));
    for wrong in ["x\r\n", "1\r\nab\r\n", "-1\r\n", "\r\n"] {
        assert_eq!(once(server.url(), &format!("{head}{wrong}")).status, 400, "{wrong:?}");
    }
}

#[test]
fn big_bodies_are_hashed_and_not_shown() {
    let server = start();
    let auth = format!("Authorization: {}\r\n", bearer(&issue(&server)));
    let echo = |length: usize| {
        let body = "a".repeat(length);
        once(server.url(), &request("POST", "/api/x", &auth, &body)).json()
    };
    assert_eq!(echo(65_536)["body_text"].as_str().map(str::len), Some(65_536));
    assert_eq!(echo(65_537)["body_text"], Value::Null);
    let million = echo(5_000_000);
    assert_eq!(million["body_text"], Value::Null);
    assert_eq!(million["body_length"], 5_000_000);
    // Of five million letters a.
    let sha256 = ring::digest::digest(&ring::digest::SHA256, &[b'a'; 5_000_000]);
    let hex: String = sha256.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(million["body_sha256"], hex);
    let too_long = format!("POST /api/x HTTP/1.1\r\nHost: h\r\n{auth}Content-Length: 268435457\r\n\r\n");
    assert_eq!(once(server.url(), &too_long).status, 413);
}

#[test]
fn a_connection_serves_many_requests() {
    let server = start();
    let auth = bearer(&issue(&server));
    let mut stream = connect(server.url());
    for index in 0..3 {
        stream.write_all(get_request(&format!("/api/{index}"), &auth).as_bytes()).expect("written");
        let answer = read_answer(&mut stream);
        assert_eq!(answer.json()["path"], format!("/api/{index}"));
        assert_eq!(answer.header("connection"), None);
    }
    let both = get_request("/api/a", &auth) + &get_request("/api/b", &auth);
    stream.write_all(both.as_bytes()).expect("written");
    assert_eq!(read_answer(&mut stream).json()["path"], "/api/a");
    assert_eq!(read_answer(&mut stream).json()["path"], "/api/b");
    let state = control(&server, "GET", "/state", "");
    assert_eq!(state["connections"]["http"], 1);
    assert_eq!(state["open_connections"], 1);

    let last = get_request("/api/c", &auth).replace("Host", "Connection: close\r\nHost");
    stream.write_all(last.as_bytes()).expect("written");
    assert_eq!(read_answer(&mut stream).header("connection"), Some("close"));
    assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    assert_eq!(count(&server, "open_connections"), 0);

    control(&server, "POST", "/config", r#"{"keep_alive":false}"#);
    let (received, _) = everything(server.url(), &get_request("/api/status/200", &auth));
    let received = String::from_utf8(received).expect("text");
    assert!(received.contains("\r\nConnection: close\r\n"), "{received}");
}

#[test]
fn expect_100_continue_is_answered() {
    let server = start();
    let auth = bearer(&issue(&server));
    let mut stream = connect(server.url());
    let head = format!(
        "POST /api/x HTTP/1.1\r\nHost: h\r\nAuthorization: {auth}\r\nExpect: 100-continue\r\n\
         Content-Length: 3\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("written");
    assert_eq!(read_answer(&mut stream).status, 100);
    stream.write_all(b"abc").expect("written");
    assert_eq!(read_answer(&mut stream).json()["body_text"], "abc");
}

#[test]
fn ambiguous_and_malformed_requests_are_refused_and_recorded() {
    let server = start();
    let head = "POST /api/x HTTP/1.1\r\nHost: h\r\n";
    let both = format!("{head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    let twice = format!("{head}Content-Length: 1\r\nContent-Length: 1\r\n\r\na");
    let signed = format!("{head}Content-Length: +1\r\n\r\na");
    for (wrong, status) in [
        (both.as_str(), 400),
        (&twice, 400),
        (&signed, 400),
        (&format!("{head}Transfer-Encoding: gzip\r\n\r\n"), 501),
        ("\x16\x03\x01 secret\r\n\r\n", 400),
        (&format!("{head}{}\r\n", "X: y\r\n".repeat(1100)), 431),
        (&format!("{head}X: {}\r\n\r\n", "y".repeat(300_000)), 431),
    ] {
        assert_eq!(once(server.url(), wrong).status, status, "{:.99}", wrong);
    }
    let log = control(&server, "GET", "/log", "").to_string();
    assert!(log.contains(" secret"), "{log:.999}");
    assert_eq!(count(&server, "api_requests"), 0);
}
