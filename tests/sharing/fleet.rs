//! Processes that share a token, driven one line at a time, and the world that they live in.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use bearer_testserver::{Options, Server};
use serde_json::Value;

use crate::product::{library, program_of, read, root, scratch};
use crate::stores::Store;

pub const FINE: &str = "HTTP status 200";

/// How an access token ends.
#[derive(Clone, Copy)]
pub enum Expiry {
    /// Time passes: whoever holds it knows.
    Known,
    /// The API refuses it.
    Refused,
}

/// A server, the time, and a place where its token is shared.
pub struct World<S> {
    server: Rc<Server>,
    pub store: S,
    /// The member `http` of the configuration of processes that are started from now on.
    pub http: &'static str,
    clock: PathBuf,
    ahead_s: i64,
}

impl<S: Store> World<S> {
    /// Begins with a fresh token set in the store. The server ends a session whose spent refresh token comes again.
    pub fn new(store: S) -> World<S> {
        let server = Rc::new(Server::start(Options::default()).unwrap());
        let name = format!("clock-{}", server.url().rsplit_once(':').unwrap().1);
        let world = World { server, store, http: "{}", clock: scratch(&name), ahead_s: 0 };
        world.set_clock();
        world.store.put(&world.control("issue", "{}"));
        world
    }

    pub fn control(&self, what: &str, body: &str) -> String {
        let (status, answer) = self.server.control("POST", &format!("/control/{what}"), body);
        assert_eq!(status, 200, "{what}: {answer}");
        answer
    }

    /// One of the server's counters.
    pub fn counted(&self, name: &str) -> u64 {
        let (_, state) = self.server.control("GET", "/control/state", "");
        json(&state)[name].as_u64().unwrap_or_else(|| panic!("{name} in {state}"))
    }

    fn set_clock(&self) {
        let file = File::options().write(true).create(true).truncate(false).open(&self.clock).unwrap();
        file.write_all_at(&self.ahead_s.to_ne_bytes(), 0).unwrap();
    }

    /// Ends the access token that is stored.
    pub fn expire(&mut self, how: Expiry) {
        match how {
            Expiry::Known => {
                const LONGER_THAN_A_TOKEN_S: i64 = 2000;
                self.ahead_s += LONGER_THAN_A_TOKEN_S;
                self.control("clock", &format!("{{\"advance_s\":{LONGER_THAN_A_TOKEN_S}}}"));
                self.set_clock();
            }
            Expiry::Refused => {
                let token = &json(&self.store.stored())["access_token"];
                self.control("invalidate", &format!("{{\"access_token\":{token}}}"));
            }
        }
    }

    /// Requests to the token endpoint stay at the server from now on.
    pub fn hold_renewals(&self) -> Hold {
        let id = json(&self.control("hold", r#"{"path":"/auth/token"}"#))["id"].as_u64().unwrap();
        Hold { server: self.server.clone(), id }
    }

    /// Waits until so many requests have come to the token endpoint.
    pub fn await_renewals(&self, count: u64) {
        let begun = Instant::now();
        while self.counted("token_requests") < count {
            assert!(begun.elapsed() < PATIENCE, "no renewal comes");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn launch(&self, program: &Path) -> Process {
        let config = format!(
            r#"{{"base_url": "{0}/api", "server": {{"token_endpoint": "{0}/auth/token"}},
                "client": {{"client_id": "test-client", "client_secret": "test-secret"}}, "http": {1}}}"#,
            self.server.url(),
            self.http
        );
        let mut child = Command::new(program)
            .arg(config)
            .args(self.store.arguments())
            .env("TEST_CLOCK", &self.clock)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, answers) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
        });
        Process { input: child.stdin.take(), child, answers }
    }

    /// A process that holds the token already.
    pub fn start(&self, program: &Path) -> Process {
        let mut process = self.launch(program);
        assert_eq!(process.ask("lights"), FINE);
        process
    }

    pub fn fleet(&self, program: &Path) -> Vec<Process> {
        let mut fleet: Vec<_> = (0..8).map(|_| self.launch(program)).collect();
        assert_eq!(ask_all(&mut fleet), [FINE; 8]);
        fleet
    }
}

impl<S> Drop for World<S> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.clock);
    }
}

pub struct Hold {
    server: Rc<Server>,
    id: u64,
}

impl Hold {
    /// Waits until so many requests are held.
    pub fn await_held(&self, count: u64) {
        let target = format!("/control/held?id={}&at_least={count}", self.id);
        let (status, answer) = self.server.control("GET", &target, "");
        assert_eq!(status, 200, "{answer}");
    }

    pub fn release(self) {
        self.server.control("POST", "/control/release", &format!("{{\"id\":{}}}", self.id));
    }
}

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program that makes a request for each line that it is sent, and answers with a line.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<String>,
}

impl Process {
    pub fn send(&mut self, line: &str) {
        // One write: the program reads it when it is whole.
        self.input.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub fn answer(&self) -> String {
        self.answers.recv_timeout(PATIENCE).expect("the program answers")
    }

    pub fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.answer()
    }

    /// As kill -9 does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its input ends, and so does it.
    pub fn finish(mut self) {
        self.input = None;
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All of them make a request at once.
pub fn ask_all(processes: &mut [Process]) -> Vec<String> {
    processes.iter_mut().for_each(|process| process.send("lights"));
    processes.iter().map(Process::answer).collect()
}

/// An example, with lines of it replaced, linked with the clock that tests move.
pub fn program(example: &str, faults: &[(&str, &str)]) -> PathBuf {
    compile(example, &changed(&format!("examples/{example}.c"), faults))
}

/// `tests/sharing/two_clients.c` with a `shared_file.c` of which lines are replaced.
pub fn two_clients(faults: &[(&str, &str)]) -> PathBuf {
    let example = changed("examples/shared_file.c", faults);
    let example = example.to_str().unwrap();
    compile(
        "two_clients",
        &changed("tests/sharing/two_clients.c", &[("../../examples/shared_file.c", example)]),
    )
}

fn compile(name: &str, source: &Path) -> PathBuf {
    let mut sources: Vec<OsString> = vec![source.into(), root().join("tests/sharing/clock.c").into()];
    if name == "shared_redis" {
        sources.push("-lhiredis".into());
    }
    program_of(library(), name, &sources)
}

/// A copy of a file; each fault must meet something.
fn changed(path: &str, faults: &[(&str, &str)]) -> PathBuf {
    let mut text = read(path);
    for (from, to) in faults {
        assert!(text.contains(from), "{path} has no {from}");
        text = text.replace(from, to);
    }
    if faults.is_empty() {
        return root().join(path);
    }
    let file = Path::new(path).file_stem().unwrap().to_str().unwrap();
    let thread = std::thread::current();
    let copy = scratch(&format!("{file}-{}.c", thread.name().unwrap().replace("::", "-")));
    std::fs::write(&copy, text).unwrap();
    copy
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
