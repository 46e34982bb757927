//! The library's C interface against an authorization server that nobody here wrote: oidc-provider, certified by the
//! OpenID Foundation. `make interop` runs it, apart from `make test`, for it installs the server from npm's registry.
//! The programs of `tests/interop` have the rows; the table that is printed has each with every issuer that it is for.

#[path = "support/product.rs"]
mod product;

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use product::{library, program_of, root, run, said, scratch};
use serde_json::Value;

/// In the order of the table.
const PROGRAMS: [&str; 17] = [
    "login",
    "loopback",
    "device",
    "grants",
    "refresh",
    "discovery",
    "signed_auth",
    "signing_hook",
    "certificates",
    "revocation",
    "introspection",
    "userinfo",
    "identity",
    "registration",
    "proof",
    "pushed",
    "trust",
];

/// What the programs exit with where a row was not tried.
const NOT_TRIED: i32 = 77;

/// oidc-provider, until it is dropped.
struct Server {
    process: Child,
    log: PathBuf,
    issuers: Vec<Value>,
}

impl Server {
    fn start() -> Self {
        let scripts = root().join("tests/interop");
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
        let installed = root().join(target).join("interop");
        let node = said(Command::new(scripts.join("install.sh")).arg(&installed));
        let work = scratch("work");
        let _ = std::fs::remove_dir_all(&work);
        std::fs::create_dir(&work).unwrap();
        said(Command::new(scripts.join("pki.sh")).arg(&work));
        let log = work.join("log");
        let mut process = Command::new(node.trim())
            .arg(installed.join("server.mjs"))
            .arg(&work)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let issuers = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {}", read(&log)));
        Self { process, log, issuers }
    }

    fn assert_runs(&mut self) {
        let ended = self.process.try_wait().unwrap();
        assert!(ended.is_none(), "the server ended: {ended:?}\n{}", read(&self.log));
    }
}

impl Drop for Server {
    /// It ends with its stdin, so it also ends where this process is killed.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

fn compile(name: &str) -> PathBuf {
    let folder = root().join("tests");
    let mut arguments: Vec<OsString> = vec!["-g".into(), "-pthread".into()];
    for include in ["c", "interop"] {
        arguments.extend(["-I".into(), folder.join(include).into()]);
    }
    arguments.push(folder.join(format!("interop/{name}.c")).into());
    if name == "signing_hook" {
        arguments.push("-lcrypto".into());
    }
    program_of(library(), name, &arguments)
}

/// How a row ended.
enum Outcome {
    Pass,
    NotTried(String),
    Failed(String),
}

impl Outcome {
    fn of(output: &Output) -> Self {
        // On one line, as the table wants it.
        let text =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).split_whitespace().collect::<Vec<_>>().join(" ");
        let errors = text(&output.stderr);
        match output.status.code() {
            Some(0) if errors.is_empty() => Self::Pass,
            Some(NOT_TRIED) if errors.is_empty() => Self::NotTried(text(&output.stdout)),
            _ => Self::Failed(format!("{}: {errors}", output.status)),
        }
    }
}

/// A program's rows, each with every issuer that it is for, in the program's order.
fn rows_of(program: &Path, issuers: &[Value]) -> Vec<(String, Value)> {
    let mut names: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for issuer in issuers {
        let listed = said(Command::new(program).arg(issuer["kind"].as_str().unwrap()));
        for name in listed.lines() {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
            rows.push((name.to_owned(), issuer.clone()));
        }
    }
    rows.sort_by_key(|(row, _)| names.iter().position(|name| name == row));
    rows
}

fn print_row(feature: &str, issuer: &str, result: &str) {
    println!("| {feature:<58} | {issuer:<10} | {result}");
}

#[test]
#[ignore = "installs oidc-provider from npm's registry; make interop runs it"]
fn every_row_passes_or_says_why_not() {
    for entry in std::fs::read_dir(root().join("tests/interop")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_program = path.extension().is_some_and(|extension| extension == "c");
        assert!(!is_program || PROGRAMS.contains(&name), "tests/interop/{name}.c is run by nobody");
    }
    let programs: Vec<_> = PROGRAMS.iter().map(|name| compile(name)).collect();
    let mut server = Server::start();
    let (mut passed, mut not_tried, mut failed) = (0, 0, 0);
    println!();
    print_row("feature", "issuer", "result");
    print_row(&"-".repeat(58), &"-".repeat(10), "------");
    for program in &programs {
        let rows = rows_of(program, &server.issuers);
        assert!(!rows.is_empty(), "{} has no rows", program.display());
        for (row, issuer) in rows {
            server.assert_runs();
            let outcome = Outcome::of(&run(Command::new(program)
                .arg(issuer.to_string())
                .arg(&row)
                .stdin(Stdio::null())));
            let result = match &outcome {
                Outcome::Pass => {
                    passed += 1;
                    "pass"
                }
                Outcome::NotTried(reason) => {
                    not_tried += 1;
                    reason
                }
                Outcome::Failed(reason) => {
                    failed += 1;
                    &format!("FAILED: {reason}")
                }
            };
            print_row(&row, issuer["kind"].as_str().unwrap(), result);
        }
    }
    println!("{passed} pass, {not_tried} were not tried, {failed} failed");
    let log = read(&server.log);
    assert!(failed == 0, "{failed} rows failed; the server's log:\n{log}");
}
