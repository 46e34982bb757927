//! N-2, T-24: a deadline ends a call in whatever phase it is. That it came back is all that is asserted, not how soon.

use std::time::Duration;

use bearer::client::Request;
use bearer::clock::Deadline;
use bearer::error::Reason;

use crate::asking::{ask, body, client, failure, get};
use crate::phases::{self, Phase};
use crate::wire::{Blackhole, Wire, answer};

/// Runs the phases, each on a thread of its own; all fail for this reason.
fn check(phases: impl Iterator<Item = Phase>, wanted: Reason) {
    std::thread::scope(|scope| {
        for mut phase in phases {
            scope.spawn(move || {
                let outcome = phase.run();
                assert!(outcome.is_err(), "{}", phase.name);
                assert_eq!(failure(outcome), wanted, "{}", phase.name);
            });
        }
    });
}

#[test]
fn n_2_t_24_a_deadline_ends_every_phase() {
    check(phases::all(r#""timeout_s":0.3"#).into_iter(), Reason::Deadline);
}

/// The time for connecting, where that is shorter, makes a failure to connect of it.
#[test]
fn n_2_the_time_for_connecting() {
    const CONNECTING: [&str; 5] =
        ["connect", "TLS handshake", "CONNECT", "SOCKS5 greeting", "SOCKS5 request"];
    let phases = phases::all(r#""connect_timeout_s":0.2"#).into_iter();
    check(phases.filter(|phase| CONNECTING.contains(&phase.name)), Reason::Connect);
}

/// ... and ends there: an answer may take longer than connecting may.
#[test]
fn n_2_the_time_for_connecting_is_not_the_answers() {
    let (go, asked_twice) = std::sync::mpsc::channel();
    let asked_twice = std::sync::Mutex::new(asked_twice);
    let wire = Wire::start(move |peer| {
        peer.request();
        asked_twice.lock().unwrap().recv().unwrap();
        peer.answer("200 OK", "slow");
    });
    let hole = Blackhole::new();
    std::thread::scope(|scope| {
        let slow = client(&wire.url(), r#""connect_timeout_s":0.2"#);
        let asking = scope.spawn(move || get(&slow, "x"));
        // By the time that this one has failed to connect, the other has had that long too.
        let connecting = client(&format!("http://{}", hole.address), r#""connect_timeout_s":0.4"#);
        assert_eq!(failure(ask(&connecting, "GET", "x")), Reason::Connect);
        go.send(()).unwrap();
        assert_eq!(asking.join().unwrap().unwrap(), "slow");
    });
}

#[test]
fn a_call_that_is_over_connects_to_nobody() {
    let wire = Wire::answering(answer("200 OK", "late"));
    let client = client(&wire.url(), "");
    let over = Deadline::after(Duration::ZERO);
    let call = client.call(&client.cancel, Some(over), None);
    assert_eq!(failure(client.send(&mut Request::new("GET", "x").unwrap(), &call)), Reason::Deadline);
    let call = client.call(&client.cancel, None, Some(Duration::ZERO));
    assert_eq!(failure(client.send(&mut Request::new("GET", "x").unwrap(), &call)), Reason::Deadline);
    assert_eq!(wire.connections(), 0);
    assert_eq!(get(&client, "x").unwrap(), "late");
}

/// The deadline holds for the body too, after `send` has long returned, and what was read before stays read.
#[test]
fn t_24_a_deadline_ends_a_body_that_is_streamed() {
    let wire = Wire::start(|peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        peer.until_gone();
    });
    let client = client(&wire.url(), r#""timeout_s":1"#);
    let mut response = ask(&client, "GET", "x").unwrap();
    let mut buffer = [0; 100];
    assert_eq!(response.read(&mut buffer).unwrap(), 4);
    assert_eq!(failure(response.read(&mut buffer)), Reason::Deadline);
    // What is left must not pass for the whole.
    assert_eq!(failure(response.read(&mut buffer)), Reason::Deadline);
    assert_eq!(failure(body(response)), Reason::Deadline);
}

/// A connection on which a call timed out is not used again: its answer could still come.
#[test]
fn n_2_a_late_answer_meets_nobody() {
    let wire = Wire::start(|peer| {
        while peer.request().is_some() {
            match peer.number {
                1 => peer.until_gone(),
                _ => peer.answer("200 OK", "mine"),
            }
        }
    });
    let client = client(&wire.url(), "");
    let call = client.call(&client.cancel, None, Some(Duration::from_millis(100)));
    assert_eq!(failure(client.send(&mut Request::new("GET", "x").unwrap(), &call)), Reason::Deadline);
    assert_eq!(get(&client, "y").unwrap(), "mine");
    assert_eq!(get(&client, "y").unwrap(), "mine");
    assert_eq!(wire.connections(), 2);
}
