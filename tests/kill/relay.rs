//! What stands between the program and the server, and passes on every byte but for those behind a cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// Where an exchange is cut: behind so many bytes.
#[derive(Clone, Copy)]
pub enum Place {
    Request(usize),
    Answer(usize),
}

/// A request that the server had whole, and its answer.
pub struct Exchange {
    pub path: String,
    pub request_bytes: usize,
    pub answer: String,
}

pub struct Relay {
    /// Where the program finds it.
    pub url: String,
    shared: Arc<Shared>,
}

struct Shared {
    /// Host and port.
    server: String,
    cut: Mutex<Option<Cut>>,
    exchanges: Mutex<Vec<Exchange>>,
}

struct Cut {
    path: &'static str,
    place: Place,
    kill: Box<dyn FnOnce() + Send>,
    over: Sender<()>,
}

impl Cut {
    fn is_at(&self, path: &str) -> bool {
        path.starts_with(self.path)
    }
}

impl Relay {
    /// Its threads end with the process.
    pub fn start(server_url: &str) -> Relay {
        let listener = listener();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = server_url.trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared { server, cut: Mutex::default(), exchanges: Mutex::default() });
        {
            let shared = shared.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let (shared, stream) = (shared.clone(), stream.unwrap());
                    std::thread::spawn(move || shared.serve(stream));
                }
            });
        }
        Relay { url, shared }
    }

    /// Cuts the next exchange with this path: there `kill` is called, and nothing passed on any more. The receiver is
    /// told when the server has dealt with what it got.
    pub fn cut(
        &self,
        path: &'static str,
        place: Place,
        kill: impl FnOnce() + Send + 'static,
    ) -> Receiver<()> {
        let (over, is_over) = channel();
        *self.shared.cut.lock().unwrap() = Some(Cut { path, place, kill: Box::new(kill), over });
        is_over
    }

    /// What was exchanged since this was asked last.
    pub fn take_exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.shared.exchanges.lock().unwrap())
    }
}

/// The port is part of every request, so it has five digits: else the number of bytes would differ between runs.
fn listener() -> TcpListener {
    let mut refused = Vec::new();
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        if listener.local_addr().unwrap().port() >= 10_000 {
            return listener;
        }
        refused.push(listener);
    }
}

impl Shared {
    /// One connection to its end, or to the cut.
    fn serve(&self, mut client: TcpStream) {
        let mut server = TcpStream::connect(&self.server).unwrap();
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let (mut from_client, mut from_server) = (Vec::new(), Vec::new());
        while let Some(request) = message(&mut client, &mut from_client) {
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).unwrap_or_default().to_owned();
            let cut = self.cut.lock().unwrap().take_if(|cut| cut.is_at(&path));
            if let Some(Cut { place: Place::Request(bytes), kill, over, .. }) = cut {
                server.write_all(&request[..bytes]).unwrap();
                kill();
                if bytes < request.len() {
                    server.shutdown(Shutdown::Write).unwrap();
                    let _ = server.read_to_end(&mut from_server);
                } else {
                    self.answered(path, &request, &message(&mut server, &mut from_server).unwrap());
                }
                over.send(()).unwrap();
                return;
            }
            server.write_all(&request).unwrap();
            let Some(answer) = message(&mut server, &mut from_server) else { return };
            self.answered(path, &request, &answer);
            if let Some(Cut { place: Place::Answer(bytes), kill, over, .. }) = cut {
                client.write_all(&answer[..bytes]).unwrap();
                kill();
                over.send(()).unwrap();
                return;
            }
            if client.write_all(&answer).is_err() {
                return;
            }
        }
    }

    fn answered(&self, path: String, request: &[u8], answer: &[u8]) {
        let answer = String::from_utf8(answer.to_vec()).unwrap();
        self.exchanges.lock().unwrap().push(Exchange { path, request_bytes: request.len(), answer });
    }
}

/// The next request or answer with its body; `None` at the end.
fn message(stream: &mut TcpStream, input: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(head) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&input[..head]).to_ascii_lowercase();
            let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
            let end = head + 4 + length.map_or(0, |length| length.trim().parse().unwrap());
            if input.len() >= end {
                return Some(input.drain(..end).collect());
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(n @ 1..) => input.extend_from_slice(&piece[..n]),
            _ => return None,
        }
    }
}
