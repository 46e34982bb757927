//! Servers of raw bytes: every connection is answered by a function, and what arrived is on record.

#![allow(dead_code)]

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

/// Long enough for everything that must come; reached only where a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A listener whose connections are answered by a function, each on a thread of its own.
pub struct Wire {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    accepted: AtomicUsize,
    is_stopping: AtomicBool,
    requests: Mutex<Vec<String>>,
    gone: Mutex<usize>,
    changed: Condvar,
}

impl Wire {
    pub fn start(answer: impl Fn(&mut Peer) + Send + Sync + 'static) -> Wire {
        Wire::at(IpAddr::from([127, 0, 0, 1]), 0, answer)
    }

    pub fn at(ip: IpAddr, port: u16, answer: impl Fn(&mut Peer) + Send + Sync + 'static) -> Wire {
        let listener = TcpListener::bind((ip, port)).unwrap();
        let (address, shared) = (listener.local_addr().unwrap(), Arc::new(Shared::default()));
        let accepting = {
            let (shared, answer) = (shared.clone(), Arc::new(answer));
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    if shared.is_stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { continue };
                    let number = shared.accepted.fetch_add(1, Ordering::SeqCst) + 1;
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.set_nodelay(true).unwrap();
                    let mut peer =
                        Peer { stream: Some(stream), number, shared: shared.clone(), input: Vec::new() };
                    let answer = answer.clone();
                    std::thread::spawn(move || answer(&mut peer));
                }
            })
        };
        Wire { address, shared, accepting: Some(accepting) }
    }

    /// One that gives this answer to every request, and keeps its connections.
    pub fn answering(text: impl Into<String>) -> Wire {
        let text = text.into();
        Wire::start(move |peer| {
            while peer.request().is_some() {
                peer.say(&text);
            }
        })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connections(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }

    /// What arrived, whole requests in the order of their arrival.
    pub fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until the other side has closed so many connections that [`Peer::request`] was waiting on.
    pub fn wait_gone(&self, connections: usize) {
        let gone = self.shared.gone.lock().unwrap();
        let (_gone, waited) =
            self.shared.changed.wait_timeout_while(gone, PATIENCE, |gone| *gone < connections).unwrap();
        assert!(!waited.timed_out(), "the client keeps its connections");
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::SeqCst);
        drop(self.shared.gone.lock());
        self.shared.changed.notify_all();
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

/// The other side of one connection.
pub struct Peer {
    stream: Option<TcpStream>,
    /// Which connection of the server it is, from 1.
    pub number: usize,
    shared: Arc<Shared>,
    input: Vec<u8>,
}

impl Peer {
    pub fn stream(&self) -> &TcpStream {
        self.stream.as_ref().unwrap()
    }

    /// The next request with its body; `None` where the client has left.
    pub fn request(&mut self) -> Option<String> {
        let head = self.head()?;
        let lower = head.to_ascii_lowercase();
        let length = lower
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .map_or(0, |value| value.trim().parse().unwrap());
        let body = if lower.contains("\r\ntransfer-encoding: chunked") {
            self.until(|input| input.windows(5).position(|w| w == b"0\r\n\r\n").map(|at| at + 5))?
        } else {
            self.until(|input| (input.len() >= length).then_some(length))?
        };
        let request = head + &body;
        self.shared.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    /// The next head, without its body.
    pub fn head(&mut self) -> Option<String> {
        let head = self.until(|input| input.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4));
        if head.is_none() {
            *self.shared.gone.lock().unwrap() += 1;
            self.shared.changed.notify_all();
        }
        head
    }

    /// That many bytes.
    pub fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        while self.input.len() < bytes {
            self.receive()?;
        }
        Some(self.input.drain(..bytes).collect())
    }

    fn until(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> Option<String> {
        loop {
            if let Some(end) = end(&self.input) {
                return Some(String::from_utf8(self.input.drain(..end).collect()).unwrap());
            }
            self.receive()?;
        }
    }

    fn receive(&mut self) -> Option<()> {
        let mut piece = [0; 4096];
        match self.stream().read(&mut piece) {
            Ok(n @ 1..) => self.input.extend_from_slice(&piece[..n]),
            _ => return None,
        }
        Some(())
    }

    /// Sends; what the client has left no room for is lost.
    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream().write_all(bytes.as_ref());
    }

    /// An answer with a length.
    pub fn answer(&mut self, status: &str, body: &str) {
        self.say(answer(status, body));
    }

    /// Says that no more will come.
    pub fn finish(&mut self) {
        let _ = self.stream().shutdown(std::net::Shutdown::Write);
    }

    /// Ends the connection with RST.
    pub fn reset(&mut self) {
        let stream = self.stream.take().unwrap();
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Does nothing, and reads nothing, until the server goes.
    pub fn hold(&mut self) {
        let gone = self.shared.gone.lock().unwrap();
        let is_running = |_: &mut usize| !self.shared.is_stopping.load(Ordering::SeqCst);
        drop(self.shared.changed.wait_timeout_while(gone, PATIENCE, is_running).unwrap());
    }

    /// Sends this again and again, a little apart, until the client has left.
    pub fn drip(&mut self, text: &str) {
        while self.stream().write_all(text.as_bytes()).is_ok() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Sends this again and again, as fast as the client takes it, until it has left.
    pub fn flood(&mut self, text: &str) {
        let many = text.repeat(16 * 1024 / text.len());
        while self.stream().write_all(many.as_bytes()).is_ok() {}
    }

    /// Waits until the client closes; what it sends meanwhile is forgotten.
    pub fn until_gone(&mut self) {
        while self.receive().is_some() {
            self.input.clear();
        }
    }

    /// Connects the client with another server, until either has left; what the client said so far is dropped.
    pub fn tunnel(&mut self, to: SocketAddr) {
        let (ours, theirs) = (self.stream(), TcpStream::connect(to).unwrap());
        let back = (theirs.try_clone().unwrap(), ours.try_clone().unwrap());
        let copied_back = std::thread::spawn(move || pass(back.0, back.1));
        pass(ours.try_clone().unwrap(), theirs);
        let _ = copied_back.join();
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// An answer with a length.
pub fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A redirect, whose body has to be read before its connection serves again.
pub fn redirect(status: u16, to: &str) -> String {
    format!("HTTP/1.1 {status} Elsewhere\r\nLocation: {to}\r\nContent-Length: 4\r\n\r\naway")
}

/// An address whose connections hang: a listener that accepts none, with its queue full.
pub struct Blackhole {
    pub address: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Blackhole {
    pub fn new() -> Blackhole {
        Blackhole::at(Ipv4Addr::LOCALHOST, 0)
    }

    pub fn at(ip: Ipv4Addr, port: u16) -> Blackhole {
        let new = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = new();
        listener.bind(&SocketAddr::from((ip, port)).into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let filler = new();
            filler.set_nonblocking(true).unwrap();
            let _ = filler.connect(&address);
            sockets.push(filler);
        }
        Blackhole { address: address.as_socket().unwrap(), _sockets: sockets }
    }
}

/// A port that nobody listens on: bound, so that the system gives it to nobody else.
pub fn closed_port() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}
