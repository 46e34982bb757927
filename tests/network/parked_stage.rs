//! A token endpoint that does what a test says, step by step, and calls that are left while it does.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bearer::call::Call;
use bearer::client::Client;
use bearer::clock::SystemClock;
use bearer::config::Config;
use bearer::error::{Error, Reason, Result};
use rustls::{ServerConfig, ServerConnection};
use socket2::SockRef;

use crate::asking::check_clean;
pub use crate::framings::*;

/// Long enough for everything that must come; reached only where a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A token endpoint on loopback, plain or by TLS; or the proxy on the way to one.
pub struct Stage {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    refresh_token: String,
}

impl Stage {
    pub fn new(tls: Option<Arc<ServerConfig>>) -> Stage {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        // For `accept` too.
        SockRef::from(&listener).set_read_timeout(Some(PATIENCE)).unwrap();
        // A port may come again in this process, which remembers whose renewals failed.
        let refresh_token = format!("rt-SECRET-{}", MADE.fetch_add(1, Ordering::Relaxed));
        Stage { listener, tls, refresh_token }
    }

    /// Has its system take little of a request before it is read.
    pub fn reads_little(&self) {
        SockRef::from(&self.listener).set_recv_buffer_size(256 * 1024).unwrap();
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}/token", self.address())
    }

    /// A client that renews here; `more` are members of its configuration.
    pub fn client(&self, more: &str) -> Client {
        self.client_with(more, |_| ())
    }

    /// One whose configuration is changed after it was read.
    pub fn client_with(&self, more: &str, change: impl FnOnce(&mut Config)) -> Client {
        let (url, refresh_token) = (self.url(), &self.refresh_token);
        let mut config = Config::parse(&format!(
            r#"{{"base_url":"http://127.0.0.1:1","server":{{"token_endpoint":"{url}"}},
               "client":{{"client_id":"c","client_secret":"cs-SECRET"}},
               "token":{{"access_token":"at-SECRET","refresh_token":"{refresh_token}","expires_at":1}}{more}}}"#
        ))
        .unwrap();
        change(&mut config);
        Client::new(config, Arc::new(SystemClock)).unwrap()
    }

    /// The next connection, TLS set up.
    pub fn accept(&self) -> Line {
        let mut line = self.accept_plain();
        if self.tls.is_some() {
            self.secure(&mut line);
        }
        line
    }

    /// The handshake.
    pub fn secure(&self, line: &mut Line) {
        let config = self.tls.as_ref().expect("a server that speaks TLS");
        let mut tls = Box::new(ServerConnection::new(config.clone()).unwrap());
        while tls.is_handshaking() {
            tls.complete_io(&mut &line.socket).expect("the handshake");
        }
        line.tls = Some(tls);
    }

    pub fn accept_plain(&self) -> Line {
        let (socket, _) = self.listener.accept().expect("the client connects");
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_nodelay(true).unwrap();
        Line { socket, tls: None, input: Vec::new(), asked: String::new() }
    }

    /// Nobody else has connected.
    #[track_caller]
    pub fn check_nobody_waits(&self) {
        self.listener.set_nonblocking(true).unwrap();
        let outcome = self.listener.accept();
        assert_eq!(outcome.expect_err("one more connection").kind(), ErrorKind::WouldBlock);
        self.listener.set_nonblocking(false).unwrap();
    }
}

/// The server's side of one connection.
pub struct Line {
    pub socket: TcpStream,
    pub tls: Option<Box<ServerConnection>>,
    input: Vec<u8>,
    /// The last request's first line.
    asked: String,
}

impl Line {
    /// The next request with its body.
    pub fn request(&mut self) -> Vec<u8> {
        let end = loop {
            if let Some(at) = self.input.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.receive(), "the client left before the end of its request");
        };
        let head = String::from_utf8(self.input[..end].to_vec()).unwrap().to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let end = end + length.map_or(0, |value| value.trim().parse::<usize>().unwrap());
        while self.input.len() < end {
            assert!(self.receive(), "the client left before the end of its request");
        }
        // Whoever goes on with a connection writes to it as before.
        let line = head.lines().next().unwrap();
        assert!(self.asked.is_empty() || self.asked.starts_with("connect ") || self.asked == line, "{line}");
        line.clone_into(&mut self.asked);
        self.input.drain(..end).collect()
    }

    /// One more piece; whether there was any.
    pub fn receive(&mut self) -> bool {
        let mut piece = [0; 64 * 1024];
        let n = match &mut self.tls {
            None => (&self.socket).read(&mut piece),
            Some(tls) => rustls::Stream::new(&mut **tls, &mut &self.socket).read(&mut piece),
        };
        let n = match n {
            Ok(n) => n,
            Err(error) => match error.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::WouldBlock => 0,
                _ => panic!("{error}"),
            },
        };
        self.input.extend_from_slice(&piece[..n]);
        n > 0
    }

    /// Reads until so much has come that nobody has taken; for nothing, until something is about to.
    pub fn until_so_much(&mut self, bytes: usize) {
        assert_eq!(self.socket.peek(&mut [0]).expect("the client writes"), 1);
        while self.input.len() < bytes {
            assert!(self.receive(), "the client left");
        }
    }

    /// Reads what the client's system has taken over from it.
    pub fn all_on_the_way(&mut self) {
        self.socket.set_nonblocking(true).unwrap();
        loop {
            let is_all = self.bytes_to_come() == 0;
            while self.receive() {}
            if is_all {
                break;
            }
        }
        self.socket.set_nonblocking(false).unwrap();
    }

    /// How many bytes the client's system has still to send, or knows of no receipt for. Elsewhere than on Linux nothing
    /// is known of that.
    fn bytes_to_come(&self) -> u64 {
        if cfg!(not(target_os = "linux")) {
            return 0;
        }
        let hex = |address: SocketAddr| {
            let SocketAddr::V4(address) = address else { panic!("{address}") };
            format!("{:08X}:{:04X}", u32::from_ne_bytes(address.ip().octets()), address.port())
        };
        let (client, server) = (self.socket.peer_addr(), self.socket.local_addr());
        let ends = format!(" {} {} ", hex(client.unwrap()), hex(server.unwrap()));
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let row = table.lines().find(|row| row.contains(&ends)).expect("the client's socket");
        let queues = row.split_whitespace().nth(4).unwrap();
        u64::from_str_radix(queues.split(':').next().unwrap(), 16).unwrap()
    }

    /// How much has come that nobody has taken.
    pub fn waiting(&self) -> usize {
        self.input.len()
    }

    pub fn say(&mut self, bytes: &[u8]) {
        let records = self.records(bytes);
        self.say_raw(&records);
    }

    /// What goes over the wire to say that: by TLS a record.
    pub fn records(&mut self, bytes: &[u8]) -> Vec<u8> {
        let Some(tls) = &mut self.tls else { return bytes.to_vec() };
        let mut records = Vec::new();
        for piece in bytes.chunks(16 * 1024) {
            tls.writer().write_all(piece).unwrap();
            while tls.wants_write() {
                tls.write_tls(&mut records).unwrap();
            }
        }
        records
    }

    pub fn say_raw(&mut self, bytes: &[u8]) {
        (&self.socket).write_all(bytes).unwrap();
    }

    /// Says that no more will come.
    pub fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            tls.complete_io(&mut &self.socket).unwrap();
        }
        self.socket.shutdown(Shutdown::Write).unwrap();
    }

    /// Waits until the client has closed, whatever it says before.
    pub fn until_closed(mut self) {
        self.tls = None;
        while self.receive() {}
    }

    /// Nothing more came until the client closed.
    #[track_caller]
    pub fn check_over(mut self) {
        while self.receive() {}
        assert_eq!(String::from_utf8_lossy(&self.input), "", "asked once more");
    }
}

impl Drop for Line {
    /// With RST, so that no row of many thousand connections stays in the table of the system.
    fn drop(&mut self) {
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }
}

/// A call that the client makes.
pub type Making = fn(&Client, &Call) -> Result<String>;

pub fn refresh(client: &Client, call: &Call) -> Result<String> {
    Ok(client.refresh(call)?.access_token().unwrap().expose().to_owned())
}

pub fn access_token(client: &Client, call: &Call) -> Result<String> {
    client.with_access_token(Duration::ZERO, call, |token, _| Ok(token.to_owned()))
}

/// Whoever asks for a token.
pub const CALLS: [Making; 2] = [refresh, access_token];

/// A call of no deadline but the client's own.
pub fn make(client: &Client, making: Making) -> Result<String> {
    making(client, &client.call(&client.cancel, None, None))
}

/// The thread of a call that is to be left: where the system says how it does.
pub struct Caller(OnceLock<Option<PathBuf>>);

impl Caller {
    fn is_this_thread(&self) {
        let me = std::fs::read_link("/proc/thread-self");
        let _ = self.0.set(me.ok().map(|me| Path::new("/proc").join(me).join("stat")));
    }

    /// Waits until it waits: it has read all that was said, for delivery to the same machine is a part of the write.
    /// Elsewhere than on Linux nothing is known of it, and the tests prove less.
    pub fn until_it_waits(&self) {
        // Of "17 (name) S 1", for example.
        let is_asleep = |stat: String| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" S"));
        until(|| match self.0.get() {
            None => false,
            Some(None) => true,
            Some(Some(stat)) => std::fs::read_to_string(stat).map_or(true, is_asleep),
        });
    }
}

/// Makes a call, and cancels it when `play` is done.
pub fn cancelled<T>(client: &Client, making: Making, play: impl FnOnce(&Caller) -> T) -> (Result<String>, T) {
    let cancel = client.cancel.scope();
    let call = client.call(&cancel, None, None);
    let caller = Caller(OnceLock::new());
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| {
            caller.is_this_thread();
            making(client, &call)
        });
        let played = play(&caller);
        cancel.cancel();
        (calling.join().unwrap(), played)
    })
}

/// The same for a call that cannot have ended before.
#[track_caller]
pub fn left<T>(client: &Client, play: impl FnOnce(&Caller) -> T) -> T {
    let parked = client.stats.renewals_parked.get();
    let (outcome, played) = cancelled(client, refresh, play);
    let error = outcome.expect_err("it was left");
    assert_eq!(error.reason, Reason::Cancelled, "{error}");
    check_clean(&error);
    assert_eq!(client.stats.renewals_parked.get(), parked + 1);
    played
}

/// Goes on with a renewal, and leaves it again when `play` is done.
#[track_caller]
pub fn left_again<T>(client: &Client, play: impl FnOnce(&Caller) -> T) -> T {
    let resumed = client.stats.renewals_resumed.get();
    left(client, |caller| {
        until(|| client.stats.renewals_resumed.get() > resumed);
        play(caller)
    })
}

/// Makes a call that `play` lets succeed.
#[track_caller]
pub fn answered<T>(client: &Client, making: Making, play: impl FnOnce() -> T) -> (String, T) {
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| make(client, making));
        let played = play();
        (calling.join().unwrap().expect("it is answered"), played)
    })
}

/// Waits for something that is about to happen.
#[track_caller]
pub fn until(happened: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !happened() {
        assert!(std::time::Instant::now() < deadline, "it does not happen");
        std::thread::yield_now();
    }
}

/// What the client has, for its next renewal.
pub fn held(client: &Client) -> String {
    client.token().unwrap().refresh_token().unwrap().expose().to_owned()
}

/// How a call failed, with nothing in it that must not be shown.
#[track_caller]
pub fn error_of(outcome: Result<String>) -> Error {
    let error = outcome.expect_err("it succeeded");
    check_clean(&error);
    error
}

/// A renewal that was left when the server had the request and had said this.
#[track_caller]
pub fn parked(stage: &Stage, client: &Client, said: &[u8]) -> Line {
    left(client, |caller| {
        let mut line = stage.accept();
        line.request();
        line.say(said);
        caller.until_it_waits();
        line
    })
}
