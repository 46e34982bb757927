//! P: SOCKS5 (RFC 1928, RFC 1929).

use std::sync::{Arc, Mutex};

use bearer::error::Reason;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, body, client, configured, failure, get};
use crate::tls::{address_of, trusting};
use crate::wire::{Peer, Wire, answer};

type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

/// A proxy that passes on to one server, and keeps what it was told: greeting, credentials, request.
fn proxy(to: std::net::SocketAddr, password: Option<&'static str>) -> (Wire, Seen) {
    let seen = Seen::default();
    let wire = {
        let seen = seen.clone();
        Wire::start(move |peer| {
            if serve(peer, password, &seen).is_some() {
                peer.tunnel(to);
            }
        })
    };
    (wire, seen)
}

fn serve(peer: &mut Peer, password: Option<&str>, seen: &Seen) -> Option<()> {
    let keep = |bytes: Vec<u8>| seen.lock().unwrap().push(bytes);
    let count = peer.take(2)?[1];
    let methods = peer.take(count.into())?;
    keep(methods.clone());
    match password {
        Some(password) if methods.contains(&2) => {
            peer.say([5, 2]);
            let user_len = peer.take(2)?[1];
            let user = peer.take(user_len.into())?;
            let len = peer.take(1)?[0];
            let given = peer.take(len.into())?;
            keep([&user[..], b":", &given].concat());
            let is_right = given == password.as_bytes();
            peer.say([1, u8::from(!is_right)]);
            is_right.then_some(())?;
        }
        None if methods.contains(&0) => peer.say([5, 0]),
        _ => {
            peer.say([5, 255]);
            return None;
        }
    }
    let head = peer.take(4)?;
    let address = match head[3] {
        1 => peer.take(4)?,
        4 => peer.take(16)?,
        _ => {
            let len = peer.take(1)?[0];
            peer.take(len.into())?
        }
    };
    let port = peer.take(2)?;
    keep([&head[..], &address, &port].concat());
    peer.say([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    Some(())
}

fn request(kind: u8, address: &[u8], port: u16) -> Vec<u8> {
    [&[5, 1, 0, kind][..], address, &port.to_be_bytes()].concat()
}

#[test]
fn p_socks5h_names_are_looked_up_by_the_proxy() {
    let target = Wire::answering(answer("200 OK", "target"));
    let (proxy, seen) = proxy(target.address, None);
    let client = client("http://target.invalid:81", &format!(r#""proxy":"socks5h://{}""#, proxy.address));
    assert_eq!(get(&client, "x").unwrap(), "target");
    assert_eq!(body(ask(&client, "POST", "x").unwrap()).unwrap(), "target");
    assert_eq!(
        *seen.lock().unwrap(),
        [vec![0], request(3, b"target.invalid", 81)],
        "one connection for both"
    );
    let request = &target.requests()[0];
    assert!(
        request.starts_with("GET /x HTTP/1.1\r\n") && request.contains("host: target.invalid:81\r\n"),
        "{request}"
    );
}

#[test]
fn p_socks5_names_are_looked_up_here() {
    let target = Wire::answering(answer("200 OK", "target"));
    let port = target.address.port();
    let (proxy, seen) = proxy(target.address, None);
    let http = format!(r#""proxy":"socks5://{}""#, proxy.address);
    assert_eq!(get(&client(&format!("http://localhost:{port}"), &http), "x").unwrap(), "target");
    let asked = seen.lock().unwrap()[1].clone();
    let six = std::net::Ipv6Addr::LOCALHOST.octets();
    assert!(asked == request(1, &[127, 0, 0, 1], port) || asked == request(4, &six, port), "{asked:?}");
    assert_eq!(failure(ask(&client("http://target.invalid", &http), "GET", "x")), Reason::Dns);
}

#[test]
fn p_socks5_addresses_are_sent_as_such() {
    let target = Wire::answering(answer("200 OK", "target"));
    for scheme in ["socks5", "socks5h"] {
        for (host, kind, address) in [
            ("192.0.2.1", 1, vec![192, 0, 2, 1]),
            ("[::1]", 4, std::net::Ipv6Addr::LOCALHOST.octets().to_vec()),
        ] {
            let (proxy, seen) = proxy(target.address, None);
            let http = format!(r#""proxy":"{scheme}://{}""#, proxy.address);
            assert_eq!(get(&client(&format!("http://{host}"), &http), "x").unwrap(), "target");
            assert_eq!(seen.lock().unwrap()[1], request(kind, &address, 80));
        }
    }
}

#[test]
fn p_6_socks5_passwords() {
    let target = Wire::answering(answer("200 OK", "target"));
    for (credentials, password, told) in [
        ("u:p-SECRET@", "p-SECRET", "u:p-SECRET"),
        ("u%40b:p%3A%2F-SECRET@", "p:/-SECRET", "u@b:p:/-SECRET"),
        ("u@", "", "u:"),
    ] {
        let (proxy, seen) = proxy(target.address, Some(password));
        let http = format!(r#""proxy":"socks5h://{credentials}{}""#, proxy.address);
        assert_eq!(get(&client("http://target.invalid", &http), "x").unwrap(), "target", "{credentials}");
        assert_eq!(seen.lock().unwrap()[..2], [vec![0, 2], told.as_bytes().to_vec()]);
    }
    assert!(target.requests().iter().all(|request| !request.to_ascii_lowercase().contains("proxy")));
    // The wrong one, one that nobody wants, and none where one is wanted.
    let (wrong, seen) = proxy(target.address, Some("right"));
    let http = format!(r#""proxy":"socks5h://u:p-SECRET@{}""#, wrong.address);
    assert_eq!(failure(ask(&client("http://target.invalid", &http), "GET", "x")), Reason::ProxyFailed);
    assert_eq!(seen.lock().unwrap().len(), 2, "it was told nothing of the target");
    let (open, seen) = proxy(target.address, None);
    let http = format!(r#""proxy":"socks5h://u:p-SECRET@{}""#, open.address);
    assert_eq!(get(&client("http://target.invalid", &http), "x").unwrap(), "target");
    assert_eq!(seen.lock().unwrap().len(), 2, "the password was not said");
    let (closed, _) = proxy(target.address, Some("right"));
    let http = format!(r#""proxy":"socks5h://{}""#, closed.address);
    assert_eq!(failure(ask(&client("http://target.invalid", &http), "GET", "x")), Reason::ProxyFailed);
}

#[test]
fn p_socks5_carries_tls() {
    let server = Server::start(Options::default()).unwrap();
    let to = address_of(server.https_url());
    let (proxy, seen) = proxy(to, None);
    let base = format!("https://localhost:{}", to.port());
    let members = trusting(&server, &base, "")
        .replace(r#""http":{"#, &format!(r#""http":{{"proxy":"socks5h://{}","#, proxy.address));
    assert!(get(&configured(&members), "api/x").is_ok());
    assert_eq!(seen.lock().unwrap()[1], request(3, b"localhost", to.port()));
}

/// P-5 for SOCKS: what else a proxy may say, and that nothing was sent (F-1).
#[test]
fn p_5_socks5_refusals_and_garbage() {
    let request_answers: [&[u8]; 8] = [
        &[5, 1, 0, 1, 0, 0, 0, 0, 0, 0],
        &[5, 5, 0, 1, 0, 0, 0, 0, 0, 0],
        &[5, 255, 0, 1],
        &[4, 0, 0, 1, 0, 0, 0, 0, 0, 0],
        &[5, 0, 0, 9, 0, 0, 0, 0, 0, 0],
        &[5, 0, 0, 1, 0, 0],
        &[5, 0, 0, 3, 200, 1],
        &[],
    ];
    let after_greeting = |text: &[u8]| (vec![5, 0], text.to_vec());
    let greetings: [&[u8]; 7] =
        [&[5, 255], &[4, 0], &[5, 1], &[5, 2], &[5], b"HTTP/1.1 400 Bad Request\r\n\r\n", &[]];
    let rows = greetings.iter().map(|text| (text.to_vec(), Vec::new()));
    for (greeting, rest) in rows.chain(request_answers.iter().map(|text| after_greeting(text))) {
        let wire = {
            let (greeting, rest) = (greeting.clone(), rest.clone());
            Wire::start(move |peer| {
                peer.take(3);
                peer.say(&greeting);
                if greeting == [5, 0] {
                    peer.take(10);
                    peer.say(&rest);
                }
                peer.finish();
                peer.until_gone();
            })
        };
        let http = format!(r#""proxy":"socks5h://{}""#, wire.address);
        let outcome = ask(&client("http://192.0.2.1", &http), "GET", "x");
        assert_eq!(failure(outcome), Reason::ProxyFailed, "{greeting:?} {rest:?}");
        let renewing = crate::asking::renewing(
            "http://127.0.0.1:1",
            "http://192.0.2.1/t",
            &format!(r#","http":{{{http}}}"#),
        );
        assert_eq!(failure(ask(&renewing, "GET", "x")), Reason::ProxyFailed, "{greeting:?} {rest:?}");
    }
}

/// Every form that the bound address can have is read past, to the byte.
#[test]
fn rfc_1928_bound_addresses() {
    let target = Wire::answering(answer("200 OK", "target"));
    let to = target.address;
    for bound in [
        vec![5, 0, 0, 1, 1, 2, 3, 4, 0, 80],
        [vec![5, 0, 0, 4], vec![9; 16], vec![0, 80]].concat(),
        [vec![5, 0, 0, 3, 255], vec![b'n'; 255], vec![0, 80]].concat(),
        vec![5, 0, 0, 3, 0, 0, 80],
    ] {
        let wire = Wire::start(move |peer| {
            peer.take(3);
            peer.say([5, 0]);
            peer.take(10);
            // In two pieces, to be put together again.
            peer.say(&bound[..5]);
            peer.say(&bound[5..]);
            peer.tunnel(to);
        });
        let client = client("http://192.0.2.1", &format!(r#""proxy":"socks5://{}""#, wire.address));
        assert_eq!(get(&client, "x").unwrap(), "target");
    }
}
