//! `bindings/cpp`: its test programs, by each C++ compiler that there is, and its README as a newcomer follows it.

#[path = "support/product.rs"]
mod product;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use bearer_testserver::{Options, Server};
use product::{library, read, root, run, said, scratch};

const WARNINGS: [&str; 5] = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"];
const STANDARDS: [&str; 2] = ["-std=c++17", "-std=c++20"];

/// One test for each program; `every_program_has_a_test` sees to it that none is forgotten.
macro_rules! programs {
    ($($name:ident)+) => {
        const PROGRAMS: &[&str] = &[$(stringify!($name)),+, "six"];
        $(#[test] fn $name() { run_all(stringify!($name)); })+
    };
}

programs! {
    freeing
    logins
    memory
    messages
    replies
    scopes
    threads
    throwing
}

/// One test for each class of the Python guide, as the README's table names them.
macro_rules! six {
    ($($name:ident)+) => {
        const SIX: &[&str] = &[$(stringify!($name)),+];
        $(#[test] fn $name() { run_case(six(), Some(stringify!($name))); })+
    };
}

six! {
    auth_async
    auth_sync
    abstract_auth_async
    token_manager_async
    oauth2_sync
    oauth2_overridden
}

fn six() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| program("six", compilers()[0], STANDARDS[0]))
}

/// `g++`, and `clang++` where there is one.
fn compilers() -> &'static [&'static str] {
    static FOUND: OnceLock<Vec<&str>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok();
        let found: Vec<_> = ["g++", "clang++"].into_iter().filter(is_there).collect();
        assert!(!found.is_empty(), "tests/setup.sh installs g++");
        found
    })
}

fn headers() -> [PathBuf; 2] {
    ["include", "bindings/cpp/include"].map(|folder| root().join(folder))
}

fn compiler(name: &str, standard: &str) -> Command {
    let mut command = Command::new(name);
    command.arg(standard).args(WARNINGS).args(["-g", "-pthread"]);
    headers().iter().for_each(|folder| {
        command.arg("-I").arg(folder);
    });
    command
}

fn program(name: &str, by: &str, standard: &str) -> PathBuf {
    // Tests run at once, and a program that runs cannot be written over.
    static COMPILED: AtomicUsize = AtomicUsize::new(0);
    let path = scratch(&format!("{name}-{}", COMPILED.fetch_add(1, Ordering::Relaxed)));
    let mut command = compiler(by, standard);
    command.arg("-o").arg(&path).arg(root().join(format!("bindings/cpp/tests/{name}.cpp")));
    command.arg("-L").arg(library()).arg("-lbearer");
    said(command.arg(format!("-Wl,-rpath,{}", library().display())));
    path
}

fn run_case(program: &Path, case: Option<&str>) {
    let server = Server::start(Options::default()).unwrap();
    let output = run(Command::new(program).arg(server.ready_json()).args(case));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_fine = output.status.success() && output.stderr.is_empty();
    assert!(is_fine, "{program:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr));
    print!("{}", text(&output.stdout));
}

/// The first compiler with the older standard, the last with the newer.
fn run_all(name: &str) {
    run_case(&program(name, compilers()[0], STANDARDS[0]), None);
    run_case(&program(name, compilers()[compilers().len() - 1], STANDARDS[1]), None);
}

fn sources() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("bindings/cpp/tests")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".cpp").map(str::to_owned)).collect()
}

#[test]
fn every_program_has_a_test() {
    for name in sources() {
        assert!(PROGRAMS.contains(&name.as_str()), "bindings/cpp/tests/{name}.cpp has no test here");
    }
}

/// Each header stands alone, by every compiler and in both standards.
#[test]
fn headers_compile_without_a_warning() {
    let folder = root().join("bindings/cpp/include/bearer");
    for entry in std::fs::read_dir(folder).unwrap() {
        for (by, standard) in compilers().iter().flat_map(|by| STANDARDS.map(|standard| (by, standard))) {
            // Not the header itself: of a main file it is no fault to have functions that nobody uses.
            let source = scratch("alone.cpp");
            let path = entry.as_ref().unwrap().path();
            std::fs::write(&source, format!("#include \"{0}\"\n#include \"{0}\"\n", path.display())).unwrap();
            said(compiler(by, standard).arg("-fsyntax-only").arg(source));
        }
    }
}

/// The first block of code in one language.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// The README's quick start, word for word in an empty folder.
#[test]
fn quick_start_works_as_it_is_written() {
    let page = read("bindings/cpp/README.md");
    assert_eq!(block(&page, "cpp"), read("bindings/cpp/examples/quickstart.cpp"));
    let folder = scratch("newcomer");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir(&folder).unwrap();
    let server = Server::start(Options::default()).unwrap();
    let (_, token) = server.control("POST", "/control/issue", r#"{"expired": true}"#);
    let config = format!(
        r#"{{"base_url": "{0}/api", "server": {{"token_endpoint": "{0}/auth/token"}},
            "client": {{"client_id": "test-client", "client_secret": "test-secret"}}, "token": {token}}}"#,
        server.url()
    );
    std::fs::write(folder.join("config.json"), config).unwrap();
    std::fs::write(folder.join("quickstart.cpp"), block(&page, "cpp")).unwrap();
    let lines = block(&page, "console").lines();
    let commands: Vec<_> = lines.filter_map(|line| line.strip_prefix("$ ")).collect();
    assert_eq!(commands.len(), 2);
    // The library may be built elsewhere than in the clone.
    let script = commands.join("\n").replace("$BEARER/target/release", library().to_str().unwrap());
    let mut shell = Command::new("sh");
    let printed = said(shell.args(["-eu", "-c", &script]).env("BEARER", root()).current_dir(&folder));
    assert!(printed.starts_with("a new token, to be saved\n200\n{"), "{printed}");
}

#[test]
fn readme_names_the_test_of_each_class() {
    let page = read("bindings/cpp/README.md");
    for name in SIX {
        assert!(page.contains(&format!(" | `{name}` |\n")), "{name}");
        assert!(read("bindings/cpp/tests/six.cpp").contains(&format!("{{\"{name}\", {name}}}")), "{name}");
    }
}

/// One subject for each file.
#[test]
fn no_file_is_two_subjects() {
    for folder in ["include", "include/bearer", "tests", "examples"] {
        for entry in std::fs::read_dir(root().join("bindings/cpp").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let lines = std::fs::read_to_string(&path).unwrap().lines().count();
                assert!(lines <= 400, "{}: {lines} lines", path.display());
            }
        }
    }
}

/// Installs into a folder, which is then moved: nothing may remember where it was.
fn installed() -> PathBuf {
    let (build, first, prefix) = (scratch("cmake"), scratch("prefix-at-first"), scratch("prefix"));
    for folder in [&build, &first, &prefix] {
        let _ = std::fs::remove_dir_all(folder);
    }
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(root().join("bindings/cpp")).arg("-B").arg(&build);
    said(configure.arg(format!("-DBEARER_LIBRARY_DIR={}", library().display())));
    said(Command::new("cmake").arg("--install").arg(build).arg("--prefix").arg(&first));
    std::fs::rename(first, &prefix).unwrap();
    prefix
}

/// The quick start, by what is installed alone.
#[test]
fn installed_it_is_found_by_cmake_and_pkg_config() {
    let (prefix, build) = (installed(), scratch("consumer"));
    let source = root().join("bindings/cpp/examples/quickstart.cpp");
    let project = format!(
        "cmake_minimum_required(VERSION 3.16)\nproject(consumer LANGUAGES CXX)\nset(CMAKE_CXX_STANDARD 17)\n\
         find_package(bearer {} REQUIRED)\nadd_executable(quickstart \"{}\")\n\
         target_link_libraries(quickstart bearer::bearer)\n",
        env!("CARGO_PKG_VERSION"),
        source.display()
    );
    let _ = std::fs::remove_dir_all(&build);
    std::fs::create_dir(&build).unwrap();
    std::fs::write(build.join("CMakeLists.txt"), project).unwrap();
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&build).arg("-B").arg(build.join("build"));
    said(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
    said(Command::new("cmake").arg("--build").arg(build.join("build")));
    says_what_is_wrong(Command::new(build.join("build/quickstart")));

    let by_pkg_config = build.join("by-pkg-config");
    let script = "c++ -std=c++17 \"$1\" $(pkg-config --cflags --libs bearer) -o \"$2\"";
    let mut shell = Command::new("sh");
    shell.args(["-eu", "-c", script, "sh"]).arg(source).arg(&by_pkg_config);
    said(shell.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));
    let mut program = Command::new(by_pkg_config);
    program.env("LD_LIBRARY_PATH", prefix.join("lib"));
    says_what_is_wrong(program);
}

fn says_what_is_wrong(mut quickstart: Command) {
    let output = run(quickstart.args([r#"{"base_ulr": "http://127.0.0.1"}"#, "lights"]));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("BEARER_INVALID_ARGUMENT: base_ulr: unknown member"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}
