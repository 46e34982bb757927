//! `bindings/go`: its own tests under the race detector, and its quick start as a newcomer runs it.

#[path = "support/product.rs"]
mod product;

use std::path::{Path, PathBuf};
use std::process::Command;

use bearer_testserver::{Options, Server};
use product::{library, read, root, said, scratch};

const README: &str = "bindings/go/README.md";

/// The module, and the one beside it that needs golang.org/x/oauth2.
const MODULES: [&str; 2] = ["bindings/go", "bindings/go/tokensource"];

/// Whether there is a Go. Where tests must all run, there has to be.
fn is_there() -> bool {
    let is_there = Command::new("go").arg("version").output().is_ok_and(|output| output.status.success());
    assert!(is_there || std::env::var_os("CI").is_none(), "the tests of bindings/go take go 1.22");
    if !is_there {
        println!("bindings/go is not tested: there is no go");
    }
    is_there
}

/// A command that finds the library where the tests have it.
fn command(program: &str, folder: &Path) -> Command {
    let library = library().display();
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("LIBBEARER", root())
        .env("CGO_LDFLAGS", format!("-L{library} -Wl,-rpath,{library}"));
    command
}

fn go(module: &str, arguments: &[&str]) -> String {
    said(command("go", &root().join(module)).args(arguments).env("BEARER_TESTSERVER", test_server()))
}

/// The test server's program: each of Go's tests starts one of its own.
fn test_server() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    said(Command::new(cargo).args(["build", "--quiet", "-p", "bearer-testserver"]).current_dir(root()));
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
    root().join(target).join("debug/bearer-testserver")
}

/// The first block of the README in one language.
fn block(language: &str) -> String {
    let readme = read(README);
    let (_, rest) = readme.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn go_code_is_formatted_and_vetted() {
    if !is_there() {
        return;
    }
    assert_eq!(said(command("gofmt", &root().join("bindings/go")).args(["-l", "."])), "");
    for module in MODULES {
        go(module, &["vet", "./..."]);
    }
}

#[test]
fn go_tests_pass_under_the_race_detector() {
    if !is_there() {
        return;
    }
    for module in MODULES {
        println!("{}", go(module, &["test", "-race", "-count=1", "./..."]));
    }
}

/// Without the race detector, whose own memory grows.
#[test]
fn ten_thousand_clients_keep_memory_flat() {
    if !is_there() {
        return;
    }
    let test = ["test", "-count=1", "-v", "-run", "TestTenThousandClientsKeepMemoryFlat", "."];
    let printed = go("bindings/go", &test);
    assert!(printed.contains("--- PASS: TestTenThousandClientsKeepMemoryFlat"), "{printed}");
    println!("{printed}");
}

#[test]
fn quick_start_runs_in_an_empty_folder() {
    if !is_there() {
        return;
    }
    let server = Server::start(Options::default()).unwrap();
    let (_, token) = server.control("POST", "/control/issue", r#"{"expired": true}"#);
    let folder = scratch("quickstart");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.go"), block("go")).unwrap();
    let config = format!(
        r#"{{"base_url": "{0}/api", "server": {{"token_endpoint": "{0}/auth/token"}},
            "client": {{"client_id": "test-client", "client_secret": "test-secret"}}, "token": {token}}}"#,
        server.url()
    );
    std::fs::write(folder.join("config.json"), config).unwrap();
    let console = block("console");
    let (typed, shown): (Vec<_>, Vec<_>) = console.lines().partition(|line| line.starts_with("$ "));
    let script: String = typed.iter().map(|line| format!("{}\n", &line[2..])).collect();
    let printed = said(command("sh", &folder).args(["-ec", &script]));
    assert!(printed.starts_with(&(shown.join("\n") + "\n{")), "{printed}");
}

#[test]
fn every_class_of_the_guide_has_its_test() {
    let (readme, tests) = (read(README), read("bindings/go/classes_test.go"));
    let rows = readme.lines().filter(|line| line.starts_with('|') && line.contains("`TestClass"));
    let mut count = 0;
    for row in rows {
        let name = row.rsplit('`').nth(1).unwrap();
        assert!(tests.contains(&format!("func {name}(t *testing.T)")), "{name}");
        count += 1;
    }
    assert_eq!((count, tests.matches("func TestClass").count()), (6, 6));
}
