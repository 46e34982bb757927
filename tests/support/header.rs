//! Reads `include/bearer.h` as far as tests want to know it.

#![allow(dead_code)]

use std::collections::BTreeSet;

/// The names of the functions that a header declares.
pub fn functions(header: &str) -> BTreeSet<String> {
    code(header).split(';').filter_map(declared).collect()
}

/// The names of the macros that it defines.
pub fn macros(header: &str) -> Vec<&str> {
    let defined = header.lines().filter_map(|line| line.trim_start().strip_prefix("#define "));
    defined.map(|rest| rest.split([' ', '(']).next().unwrap()).collect()
}

/// The functions whose declaration has no comment before it.
pub fn undocumented(header: &str) -> Vec<String> {
    let lines: Vec<&str> = header.lines().collect();
    let is_documented = |name: &String| {
        let begins = |line: &str| {
            !line.starts_with(' ') && !line.starts_with("typedef") && line.contains(&format!("{name}("))
        };
        let at = lines.iter().position(|line| begins(line)).expect("it is declared");
        let before = lines[..at].iter().rev().find(|line| **line != "BEARER_MUST_USE");
        before == Some(&" */")
    };
    functions(header).into_iter().filter(|name| !is_documented(name)).collect()
}

/// A header without comments and preprocessor lines.
fn code(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    code.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
}

fn declared(statement: &str) -> Option<String> {
    let (before, _) = statement.split_once('(')?;
    let is_type = before.split_whitespace().any(|word| word == "typedef");
    let name = before.trim_end().rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
    (!is_type && !name.is_empty()).then(|| name.to_owned())
}
