//! Tells the code how it is built, and holds `include/bearer.h` to it: the header is generated afresh into the build's
//! own folder, and a committed one that differs fails the build with a diff. `make header` writes the new one.

use std::process::Command;

/// The table of statuses that the library itself is compiled from.
#[allow(dead_code)]
#[path = "src/status.rs"]
mod status;

fn main() {
    let environment = |name: &str| std::env::var(name).unwrap_or_default();
    let rustc = Command::new(environment("RUSTC")).arg("--version").output();
    let rustc =
        rustc.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    println!("cargo::rustc-env=BEARER_TARGET={}", environment("TARGET"));
    println!("cargo::rustc-env=BEARER_RUSTC={rustc}");
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "mozilla-roots")]
    pack_authorities(std::path::Path::new(&environment("OUT_DIR")));
    #[cfg(feature = "header-check")]
    header::check();
}

/// Mozilla's authorities as `src/transport/network/tls/roots.rs` reads them: for each, subject, key and name
/// constraints, each behind its length in two bytes. As tables of slices they would take a third more.
#[cfg(feature = "mozilla-roots")]
fn pack_authorities(folder: &std::path::Path) {
    let mut packed = Vec::new();
    for anchor in webpki_roots::TLS_SERVER_ROOTS {
        let constraints = anchor.name_constraints.as_ref().map_or(&[][..], |der| der.as_ref());
        for part in [anchor.subject.as_ref(), anchor.subject_public_key_info.as_ref(), constraints] {
            packed.extend(u16::try_from(part.len()).expect("no part is that long").to_be_bytes());
            packed.extend(part);
        }
    }
    std::fs::write(folder.join("mozilla-roots"), packed).expect("the build's own folder can be written");
}

#[cfg(feature = "header-check")]
mod header {
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};

    use super::status;

    pub fn check() {
        let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
        let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
        for watched in
            ["src/ffi", "src/ffi.rs", "src/status.rs", "include/bearer.h", "cbindgen.toml", "Cargo.toml"]
        {
            println!("cargo::rerun-if-changed={watched}");
        }
        println!("cargo::rerun-if-env-changed=BEARER_HEADER");
        let fresh = generate(&root);
        std::fs::write(out.join("bearer.h"), &fresh).expect("the build's own folder can be written");
        if std::env::var("BEARER_HEADER").as_deref() == Ok("unchecked") {
            return;
        }
        let committed = std::fs::read_to_string(root.join("include/bearer.h")).unwrap_or_default();
        if committed != fresh {
            for line in difference(&committed, &fresh) {
                println!("cargo::error={line}");
            }
            println!("cargo::error=include/bearer.h is not what the code says; `make header` writes it anew");
        }
    }

    fn generate(root: &Path) -> String {
        let mut config =
            cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml is readable");
        config.after_includes = Some(preamble());
        // File by file, in the order of the modules: it needs no `cargo metadata`, and is the order of the header.
        let map = std::fs::read_to_string(root.join("src/ffi.rs")).expect("src/ffi.rs is readable");
        let modules = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
        let builder = modules.fold(cbindgen::Builder::new().with_config(config), |builder, module| {
            builder.with_src(root.join(format!("src/ffi/{module}.rs")))
        });
        let mut text = Vec::new();
        builder.generate().expect("src/ffi is what cbindgen can read").write(&mut text);
        String::from_utf8(text).expect("cbindgen writes UTF-8")
    }

    fn preamble() -> String {
        let mut text = String::from(
            "\n/*\n * libbearer: get an access token, keep it valid, make requests with it.\n *\n \
             * Every function that can fail returns a bearer_status (0 = BEARER_OK), writes its results through\n \
             * out-parameters, and takes `bearer_error **error` last, which may be NULL. On failure all out-parameters are\n \
             * NULL or 0 and *error is a new error object; on success *error is NULL. Text in is NUL-terminated UTF-8 and\n \
             * copied. `char *` out is yours: bearer_free; `const char *` out is borrowed from the object it was asked of.\n \
             * Handles are checked: one that was freed, is of another kind, or was made up is answered with\n \
             * BEARER_INVALID_HANDLE. Any function may be called from any thread.\n */\n\n",
        );
        for part in ["MAJOR", "MINOR", "PATCH"] {
            let number = std::env::var(format!("CARGO_PKG_VERSION_{part}")).unwrap_or_default();
            let _ = writeln!(text, "#define BEARER_VERSION_{part} {number}");
        }
        text.push_str(
            "\n#if defined(__GNUC__) || defined(__clang__)\n#define BEARER_MUST_USE __attribute__((warn_unused_result))\n\
             #elif defined(_MSC_VER)\n#define BEARER_MUST_USE _Check_return_\n#include <sal.h>\n#else\n#define BEARER_MUST_USE\n#endif\n\n\
             /** Statuses, grouped in tens by what the program should do about them. */\nenum {\n",
        );
        let last = status::ALL.len() - 1;
        for (index, (name, value, doc)) in status::ALL.iter().enumerate() {
            let comma = if index < last { "," } else { "" };
            let _ = writeln!(text, "    /** {doc} */\n    BEARER_{name} = {value}{comma}");
        }
        text.push_str("};\n");
        text
    }

    /// The lines from the first to the last that differ, at most forty of each.
    fn difference(old: &str, new: &str) -> Vec<String> {
        let (old, new): (Vec<_>, Vec<_>) = (old.lines().collect(), new.lines().collect());
        let begin = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let end =
            old[begin..].iter().rev().zip(new[begin..].iter().rev()).take_while(|(a, b)| a == b).count();
        let part = |sign: char, lines: &[&str]| {
            let changed = &lines[begin..lines.len() - end];
            changed.iter().take(40).map(|line| format!("{sign} {line}")).collect::<Vec<_>>()
        };
        let mut lines = vec![format!("include/bearer.h differs from line {}:", begin + 1)];
        lines.extend(part('-', &old));
        lines.extend(part('+', &new));
        lines
    }
}
