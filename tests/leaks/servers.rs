//! The origin, which answers with the cases' redirects, and the foreign listener, which writes down what it gets.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::cases::Answer;

/// A request as it arrived where it has no business.
#[derive(Clone, Debug)]
pub struct Record {
    /// The last part of its path and query that is a number.
    pub case: Option<usize>,
    pub bytes: Vec<u8>,
}

pub struct Servers {
    /// Host and port of the origin.
    pub origin: String,
    shared: Arc<Shared>,
}

struct Shared {
    answers: Vec<Answer>,
    ports: [u16; 2],
    records: Mutex<Vec<Record>>,
}

impl Servers {
    /// Their threads end with the process.
    pub fn start(answers: Vec<Answer>) -> Servers {
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let ports = [0, 1].map(|i| listeners[i].local_addr().unwrap().port());
        let shared = Arc::new(Shared { answers, ports, records: Mutex::default() });
        for (is_foreign, listener) in [false, true].into_iter().zip(listeners) {
            let shared = shared.clone();
            std::thread::spawn(move || {
                for stream in listener.incoming() {
                    let shared = shared.clone();
                    std::thread::spawn(move || shared.serve(stream.unwrap(), is_foreign));
                }
            });
        }
        Servers { origin: format!("127.0.0.1:{}", ports[0]), shared }
    }

    /// What came to others than the origin so far.
    pub fn records(&self) -> Vec<Record> {
        self.shared.records.lock().unwrap().clone()
    }
}

impl Shared {
    /// One connection to its end.
    fn serve(&self, mut stream: TcpStream, is_foreign: bool) {
        stream.set_nodelay(true).unwrap();
        let mut input = Vec::new();
        loop {
            let request = read_request(&mut stream, &mut input);
            if request.is_empty() {
                break;
            }
            let answer = self.answer(&request, is_foreign);
            if stream.write_all(answer.as_bytes()).is_err() {
                break;
            }
        }
        // Half a request is a leak as well.
        if !input.is_empty() && is_foreign {
            self.records.lock().unwrap().push(Record { case: None, bytes: input });
        }
    }

    fn answer(&self, request: &[u8], is_foreign: bool) -> String {
        let text = String::from_utf8_lossy(request);
        let path = text.split(' ').nth(1).unwrap_or_default();
        let case: Option<usize> = path.split(['/', '?']).rev().find_map(|part| part.parse().ok());
        // The other spelling of the origin's host is another origin, whoever listens there.
        let host = format!("127.0.0.1:{}", self.ports[0]);
        let is_of_origin = header(&text, "host") == Some(&host);
        // Who has left is not trusted again where a redirect leads back.
        if is_foreign || !is_of_origin || path.starts_with("/returned/") {
            self.records.lock().unwrap().push(Record { case, bytes: request.to_vec() });
        }
        let case = case.unwrap_or(0);
        match path.split('/').nth(1) {
            Some("go") => self.redirect(self.answers[case].status, self.answers[case].target, case),
            Some("in") => self.redirect(self.answers[case].status, "http://{f}/f/{n}", case),
            Some("in-and-back") => self.redirect(self.answers[case].status, "http://{f}/back/{n}", case),
            Some("back") => self.redirect(302, "http://{o}/returned/{n}", case),
            Some("again") => self.redirect(307, "http://{m}/f/{n}", case),
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into(),
        }
    }

    fn redirect(&self, status: u16, target: &str, case: usize) -> String {
        let [origin, foreign] = self.ports;
        let mut answer = format!("HTTP/1.1 {status} Elsewhere\r\nContent-Length: 0\r\n");
        for location in target.split('>') {
            let location = location
                .replace("{o}", &format!("127.0.0.1:{origin}"))
                .replace("{l}", &format!("localhost:{origin}"))
                .replace("{f}", &format!("127.0.0.1:{foreign}"))
                .replace("{m}", &format!("localhost:{foreign}"))
                .replace("{fport}", &foreign.to_string())
                .replace("{n}", &case.to_string());
            answer.push_str(&format!("Location: {location}\r\n"));
        }
        answer + "\r\n"
    }
}

/// The first value of a header of this head.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).take_while(|line| !line.is_empty()).find_map(|line| {
        let (is, value) = line.split_once(':')?;
        is.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// Takes the next request with its body from the input, which is filled as needed; nothing at the end.
fn read_request(stream: &mut TcpStream, input: &mut Vec<u8>) -> Vec<u8> {
    loop {
        if let Some(head) = input.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&input[..head + 4]);
            let body: usize = header(&text, "content-length").map_or(0, |len| len.parse().unwrap());
            if input.len() >= head + 4 + body {
                return input.drain(..head + 4 + body).collect();
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(n @ 1..) => input.extend_from_slice(&piece[..n]),
            _ => return Vec::new(),
        }
    }
}
