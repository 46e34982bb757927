//! Clients and what they ask.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use bearer::client::{Client, Request, Response};
use bearer::clock::SystemClock;
use bearer::config::Config;
use bearer::error::{Error, Reason, Result};

/// A client with this token and nothing to renew it by; `http` has members of the configuration's `http`.
pub fn client(base: &str, http: &str) -> Client {
    configured(&format!(r#""base_url":"{base}","token":{{"access_token":"at-SECRET"}},"http":{{{http}}}"#))
}

/// A client of these members.
pub fn configured(members: &str) -> Client {
    new(members).unwrap()
}

pub fn new(members: &str) -> Result<Client> {
    Client::new(Config::parse(&format!("{{{members}}}"))?, Arc::new(SystemClock))
}

/// A client that renews at `token_endpoint`: its token has expired.
pub fn renewing(base: &str, token_endpoint: &str, members: &str) -> Client {
    configured(&format!(
        r#""base_url":"{base}","server":{{"token_endpoint":"{token_endpoint}"}},"client":{{"client_id":"c","client_secret":"cs-SECRET"}},
           "token":{{"access_token":"at-SECRET","refresh_token":"rt-SECRET","expires_at":1}}{members}"#
    ))
}

pub fn send(client: &Client, request: &mut Request) -> Result<Response> {
    client.send(request, &client.call(&client.cancel, None, None))
}

pub fn ask(client: &Client, method: &str, path: &str) -> Result<Response> {
    send(client, &mut Request::new(method, path)?)
}

/// The whole body.
pub fn body(mut response: Response) -> Result<String> {
    let bytes = response.read_rest()?;
    let (_nul, text) = bytes.expose().split_last().unwrap();
    Ok(String::from_utf8(text.to_vec()).unwrap())
}

pub fn get(client: &Client, path: &str) -> Result<String> {
    body(ask(client, "GET", path)?)
}

/// The reason of a failure, which shows no secret and no place that it must not show.
#[track_caller]
pub fn failure<T>(outcome: Result<T>) -> Reason {
    let Err(error) = outcome else { panic!("it succeeded") };
    check_clean(&error);
    error.reason
}

#[track_caller]
pub fn check_clean(error: &Error) {
    let shown = format!("{} {error} {error:?}", error.to_json());
    assert!(!shown.contains("SECRET"), "{shown}");
    assert_eq!(error.status, error.reason.status(), "{shown}");
}

const MARK: &str = "BEARER_TEST_CHILD";

/// Whether this is the process that [`run_child`] started.
pub fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// Runs the named test of this program again, in a process of its own with these variables.
pub fn run_child(test: &str, environment: &[(&str, &OsStr)]) {
    // Which stays what it is while another build replaces the file.
    let this =
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().unwrap() };
    let output = Command::new(this)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.contains("1 passed"), "{test}: {}\n{said}", output.status);
}

/// A path for a file of this test's own.
pub fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("network-{}-{name}", std::process::id()))
}
