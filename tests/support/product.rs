//! The product as everybody else gets it, and programs that are compiled against it.

#![allow(dead_code)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Where `libbearer.so` and `libbearer.a` are; `make lib` has been run.
pub fn library() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        said(Command::new("make").args(["--silent", "lib"]).current_dir(root()));
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
        root().join(target).join("release")
    })
}

/// Where the library without network code is; made apart, so that the product stays what the other tests see.
pub fn library_without_net() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let target = root().join("target/without-net");
        let make = ["--silent", "shared", "FEATURES="];
        said(Command::new("make").args(make).env("CARGO_TARGET_DIR", &target).current_dir(root()));
        target.join("release")
    })
}

/// Compiles a C program, links it with the library, and returns its path.
pub fn program(name: &str, source: &Path) -> PathBuf {
    program_with(library(), name, source)
}

/// The same with another build of the library.
pub fn program_with(library: &Path, name: &str, source: &Path) -> PathBuf {
    program_of(library, name, &[source.into()])
}

/// The same of several files, and with further arguments for the compiler.
pub fn program_of(library: &Path, name: &str, sources: &[OsString]) -> PathBuf {
    // Tests run at once, and a program that runs cannot be written over.
    static COMPILED: AtomicUsize = AtomicUsize::new(0);
    let path = scratch(&format!("{name}-{}", COMPILED.fetch_add(1, Ordering::Relaxed)));
    let mut run_path = OsString::from("-Wl,-rpath,");
    run_path.push(library);
    said(
        Command::new("cc")
            .args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I"])
            .arg(root().join("include"))
            .arg("-o")
            .arg(&path)
            .args(sources)
            .arg("-L")
            .arg(library)
            .args(["-lbearer".into(), run_path]),
    );
    path
}

/// A path for a file of this test program's own.
pub fn scratch(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(program.file_stem().unwrap());
    std::fs::create_dir_all(&directory).unwrap();
    directory.join(name)
}

/// What a command printed; it must succeed.
pub fn said(command: &mut Command) -> String {
    let output = run(command);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// How a command ended.
pub fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}
