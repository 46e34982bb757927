//! The product's face: `include/bearer.h`, the symbols of the shared library and `abi/symbols` say the same, and C and
//! C++ compilers agree with it.

#[path = "support/header.rs"]
mod header;
#[path = "support/product.rs"]
mod product;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};

use bearer::status;
use object::read::elf::FileHeader;
use object::{Endianness, Object, ObjectSymbol, elf};
use product::{library, program, read, root, run, said, scratch};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn header() -> String {
    read("include/bearer.h")
}

/// What the shared library offers to the linker.
fn exported() -> BTreeSet<String> {
    let bytes = std::fs::read(library().join("libbearer.so")).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let defined = file.dynamic_symbols().filter(|symbol| symbol.is_definition());
    defined.map(|symbol| symbol.name().unwrap().to_owned()).collect()
}

/// `abi/symbols`: a name and the version that it came in, on each line.
fn listed() -> Vec<(String, String)> {
    let split = |line: &str| {
        let (name, version) = line.split_once(' ').unwrap_or_else(|| panic!("abi/symbols: {line}"));
        (name.to_owned(), version.to_owned())
    };
    read("abi/symbols").lines().map(split).collect()
}

/// What one of them has and another lacks.
fn differences(sets: &[(&str, &BTreeSet<String>)]) -> Vec<String> {
    let all: BTreeSet<&String> = sets.iter().flat_map(|(_, names)| names.iter()).collect();
    let lacks = |name: &String| {
        sets.iter().filter(|(_, names)| !names.contains(name)).map(|(place, _)| *place).collect::<Vec<_>>()
    };
    let missing = all.into_iter().map(|name| (name, lacks(name))).filter(|(_, places)| !places.is_empty());
    missing.map(|(name, places)| format!("{name} is missing in {}", places.join(", "))).collect()
}

#[test]
fn header_symbols_and_list_agree() {
    let listed: BTreeSet<String> = listed().into_iter().map(|(name, _)| name).collect();
    let (declared, exported) = (header::functions(&header()), exported());
    assert!(declared.len() > 50, "the header was not read: {declared:?}");
    let found = differences(&[
        ("include/bearer.h", &declared),
        ("libbearer.so", &exported),
        ("abi/symbols", &listed),
    ]);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_function_that_left_the_header_is_found() {
    let whole = header();
    let cut = whole.replace("void bearer_free(char *text);", "");
    assert_ne!(whole, cut);
    let found =
        differences(&[("the header", &header::functions(&cut)), ("the whole", &header::functions(&whole))]);
    assert_eq!(found, ["bearer_free is missing in the header"]);
}

#[test]
fn nothing_but_bearer_is_exported() {
    let foreign: Vec<_> = exported().into_iter().filter(|name| !name.starts_with("bearer_")).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
}

#[test]
fn symbols_are_sorted_and_have_a_version_that_came() {
    let number = |version: &str| -> Vec<u32> { version.split('.').map(|n| n.parse().unwrap()).collect() };
    let listed = listed();
    assert!(listed.is_sorted(), "abi/symbols is not sorted");
    for (name, version) in listed {
        let (version, now) = (number(&version), number(VERSION));
        assert!(version.len() == 3 && version <= now, "{name} is of the future");
    }
}

/// Lets a compiler look at a text that stands in a file of this name.
fn compile(compiler: &str, name: &str, text: &str, arguments: &[&str]) -> Output {
    let source: PathBuf = scratch(name);
    std::fs::write(&source, text).unwrap();
    run(Command::new(compiler)
        .args(arguments)
        .args(["-c", "-o", "/dev/null"])
        .arg("-I")
        .arg(root().join("include"))
        .arg(source))
}

#[test]
fn header_compiles_alone_and_twice_in_every_dialect() {
    const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
    let dialects = ["c99", "c11", "c17"].map(|c| ("cc", "c", c));
    let dialects = dialects.into_iter().chain(["c++11", "c++17", "c++20"].map(|cpp| ("c++", "cpp", cpp)));
    for (compiler, suffix, dialect) in dialects {
        let standard = format!("-std={dialect}");
        let mut arguments = vec![standard.as_str()];
        arguments.extend(WARNINGS);
        for (name, text) in
            [("once", "#include <bearer.h>\n"), ("twice", "#include <bearer.h>\n#include <bearer.h>\n")]
        {
            let output = compile(compiler, &format!("{name}-{dialect}.{suffix}"), text, &arguments);
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && complaint.is_empty(), "{dialect}: {complaint}");
        }
    }
}

#[test]
fn macros_are_prefixed_and_cpp_is_served() {
    let header = header();
    for name in header::macros(&header) {
        assert!(name.starts_with("BEARER_"), "{name}");
    }
    assert!(header.contains("#ifdef __cplusplus\nextern \"C\" {"));
    assert!(header.starts_with("#ifndef BEARER_H\n#define BEARER_H\n"));
    assert!(header.is_ascii(), "a compiler may read the header in any encoding");
}

#[test]
fn every_function_is_documented() {
    assert_eq!(header::undocumented(&header()), Vec::<String>::new());
    let bare = header().replace("/**\n * Frees an error. NULL is fine.\n */\n", "");
    assert_eq!(header::undocumented(&bare), ["bearer_error_free"]);
}

#[test]
fn versions_agree() {
    let source = scratch("version.c");
    let text = r#"#include <bearer.h>
        #include <stdio.h>
        int main(void) {
            printf("%d.%d.%d %s\n", BEARER_VERSION_MAJOR, BEARER_VERSION_MINOR, BEARER_VERSION_PATCH, bearer_version());
            return 0;
        }"#;
    std::fs::write(&source, text).unwrap();
    let printed = said(&mut Command::new(program("version", &source)));
    assert_eq!(printed, format!("{VERSION} {VERSION}\n"));
    let changelog = read("CHANGELOG.md");
    let newest = changelog.lines().find_map(|line| line.strip_prefix("## [")?.split_once(']')).unwrap().0;
    assert_eq!(newest, VERSION);
}

#[test]
fn c_has_every_status_and_no_other() {
    let mut text = String::from("#include <bearer.h>\n#include <stdio.h>\nint main(void) {\n");
    let mut wanted = String::new();
    for (name, value, _) in status::ALL {
        text.push_str(&format!(
            "printf(\"%s %d\\n\", bearer_status_name(BEARER_{name}), (int)BEARER_{name});\n"
        ));
        wanted.push_str(&format!("BEARER_{name} {value}\n"));
    }
    text.push_str("return 0;\n}\n");
    let source = scratch("statuses.c");
    std::fs::write(&source, text).unwrap();
    assert_eq!(said(&mut Command::new(program("statuses", &source))), wanted);

    let header = header();
    let (_, members) = header.split_once("\nenum {").unwrap();
    let (members, _) = members.split_once("};").unwrap();
    let members = members.lines().filter(|line| line.trim_start().starts_with("BEARER_")).count();
    assert_eq!(members, status::ALL.len());
}

#[test]
fn a_status_that_nobody_looks_at_is_warned_of() {
    const CALL: &str = "bearer_client_refresh(client, NULL, NULL);";
    let function =
        |body: &str| format!("#include <bearer.h>\nint f(bearer_client *client) {{ {body} return 0; }}\n");
    let arguments = ["-Werror=unused-result"];
    let output = compile("cc", "ignored.c", &function(CALL), &arguments);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("unused-result"));
    let output = compile("cc", "used.c", &function(&format!("return {CALL}")), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Programs are linked with the name that a later, incompatible version will not have; and the library stays loaded,
/// for a thread that used it may end after `dlclose`.
#[test]
fn shared_library_has_its_name_and_stays_loaded() {
    let bytes = std::fs::read(library().join("libbearer.so")).unwrap();
    let file = elf::FileHeader64::<Endianness>::parse(&*bytes).unwrap();
    let endian = file.endian().unwrap();
    let sections = file.sections(endian, &*bytes).unwrap();
    let (entries, link) = sections.dynamic(endian, &*bytes).unwrap().expect("it is a shared library");
    let strings = sections.strings(endian, &*bytes, link).unwrap();
    let value = |tag: u32| {
        entries.iter().find(|entry| entry.d_tag.get(endian) == u64::from(tag)).map(|e| e.d_val.get(endian))
    };
    let name = value(elf::DT_SONAME).expect("it has a soname");
    assert_eq!(strings.get(u32::try_from(name).unwrap()), Ok(&b"libbearer.so.0"[..]));
    let flags = value(elf::DT_FLAGS_1).unwrap_or(0);
    assert_ne!(flags & u64::from(elf::DF_1_NODELETE), 0);
}
