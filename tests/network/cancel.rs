//! A cancel from another thread ends a call in whatever phase it is (N-2, D-9). Each server says when the phase begins.

use std::time::Duration;

use bearer::client::Request;
use bearer::error::Reason;

use crate::asking::{ask, body, client, failure, get};
use crate::phases;
use crate::wire::{Wire, answer};

#[test]
fn n_2_a_cancel_ends_every_phase() {
    for mut phase in phases::all(r#""timeout_s":60"#) {
        let cancel = phase.client.cancel.clone();
        let name = phase.name;
        std::thread::scope(|scope| {
            let (_unused, nothing) = std::sync::mpsc::channel();
            let reached = std::mem::replace(&mut phase.reached, nothing);
            let asking = scope.spawn(move || {
                let outcome = failure(phase.run());
                // For good, and without a connection.
                assert_eq!(failure(phase.run()), Reason::Cancelled);
                outcome
            });
            reached.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{name} never begins"));
            cancel.cancel();
            assert_eq!(asking.join().unwrap(), Reason::Cancelled, "{name}");
        });
    }
}

/// A cancel beats what the server has ready.
#[test]
fn a_cancelled_client_asks_nobody() {
    let wire = Wire::answering(answer("200 OK", "late"));
    let client = client(&wire.url(), "");
    let response = ask(&client, "GET", "x").unwrap();
    client.cancel.cancel();
    assert_eq!(failure(ask(&client, "GET", "x")), Reason::Cancelled);
    assert_eq!(wire.requests().len(), 1);
    // The body may have come with the head, or not.
    if let Err(error) = body(response) {
        assert_eq!(error.reason, Reason::Cancelled);
    }
}

/// A scope's cancel ends its own calls; the client goes on, on another connection.
#[test]
fn a_cancelled_scope_leaves_the_client() {
    let (reach, reached) = std::sync::mpsc::channel();
    let wire = Wire::start(move |peer| {
        while peer.request().is_some() {
            if peer.number == 1 {
                reach.send(()).unwrap();
                return peer.until_gone();
            }
            peer.answer("200 OK", "fine");
        }
    });
    let client = client(&wire.url(), "");
    let own = client.cancel.scope();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            failure(client.send(&mut Request::new("GET", "x").unwrap(), &client.call(&own, None, None)))
        });
        reached.recv().unwrap();
        own.cancel();
        assert_eq!(asking.join().unwrap(), Reason::Cancelled);
    });
    assert_eq!(get(&client, "x").unwrap(), "fine");
}

/// All calls of a client at once, each on its own thread.
#[test]
fn a_cancel_ends_many_calls() {
    let (reach, reached) = std::sync::mpsc::channel();
    let wire = Wire::start(move |peer| {
        peer.request();
        reach.send(()).unwrap();
        peer.until_gone();
    });
    let client = client(&wire.url(), "");
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(|| failure(ask(&client, "GET", "x")))).collect();
        (0..16).for_each(|_| reached.recv().unwrap());
        client.cancel.cancel();
        for call in asking {
            assert_eq!(call.join().unwrap(), Reason::Cancelled);
        }
    });
}
