//! Where a token set is shared: a file, or a Redis server of the test's own.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::product::scratch;

/// A store as its users see it.
pub trait Store {
    /// The example that uses it.
    fn example(&self) -> &'static str;
    /// Tells the example where it is.
    fn arguments(&self) -> Vec<OsString>;
    /// The token set in it.
    fn stored(&self) -> String;
    /// Puts one there.
    fn put(&self, token: &str);
}

/// Two tests have nothing in common.
fn number() -> usize {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

pub struct InFile {
    folder: PathBuf,
}

impl InFile {
    pub fn new() -> InFile {
        let folder = scratch(&format!("store-{}", number()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        InFile { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("token.json")
    }
}

impl Store for InFile {
    fn example(&self) -> &'static str {
        "shared_file"
    }

    fn arguments(&self) -> Vec<OsString> {
        vec![self.path().into()]
    }

    fn stored(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    fn put(&self, token: &str) {
        std::fs::write(self.path(), token).unwrap();
    }
}

pub const LOCK_KEY: &str = "my-app:token-lock";
pub const TOKEN_KEY: &str = "my-app:token";

/// A server that keeps nothing on disk and listens nowhere but at a socket in the file system.
pub struct InRedis {
    server: Child,
    socket: PathBuf,
}

impl InRedis {
    pub fn new() -> InRedis {
        // A socket's path has room for about a hundred bytes, which a build folder may use up.
        let socket = std::env::temp_dir().join(format!("bearer-{}-{}.sock", std::process::id(), number()));
        let mut redis = InRedis { server: serve(&socket), socket };
        redis.await_listening();
        redis
    }

    /// Ends the server, and what it held is gone.
    pub fn stop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.server = serve(&self.socket);
        self.await_listening();
    }

    fn await_listening(&mut self) {
        let begun = Instant::now();
        while UnixStream::connect(&self.socket).is_err() {
            assert_eq!(self.server.try_wait().unwrap(), None, "redis-server has ended");
            assert!(begun.elapsed() < Duration::from_secs(20), "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The answer to a command, `None` for nil. (https://redis.io/docs/latest/develop/reference/protocol-spec)
    pub fn ask(&self, words: &[&str]) -> Option<String> {
        let mut connection = UnixStream::connect(&self.socket).unwrap();
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
        }
        connection.write_all(command.as_bytes()).unwrap();
        let mut answer = BufReader::new(connection);
        let mut head = String::new();
        answer.read_line(&mut head).unwrap();
        let (kind, rest) = head.trim_end().split_at(1);
        match kind {
            "$" if rest == "-1" => None,
            "$" => {
                let mut text = vec![0; rest.parse().unwrap()];
                answer.read_exact(&mut text).unwrap();
                Some(String::from_utf8(text).unwrap())
            }
            "+" | ":" => Some(rest.to_owned()),
            _ => panic!("{words:?}: {head}"),
        }
    }
}

fn serve(socket: &Path) -> Child {
    let _ = std::fs::remove_file(socket);
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no", "--unixsocket"])
        .arg(socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("redis-server, which tests/setup.sh installs: {error}"))
}

impl Drop for InRedis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        match std::fs::remove_file(&self.socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                eprintln!("{}: {error}", self.socket.display())
            }
            _ => {}
        }
    }
}

impl Store for InRedis {
    fn example(&self) -> &'static str {
        "shared_redis"
    }

    fn arguments(&self) -> Vec<OsString> {
        vec![Path::new(&self.socket).into(), "0".into()]
    }

    fn stored(&self) -> String {
        self.ask(&["GET", TOKEN_KEY]).expect("a token set is stored")
    }

    fn put(&self, token: &str) {
        self.ask(&["SET", TOKEN_KEY, token]);
    }
}
