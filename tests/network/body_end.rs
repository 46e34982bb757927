//! T-23: where an answer ends, and where it was only cut.

use std::sync::mpsc;

use bearer::error::Reason;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, body, client, configured, failure, get};
use crate::tls::{Relay, raw_answer, trusting};
use crate::wire::{Wire, answer};

/// Says this to every request, and then FIN.
fn saying(text: &str) -> Wire {
    let text = text.to_owned();
    Wire::start(move |peer| {
        peer.request();
        peer.say(&text);
        peer.finish();
        peer.until_gone();
    })
}

#[test]
fn t_23_a_clean_end_of_a_body_until_close_is_whole() {
    for head in ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n"] {
        for text in ["", "fine", &"x".repeat(100_000)] {
            let wire = saying(&format!("{head}\r\n{text}"));
            assert_eq!(get(&client(&wire.url(), ""), "x").unwrap(), text);
        }
    }
}

#[test]
fn t_23_cut_at_any_byte() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n10;a=b\r\n0123456789abcdef\r\n0\r\n\r\n";
    for whole in [answer("200 OK", "fine"), chunked.to_owned()] {
        let cut_at = std::sync::atomic::AtomicUsize::new(0);
        let wire = {
            let whole = whole.clone();
            Wire::start(move |peer| {
                let cut_at = cut_at.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                peer.request();
                peer.say(&whole[..cut_at]);
                peer.finish();
                peer.until_gone();
            })
        };
        let client = client(&wire.url(), "");
        for bytes in 0..whole.len() {
            let outcome = get(&client, "x");
            if outcome.is_ok() && whole == chunked && bytes + 2 >= whole.len() {
                continue; // Only the empty line behind the last chunk is missing: either way will do.
            }
            let wanted = if bytes == 0 { Reason::Connection } else { Reason::Truncated };
            assert_eq!(failure(outcome), wanted, "{bytes} bytes of {whole:?}");
        }
        assert!(get(&client, "x").is_ok());
    }
}

/// RST is no end, whatever the framing. It comes once the client has read a part, and so cannot overtake that.
#[test]
fn t_23_reset() {
    for begin in [
        "HTTP/1.1 200 OK\r\n\r\nhalf",
        "HTTP/1.0 200 OK\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let (go, has_read) = mpsc::channel::<()>();
        let has_read = std::sync::Mutex::new(has_read);
        let wire = Wire::start(move |peer| {
            peer.request();
            peer.say(begin);
            has_read.lock().unwrap().recv().unwrap();
            peer.reset();
        });
        let client = client(&wire.url(), "");
        let mut response = ask(&client, "GET", "x").unwrap();
        let mut buffer = [0; 100];
        assert_eq!(response.read(&mut buffer).unwrap(), 4);
        go.send(()).unwrap();
        assert_eq!(failure(response.read(&mut buffer)), Reason::Truncated, "{begin}");
        assert_eq!(failure(response.read(&mut buffer)), Reason::Truncated, "{begin}");
    }
}

/// T-23 by TLS: an end without close_notify is none, not even of a body until close.
#[test]
fn t_23_tls_without_close_notify() {
    let server = Server::start(Options::default()).unwrap();
    for (begin, is_whole_by_length) in [
        ("HTTP/1.1 200 OK\r\n\r\nfine", false),
        ("HTTP/1.0 200 OK\r\n\r\nfine", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nfine", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine", true),
    ] {
        // In order, with close_notify.
        raw_answer(&server, "/api/", begin, false);
        let client = configured(&trusting(&server, server.https_url(), ""));
        let outcome = get(&client, "api/x");
        match begin.contains("8\r\n") || begin.contains("chunked") {
            true => assert_eq!(failure(outcome), Reason::Truncated, "{begin}"),
            false => assert_eq!(outcome.unwrap(), "fine", "{begin}"),
        }
        // The wire is cut once the client has the begin.
        raw_answer(&server, "/api/", begin, true);
        let relay = Relay::to(server.https_url());
        let client = configured(&trusting(&server, &relay.url(), ""));
        let mut response = ask(&client, "GET", "api/x").unwrap();
        let mut buffer = [0; 100];
        assert_eq!(response.read(&mut buffer).unwrap(), 4);
        relay.cut();
        match is_whole_by_length {
            true => assert_eq!(response.read(&mut buffer).unwrap(), 0),
            false => assert_eq!(failure(response.read(&mut buffer)), Reason::Truncated, "{begin}"),
        }
    }
}

/// E-5, F-2 by TLS: a connection that ends before a byte of the answer has lost it, whether it says goodbye or not.
#[test]
fn t_23_f_2_tls_closed_before_an_answer() {
    let server = Server::start(Options::default()).unwrap();
    for notify in [r#","no_close_notify":true"#, ""] {
        let client =
            configured(&trusting(&server, server.https_url(), r#","refresh":{"retry_lost":"never"}"#));
        let fault = format!(r#"{{"path":"/api/","close_before_answer":true{notify}}}"#);
        assert_eq!(server.control("POST", "/control/fault", &fault).0, 200);
        assert_eq!(failure(ask(&client, "GET", "api/x")), Reason::Connection, "API {notify}");
        let fault = format!(r#"{{"path":"/auth/token","close_before_answer":true{notify}}}"#);
        assert_eq!(server.control("POST", "/control/fault", &fault).0, 200);
        let call = client.call(&client.cancel, None, None);
        assert_eq!(failure(client.refresh(&call)), Reason::AnswerLost, "renewal {notify}");
    }
}

/// N-4 by TLS: a kept connection that the server has given up, seen only when the next request is made.
#[test]
fn n_4_tls_stale() {
    let server = Server::start(Options::default()).unwrap();
    for notify in ["", r#","no_close_notify":true"#] {
        let client = configured(&trusting(&server, server.https_url(), ""));
        body(ask(&client, "GET", "api/x").unwrap()).unwrap();
        let fault = format!(r#"{{"path":"/api/","close_before_answer":true{notify}}}"#);
        assert_eq!(server.control("POST", "/control/fault", &fault).0, 200);
        let outcome = get(&client, "api/x");
        assert!(outcome.is_ok(), "{notify}: {outcome:?}");
        assert_eq!(client.stats.connections.get(), 2);
        assert_eq!(server.control("POST", "/control/fault", &fault).0, 200);
        assert_eq!(failure(ask(&client, "POST", "api/x")), Reason::Connection, "{notify}");
        assert_eq!(client.stats.connections.get(), 2);
    }
}

/// N-4 by TLS: closed before the next request is made.
#[test]
fn n_4_tls_closed() {
    let server = Server::start(Options::default()).unwrap();
    let relay = Relay::to(server.https_url());
    let client = configured(&trusting(&server, &relay.url(), ""));
    get(&client, "api/x").unwrap();
    relay.cut();
    body(ask(&client, "POST", "api/x").unwrap()).unwrap();
    assert_eq!(relay.connections(), 2);
}

/// N-5 by TLS: what is left over may lie in the same record as the end of the answer.
#[test]
fn n_5_tls_something_left_over() {
    let server = Server::start(Options::default()).unwrap();
    let evil = answer("200 OK", "evil");
    // Answers that end just where a buffer of 4, 8 or 16 KiB is full, and around it.
    for size in [100, 4096, 8191, 8192, 8193, 12_000, 16_000, 16_384] {
        let client = configured(&trusting(&server, server.https_url(), ""));
        let mut whole = answer("200 OK", &"x".repeat(size - 60));
        whole = answer("200 OK", &"x".repeat(size - 60 + size - whole.len()));
        raw_answer(&server, "/api/", &format!("{whole}{evil}"), true);
        assert!(get(&client, "api/x").unwrap().starts_with("xxx"));
        let next = get(&client, "api/next").unwrap();
        assert!(next.contains("/api/next"), "after {size} bytes: {next}");
    }
}
