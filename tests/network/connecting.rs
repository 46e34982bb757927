//! N-1 to N-3: names and addresses that lead nowhere, and servers that take a connection and nothing else.

use std::net::{IpAddr, Ipv6Addr, TcpListener};

use bearer::error::Reason;

use crate::asking::{ask, body, client, failure, get, renewing};
use crate::wire::{Blackhole, Wire, answer, closed_port};

#[test]
fn n_1_an_unknown_name() {
    let client = client("http://nobody.invalid", "");
    assert_eq!(failure(ask(&client, "GET", "x")), Reason::Dns);
    assert_eq!(failure(ask(&client, "POST", "x")), Reason::Dns);
    assert_eq!(client.stats.connections.get(), 0);
    // Nothing was sent, so a renewal there is not in doubt.
    let client = renewing("http://127.0.0.1:1", "http://nobody.invalid/token", "");
    assert_eq!(failure(ask(&client, "GET", "x")), Reason::Dns);
}

#[test]
fn n_2_a_refused_connection() {
    let (_socket, address) = closed_port();
    let client = client(&format!("http://{address}"), "");
    assert_eq!(failure(ask(&client, "GET", "x")), Reason::Connect);
    let renewing = renewing("http://127.0.0.1:1", &format!("http://{address}/token"), "");
    assert_eq!(failure(ask(&renewing, "GET", "x")), Reason::Connect);
}

#[test]
fn n_2_a_blackhole_ends_with_the_deadline_or_with_the_time_for_connecting() {
    let hole = Blackhole::new();
    let base = format!("http://{}", hole.address);
    assert_eq!(failure(ask(&client(&base, r#""timeout_s":0.05"#), "GET", "x")), Reason::Deadline);
    assert_eq!(failure(ask(&client(&base, r#""connect_timeout_s":0.05"#), "GET", "x")), Reason::Connect);
}

#[test]
fn n_2_a_reset_after_the_accept() {
    let wire = Wire::start(|peer| peer.reset());
    let client = client(&wire.url(), "");
    for method in ["GET", "POST"] {
        let reason = failure(ask(&client, method, "x"));
        // The reset may overtake the end of the connect.
        assert!(matches!(reason, Reason::Connection | Reason::Connect), "{reason:?}");
    }
    assert_eq!(wire.connections(), 2, "nothing is tried again on a connection that was fresh");
}

#[test]
fn n_2_a_reset_after_the_request() {
    let wire = Wire::start(|peer| {
        peer.request();
        peer.reset();
    });
    let client = client(&wire.url(), "");
    assert_eq!(failure(ask(&client, "GET", "x")), Reason::Connection);
    assert_eq!(failure(ask(&client, "POST", "x")), Reason::Connection);
    assert_eq!(wire.requests().len(), 2);
}

#[test]
fn n_2_accepted_and_closed_before_the_request_is_read() {
    let wire = Wire::start(|peer| peer.finish());
    let client = client(&wire.url(), "");
    assert_eq!(failure(ask(&client, "GET", "x")), Reason::Connection);
}

/// F-2, N-2: what a renewal says of the same.
#[test]
fn n_2_a_renewal_whose_connection_breaks_is_uncertain() {
    let wire = Wire::start(|peer| {
        peer.request();
        peer.reset();
    });
    let never = renewing("http://127.0.0.1:1", &wire.url(), r#","refresh":{"retry_lost":"never"}"#);
    assert_eq!(failure(ask(&never, "GET", "x")), Reason::AnswerLost);
    assert_eq!(wire.connections(), 1);
    let once = renewing("http://127.0.0.1:1", &wire.url(), "");
    assert_eq!(failure(ask(&once, "GET", "x")), Reason::AnswerLost);
    assert_eq!(wire.connections(), 3);
}

#[test]
fn n_3_ipv6() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return; // This system has no IPv6.
    }
    let wire = Wire::at(IpAddr::V6(Ipv6Addr::LOCALHOST), 0, |peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "six");
        }
    });
    let client = client(&wire.url(), "");
    assert_eq!(get(&client, "x").unwrap(), "six");
    assert!(wire.requests()[0].contains(&format!("host: [::1]:{}\r\n", wire.address.port())));
    // The address that a closed IPv6 port refuses.
    let port = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let closed = crate::asking::client(&format!("http://[::1]:{port}"), "");
    assert_eq!(failure(ask(&closed, "GET", "x")), Reason::Connect);
}

/// `localhost` may mean ::1 first: where only 127.0.0.1 listens, that one is found.
#[test]
fn n_3_localhost() {
    let wire = Wire::answering(answer("200 OK", "here"));
    let client = client(&format!("http://localhost:{}", wire.address.port()), "");
    assert_eq!(get(&client, "x").unwrap(), "here");
    assert_eq!(get(&client, "x").unwrap(), "here");
    assert_eq!(wire.connections(), 1);
}

/// After each failure the client is as good as new.
#[test]
fn n_2_usable_afterwards() {
    let wire = Wire::start(|peer| {
        if peer.number % 2 == 1 {
            return peer.reset();
        }
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfine");
        peer.finish();
    });
    let client = client(&wire.url(), "");
    for _ in 0..5 {
        failure(ask(&client, "GET", "x"));
        assert_eq!(body(ask(&client, "GET", "x").unwrap()).unwrap(), "fine");
    }
    assert_eq!(wire.connections(), 10);
}
