//! The program and the end of a server.

mod common;

use bearer_testserver::{Options, Server};
use common::*;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bearer-testserver"))
}

#[test]
fn the_program_prints_one_line_and_ends_with_its_input() {
    let arguments = ["--until-stdin-closes", "--no-rotate", "--access-ttl-s", "7"];
    let mut command = program();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("a line");
    let ready: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(ready["pid"], child.id());
    assert_eq!(text(&ready, "control"), format!("{}/control", text(&ready, "url")));
    assert!(Path::new(text(&ready, "ca_file")).exists());

    let issue = request("POST", "/control/issue", "", "");
    let tokens = once(text(&ready, "url"), &issue).json();
    assert_eq!(tokens["expires_in"], 7);
    let id = text(&ready, "client_id");
    let secret = text(&ready, "client_secret");
    let body = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={id}&client_secret={secret}",
        text(&tokens, "refresh_token")
    );
    let answer = once(text(&ready, "url"), &form("/auth/token", "", &body));
    assert!(answer.json().get("refresh_token").is_none(), "{}", answer.text());

    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "");
    assert!(!Path::new(text(&ready, "ca_file")).exists());
}

#[test]
fn the_program_explains_itself() {
    let help = program().arg("--help").output().expect("the program runs");
    assert!(help.status.success());
    assert!(String::from_utf8_lossy(&help.stdout).contains("--until-stdin-closes"));
    let wrong = program().arg("--wrong").output().expect("the program runs");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(wrong.stdout.is_empty());
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--wrong"));
}

#[test]
fn a_taken_port_is_an_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let options = Options { port, ..Options::default() };
    assert!(Server::start(options).is_err());
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = start();
    let ready: Value = serde_json::from_str(&server.ready_json()).expect("JSON");
    assert_eq!(server.ca_file(), Path::new(text(&ready, "ca_file")));
    let directory = server.ca_file().parent().expect("a directory").to_path_buf();
    assert!(directory.join("client.key").exists());
    let mut idle = connect(server.url());
    let url = server.url().to_string();
    drop(server);
    assert!(!directory.exists());
    assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0, "the connection is closed");
    let address = url.strip_prefix("http://").expect("a URL");
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
}

#[test]
fn servers_do_not_share_anything() {
    let (one, two) = (start(), start());
    let tokens = issue(&one);
    assert!(is_accepted(&one, &tokens));
    assert!(!is_accepted(&two, &tokens));
}
