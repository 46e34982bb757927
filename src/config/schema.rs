//! The configuration's JSON Schema, written from the table of members.

use super::members::{self, MEMBERS, Type};
use crate::quote::quote;

/// JSON Schema (draft 2020-12) of a configuration.
pub fn schema() -> String {
    let body = object("", false);
    format!(
        r#"{{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"libbearer configuration",{}"#,
        &body[1..]
    )
}

fn object(path: &str, open: bool) -> String {
    let properties: Vec<String> = members::names_in(path)
        .map(|name| {
            let full = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            format!("{}:{}", quote(name), member(&full))
        })
        .collect();
    format!(
        r#"{{"type":["object","null"],"additionalProperties":{open},"properties":{{{}}}}}"#,
        properties.join(",")
    )
}

fn member(path: &str) -> String {
    let Some(member) = MEMBERS.iter().find(|member| member.path == path) else { return "true".into() };
    let shape = match member.kind {
        Type::Object => object(path, false),
        Type::Open => object(path, true),
        Type::Text => r#"{"type":["string","null"]}"#.into(),
        Type::Url => r#"{"type":["string","null"],"format":"uri-reference"}"#.into(),
        Type::Bool => r#"{"type":["boolean","null"]}"#.into(),
        Type::Seconds(low, high) => {
            let (low, high) = (members::as_seconds(low), members::as_seconds(high));
            format!(r#"{{"type":["number","null"],"minimum":{low},"maximum":{high}}}"#)
        }
        Type::Count(low, high) => {
            format!(r#"{{"type":["integer","null"],"minimum":{low},"maximum":{high}}}"#)
        }
        Type::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| quote(word)).collect();
            format!(r#"{{"enum":[{},null]}}"#, words.join(","))
        }
        Type::Statuses => {
            r#"{"type":["array","null"],"items":{"type":"integer","minimum":400,"maximum":599}}"#.into()
        }
        Type::Urls => r#"{"type":["array","null"],"items":{"type":"string","format":"uri"}}"#.into(),
        Type::Texts => r#"{"type":["array","null"],"items":{"type":"string"}}"#.into(),
        Type::Table => {
            r#"{"type":["object","null"],"additionalProperties":{"type":["string","null"]}}"#.into()
        }
        Type::Scalar => r#"{"type":["string","number","boolean","null"]}"#.into(),
    };
    let default =
        if member.default.is_empty() { String::new() } else { format!(r#","default":{}"#, member.default) };
    format!(r#"{},"description":{}{default}}}"#, &shape[..shape.len() - 1], quote(member.doc))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Object;

    #[test]
    fn the_schema_is_json_and_has_every_member() {
        let text = schema();
        let schema = Object::parse(&text).unwrap();
        assert_eq!(&*schema.get("title").unwrap().as_str().unwrap(), "libbearer configuration");
        for entry in MEMBERS {
            let name = entry.path.rsplit('.').next().unwrap();
            assert!(text.contains(&format!("{}:{{", quote(name))), "{}", entry.path);
            assert!(text.contains(&quote(entry.doc)), "{}", entry.path);
        }
    }
}
