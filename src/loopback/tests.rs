//! The whole room over real sockets, with a clock that the test sets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Address, Loopback, MOST, PATIENCE, Page};
use crate::call::Call;
use crate::cancel::Cancel;
use crate::clock::{Deadline, LONGEST};
use crate::error::Reason;

/// A login that waits on a thread of its own; the right query is `right`.
struct Waiting {
    port: u16,
    seconds: Arc<AtomicU64>,
    cancel: Arc<Cancel>,
    thread: JoinHandle<Result<bool, Reason>>,
}

const GOOD: &str = "GET /callback?right HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n";

fn begin() -> Waiting {
    let (loopback, uri) = Loopback::open(&Address::default()).unwrap();
    let port = uri.strip_prefix("http://127.0.0.1:").unwrap().strip_suffix("/callback").unwrap();
    let (seconds, cancel) = (Arc::new(AtomicU64::new(0)), Arc::<Cancel>::default());
    let call = Call { deadline: Deadline::after(LONGEST), cancel: cancel.clone() };
    let clock = seconds.clone();
    let thread = std::thread::spawn(move || {
        let clock = || Duration::from_secs(clock.load(Ordering::SeqCst));
        let back = loopback.wait(&|query| query == "right", &clock, Duration::from_secs(600), &call);
        match back.map_err(|error| error.reason)? {
            Some(back) => {
                back.answer(Page::SignedIn, &call);
                Ok(true)
            }
            None => Ok(false),
        }
    });
    Waiting { port: port.parse().unwrap(), seconds, cancel, thread }
}

impl Waiting {
    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    fn send(&self, text: &str) -> TcpStream {
        let mut socket = self.connect();
        socket.write_all(text.replace("PORT", &self.port.to_string()).as_bytes()).unwrap();
        socket
    }

    fn ask(&self, text: &str) -> String {
        let mut answer = String::new();
        self.send(text).read_to_string(&mut answer).unwrap();
        answer
    }

    /// It must still wait, and end with the right request.
    fn ends_well(self) {
        let answer = self.ask(GOOD);
        assert!(answer.contains("<h1>Signed in</h1>"), "{answer}");
        assert_eq!(self.thread.join().unwrap(), Ok(true));
        assert!(TcpStream::connect(("127.0.0.1", self.port)).is_err(), "nobody listens any more");
    }
}

#[test]
fn whatever_else_comes_is_sent_away() {
    let waiting = begin();
    for (text, status) in [
        ("GET /callback?wrong HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", "404"),
        ("GET /favicon.ico HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", "404"),
        ("HEAD /callback?right HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", "405"),
        ("GET /callback?right HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n", "421"),
        ("GET /callback?right HTTP/1.1\r\n\r\n", "400"),
        ("\x16\x03\x01", "400"),
        // Only the first request of a connection is read.
        (
            "GET / HTTP/1.1\r\nHost: localhost:PORT\r\n\r\nGET /callback?right HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
            "404",
        ),
    ] {
        let answer = waiting.ask(text);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{text}: {answer}");
        for header in
            ["Connection: close", "Cache-Control: no-store", "Content-Security-Policy: default-src 'none'; "]
        {
            assert!(answer.contains(header), "{text}: {answer}");
        }
        assert!(!answer.contains("callback"), "{answer}");
    }
    let long = format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(2000));
    assert!(waiting.ask(&long).starts_with("HTTP/1.1 431 "));
    waiting.ends_well();
}

/// Waits for the end, which is a reset where something was left unread.
fn is_closed(socket: &mut TcpStream) -> bool {
    match socket.read(&mut [0; 1]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

/// A flood takes neither a descriptor nor a moment of the browser's.
#[test]
fn of_too_many_the_oldest_is_closed() {
    let waiting = begin();
    let mut strays: Vec<_> = (0..4 * MOST).map(|_| waiting.connect()).collect();
    // Each stays where it is among the open ones, so the first are gone once the last was let in.
    for stray in &mut strays[..3 * MOST] {
        assert!(is_closed(stray));
    }
    strays[4 * MOST - 1].set_nonblocking(true).unwrap();
    let last = strays[4 * MOST - 1].read(&mut [0; 1]);
    assert_eq!(last.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    waiting.ends_well();
}

#[test]
fn who_is_slow_has_five_seconds() {
    let waiting = begin();
    let slow: Vec<_> =
        ["", "G", "GET /callback?right HTTP/1.1\r\nHost:"].map(|text| waiting.send(text)).into();
    // An answer says that the slow ones before it have been let in.
    assert!(waiting.ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
    waiting.seconds.store(PATIENCE.as_secs(), Ordering::SeqCst);
    for mut socket in slow {
        assert!(is_closed(&mut socket));
    }
    waiting.ends_well();
}

#[test]
fn half_a_connection_is_enough_for_a_whole_request_only() {
    let waiting = begin();
    let mut half = waiting.send("GET /callback?right HTTP/1.1\r\n");
    half.shutdown(Shutdown::Write).unwrap();
    assert_eq!(half.read(&mut [0; 1]).unwrap(), 0);
    let whole = waiting.send(GOOD);
    whole.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    (&whole).read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Signed in"), "{answer}");
    assert_eq!(waiting.thread.join().unwrap(), Ok(true));
}

/// What comes after the request costs nobody the page: closing over what is unread would be a reset.
#[test]
fn more_than_the_request_is_no_reset() {
    let waiting = begin();
    let request = GOOD.replace("PORT", &waiting.port.to_string());
    let mut socket = waiting.connect();
    socket.write_all(format!("{request}{}", "x".repeat(30_000)).as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("</html>\n"), "{answer}");
    socket.shutdown(Shutdown::Write).unwrap();
    assert_eq!(waiting.thread.join().unwrap(), Ok(true));
    assert!(socket.take_error().unwrap().is_none());
}

#[test]
fn a_request_may_come_in_pieces() {
    let waiting = begin();
    let mut socket = waiting.connect();
    socket.set_nodelay(true).unwrap();
    for piece in GOOD.replace("PORT", &waiting.port.to_string()).as_bytes().chunks(7) {
        socket.write_all(piece).unwrap();
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Signed in"), "{answer}");
    assert_eq!(waiting.thread.join().unwrap(), Ok(true));
}

#[test]
fn it_ends_when_the_login_is_too_old_or_cancelled() {
    let waiting = begin();
    waiting.seconds.store(599, Ordering::SeqCst);
    assert!(waiting.ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
    waiting.seconds.store(600, Ordering::SeqCst);
    assert_eq!(waiting.thread.join().unwrap(), Ok(false));
    let waiting = begin();
    waiting.cancel.cancel();
    assert_eq!(waiting.thread.join().unwrap(), Err(Reason::Cancelled));
}

#[test]
fn pages_are_fixed_words_that_can_be_read_by_day_and_by_night() {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
    };
    for page in [Page::SignedIn, Page::Denied, Page::TooOld, Page::GivenUp, Page::Failed] {
        let text = String::from_utf8(super::page::answer(page)).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())));
        assert!(!body.contains("script") && !body.contains("http") && !body.contains("url("), "{body}");
        let (light, dark) = body.split_once("@media(prefers-color-scheme:dark)").unwrap();
        for scheme in [light, dark] {
            // The background, the heading's colour, the text's.
            let found: Vec<f64> = scheme.split(":#").skip(1).map(|rest| luminance(&rest[..6])).collect();
            for text in &found[1..] {
                let (bright, dim) = (found[0].max(*text), found[0].min(*text));
                let contrast = (bright + 0.05) / (dim + 0.05);
                assert!(contrast >= 4.5, "{contrast}");
            }
            assert_eq!(found.len(), 3);
        }
    }
}
