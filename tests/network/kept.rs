//! N-4, N-5: connections that are kept, and those that must not be.

use std::sync::{Arc, Barrier, mpsc};

use bearer::client::{Client, Request, Response};
use bearer::error::{Reason, Result};
use bearer::secret::SecretBytes;
use bearer::stats::Stats;

use crate::asking::{ask, body, client, failure, get, renewing, send};
use crate::wire::{Peer, Wire, answer};

/// Answers the first request of its first connection, and then does this to the second; later ones answer for ever.
fn stale(end: fn(&mut Peer)) -> (Wire, Client) {
    let wire = Wire::start(move |peer| {
        peer.request();
        peer.answer("200 OK", "first");
        if peer.number == 1 {
            peer.request();
            return end(peer);
        }
        while peer.request().is_some() {
            peer.answer("200 OK", "fresh");
        }
    });
    let client = client(&wire.url(), "");
    assert_eq!(get(&client, "first").unwrap(), "first");
    (wire, client)
}

fn streamed() -> Request {
    struct Once(bool);
    impl bearer::http::Source for Once {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            buffer[0] = b'x';
            Ok(usize::from(!std::mem::replace(&mut self.0, true)))
        }
    }
    let mut request = Request::new("PUT", "second").unwrap();
    request.set_body_from(Box::new(Once(false)), Some(1));
    request
}

/// A request of this method, with a body where the method has one.
fn second(method: &str) -> Request {
    let mut request = Request::new(method, "second").unwrap();
    if matches!(method, "PUT" | "POST" | "PATCH") {
        request.set_body(SecretBytes::new(b"body".to_vec()));
    }
    request
}

const ENDS: [fn(&mut Peer); 2] = [Peer::reset, Peer::finish];

#[test]
fn n_4_what_does_no_harm_twice_is_sent_once_more() {
    for end in ENDS {
        for method in ["GET", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let (wire, client) = stale(end);
            assert_eq!(body(send(&client, &mut second(method)).unwrap()).unwrap(), "first", "{method}");
            // One that was lost, one that was answered.
            assert_eq!((wire.connections(), wire.requests().len()), (2, 3), "{method}");
            assert_eq!(wire.requests()[1], wire.requests()[2]);
        }
        let (wire, client) = stale(end);
        assert_eq!(send(&client, &mut second("HEAD")).unwrap().status, 200);
        assert_eq!(wire.connections(), 2);
    }
}

#[test]
fn n_4_what_may_do_harm_twice_is_not() {
    for end in ENDS {
        for mut request in [second("POST"), second("PATCH"), second("LINK"), streamed()] {
            let (wire, client) = stale(end);
            assert_eq!(failure(send(&client, &mut request)), Reason::Connection);
            assert_eq!((wire.connections(), wire.requests().len()), (1, 2));
            assert_eq!(get(&client, "third").unwrap(), "first");
        }
    }
}

#[test]
fn n_4_a_second_failure_is_final() {
    for end in ENDS {
        let wire = Wire::start(move |peer| {
            peer.request();
            if peer.number == 1 {
                peer.answer("200 OK", "first");
                peer.request();
            }
            end(peer);
        });
        let client = client(&wire.url(), "");
        assert_eq!(get(&client, "first").unwrap(), "first");
        assert_eq!(failure(ask(&client, "GET", "second")), Reason::Connection);
        assert_eq!((wire.connections(), wire.requests().len()), (2, 3));
    }
}

/// The retry does not go to another connection that may be as stale as the first.
#[test]
fn n_4_the_retry_is_on_a_fresh_connection() {
    let wire = Wire::start(|peer| {
        peer.request();
        peer.answer("200 OK", "first");
        if peer.number <= 2 {
            peer.request();
            return peer.reset();
        }
        peer.until_gone();
    });
    let client = client(&wire.url(), "");
    let both = [ask(&client, "GET", "a").unwrap(), ask(&client, "GET", "b").unwrap()];
    for response in both {
        assert_eq!(body(response).unwrap(), "first");
    }
    assert_eq!(get(&client, "second").unwrap(), "first");
    assert_eq!((wire.connections(), wire.requests().len()), (3, 4));
}

#[test]
fn n_4_a_partial_answer_is_no_stale_connection() {
    let (wire, client) = stale(|peer| {
        peer.say("HTTP/1.1 200 OK\r\nContent-Le");
        peer.finish();
    });
    assert_eq!(failure(ask(&client, "GET", "second")), Reason::Truncated);
    assert_eq!(wire.connections(), 1);
}

/// Closed before the next request is made: that is seen before a byte of it is sent, so anything may be sent anew.
#[test]
fn n_4_a_connection_that_is_seen_closed_is_not_used() {
    for end in ENDS {
        for mut request in [second("GET"), second("POST"), second("LINK"), streamed()] {
            let (closed, is_closed) = mpsc::channel();
            let wire = Wire::start(move |peer| {
                peer.request();
                peer.answer("200 OK", "whole");
                if peer.number == 1 {
                    end(peer);
                    closed.send(()).unwrap();
                }
                peer.request();
            });
            let client = client(&wire.url(), "");
            // Read first, for a reset could take the answer away.
            let mut response = ask(&client, "GET", "first").unwrap();
            let first = response.read_rest();
            is_closed.recv().unwrap();
            if let Err(error) = first {
                assert_eq!(error.reason, Reason::Truncated);
            }
            assert_eq!(body(send(&client, &mut request).unwrap()).unwrap(), "whole");
            assert_eq!((wire.connections(), wire.requests().len()), (2, 2));
        }
    }
}

/// F-2: a renewal on a connection that was kept.
#[test]
fn n_4_f_2_a_renewal_on_a_stale_connection_is_lost() {
    let tokens = r#"{"access_token":"at-SECRET","refresh_token":"rt-SECRET","expires_in":3600}"#;
    for (policy, tries) in [("never", 0), ("once", 1)] {
        let wire = Wire::start(move |peer| {
            peer.request();
            peer.answer("200 OK", tokens);
            if peer.number == 1 {
                peer.request();
                return peer.reset();
            }
            peer.until_gone();
        });
        let retry = format!(r#","refresh":{{"retry_lost":"{policy}"}}"#);
        let client = renewing("http://127.0.0.1:1", &wire.url(), &retry);
        let call = client.call(&client.cancel, None, None);
        client.refresh(&call).unwrap();
        let outcome = client.refresh(&call);
        assert_eq!((wire.connections(), wire.requests().len()), (1 + tries, 2 + tries));
        match tries {
            0 => assert_eq!(failure(outcome), Reason::AnswerLost),
            _ => drop(outcome.unwrap()),
        }
    }
}

/// Where more than the answer came, the rest must not become the answer to the next request.
#[test]
fn n_5_a_connection_with_something_left_over_is_not_used() {
    let evil = answer("200 OK", "evil");
    let whole = [
        answer("200 OK", "fine"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nX-A: b\r\n\r\n".to_owned(),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n".to_owned(),
    ];
    for (method, begin) in whole.iter().map(|whole| ("GET", whole)).chain([("HEAD", &whole[0])]) {
        for left_over in [evil.as_str(), "x", "\r\n", "\0\0"] {
            let text = format!("{begin}{left_over}");
            let wire = Wire::start(move |peer| {
                while peer.request().is_some() {
                    match peer.number {
                        1 => peer.say(&text),
                        _ => peer.answer("200 OK", "good"),
                    }
                }
            });
            let client = client(&wire.url(), "");
            let first = body(ask(&client, method, "x").unwrap()).unwrap();
            assert!(first.is_empty() || first == "fine", "{first}");
            assert_eq!(get(&client, "x").unwrap(), "good", "{method} {begin} {left_over}");
            assert_eq!(wire.connections(), 2);
        }
    }
}

/// The same where it comes later, while the connection lies idle.
#[test]
fn n_5_a_connection_that_speaks_unasked_is_not_used() {
    let (spoken, has_spoken) = mpsc::channel();
    let (go, gone_idle) = mpsc::channel::<()>();
    let gone_idle = std::sync::Mutex::new(gone_idle);
    let wire = Wire::start(move |peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "good");
            if peer.number == 1 {
                gone_idle.lock().unwrap().recv().unwrap();
                peer.answer("200 OK", "evil");
                spoken.send(()).unwrap();
            }
        }
    });
    let client = client(&wire.url(), "");
    assert_eq!(get(&client, "x").unwrap(), "good");
    go.send(()).unwrap();
    has_spoken.recv().unwrap();
    assert_eq!(get(&client, "x").unwrap(), "good");
    assert_eq!(body(ask(&client, "POST", "x").unwrap()).unwrap(), "good");
    assert_eq!(wire.connections(), 2);
}

#[test]
fn one_connection_serves_one_request_after_the_other() {
    for whole in [
        answer("200 OK", "fine"),
        answer("404 Not Found", "fine"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n".to_owned(),
    ] {
        let wire = Wire::answering(whole);
        let client = client(&wire.url(), "");
        for method in ["GET", "POST", "PUT", "GET"] {
            assert_eq!(body(ask(&client, method, "x").unwrap()).unwrap(), "fine");
        }
        assert_eq!(wire.connections(), 1);
        assert_eq!(connections(&client.stats), 1);
    }
}

fn connections(stats: &Arc<Stats>) -> u64 {
    stats.connections.get()
}

#[test]
fn a_connection_that_ends_with_its_answer_is_not_used() {
    for head in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n",
        "HTTP/1.1 200 OK\r\nCONNECTION: Close\r\nContent-Length: 4\r\n",
    ] {
        // The server does not close: it is the client that must not ask there again.
        let wire = Wire::answering(format!("{head}\r\nfine"));
        let client = client(&wire.url(), "");
        assert_eq!(get(&client, "x").unwrap(), "fine");
        wire.wait_gone(1);
        assert_eq!(get(&client, "x").unwrap(), "fine");
        assert_eq!(wire.connections(), 2, "{head}");
    }
}

#[test]
fn an_answer_that_is_not_read_closes_its_connection() {
    let wire = Wire::answering(answer("200 OK", &"x".repeat(100_000)));
    let client = client(&wire.url(), "");
    drop(ask(&client, "GET", "x").unwrap());
    wire.wait_gone(1);
    let mut response = ask(&client, "GET", "x").unwrap();
    response.read(&mut [0; 10]).unwrap();
    drop(response);
    wire.wait_gone(2);
}

#[test]
fn without_idle_connections_every_request_has_its_own() {
    let wire = Wire::answering(answer("200 OK", "fine"));
    let client = client(&wire.url(), r#""idle_connections":0"#);
    for requests in 1..=3 {
        assert_eq!(get(&client, "x").unwrap(), "fine");
        wire.wait_gone(requests);
        assert_eq!(wire.connections(), requests);
    }
}

#[test]
fn no_more_connections_are_kept_than_configured() {
    let all_at_once = Barrier::new(6);
    let wire = Wire::start(move |peer| {
        while let Some(request) = peer.request() {
            if request.starts_with("GET /together ") {
                all_at_once.wait();
            }
            peer.answer("200 OK", "fine");
        }
    });
    let client = client(&wire.url(), r#""idle_connections":2"#);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(get(&client, "together").unwrap(), "fine"));
        }
    });
    assert_eq!(wire.connections(), 6);
    wire.wait_gone(4);
    let both: Vec<Response> = (0..2).map(|_| ask(&client, "GET", "x").unwrap()).collect();
    assert_eq!(wire.connections(), 6, "two were kept");
    both.into_iter().for_each(|response| assert_eq!(body(response).unwrap(), "fine"));
}
