//! L: what TLS refuses, beyond `tests/c/https.c`.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};

use bearer::client::Request;
use bearer::error::Reason;
use bearer::secret::SecretBytes;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, client, configured, failure, get, new, scratch, send};
use crate::wire::{Peer, Wire};

/// Members of a configuration for a fresh token of the server, by TLS.
pub fn trusting(server: &Server, base: &str, more: &str) -> String {
    let (status, token) = server.control("POST", "/control/issue", "{}");
    assert_eq!(status, 200);
    let ca = server.ca_file();
    format!(
        r#""base_url":"{base}","token":{token},"client":{{"client_id":"test-client","client_secret":"test-secret"}},
           "http":{{"ca_file":"{}"}}{more}"#,
        ca.display()
    )
}

/// The server answers the next request for this path with these bytes.
pub fn raw_answer(server: &Server, path: &str, text: &str, keep: bool) {
    let base64 = bearer::base64::encode(text.as_bytes());
    let fault = format!(r#"{{"path":"{path}","raw_base64":"{}","keep":{keep}}}"#, *base64);
    assert_eq!(server.control("POST", "/control/fault", &fault).0, 200);
}

/// The address of a URL that has one.
pub fn address_of(url: &str) -> SocketAddr {
    url.split("://").nth(1).unwrap().replace("localhost", "127.0.0.1").parse().unwrap()
}

/// Passes connections on to a server, until it cuts them.
pub struct Relay {
    wire: Wire,
    accepted: Mutex<Receiver<TcpStream>>,
}

impl Relay {
    pub fn to(url: &str) -> Relay {
        let (accept, accepted) = channel();
        let to = address_of(url);
        let wire = Wire::start(move |peer| {
            let _ = accept.send(peer.stream().try_clone().unwrap());
            peer.tunnel(to);
        });
        Relay { wire, accepted: Mutex::new(accepted) }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.wire.address)
    }

    pub fn connections(&self) -> usize {
        self.wire.connections()
    }

    /// FIN on the oldest connection that is not cut yet, without a word of TLS.
    pub fn cut(&self) {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.recv().unwrap().shutdown(Shutdown::Write).unwrap();
    }
}

/// The ready line's member.
pub fn ready(server: &Server, member: &str) -> String {
    let line = server.ready_json();
    let from = line.split(&format!(r#""{member}":""#)).nth(1).unwrap();
    from.split('"').next().unwrap().to_owned()
}

/// L-11: an address is a name like any other, if the certificate has it.
#[test]
fn l_11_addresses_as_names() {
    let server = Server::start(Options::default()).unwrap();
    let port = address_of(server.https_url()).port();
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let client = configured(&trusting(&server, &format!("https://{host}:{port}"), ""));
        assert!(get(&client, "api/x").is_ok(), "{host}");
    }
    // Loopback as well, but not in the certificate.
    let client = configured(&trusting(&server, &format!("https://127.0.0.2:{port}"), ""));
    let relay = Wire::at([127, 0, 0, 2].into(), port, move |peer| peer.tunnel(([127, 0, 0, 1], port).into()));
    assert_eq!(failure(ask(&client, "GET", "api/x")), Reason::WrongName);
    assert_eq!(relay.connections(), 1);
    assert!(server.control("GET", "/control/state", "").1.contains(r#""api_requests":3"#));
}

/// L-6: servers that only speak what is older than TLS 1.2. Made of bytes, for the system's openssl may have forgotten how.
#[test]
fn l_6_old_versions() {
    for (minor, name) in [(0, "SSL 3.0"), (1, "TLS 1.0"), (2, "TLS 1.1")] {
        // A ServerHello with TLS_RSA_WITH_AES_128_CBC_SHA.
        let mut hello = vec![0x16, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor];
        hello.extend([7; 32]);
        hello.extend([0, 0, 0x2f, 0]);
        // protocol_version and handshake_failure.
        for answer in [hello, vec![0x15, 3, minor, 0, 2, 2, 70], vec![0x15, 3, minor, 0, 2, 2, 40]] {
            let wire = Wire::start(move |peer| {
                peer.take(5);
                peer.say(&answer);
                peer.until_gone();
            });
            let client = client(&format!("https://{}", wire.address), "");
            assert_eq!(failure(ask(&client, "GET", "x")), Reason::Handshake, "{name}");
            assert!(wire.requests().is_empty());
        }
    }
}

/// N-2 by TLS: what happens to a handshake, and that nothing was sent.
#[test]
fn n_2_handshakes_that_break() {
    type Ending = fn(&mut Peer);
    let endings: [(&str, Ending, Reason); 4] = [
        ("FIN", |peer| peer.finish(), Reason::Connect),
        ("RST", |peer| peer.reset(), Reason::Connect),
        ("HTTP", |peer| peer.answer("400 Bad Request", "this is http"), Reason::Handshake),
        ("zeros", |peer| peer.say([0; 100]), Reason::Handshake),
    ];
    for (name, end, wanted) in endings {
        let wire = Wire::start(move |peer| {
            peer.take(5);
            end(peer);
        });
        let base = format!("https://{}", wire.address);
        assert_eq!(failure(ask(&client(&base, ""), "GET", "x")), wanted, "{name}");
        // F-1: a renewal that never reached the server is not in doubt.
        let renewing = crate::asking::renewing("http://127.0.0.1:1", &base, "");
        assert_eq!(failure(ask(&renewing, "GET", "x")), wanted, "{name}");
    }
}

/// L-8: a server that wants a certificate says so, also while the request's body is still on its way.
#[test]
fn l_8_no_client_certificate() {
    let server = Server::start(Options::default()).unwrap();
    let base = ready(&server, "mtls_url");
    for body in [0, 1, 1000, 1 << 20] {
        let client = configured(&trusting(&server, &base, ""));
        let mut request = Request::new("POST", "api/x").unwrap();
        request.set_body(SecretBytes::new(vec![b'x'; body]));
        assert_eq!(failure(send(&client, &mut request)), Reason::Handshake, "{body} bytes");
    }
}

/// L-9, L-10: files in other forms than those of `tests/c/https.c`.
#[test]
fn l_9_l_10_files() {
    let server = Server::start(Options::default()).unwrap();
    let read = |path: &str| std::fs::read_to_string(path).unwrap();
    let ca = read(&server.ca_file().display().to_string());
    let (certificate, key) =
        (read(&ready(&server, "client_cert_file")), read(&ready(&server, "client_key_file")));
    let folder = scratch("files");
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let https = |http: &str| new(&format!(r#""base_url":"{}","http":{{{http}}}"#, server.https_url()));
    // Text around the certificates is common in bundles; a key beside them is no harm.
    for (name, text) in [
        ("around.pem", format!("# bundle\nsubject: x\n{ca}\ntrailing\n")),
        ("twice.pem", format!("{ca}{ca}")),
        ("crlf.pem", ca.replace('\n', "\r\n")),
        ("with-key.pem", format!("{key}{ca}")),
    ] {
        assert!(https(&format!(r#""ca_file":"{}""#, file(name, &text))).is_ok(), "{name}");
    }
    for (name, text) in [
        ("cut.pem", ca[..ca.len() / 2].to_owned()),
        ("half.pem", format!("{ca}{}", &ca[..ca.len() / 2])),
        ("no-base64.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n".to_owned()),
        ("bad-der.pem", format!("{ca}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
    ] {
        let outcome = https(&format!(r#""ca_file":"{}""#, file(name, &text)));
        assert_eq!(failure(outcome.map(drop)), Reason::File, "{name}");
    }
    // One file may hold both.
    let both = file("both.pem", &format!("{key}{certificate}"));
    assert!(https(&format!(r#""client_cert_file":"{both}","client_key_file":"{both}""#)).is_ok());
    let garbled = file("garbled.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let outcome = https(&format!(r#""client_cert_file":"{both}","client_key_file":"{garbled}""#));
    assert_eq!(failure(outcome.map(drop)), Reason::File);
    std::fs::remove_dir_all(folder).unwrap();
}

/// L-10: the files are read when the client is made, so that a later change cannot surprise.
#[test]
fn l_10_files_are_read_at_once() {
    let server = Server::start(Options::default()).unwrap();
    let copy = scratch("copied-ca.pem");
    std::fs::copy(server.ca_file(), &copy).unwrap();
    let members = trusting(&server, server.https_url(), "")
        .replace(&server.ca_file().display().to_string(), &copy.display().to_string());
    let client = configured(&members);
    std::fs::remove_file(&copy).unwrap();
    assert!(get(&client, "api/x").is_ok());
}

/// L-12: nothing turns verification off.
#[test]
fn l_12_there_is_no_switch() {
    for member in ["verify", "insecure", "dangerous_no_verification", "disable_verification"] {
        let outcome = new(&format!(r#""base_url":"https://a.invalid","http":{{"{member}":true}}"#));
        assert_eq!(failure(outcome.map(drop)), Reason::Member, "{member}");
    }
}
