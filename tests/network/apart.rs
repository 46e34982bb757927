//! C-1: what two clients never share.

use std::sync::{Arc, Mutex};

use bearer::error::Reason;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, body, client, configured, failure, get};
use crate::tls::{ready, trusting};
use crate::wire::{Wire, answer};

#[test]
fn c_1_two_clients_have_their_own_connections() {
    let by_connection = Arc::new(Mutex::new(Vec::new()));
    let wire = {
        let by_connection = by_connection.clone();
        Wire::start(move |peer| {
            while let Some(request) = peer.request() {
                let token =
                    request.split("Bearer at-").nth(1).unwrap().split('\r').next().unwrap().to_owned();
                by_connection.lock().unwrap().push((peer.number, token));
                peer.answer("200 OK", "fine");
            }
        })
    };
    let tenant = |name: &str| {
        configured(&format!(r#""base_url":"{}","token":{{"access_token":"at-{name}"}}"#, wire.url()))
    };
    let (one, two) = (tenant("one"), tenant("two"));
    for _ in 0..3 {
        get(&one, "x").unwrap();
        get(&two, "x").unwrap();
    }
    assert_eq!(wire.connections(), 2);
    for (number, token) in by_connection.lock().unwrap().iter() {
        assert_eq!(token, ["one", "two"][number - 1]);
    }
    // A client that is gone has closed its connection: nobody inherits it.
    drop(one);
    wire.wait_gone(1);
    get(&tenant("three"), "x").unwrap();
    assert_eq!(wire.connections(), 3);
}

/// A connection that one client's certificate opened serves no other client.
#[test]
fn c_1_client_certificates() {
    let server = Server::start(Options::default()).unwrap();
    let base = ready(&server, "mtls_url");
    let files = format!(
        r#","client_cert_file":"{}","client_key_file":"{}"}}"#,
        ready(&server, "client_cert_file"),
        ready(&server, "client_key_file")
    );
    let bare = trusting(&server, &base, "");
    let known = configured(&(bare.strip_suffix('}').unwrap().to_owned() + &files));
    let unknown = configured(&bare);
    get(&known, "api/x").unwrap();
    assert_eq!(failure(ask(&unknown, "GET", "api/x")), Reason::Handshake);
    get(&known, "api/x").unwrap();
    assert_eq!(known.stats.connections.get(), 1);
    assert!(server.control("GET", "/control/state", "").1.contains(r#""api_requests":2"#));
}

/// Nor does one client's proxy serve another's requests.
#[test]
fn c_1_proxies() {
    let target = Wire::answering(answer("200 OK", "target"));
    let proxies = [Wire::answering(answer("200 OK", "one")), Wire::answering(answer("200 OK", "two"))];
    let through = |proxy: &Wire| client(&target.url(), &format!(r#""proxy":"http://{}""#, proxy.address));
    let clients = [through(&proxies[0]), through(&proxies[1]), client(&target.url(), "")];
    for _ in 0..2 {
        let got: Vec<_> = clients.iter().map(|client| get(client, "x").unwrap()).collect();
        assert_eq!(got, ["one", "two", "target"]);
    }
    assert_eq!((proxies[0].connections(), proxies[1].connections(), target.connections()), (1, 1, 1));
}

/// One client is used by many threads: what each gets is what it asked for.
#[test]
fn c_1_answers_do_not_get_mixed_up() {
    let wire = Wire::start(|peer| {
        while let Some(request) = peer.request() {
            let path = request.split(' ').nth(1).unwrap().to_owned();
            peer.answer("200 OK", &path);
        }
    });
    let client = client(&wire.url(), r#""idle_connections":3"#);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let client = &client;
            scope.spawn(move || {
                for number in 0..50 {
                    let path = format!("t/{thread}/{number}");
                    let response = ask(client, if number % 3 == 0 { "POST" } else { "GET" }, &path).unwrap();
                    assert_eq!(body(response).unwrap(), format!("/{path}"));
                }
            });
        }
    });
}
