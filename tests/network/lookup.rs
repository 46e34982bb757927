//! N-1, N-3: lookups that hang or fail, and names with several addresses. The system's getaddrinfo is replaced in a
//! child process by `tests/c/preload/getaddrinfo.c`, which has the names that end in `.test`.

use std::fs::OpenOptions;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use bearer::error::Reason;

use crate::asking::{ask, client, failure, get, is_child, run_child, scratch};
use crate::wire::{Blackhole, Wire, answer};

/// The replacement, compiled once.
fn preload() -> &'static PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let (path, new) = (scratch("").with_file_name("getaddrinfo.so"), scratch("getaddrinfo.so"));
        let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(&new)
            .arg("tests/c/preload/getaddrinfo.c")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // In one step, for another run of this program may be using it.
        std::fs::rename(new, &path).unwrap();
        path
    })
}

/// Whether this is a process with the replacement; else the named test is run in one.
fn is_replaced(test: &str) -> bool {
    if is_child() {
        return true;
    }
    let gate = scratch(&test.replace("::", "-"));
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    run_child(test, &[("LD_PRELOAD", preload().as_os_str()), ("LOOKUP_GATE", gate.as_os_str())]);
    std::fs::remove_file(gate).unwrap();
    false
}

/// Waits until a lookup of hang.test has begun; it ends when what this returns is dropped.
fn hanging() -> std::fs::File {
    OpenOptions::new().write(true).open(std::env::var_os("LOOKUP_GATE").unwrap()).unwrap()
}

#[test]
fn n_1_a_lookup_that_fails() {
    if !is_replaced("lookup::n_1_a_lookup_that_fails") {
        return;
    }
    for name in ["nobody.test", "servfail.test", "broken.test", "empty.test"] {
        assert_eq!(failure(ask(&client(&format!("http://{name}"), ""), "GET", "x")), Reason::Dns, "{name}");
    }
}

#[test]
fn n_1_a_lookup_that_hangs_ends_with_the_deadline() {
    if !is_replaced("lookup::n_1_a_lookup_that_hangs_ends_with_the_deadline") {
        return;
    }
    let wire = Wire::answering(answer("200 OK", "found"));
    let here = format!("http://one.test:{}", wire.address.port());
    assert_eq!(
        failure(ask(&client("http://hang.test", r#""timeout_s":0.05"#), "GET", "x")),
        Reason::Deadline
    );
    let gate = hanging();
    // A shorter time for connecting is a failure to connect.
    let hurried = client("http://hang.test", r#""connect_timeout_s":0.05"#);
    assert_eq!(failure(ask(&hurried, "GET", "x")), Reason::Connect);
    // Addresses need no lookup: whoever has one is not held up.
    assert_eq!(get(&client(&wire.url(), ""), "x").unwrap(), "found");
    drop(gate);
    // The lookup that hung has ended, and nobody waits for the second: the next name is looked up.
    assert_eq!(get(&client(&here, ""), "x").unwrap(), "found");
}

#[test]
fn n_1_a_lookup_that_hangs_can_be_cancelled() {
    if !is_replaced("lookup::n_1_a_lookup_that_hangs_can_be_cancelled") {
        return;
    }
    let client = client("http://hang.test", "");
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| failure(ask(&client, "GET", "x")));
        let gate = hanging();
        client.cancel.cancel();
        assert_eq!(asking.join().unwrap(), Reason::Cancelled);
        drop(gate);
    });
}

#[test]
fn n_3_the_first_address_is_dead() {
    if !is_replaced("lookup::n_3_the_first_address_is_dead") {
        return;
    }
    let wire = Wire::answering(answer("200 OK", "second"));
    let port = wire.address.port();
    let _hole = Blackhole::at(Ipv4Addr::new(127, 0, 0, 2), port);
    // 127.0.0.2, 127.0.0.1
    assert_eq!(get(&client(&format!("http://dead-first.test:{port}"), ""), "x").unwrap(), "second");
    // 127.0.0.2, 127.0.0.3, 127.0.0.4 and then 127.0.0.1: one that hangs, two that refuse.
    assert_eq!(get(&client(&format!("http://last-of-four.test:{port}"), ""), "x").unwrap(), "second");
    assert_eq!(wire.connections(), 2);
    assert!(wire.requests()[0].contains(&format!("host: dead-first.test:{port}\r\n")));
}

#[test]
fn n_3_the_first_address_refuses() {
    if !is_replaced("lookup::n_3_the_first_address_refuses") {
        return;
    }
    let wire = Wire::answering(answer("200 OK", "second"));
    let client = client(&format!("http://dead-first.test:{}", wire.address.port()), "");
    assert_eq!(get(&client, "x").unwrap(), "second");
}

/// The first that answers is taken, and no other is asked beside it.
#[test]
fn n_3_the_first_address_answers() {
    if !is_replaced("lookup::n_3_the_first_address_answers") {
        return;
    }
    let second = Wire::answering(answer("200 OK", "second"));
    let port = second.address.port();
    let first = Wire::at([127, 0, 0, 2].into(), port, |peer| {
        while peer.request().is_some() {
            peer.answer("200 OK", "first");
        }
    });
    assert_eq!(get(&client(&format!("http://dead-first.test:{port}"), ""), "x").unwrap(), "first");
    assert_eq!((first.connections(), second.connections()), (1, 0));
}

/// RFC 8305: ::1 is closed, so 127.0.0.1 is asked; where ::1 accepts, it keeps the request.
#[test]
fn n_3_ipv6_without_a_listener() {
    if !is_replaced("lookup::n_3_ipv6_without_a_listener") {
        return;
    }
    let wire = Wire::answering(answer("200 OK", "four"));
    let port = wire.address.port();
    assert_eq!(get(&client(&format!("http://mixed.test:{port}"), ""), "x").unwrap(), "four");
    let Ok(six) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)) else {
        return; // This system has no IPv6, or somebody else has that port there.
    };
    // Now ::1 accepts: it is first, and the request goes there.
    let asked = client(&format!("http://mixed.test:{port}"), r#""timeout_s":0.05"#);
    assert_eq!(failure(ask(&asked, "GET", "x")), Reason::Deadline);
    assert!(six.accept().is_ok());
    assert_eq!(wire.connections(), 1);
}

#[test]
fn n_3_every_address_is_dead() {
    if !is_replaced("lookup::n_3_every_address_is_dead") {
        return;
    }
    let hole = Blackhole::at(Ipv4Addr::new(127, 0, 0, 2), 0);
    let port = hole.address.port();
    let base = format!("http://all-dead.test:{port}"); // 127.0.0.2, 127.0.0.3
    // 127.0.0.3 refuses, 127.0.0.2 hangs.
    assert_eq!(failure(ask(&client(&base, r#""timeout_s":0.4"#), "GET", "x")), Reason::Deadline);
    let _hole = Blackhole::at(Ipv4Addr::new(127, 0, 0, 3), port);
    assert_eq!(failure(ask(&client(&base, r#""timeout_s":0.4"#), "GET", "x")), Reason::Deadline);
    assert_eq!(failure(ask(&client(&base, r#""connect_timeout_s":0.4"#), "GET", "x")), Reason::Connect);
    drop(hole);
    drop(_hole);
    assert_eq!(failure(ask(&client(&base, ""), "GET", "x")), Reason::Connect);
}
