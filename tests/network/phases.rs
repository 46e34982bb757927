//! Every phase of a call in which a server can keep it waiting for ever.

use std::sync::mpsc::{Receiver, Sender, channel};

use bearer::client::{Client, Request};
use bearer::error::Result;
use bearer::http::Source;
use bearer::secret::SecretBytes;

use crate::asking::{body, client, renewing, send};
use crate::wire::{Blackhole, Peer, Wire, redirect};

/// A call that will get into a phase, and never out of it.
pub struct Phase {
    pub name: &'static str,
    pub client: Client,
    request: Request,
    /// Hears when the server sees the phase begin.
    pub reached: Receiver<()>,
    _servers: (Wire, Option<Blackhole>),
}

impl Phase {
    /// The call, until its answer is whole.
    pub fn run(&mut self) -> Result<String> {
        send(&self.client, &mut self.request).and_then(body)
    }

    fn new(name: &'static str, serve: fn(&mut Peer, &Sender<()>), client: impl Fn(&Wire) -> Client) -> Phase {
        let (reach, reached) = channel();
        let wire = Wire::start(move |peer| serve(peer, &reach));
        let request = Request::new("GET", "x").unwrap();
        Phase { name, client: client(&wire), request, reached, _servers: (wire, None) }
    }

    fn uploading(mut self, set_body: impl Fn(&mut Request)) -> Phase {
        self.request = Request::new("PUT", "x").unwrap();
        set_body(&mut self.request);
        self
    }
}

/// All of them, for clients with these members of `http`.
pub fn all(http: &str) -> Vec<Phase> {
    let plain = |wire: &Wire| client(&wire.url(), http);
    let through = |scheme: &str, base: &str, wire: &Wire| {
        client(base, &format!(r#"{http},"proxy":"{scheme}://u:p-SECRET@{}""#, wire.address))
    };
    vec![
        connect(http),
        Phase::new("TLS handshake", silent, |wire| client(&format!("https://{}", wire.address), http)),
        Phase::new("CONNECT", silent, |wire| through("http", "https://target.invalid", wire)),
        Phase::new("SOCKS5 greeting", silent, |wire| through("socks5h", "http://target.invalid", wire)),
        Phase::new("SOCKS5 request", socks_request, |wire| through("socks5h", "http://target.invalid", wire)),
        Phase::new("head", head, plain),
        Phase::new("drip of a head", head_drip, plain),
        Phase::new("drip of a body", body_drip, plain),
        Phase::new("drip of chunks", chunk_drip, plain),
        Phase::new("drip until close", close_drip, plain),
        Phase::new("silence in a body", body_silence, plain),
        Phase::new("body of a redirect", redirect_body, plain),
        Phase::new("upload", head_and_hold, plain)
            .uploading(|request| request.set_body(SecretBytes::new(vec![b'x'; 64 << 20]))),
        Phase::new("streamed upload", head_and_hold, plain)
            .uploading(|request| request.set_body_from(Box::new(Endless), None)),
        Phase::new("renewal", head, |wire| {
            renewing("http://127.0.0.1:1", &wire.url(), &format!(r#","http":{{{http}}}"#))
        }),
        Phase::new("drip of a renewal's body", body_drip, |wire| {
            renewing("http://127.0.0.1:1", &wire.url(), &format!(r#","http":{{{http}}}"#))
        }),
    ]
}

fn connect(http: &str) -> Phase {
    let hole = Blackhole::new();
    let base = format!("http://{}", hole.address);
    let mut phase = Phase::new("connect", silent, |_| client(&base, http));
    // Nobody sees it begin.
    let (reach, reached) = channel();
    reach.send(()).unwrap();
    (phase.reached, phase._servers.1) = (reached, Some(hole));
    phase
}

fn silent(peer: &mut Peer, reach: &Sender<()>) {
    peer.take(1);
    let _ = reach.send(());
    peer.until_gone();
}

fn socks_request(peer: &mut Peer, reach: &Sender<()>) {
    peer.take(4);
    peer.say([5, 0]);
    peer.take(4);
    let _ = reach.send(());
    peer.until_gone();
}

fn head(peer: &mut Peer, reach: &Sender<()>) {
    peer.request();
    let _ = reach.send(());
    peer.until_gone();
}

fn head_and_hold(peer: &mut Peer, reach: &Sender<()>) {
    peer.head();
    let _ = reach.send(());
    peer.hold();
}

fn after(peer: &mut Peer, reach: &Sender<()>, begin: &str, drip: &str) {
    peer.request();
    peer.say(begin);
    let _ = reach.send(());
    peer.drip(drip);
}

fn head_drip(peer: &mut Peer, reach: &Sender<()>) {
    after(peer, reach, "HTTP/1.1 200 OK\r\nX-Long: ", "x");
}

fn body_drip(peer: &mut Peer, reach: &Sender<()>) {
    after(peer, reach, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "x");
}

fn chunk_drip(peer: &mut Peer, reach: &Sender<()>) {
    after(peer, reach, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n");
}

fn close_drip(peer: &mut Peer, reach: &Sender<()>) {
    after(peer, reach, "HTTP/1.1 200 OK\r\n\r\n", "x");
}

fn body_silence(peer: &mut Peer, reach: &Sender<()>) {
    peer.request();
    peer.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    let _ = reach.send(());
    peer.until_gone();
}

fn redirect_body(peer: &mut Peer, reach: &Sender<()>) {
    peer.request();
    peer.say(redirect(302, "/y").strip_suffix("away").unwrap());
    let _ = reach.send(());
    peer.until_gone();
}

/// A body without end.
struct Endless;

impl Source for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}
