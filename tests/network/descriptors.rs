//! N-7: no file descriptor is left. In a child process that has no other use for them, not even a listener: an accept
//! that waits has taken its descriptor already. The server is its parent.

use std::ffi::OsString;
use std::fs::File;

use bearer::error::Reason;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, body, client, configured, failure, get, is_child, run_child};
use crate::tls::trusting;
use crate::wire::{Wire, answer};

/// Takes descriptors until the system has none to give.
fn take_all() -> Vec<File> {
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: the pointer is to a valid rlimit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    taken
}

#[test]
fn n_7_no_descriptor_is_left() {
    if !is_child() {
        let wire = Wire::answering(answer("200 OK", "fine"));
        let url = OsString::from(wire.url());
        return run_child("descriptors::n_7_no_descriptor_is_left", &[("WIRE_URL", &url)]);
    }
    let base = std::env::var("WIRE_URL").unwrap();
    let (fresh, kept) = (client(&base, ""), client(&base, ""));
    assert_eq!(get(&kept, "x").unwrap(), "fine");
    let mut taken = take_all();
    for method in ["GET", "POST"] {
        assert_eq!(failure(ask(&fresh, method, "x")), Reason::Connect);
    }
    let by_name = client(&base.replace("127.0.0.1", "localhost"), "");
    let reason = failure(ask(&by_name, "GET", "x"));
    assert!(matches!(reason, Reason::Dns | Reason::Connect), "{reason:?}");
    // A connection that is there needs no descriptor, not even to wait for an answer.
    assert_eq!(get(&kept, "x").unwrap(), "fine");
    // With one, a connection can be made; a cancel is then looked for from time to time.
    taken.pop();
    assert_eq!(get(&fresh, "x").unwrap(), "fine");
    drop(fresh);
    let silent = client(&base, r#""timeout_s":0.05,"proxy":"socks5h://127.0.0.1:1""#);
    assert_eq!(failure(ask(&silent, "GET", "x")), Reason::Connect);
    // All is well again.
    taken.clear();
    let fresh = client(&base, "");
    assert_eq!(get(&fresh, "x").unwrap(), "fine");
    assert_eq!(get(&by_name, "x").unwrap(), "fine");
}

/// A cancel still ends a call that could get no descriptor to hear of it.
#[test]
fn n_7_a_cancel_without_a_descriptor() {
    if !is_child() {
        let wire = Wire::start(|peer| {
            peer.request();
            peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
            peer.until_gone();
        });
        let url = OsString::from(wire.url());
        return run_child("descriptors::n_7_a_cancel_without_a_descriptor", &[("WIRE_URL", &url)]);
    }
    let asked = client(&std::env::var("WIRE_URL").unwrap(), "");
    let mut taken = take_all();
    taken.pop();
    let mut response = ask(&asked, "GET", "x").unwrap();
    let mut buffer = [0; 10];
    assert_eq!(response.read(&mut buffer).unwrap(), 4);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| failure(body(response)));
        asked.cancel.cancel();
        assert_eq!(reading.join().unwrap(), Reason::Cancelled);
    });
}

/// The system's authorities are read when they are first needed: where that fails, the next call reads them.
#[test]
fn n_7_authorities() {
    if !is_child() {
        let server = Server::start(Options::default()).unwrap();
        let members = trusting(&server, server.https_url(), "");
        let without = members.replace(&format!(r#""ca_file":"{}""#, server.ca_file().display()), "");
        let (members, without) = (OsString::from(members), OsString::from(without));
        return run_child("descriptors::n_7_authorities", &[("MEMBERS", &members), ("WITHOUT", &without)]);
    }
    let by_file = configured(&std::env::var("MEMBERS").unwrap());
    let by_system = configured(&std::env::var("WITHOUT").unwrap());
    let mut taken = take_all();
    let reason = failure(ask(&by_file, "GET", "api/x"));
    assert!(matches!(reason, Reason::Dns | Reason::Connect), "{reason:?}");
    taken.pop();
    assert!(get(&by_file, "api/x").is_ok(), "its file was read when it was made");
    drop(by_file);
    // It is not their fault, nor the server's.
    let reason = failure(ask(&by_system, "GET", "api/x"));
    assert!(matches!(reason, Reason::File | Reason::Connect), "{reason:?}");
    taken.clear();
    // Read now, and the test server's authority is not among them.
    assert_eq!(failure(ask(&by_system, "GET", "api/x")), Reason::UnknownIssuer);
}
