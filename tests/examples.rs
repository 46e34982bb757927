//! The programs of `examples/` are compiled with every warning on, and do what they say.

#[path = "support/product.rs"]
mod product;
#[path = "support/qr.rs"]
mod qr;

use std::path::Path;
use std::process::Command;

use bearer_testserver::{Options, Server};
use product::{library, program, read, root, run, said, scratch};

const EXAMPLES: &[&str] = &[
    "quickstart",
    "demo",
    "fixed_token",
    "token_provider",
    "refresh_hook",
    "own_http",
    "store_token",
    "login",
    "client_credentials",
    "device",
    "login_loopback",
];

/// Those that `tests/sharing.rs` runs, many of each.
const SHARING: [&str; 2] = ["shared_file", "shared_redis"];

fn server() -> Server {
    Server::start(Options::default()).unwrap()
}

fn example(name: &str) -> Command {
    assert!(EXAMPLES.contains(&name));
    Command::new(program(name, &root().join(format!("examples/{name}.c"))))
}

/// The answer of `POST /control/issue`.
fn issue(server: &Server, body: &str) -> String {
    let (status, token) = server.control("POST", "/control/issue", body);
    assert_eq!(status, 200);
    token
}

/// A configuration whose token has expired.
fn config(server: &Server) -> String {
    format!(
        r#"{{"base_url": "{0}/api", "server": {{"token_endpoint": "{0}/auth/token"}},
            "client": {{"client_id": "test-client", "client_secret": "test-secret"}}, "token": {1}}}"#,
        server.url(),
        issue(server, r#"{"expired": true}"#)
    )
}

/// One of the server's counters.
fn counted(server: &Server, name: &str) -> u64 {
    let (_, state) = server.control("GET", "/control/state", "");
    let (_, rest) = state.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} in {state}"));
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}

fn access_token(token_json: &str) -> &str {
    let (_, rest) = token_json.split_once("\"access_token\":\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[test]
fn every_example_is_tested_here() {
    let (tests, stores) = (read("tests/examples.rs"), read("tests/sharing/stores.rs"));
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "c") {
            continue;
        }
        if SHARING.contains(&name.as_str()) {
            assert!(stores.contains(&format!("\"{name}\"")), "{name}.c is not run");
        } else {
            assert!(EXAMPLES.contains(&name.as_str()), "{name}.c is no example that is tested");
            assert!(tests.contains(&format!("example(\"{name}\")")), "{name}.c is not run");
        }
    }
}

#[test]
fn quickstart_renews_and_prints_the_answer() {
    let server = server();
    let printed = said(example("quickstart").arg(config(&server)).arg("lights"));
    assert!(printed.starts_with("a new token, to be saved\n200\n{"), "{printed}");
    assert_eq!(counted(&server, "refreshes"), 1);
    assert!(read("examples/quickstart.c").lines().count() < 40);
}

#[test]
fn login_signs_a_person_in() {
    use std::io::{BufRead, BufReader, Read, Write};
    let server = server();
    let client = r#"{"client_id": "test-client", "client_secret": "test-secret"}"#;
    let config = format!(r#"{{"base_url": "{}", "client": {client}}}"#, server.url());
    let mut program = example("login")
        .args([config.as_str(), "http://127.0.0.1:8123/"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let mut url = String::new();
    output.read_line(&mut url).unwrap();
    // The browser.
    let answer = get(url.trim());
    let back = answer.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
    writeln!(program.stdin.take().unwrap(), "{back}").unwrap();
    let mut said = String::new();
    output.read_to_string(&mut said).unwrap();
    assert_eq!(said, "signed in\n");
    assert!(program.wait().unwrap().success());
}

/// The system opens a browser by a program of its own; here it is a script, which hands the URL to the test.
#[test]
fn login_loopback_signs_a_person_in() {
    use std::os::unix::fs::PermissionsExt;
    let server = server();
    let folder = scratch("opener");
    std::fs::create_dir_all(&folder).unwrap();
    let (opener, url) = (folder.join("xdg-open"), folder.join("url"));
    let _ = std::fs::remove_file(&url);
    said(Command::new("mkfifo").arg(&url));
    std::fs::write(&opener, format!("#!/bin/sh\necho \"$1\" >'{}'\n", url.display())).unwrap();
    std::fs::set_permissions(&opener, PermissionsExt::from_mode(0o755)).unwrap();
    let client = r#"{"client_id": "test-client", "client_secret": "test-secret"}"#;
    let config = format!(r#"{{"base_url": "{}", "client": {client}}}"#, server.url());
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut program = example("login_loopback");
    let program =
        program.arg(&config).env("PATH", path).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let url = std::fs::read_to_string(url).unwrap();
    let answer = get(url.trim());
    let back = answer.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
    let page = get(back);
    assert!(page.contains("<h1>Signed in</h1>"), "{page}");
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(output.stdout, b"signed in\n");

    let output = run(example("login_loopback").arg(&config).env("PATH", "."));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("BEARER_UNSUPPORTED: xdg-open cannot be started"), "{said}");
}

/// What a browser does with a URL.
fn get(url: &str) -> String {
    use std::io::{Read, Write};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = std::net::TcpStream::connect(host).unwrap();
    write!(socket, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn client_credentials_finds_its_server_and_signs() {
    let (server, key) = (server(), "src/signing/tests/rfc-8037-a-1.json");
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let client = format!(
        r#"{{"client_id":"my-service","method":"private_key_jwt","jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}}}"#
    );
    assert_eq!(server.control("POST", "/control/client", &client).0, 200);
    let (issuer, api) = (server.url(), format!("{}/api", server.url()));
    let key = root().join(key);
    let mut program = example("client_credentials");
    let told = said(program.args([issuer, &api, "my-service"]).arg(key).arg("lights"));
    assert!(told.contains(r#""path":"/api/lights""#), "{told}");
    assert_eq!(counted(&server, "client_accepted_private_key_jwt"), 1);
}

#[test]
fn device_signs_a_person_in() {
    use std::io::{BufRead, BufReader};
    let server = server();
    let config = format!(
        r#"{{"base_url": "{}", "server": {{"device_authorization_endpoint": "/auth/device_authorization"}},
            "client": {{"client_id": "test-client", "client_secret": "test-secret"}}}}"#,
        server.url()
    );
    let mut program = example("device").arg(config).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.next().unwrap(), format!("open {}/device", server.url()));
    let code = lines.next().unwrap().strip_prefix("and enter ").unwrap().to_owned();
    let (status, _) =
        server.control("POST", "/control/device", &format!(r#"{{"user_code":"{code}","approve":true}}"#));
    assert_eq!((status, lines.next().as_deref()), (200, Some("or scan")));
    let mut rest: Vec<String> = lines.collect();
    assert_eq!(rest.pop().as_deref(), Some("signed in"));
    assert_eq!(qr::read(&rest.join("\n")), format!("{}/device?user_code={code}", server.url()));
    assert!(program.wait().unwrap().success());
}

#[test]
fn quickstart_says_what_is_wrong() {
    let output = run(example("quickstart").args([r#"{"base_ulr": "http://example.com"}"#, "lights"]));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("BEARER_INVALID_ARGUMENT: base_ulr: unknown member"), "{said}");
    assert!(said.contains("\"base_url\""), "{said}");
}

#[test]
fn demo_shows_the_renewal() {
    let server = server();
    let printed = said(example("demo").arg(server.url()));
    let order =
        ["renewal_started", "\"renewed\"", "on_token", "token_saved", "http_status\":200", "HTTP 200"];
    let places: Vec<_> = order.iter().map(|step| printed.find(step).expect(step)).collect();
    assert!(places.is_sorted(), "{printed}");
    assert!(!printed.contains("at-") && !printed.contains("rt-"), "no token is shown: {printed}");
}

/// From a fresh clone it needs nothing but cc, make and cargo; the server that it starts is gone afterwards.
#[test]
fn demo_script_runs_and_stops_its_server() {
    library();
    let printed = said(Command::new("sh").arg(root().join("examples/demo.sh")).current_dir("/"));
    let (_, rest) = printed.split_once("http://").expect("the server's address");
    let address = rest.split_whitespace().next().unwrap();
    assert!(std::net::TcpStream::connect(address).is_err(), "the server still runs at {address}");
}

#[test]
fn fixed_token_is_sent_verbatim() {
    let server = server();
    let url = format!("{}/fixed", server.url());
    let printed = said(example("fixed_token").args([&url, "lights"]));
    assert!(printed.starts_with("HTTP response status code 200\n"), "{printed}");
    let (_, log) = server.control("GET", "/control/log", "");
    assert!(log.to_lowercase().contains(r#"["authorization","secret"]"#), "{log}");
}

#[test]
fn token_provider_is_asked_again_after_a_401() {
    let server = server();
    let (old, new) = (issue(&server, r#"{"expired": true}"#), issue(&server, "{}"));
    let url = format!("{}/api", server.url());
    let arguments = [&url, "lights", access_token(&old), access_token(&new)];
    let printed = said(example("token_provider").args(arguments));
    assert_eq!(printed, "the token manager fetches another token\nHTTP status 200\n");
    let printed =
        said(example("token_provider").args([&url, "lights", access_token(&new), access_token(&old)]));
    assert_eq!(printed, "HTTP status 200\n");
}

#[test]
fn refresh_hook_renews_through_its_service() {
    let server = server();
    let config = config(&server);
    let arguments = [config.as_str(), "lights", server.url(), "link/refresh_token/netatmo"];
    let printed = said(example("refresh_hook").args(arguments));
    assert_eq!(printed, "the service is asked for a new token\nHTTP status 200\n");
    assert_eq!((counted(&server, "link_refreshes"), counted(&server, "token_requests")), (1, 0));
    // The refresh token is spent: the service says no, and a person must sign in.
    let output = run(example("refresh_hook").args(arguments));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(r#""status":"login_required""#), "{said}");
}

#[test]
fn own_http_carries_the_renewal_and_the_request() {
    let server = server();
    let printed = said(example("own_http").arg(config(&server)).arg("bytes/100000"));
    assert_eq!(printed, "POST /auth/token\nGET /api/bytes/100000\nHTTP status 200\n");
    assert_eq!(counted(&server, "refreshes"), 1);
}

#[test]
fn store_token_begins_with_what_it_stored() {
    let server = server();
    let config = config(&server);
    let file = scratch("token.json");
    let _ = std::fs::remove_file(&file);
    let run = || said(example("store_token").args([&config, "lights"]).arg(&file));
    assert_eq!(run(), format!("saved in {}\nHTTP status 200\n", file.display()));
    assert_eq!(run(), "HTTP status 200\n", "the second run has a valid token");
    assert_eq!(counted(&server, "refreshes"), 1);
    assert!(is_private(&file), "others can read {}", file.display());
    assert!(!Path::new(&format!("{}.new", file.display())).exists());
}

#[test]
fn store_token_reports_a_disk_that_fails() {
    let server = server();
    let output = run(example("store_token").args([
        config(&server),
        "lights".into(),
        "no/such/folder/token.json".into(),
    ]));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(r#""reason":"not_saved""#), "{said}");
}

fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(file).unwrap().mode() & 0o077 == 0
}
