//! `bindings/node`: its own tests, against the library and the test server that are built here.

#[path = "support/product.rs"]
mod product;

use std::path::{Path, PathBuf};
use std::process::Command;

use product::{library, root, said, scratch};

const IS_BUILT_OR_INSTALLED: [&str; 2] = ["node_modules", "package-lock.json"];

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if IS_BUILT_OR_INSTALLED.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// The package with what it depends on, apart from the repository, in which nothing is installed.
fn installed() -> PathBuf {
    let package = scratch("package");
    // What was there before may have a file that is no more; what npm has installed may stay.
    for folder in ["lib", "test"] {
        let _ = std::fs::remove_dir_all(package.join(folder));
    }
    copy(&root().join("bindings/node"), &package);
    said(
        Command::new("npm")
            .args(["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(&package),
    );
    package
}

/// The files of tests. Each Node looks for them in a way of its own.
fn tests(package: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(package.join("test")).unwrap().map(|entry| entry.unwrap().path());
    let mut tests: Vec<_> = files.filter(|file| file.to_str().unwrap().ends_with(".test.js")).collect();
    tests.sort();
    assert!(!tests.is_empty());
    tests
}

fn test_server() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into());
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    said(
        Command::new(cargo).args(["build", "--quiet", "--package", "bearer-testserver"]).current_dir(root()),
    );
    root().join(target).join("debug/bearer-testserver")
}

/// Whether there is a Node that the package can run on. Without one the test is skipped, except where nothing may be.
fn has_node() -> bool {
    let version = Command::new("node").arg("--version").output();
    let major = version.ok().and_then(|output| {
        let text = String::from_utf8(output.stdout).ok()?;
        text.trim_start_matches('v').split('.').next()?.parse::<u32>().ok()
    });
    let has = major.is_some_and(|major| major >= 20);
    assert!(has || std::env::var_os("CI").is_none(), "Node 20 or newer is missing");
    has
}

#[test]
fn the_package_does_what_it_says() {
    if !has_node() {
        println!("skipped: there is no Node 20 or newer");
        return;
    }
    let package = installed();
    let printed = said(
        Command::new("node")
            .args(["--test", "--test-reporter=spec"])
            .args(tests(&package))
            .env("BEARER_LIBRARY", library().join(file_name()))
            .env("BEARER_TESTSERVER", test_server())
            .current_dir(&package),
    );
    println!("{printed}");
}

fn file_name() -> &'static str {
    if cfg!(target_os = "macos") { "libbearer.dylib" } else { "libbearer.so" }
}
