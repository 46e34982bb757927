//! A server, the relay before it, and a folder with the token file of a program, which is killed and started again.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bearer_testserver::{Options, Server};
use serde_json::Value;

use super::Point;
use super::product::scratch;
use super::relay::{Exchange, Place, Relay};

/// Long enough for everything that must come; reached only where the test fails.
const PATIENCE: Duration = Duration::from_secs(20);
const TOKEN_PATH: &str = "/auth/token";
const API_PATH: &str = "/api/";

/// What a kill at one point came to.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// When the program was dead, whether the server had made a new set of the old one,
    pub is_committed: bool,
    /// the API had been asked,
    pub is_used: bool,
    /// and what the file held.
    pub file: Held,
    /// How often the program, started again, asked for a new set.
    pub renewals: usize,
    pub end: End,
}

#[derive(Debug, PartialEq)]
pub enum Held {
    Old,
    New,
    /// Neither of them: this text.
    Else(String),
}

#[derive(Debug, PartialEq)]
pub enum End {
    /// The request was answered with 200, the file holds the server's newest set, and nothing else is in the folder.
    Recovered,
    /// The program says that a person must sign in; once one has, it works as before.
    Lost,
    Else(String),
}

/// An exchange that nothing disturbs.
pub struct Measures {
    pub request_bytes: usize,
    pub answer_bytes: usize,
    /// The system calls of the store, in order.
    pub calls: Vec<String>,
}

pub struct World {
    server: Arc<Server>,
    relay: Relay,
    program: PathBuf,
    fault: &'static str,
    folder: PathBuf,
}

impl World {
    pub fn start(name: &str, program: PathBuf, grace_s: u32, fault: &'static str) -> World {
        let server = Arc::new(Server::start(Options::default()).unwrap());
        let relay = Relay::start(server.url());
        let folder = scratch(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let world = World { server, relay, program, fault, folder };
        world.control("POST", "config", &format!(r#"{{"grace_s": {grace_s}}}"#));
        world
    }

    pub fn measure(&self) -> Measures {
        self.sign_in();
        let output = self.run();
        assert_eq!(self.trouble(&output), None);
        let printed = String::from_utf8(output.stdout).unwrap();
        let calls = printed.lines().filter_map(|line| line.strip_prefix("call ")?.split(": ").nth(1));
        let exchange = &self.take_renewals()[0];
        Measures {
            request_bytes: exchange.request_bytes,
            answer_bytes: exchange.answer.len(),
            calls: calls.map(str::to_owned).collect(),
        }
    }

    /// Kills the program there, and starts it again.
    pub fn kill_at(&self, point: Point) -> Outcome {
        let old = self.sign_in();
        let before = self.state();
        match point {
            Point::Request(bytes) => self.kill_on_the_way(TOKEN_PATH, Place::Request(bytes), false),
            Point::Unanswered(bytes) => self.kill_on_the_way(TOKEN_PATH, Place::Request(bytes), true),
            Point::Answer(bytes) => self.kill_on_the_way(TOKEN_PATH, Place::Answer(bytes), false),
            Point::Store(number) => self.kill_in_store(number),
            Point::Use => self.kill_on_the_way(API_PATH, Place::Request(0), false),
        }
        let (state, answers) = (self.state(), self.take_renewals());
        let file = std::fs::read_to_string(self.file()).unwrap();
        let file = match &answers[..] {
            _ if file == old => Held::Old,
            [exchange] if tokens(&file) == tokens(body(exchange)) => Held::New,
            _ => Held::Else(file),
        };
        let output = self.run();
        let answers = self.take_renewals();
        let newest = answers.last().map(body).filter(|_| file != Held::New);
        let end = match (self.trouble(&output), newest) {
            (None, Some(newest)) if tokens(&self.read()) != tokens(newest) => {
                End::Else(format!("the newest set is not saved: {}", self.read()))
            }
            (None, _) => End::Recovered,
            (Some(_), _) if says_sign_in(&output) => self.end_after_signing_in(&old),
            (Some(trouble), _) => End::Else(trouble),
        };
        Outcome {
            is_committed: state["refreshes"] != before["refreshes"],
            is_used: state["api_requests"] != before["api_requests"],
            file,
            renewals: answers.len(),
            end,
        }
    }

    /// An expired set, as somebody who signed in long ago has it.
    fn sign_in(&self) -> String {
        self.control("DELETE", "log", "");
        let token = self.control("POST", "issue", r#"{"expired": true}"#);
        std::fs::write(self.file(), &token).unwrap();
        self.take_renewals();
        token
    }

    fn end_after_signing_in(&self, old: &str) -> End {
        if self.read() != old {
            return End::Else(format!("the file was changed without a renewal: {}", self.read()));
        }
        self.sign_in();
        self.trouble(&self.run()).map_or(End::Lost, |trouble| End::Else(format!("signed in: {trouble}")))
    }

    fn kill_on_the_way(&self, path: &'static str, place: Place, is_held: bool) {
        let program = Arc::new(Mutex::new(None));
        let hold = is_held.then(|| self.hold());
        let is_over = self.relay.cut(path, place, {
            let (server, program) = (self.server.clone(), program.clone());
            move || {
                if let Some(id) = hold {
                    let target = format!("/control/held?id={id}&at_least=1");
                    assert_eq!(server.control("GET", &target, "").0, 200);
                }
                kill(program.lock().unwrap().take().unwrap());
                if let Some(id) = hold {
                    server.control("POST", "/control/release", &format!(r#"{{"id": {id}}}"#));
                }
            }
        });
        {
            // The cut may come before this thread has the program's handle.
            let mut program = program.lock().unwrap();
            *program = Some(self.command().spawn().unwrap());
        }
        if is_over.recv_timeout(PATIENCE).is_err() {
            let mut program = program.lock().unwrap().take().expect("the relay is whole");
            program.kill().unwrap();
            panic!("it did not get so far: {:?}", program.wait_with_output());
        }
    }

    /// Keeps requests for a new set from being dealt with.
    fn hold(&self) -> u64 {
        let hold = self.control("POST", "hold", &format!(r#"{{"path": "{TOKEN_PATH}"}}"#));
        serde_json::from_str::<Value>(&hold).unwrap()["id"].as_u64().unwrap()
    }

    fn kill_in_store(&self, number: usize) {
        let mut program = self.command().env("STOP_AT", number.to_string()).spawn().unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
        let stop = format!("call {number}: ");
        assert!(lines.any(|line| line.starts_with(&stop)), "there is no call {number}");
        kill(program);
    }

    fn command(&self) -> Command {
        let url = &self.relay.url;
        let config = format!(
            r#"{{"base_url": "{url}/api", "server": {{"token_endpoint": "{url}{TOKEN_PATH}"}},
                "client": {{"client_id": "test-client", "client_secret": "test-secret"}}}}"#
        );
        let mut command = Command::new(&self.program);
        command.args([config.as_str(), "lights"]).arg(self.file()).env("FAULT", self.fault);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Undisturbed, to its end.
    fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    /// What is wrong after a run that should have gone well.
    fn trouble(&self, output: &Output) -> Option<String> {
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || !printed.ends_with("HTTP status 200\n") {
            return Some(format!("{}: {printed}{}", output.status, String::from_utf8_lossy(&output.stderr)));
        }
        let entries = std::fs::read_dir(&self.folder).unwrap();
        let others: Vec<_> =
            entries.map(|entry| entry.unwrap().path()).filter(|path| *path != self.file()).collect();
        (!others.is_empty()).then(|| format!("left in the folder: {others:?}"))
    }

    fn file(&self) -> PathBuf {
        self.folder.join("token.json")
    }

    fn read(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    /// The exchanges with the token endpoint since this was asked last.
    fn take_renewals(&self) -> Vec<Exchange> {
        let exchanges = self.relay.take_exchanges().into_iter();
        exchanges.filter(|exchange| exchange.path == TOKEN_PATH).collect()
    }

    fn state(&self) -> Value {
        serde_json::from_str(&self.control("GET", "state", "")).unwrap()
    }

    fn control(&self, method: &str, name: &str, body: &str) -> String {
        let (status, answer) = self.server.control(method, &format!("/control/{name}"), body);
        assert_eq!(status, 200, "{method} {name}: {answer}");
        answer
    }
}

/// Ends it as nothing can catch, once it sleeps: so it has seen every byte that it was given.
fn kill(mut program: Child) {
    let stat = format!("/proc/{}/stat", program.id());
    let started = Instant::now();
    while std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") R "))
        && started.elapsed() < PATIENCE
    {
        std::thread::yield_now();
    }
    program.kill().unwrap();
    let status = program.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "it had ended by itself: {status}");
}

fn says_sign_in(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stderr).contains(r#""status":"login_required""#)
}

fn body(exchange: &Exchange) -> &str {
    exchange.answer.split_once("\r\n\r\n").unwrap().1
}

/// What makes a set the one that it is.
fn tokens(json: &str) -> Option<[String; 2]> {
    let set: Value = serde_json::from_str(json).ok()?;
    let text = |name: &str| Some(set[name].as_str()?.to_owned());
    Some([text("access_token")?, text("refresh_token")?])
}
