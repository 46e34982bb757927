//! `bindings/python`: the package is built out of the product, installed into a fresh virtual environment, and tried there.

#[path = "support/product.rs"]
mod product;

use std::path::Path;
use std::process::Command;

use bearer_testserver::{Options, Server};
use product::{library, root, run, said, scratch};

/// Whether there is a Python that the package supports. Where tests must all run, there has to be.
fn is_there() -> bool {
    let version = "import sys, ensurepip; sys.exit(sys.version_info < (3, 10))";
    let is_there =
        Command::new("python3").args(["-c", version]).output().is_ok_and(|output| output.status.success());
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "the tests of bindings/python take python3 3.10 with venv"
    );
    if !is_there {
        println!("bindings/python is not tested: there is no python3 3.10 with venv");
    }
    is_there
}

/// A copy, so that building leaves nothing in the tree.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        match path.is_dir() {
            true => copy(&path, &to),
            false => drop(std::fs::copy(&path, &to).unwrap()),
        }
    }
}

#[test]
fn package_does_what_its_readme_says() {
    if !is_there() {
        return;
    }
    let (package, venv) = (scratch("package"), scratch("venv"));
    let _ = (std::fs::remove_dir_all(&package), std::fs::remove_dir_all(&venv));
    copy(&root().join("bindings/python"), &package);
    said(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let python = || {
        let mut command = Command::new(venv.join("bin/python"));
        command.current_dir(&package);
        command
    };
    said(
        python()
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ".[test]"])
            .env("BEARER_LIBRARY", library())
            .env("BEARER_INCLUDE", root().join("include")),
    );
    // What is tried is what was installed, and mypy reads the README's promises out of it.
    std::fs::remove_dir_all(package.join("src")).unwrap();
    said(python().args(["-m", "mypy", "--strict", "-p", "bearer"]));
    said(python().args(["-m", "mypy", "--strict", "tests"]));

    let server = Server::start(Options::default()).unwrap();
    // Memory in a process of its own: what other tests have freed would hide what leaks.
    for tests in [["tests/test_memory.py", "-s"], ["tests", "--ignore=tests/test_memory.py"]] {
        let output = run(python()
            .args(["-X", "dev", "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider"])
            .args(tests)
            .env("BEARER_TESTSERVER", server.ready_json()));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        print!("{text}");
    }
}
