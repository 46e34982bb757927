//! The C programs of `tests/c`: each is compiled against `include/bearer.h`, linked with the product as `make lib`
//! builds it, and run against a test server of its own. It must exit with 0 and leave stderr empty.
//!
//! `BEARER_TEST_WRAPPER` is put before every program, for example
//! `valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite,possible
//! --suppressions=tests/c/valgrind.supp`.

#[path = "support/handle_calls.rs"]
mod handle_calls;
#[path = "support/prototypes.rs"]
mod prototypes;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use bearer_testserver::{Options, Server};

const STATIC_LIBS: [&str; 7] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

#[derive(Clone, Copy)]
enum Link {
    Shared,
    Static,
    /// Not at all: the program loads it from where the macro `BEARER_LIBRARY` says.
    AtRunTime,
}

/// One test for each program; `every_program_has_a_test` sees to it that none is forgotten.
macro_rules! programs {
    ($($name:ident)+) => {
        const PROGRAMS: &[&str] = &[$(stringify!($name)),+];
        $(#[test] fn $name() { run(stringify!($name), Link::Shared); })+
    };
}

programs! {
    ahead
    client_auth
    challenge
    ciba
    destroy
    device
    discovery
    dpop
    endpoints
    errno_and_signals
    failing
    fixed
    fork
    fork_in_hooks
    fork_in_the_middle
    fork_while_parked
    freed_in_use
    grant
    grant_types
    handles
    hostile
    https
    link
    login
    loopback
    lock
    outliving
    outliving_clients
    overriding
    own_http
    provider
    pushed
    qr
    refresh
    requests
    scopes
    secrets
    signed_requests
    storm
    storm_clients
    storm_refusals
    stored
    threads
}

/// The archive has no symbol versions, no soname and no loader to help it: a few programs show that it works alike.
#[test]
fn refresh_with_the_static_library() {
    run("refresh", Link::Static);
}

#[test]
fn unload() {
    run("unload", Link::AtRunTime);
}

#[test]
fn every_program_has_a_test() {
    for entry in std::fs::read_dir(root().join("tests/c")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "c") {
            assert!(
                PROGRAMS.contains(&name) || name == "unload",
                "tests/c/{name}.c has no test in tests/c.rs"
            );
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Builds the product, once, as everybody else gets it; returns where it is.
fn product() -> &'static Path {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let output = Command::new("make").args(["--silent", "lib"]).current_dir(root()).output();
        let output = output.map_err(|error| format!("make: {error}"))?;
        if output.status.success() { Ok(root().join("target/release")) } else { Err(said(&output)) }
    });
    built.as_ref().unwrap_or_else(|error| panic!("make lib failed:\n{error}"))
}

fn compile(name: &str, link: Link) -> PathBuf {
    let library = product();
    let out = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let shared = library.join("libbearer.so");
    let (suffix, mut libraries) = match link {
        Link::Shared => ("", vec![shared.into_os_string()]),
        Link::Static => ("-static", vec![library.join("libbearer.a").into_os_string()]),
        Link::AtRunTime => {
            ("", vec![format!("-DBEARER_LIBRARY=\"{}\"", shared.display()).into(), "-ldl".into()])
        }
    };
    match link {
        Link::Shared => libraries.push(format!("-Wl,-rpath,{}", library.display()).into()),
        Link::Static => libraries.extend(STATIC_LIBS.map(Into::into)),
        Link::AtRunTime => {}
    }
    let generated = out.join(format!("{name}{suffix}-include"));
    std::fs::create_dir_all(&generated).unwrap();
    if name == "handles" {
        let header = std::fs::read_to_string(root().join("include/bearer.h")).unwrap();
        let calls = handle_calls::generate(&prototypes::parse(&header));
        std::fs::write(generated.join("handle_calls.inc"), calls).unwrap();
    }
    let program = out.join(format!("{name}{suffix}"));
    let output = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-g",
            "-pthread",
            "-Iinclude",
            "-Itests/c",
        ])
        .arg("-I")
        .arg(generated)
        .arg("-o")
        .arg(&program)
        .arg(format!("tests/c/{name}.c"))
        .args(libraries)
        .current_dir(root())
        .output()
        .expect("the C compiler can be run");
    assert!(output.status.success(), "tests/c/{name}.c does not compile:\n{}", said(&output));
    program
}

fn run(name: &str, link: Link) {
    let program = compile(name, link);
    let server = Server::start(Options::default()).expect("the test server starts");
    let wrapper = std::env::var("BEARER_TEST_WRAPPER").unwrap_or_default();
    let mut words = wrapper.split_whitespace().map(std::ffi::OsStr::new).chain([program.as_os_str()]);
    let mut command = Command::new(words.next().expect("there is at least the program"));
    command.args(words).arg(server.ready_json()).current_dir(root());
    if !wrapper.is_empty() {
        // What checks every instruction is slow; the watchdog waits longer.
        command.env("BEARER_TEST_SLOW", "1");
    }
    let output = command.output().expect("the program can be run");
    let is_fine = output.status.success() && output.stderr.is_empty();
    assert!(is_fine, "tests/c/{name}.c: {}\n{}", output.status, said(&output));
    print!("{}", String::from_utf8_lossy(&output.stdout));
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
