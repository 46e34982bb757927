//! README.md and docs/ say what the library does: their tables are those of the code, their C is that of the examples.

#[path = "support/header.rs"]
mod header;
#[path = "support/product.rs"]
mod product;

use bearer::config::{Config, MEMBERS, schema};
use bearer::error::Reason;
use bearer::quirks::presets;
use bearer::status;
use product::{read, root};
use serde_json::Value;

/// Every page, by its path from the root.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        pages.push(format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()));
    }
    pages.sort();
    pages
}

/// The blocks of code in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
}

/// The rows must stand in the page, in this order and one below the other.
fn assert_table(page: &str, rows: &[String]) {
    let table = rows.join("\n") + "\n";
    assert!(read(page).contains(&table), "{page} should have:\n{table}");
}

#[test]
fn configuration_has_every_member_with_its_default() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let parents = MEMBERS.iter().map(|member| member.path.rsplit_once('.').map_or("", |(parent, _)| parent));
    let mut seen = Vec::new();
    for parent in parents {
        if !seen.contains(&parent) {
            seen.push(parent);
        }
    }
    for parent in seen {
        let mut rows =
            vec!["| member | what it may be | default | meaning |".to_owned(), "|---|---|---|---|".into()];
        for member in MEMBERS {
            let (before, name) = member.path.rsplit_once('.').unwrap_or(("", member.path));
            if before == parent {
                let default =
                    if member.default.is_empty() { String::new() } else { format!("`{}`", member.default) };
                let kind = kind(described(&schema, member.path));
                rows.push(format!("| `{name}` | {kind} | {default} | {} |", member.doc));
            }
        }
        assert_table("docs/configuration.md", &rows);
    }
}

/// What the schema says of a member.
fn described<'a>(schema: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(schema, |object, name| &object["properties"][name])
}

fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    let range = format!("{} to {}", schema["minimum"], schema["maximum"]);
    match schema["type"][0].as_str().unwrap() {
        "object" if schema["additionalProperties"] == true => "object; other members are kept".into(),
        "object" if schema["additionalProperties"]["type"].is_array() => "object of texts".into(),
        "object" => "object".into(),
        "boolean" => "`true`, `false`".into(),
        "number" => format!("seconds, {range}"),
        "integer" => range,
        "array" if schema["items"]["type"] == "integer" => "HTTP statuses, 400 to 599".into(),
        "array" if schema["items"]["format"] == "uri" => "URLs".into(),
        "array" => "texts".into(),
        "string" if schema["type"][1] == "number" => "text, number, `true`, `false`".into(),
        "string" if schema["format"] == "uri-reference" => "URL".into(),
        "string" => "text".into(),
        other => panic!("{other} has no words here"),
    }
}

fn preset(name: &str) -> Value {
    serde_json::from_str(presets::text(name).unwrap()).unwrap()
}

#[test]
fn vendors_has_every_preset_with_its_source() {
    let mut rows = vec!["| preset | how it is known | written from |".to_owned(), "|---|---|---|".into()];
    let sources: Value = serde_json::from_str(&read("src/quirks/presets/sources.json")).unwrap();
    assert_eq!(sources.as_object().unwrap().len(), presets::NAMES.len());
    for name in presets::NAMES {
        let of = |member: &str| sources[name][member].as_str().unwrap();
        let (verified, source) = (of("verified"), of("source"));
        assert!(["documented", "measured", "remembered"].contains(&verified) && source.len() > 20, "{name}");
        rows.push(format!("| `{name}` | {verified} | {source} |"));
    }
    assert_table("docs/vendors.md", &rows);
}

/// A quirk is there because a vendor has it, and its description says which.
#[test]
fn quirks_name_the_presets_that_have_them() {
    for member in MEMBERS.iter().filter(|member| member.path.starts_with("quirks.")) {
        let having: Vec<&str> = presets::NAMES
            .iter()
            .copied()
            .filter(|name| {
                !member.path.split('.').fold(&preset(name), |object, name| &object[name]).is_null()
            })
            .collect();
        let parents = ["quirks.success", "quirks.error"];
        let told = match having.is_empty() {
            _ if parents.contains(&member.path) => continue,
            true => "No preset".to_owned(),
            false => format!("({})", having.join(", ")),
        };
        assert!(member.doc.contains(&told), "{} should say {told}", member.path);
    }
}

#[test]
fn errors_has_every_status_and_reason() {
    let page = read("docs/errors.md");
    for (name, value, _) in status::ALL {
        assert!(page.contains(&format!("| `BEARER_{name}` | {value} |")), "{name} {value}");
    }
    let mut rows = vec!["| reason | status | meaning |".to_owned(), "|---|---|---|".into()];
    for (name, value, meaning) in Reason::ALL {
        let status = status::json_name(*value);
        rows.push(format!("| `{name}` | `{status}` | {meaning} |"));
    }
    assert_table("docs/errors.md", &rows);
}

#[test]
fn reference_has_every_function_and_no_other() {
    let page = read("docs/reference.md");
    let names = header::functions(&read("include/bearer.h"));
    for name in &names {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not in docs/reference.md");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `bearer_")).count();
    assert_eq!(rows, names.len(), "docs/reference.md has a function that the header has not");
}

#[test]
fn guarantees_explains_every_counter() {
    let page = read("docs/guarantees.md");
    let counters: Value = serde_json::from_str(&bearer::stats::Stats::default().to_json()).unwrap();
    for name in counters.as_object().unwrap().keys() {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not in docs/guarantees.md");
    }
}

/// What a reader copies was compiled and run.
#[test]
fn c_code_is_that_of_the_examples() {
    let examples: String = std::fs::read_dir(root().join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let mut found = 0;
    for page in pages() {
        let text = read(&page);
        for block in blocks(&text, "c") {
            assert!(examples.contains(block), "{page}: this is in no example:\n{block}");
            found += 1;
        }
    }
    assert!(found >= 5, "only {found} blocks of C were found");
}

#[test]
fn readme_has_the_whole_quickstart() {
    assert!(read("README.md").contains(&format!("```c\n{}```", read("examples/quickstart.c"))));
}

#[test]
fn configurations_are_accepted() {
    let mut found = 0;
    for page in pages() {
        for block in blocks(&read(&page), "json") {
            Config::parse(block).unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            found += 1;
        }
    }
    assert!(found >= 3, "only {found} configurations were found");
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = read(&page);
        let folder = root().join(&page).parent().unwrap().to_owned();
        for link in text.split("](").skip(1).map(|rest| rest.split_once(')').unwrap().0) {
            let file = link.split('#').next().unwrap();
            if !link.starts_with("https://") && !file.is_empty() {
                assert!(folder.join(file).exists(), "{page}: {link}");
            }
        }
    }
}
