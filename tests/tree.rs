//! The walls of docs/architecture.md, which no compiler holds up.

#[path = "support/product.rs"]
mod product;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use product::{read, root};

/// The rooms by their floor, as the map in src/lib.rs draws them.
fn floors() -> BTreeMap<String, usize> {
    let mut floors = BTreeMap::new();
    for line in read("src/lib.rs").lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["//!", floor, rooms, _, ""] = cells[..]
            && let Ok(floor) = floor.parse()
        {
            floors
                .extend(rooms.split(", ").map(|room| (room.trim_matches(['[', '`', ']']).to_owned(), floor)));
        }
    }
    floors
}

/// Where `libc` is called outside of `ffi`.
const LIBC: [&str; 5] = ["src/browser.rs", "src/clock.rs", "src/fork.rs", "src/poll.rs", "src/thread.rs"];

/// The files below a folder, by their path from the root, without what is built and what git keeps.
fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            match path.is_dir() {
                true if name == "target" || name.starts_with(".git") => {}
                true => folders.push(path),
                // A linked work tree has a file of git's in place of the folder.
                false if name == ".git" => {}
                false => found.push(name),
            }
        }
    }
    found.sort();
    found
}

fn rust_files(folder: &str) -> Vec<String> {
    files(folder).into_iter().filter(|file| file.ends_with(".rs")).collect()
}

/// The lines of a Rust file with their numbers, comments cut off.
fn code(file: &str) -> Vec<(usize, String)> {
    let text = read(file);
    let cut = |line: &str| line.split("//").next().unwrap().to_owned();
    text.lines().enumerate().map(|(index, line)| (index + 1, cut(line))).collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// The places where code has one of these words, except in some files.
fn places(folder: &str, forbidden: &[&str], except: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in rust_files(folder).iter().filter(|file| !except(file)) {
        for (number, line) in code(file) {
            found.extend(
                words(&line)
                    .filter(|word| forbidden.contains(word))
                    .map(|word| format!("{file}:{number}: {word}")),
            );
        }
    }
    found
}

/// The lines of code that a function finds, except in some files.
fn lines(folder: &str, is_found: impl Fn(&str) -> bool, except: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in rust_files(folder).iter().filter(|file| !except(file)) {
        found
            .extend(code(file).iter().filter(|(_, line)| is_found(line)).map(|(n, _)| format!("{file}:{n}")));
    }
    found
}

fn speaks_c(file: &str) -> bool {
    file.starts_with("src/ffi") || LIBC.contains(&file)
}

#[test]
fn unsafe_code_stands_where_c_is_spoken() {
    let is_unsafe = |line: &str| {
        ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe("]
            .iter()
            .any(|form| line.contains(form))
    };
    assert_eq!(lines("src", is_unsafe, speaks_c), Vec::<String>::new());
}

#[test]
fn unsafe_blocks_say_why_they_are_sound() {
    let mut silent = Vec::new();
    for file in rust_files("src").into_iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = read(&file);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let is_claim = line.contains("unsafe {") || line.contains("unsafe impl");
            let before = &lines[index.saturating_sub(5)..index];
            if is_claim && !before.iter().any(|line| line.contains("// SAFETY: ")) {
                silent.push(format!("{file}:{}", index + 1));
            }
        }
    }
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn pointers_and_c_text_stay_in_ffi() {
    assert_eq!(places("src", &["c_char", "CStr", "CString"], speaks_c), Vec::<String>::new());
    let is_pointer = |line: &str| line.contains("*const ") || line.contains("*mut ");
    assert_eq!(lines("src", is_pointer, speaks_c), Vec::<String>::new());
}

#[test]
fn protocol_is_pure() {
    let impure = ["Mutex", "RwLock", "Instant", "SystemTime", "Clock", "random", "net", "fs", "io", "thread"];
    assert_eq!(places("src/oauth", &impure, |_| false), Vec::<String>::new());
}

#[test]
fn clocks_and_sockets_have_one_room_each() {
    let reads_clocks = places("src", &["Instant", "SystemTime"], |file| file == "src/clock.rs");
    assert_eq!(reads_clocks, Vec::<String>::new());
    // The transport goes out; the loopback only listens, for the browser to come back.
    let opens_sockets = places("src", &["TcpStream", "TcpListener", "UdpSocket", "socket2"], |file| {
        file.starts_with("src/transport/") || file.starts_with("src/loopback")
    });
    assert_eq!(opens_sockets, Vec::<String>::new());
}

/// The environment belongs to the host program; only proxies are looked up there, where the configuration asks for it.
#[test]
fn nothing_is_read_from_the_environment() {
    let reads = |line: &str| line.contains("env::") || line.contains("getenv");
    let reading = lines("src", reads, |file| file == "src/transport/network/proxy.rs");
    assert_eq!(reading, Vec::<String>::new());
}

#[test]
fn no_file_is_two_subjects() {
    let long = |file: &String| (read(file).lines().count(), file.clone());
    let files = rust_files("src").into_iter().chain(rust_files("tests"));
    let too_long: Vec<_> = files.map(|file| long(&file)).filter(|(lines, _)| *lines > 400).collect();
    assert_eq!(too_long, [], "lines, file");
}

/// The room that a file belongs to.
fn room(file: &str) -> &str {
    let path = file.strip_prefix("src/").unwrap();
    path.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Which rooms each room uses, and where.
fn arrows() -> BTreeMap<(String, String), String> {
    let mut arrows = BTreeMap::new();
    for file in rust_files("src").iter().filter(|file| *file != "src/lib.rs") {
        for (number, line) in code(file) {
            for (at, _) in line.match_indices("crate::") {
                let used = words(&line[at + "crate::".len()..]).next().unwrap();
                assert!(!used.is_empty(), "{file}:{number}: name the room: {line}");
                if used != room(file) {
                    arrows.insert((room(file).to_owned(), used.to_owned()), format!("{file}:{number}"));
                }
            }
        }
    }
    arrows
}

#[test]
fn arrows_point_down() {
    let floors = floors();
    let up: Vec<_> = arrows()
        .into_iter()
        .filter(|((from, to), _)| {
            let (from, to) = (floors[from], floors[to]);
            // The two lowest floors are made of small parts, some of other parts; `nothing_goes_in_circles` holds.
            to > from || to == from && to > 1
        })
        .map(|((from, to), place)| format!("{place}: {from} uses {to}"))
        .collect();
    assert_eq!(up, Vec::<String>::new());
}

#[test]
fn nothing_goes_in_circles() {
    let arrows: BTreeSet<(String, String)> = arrows().into_keys().collect();
    assert_eq!(circle(arrows), Vec::<String>::new());
    let planted = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")];
    assert_eq!(
        circle(planted.map(|(from, to)| (from.to_owned(), to.to_owned())).into()),
        ["b uses c", "c uses b"]
    );
}

/// The arrows that are left once those at the ends, from a room that no other uses or to one that uses no other, are
/// taken away again and again.
fn circle(mut arrows: BTreeSet<(String, String)>) -> Vec<String> {
    loop {
        let goes_on = |(from, to): &&(String, String)| {
            arrows.iter().any(|(_, used)| used == from) && arrows.iter().any(|(user, _)| user == to)
        };
        let left: BTreeSet<_> = arrows.iter().filter(goes_on).cloned().collect();
        if left.len() == arrows.len() {
            return left.into_iter().map(|(from, to)| format!("{from} uses {to}")).collect();
        }
        arrows = left;
    }
}

#[test]
fn map_of_the_house_is_complete() {
    let drawn: Vec<String> = floors().into_keys().collect();
    let map = read("src/lib.rs");
    let mut built: Vec<_> =
        map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    built.sort_unstable();
    assert_eq!(drawn, built);
    for file in rust_files("src").iter().filter(|file| *file != "src/lib.rs") {
        assert!(built.contains(&room(file)), "{file} is in no room");
    }
}

#[test]
fn every_reason_is_given_somewhere() {
    let errors = read("src/error.rs");
    let (_, table) = errors.split_once("\nreasons! {\n").unwrap();
    let (table, _) = table.split_once("\n}").unwrap();
    let sources: String =
        rust_files("src").iter().filter(|file| *file != "src/error.rs").map(|file| read(file)).collect();
    for line in table.lines() {
        let variant = line.split_whitespace().next().unwrap();
        let is_given = sources
            .match_indices(&format!("Reason::{variant}"))
            .any(|(at, found)| !sources[at + found.len()..].starts_with(|c: char| c.is_alphanumeric()));
        assert!(is_given, "Reason::{variant} is given nowhere");
    }
}

/// The tree says nothing about the machine that it was written on.
#[test]
fn no_file_mentions_a_place_of_one_machine() {
    // In two halves, so that this file is no find.
    let places =
        [("/ho", "me/"), ("/ro", "ot/"), ("/wo", "rk/"), ("/Us", "ers/")].map(|(a, b)| format!("{a}{b}"));
    for file in files(".").iter().map(|file| file.trim_start_matches("./")) {
        let Ok(text) = std::fs::read_to_string(Path::new(root()).join(file)) else { continue };
        for place in &places {
            assert!(!text.contains(place), "{file} mentions {place}");
        }
    }
}
