//! Strict JSON with the source text of every value kept: members stay in order, numbers keep their digits.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::decimal::thousandths;
use crate::quote::quote;
use crate::secret::Wiped;
/// How deep values may nest. Whoever reads what we hand on has a limit as well.
const DEEPEST: usize = 64;

/// What is wrong with a text: fixed words and names only, never the text itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// One value as its JSON text, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(Wiped);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().name())
    }
}

/// The JSON type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// a number
    Number,
    /// a string
    String,
    /// an array
    Array,
    /// an object
    Object,
}

impl Kind {
    /// Its name with an article, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "a boolean",
            Kind::Number => "a number",
            Kind::String => "a string",
            Kind::Array => "an array",
            Kind::Object => "an object",
        }
    }
}

impl Raw {
    /// A JSON string with this text.
    pub fn from_text(text: &str) -> Raw {
        Raw(Wiped::new(quote(text)))
    }

    /// A JSON number.
    pub fn from_integer(number: i64) -> Raw {
        Raw(Wiped::new(number.to_string()))
    }

    /// JSON text that was read as an object already.
    pub fn from_json(json: &str) -> Raw {
        Raw(Wiped::new(json.to_owned()))
    }

    /// An object as a value.
    pub fn from_object(object: &Object) -> Raw {
        Raw(object.to_text())
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Its type.
    pub fn kind(&self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'n') => Kind::Null,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'"') => Kind::String,
            Some(b'[') => Kind::Array,
            Some(b'{') => Kind::Object,
            _ => Kind::Number,
        }
    }

    /// The text of a string; `None` for any other type.
    pub fn as_str(&self) -> Option<Wiped> {
        (self.kind() == Kind::String).then(|| serde_json::from_str(&self.0).ok().map(Wiped::new)).flatten()
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.text() == "true")
    }

    /// The value of a number in thousandths, rounded down; see [`thousandths`].
    pub fn as_thousandths(&self) -> Option<i64> {
        (self.kind() == Kind::Number).then(|| thousandths(&self.0)).flatten()
    }

    /// The values of an array.
    pub fn as_array(&self) -> Option<Vec<Raw>> {
        if self.kind() != Kind::Array {
            return None;
        }
        let mut deserializer = serde_json::Deserializer::from_str(&self.0);
        serde::Deserializer::deserialize_seq(&mut deserializer, Elements).ok()
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<Result<Object, Malformed>> {
        (self.kind() == Kind::Object).then(|| Object::parse(&self.0))
    }
}

/// An object: its members in the order of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(String, Raw)>);

impl Object {
    /// Reads one JSON object. Refused are: anything else, duplicate members, text after the end, a byte order
    /// mark, lone surrogates, NUL in strings, and nesting deeper than 64.
    pub fn parse(text: &str) -> Result<Object, Malformed> {
        check_text(text)?;
        if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return Err(Malformed("is not a JSON object".into()));
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let mut duplicate = None;
        let object = serde::Deserializer::deserialize_map(&mut deserializer, Members(&mut duplicate))
            .and_then(|object| deserializer.end().map(|()| object));
        object.map_err(|error| match duplicate {
            Some(name) => Malformed(format!("has the member {} twice", quote(&name))),
            // serde_json's own words could repeat parts of the text.
            None => Malformed(format!("is not JSON (line {}, column {})", error.line(), error.column())),
        })
    }

    /// The value of a member.
    pub fn get(&self, name: &str) -> Option<&Raw> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The value at a path, names with dots between them, unless it is null; a number counts in an array.
    pub fn find(&self, path: &str) -> Option<Raw> {
        let mut names = path.split('.');
        let mut value = self.get(names.next()?)?.clone();
        for name in names {
            value = match value.as_object() {
                Some(object) => object.ok()?.get(name)?.clone(),
                None => value.as_array()?.into_iter().nth(name.parse().ok()?)?,
            };
        }
        (value.kind() != Kind::Null).then_some(value)
    }

    /// Sets a member in its place, or at the end where it is new.
    pub fn set(&mut self, name: &str, value: Raw) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes a member away.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| n != name);
    }

    /// All members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Raw)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The object as JSON text, values exactly as they came.
    pub fn to_text(&self) -> Wiped {
        // Reserved in one go: a growing string would leave unwiped copies behind.
        let size = self.0.iter().map(|(name, value)| name.len() * 6 + value.0.len() + 4).sum::<usize>() + 2;
        let mut text = Wiped::with_capacity(size);
        text.push('{');
        for (name, value) in &self.0 {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&quote(name));
            text.push(':');
            text.push_str(value.text());
        }
        text.push('}');
        text
    }
}

/// What serde_json lets pass inside values that it keeps as text.
fn check_text(text: &str) -> Result<(), Malformed> {
    let bytes = text.as_bytes();
    let hex = |at: usize| {
        bytes
            .get(at..at + 4)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u16::from_str_radix(h, 16).ok())
    };
    let (mut depth, mut in_string, mut at) = (0usize, false, 0);
    while at < bytes.len() {
        match (in_string, bytes[at]) {
            (false, b'"') => in_string = true,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Malformed(format!("nests deeper than {DEEPEST}")));
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (true, b'"') => in_string = false,
            (true, b'\\') if bytes.get(at + 1) == Some(&b'u') => {
                match hex(at + 2) {
                    Some(0) => return Err(Malformed("has a NUL in a string".into())),
                    Some(0xd800..=0xdbff)
                        if bytes.get(at + 6..at + 8) == Some(b"\\u")
                            && matches!(hex(at + 8), Some(0xdc00..=0xdfff)) =>
                    {
                        at += 6;
                    }
                    Some(0xd800..=0xdfff) => {
                        return Err(Malformed("has half a surrogate pair in a string".into()));
                    }
                    _ => {}
                }
                at += 5;
            }
            (true, b'\\') => at += 1,
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

struct Members<'a>(&'a mut Option<String>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut object = Object::default();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if object.get(&name).is_some() {
                *self.0 = Some(name);
                return Err(serde::de::Error::custom("duplicate member"));
            }
            object.0.push((name, Raw(Wiped::new(value.get().to_owned()))));
        }
        Ok(object)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<Raw>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<Raw>, A::Error> {
        let mut elements = Vec::new();
        while let Some(value) = seq.next_element::<&'de RawValue>()? {
            elements.push(Raw(Wiped::new(value.get().to_owned())));
        }
        Ok(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Object::parse(text).unwrap_err().0
    }

    #[test]
    fn t_15_values_keep_their_text_and_order() {
        let text = r#"{ "z": 1.50 , "a":12345678901234567890123,"n":{"x": [1, 2]},"s":"\u0041\/" }"#;
        let object = Object::parse(text).unwrap();
        assert_eq!(
            &*object.to_text(),
            r#"{"z":1.50,"a":12345678901234567890123,"n":{"x": [1, 2]},"s":"\u0041\/"}"#
        );
        assert_eq!(&*object.get("s").unwrap().as_str().unwrap(), "A/");
    }

    #[test]
    fn set_replaces_in_place_and_appends() {
        let mut object = Object::parse(r#"{"a":1,"b":2}"#).unwrap();
        object.set("a", Raw::from_text("x\"y"));
        object.set("c", Raw::from_integer(-3));
        object.remove("b");
        assert_eq!(&*object.to_text(), r#"{"a":"x\"y","c":-3}"#);
    }

    #[test]
    fn values_are_found_by_their_path() {
        let object = Object::parse(r#"{"a":{"b":[1,{"c":"x"}],"n":null},"d":2}"#).unwrap();
        let at = |path| object.find(path).map(|value| value.text().to_owned());
        for (path, wanted) in [("d", "2"), ("a.b.0", "1"), ("a.b.1.c", "\"x\"")] {
            assert_eq!(at(path).as_deref(), Some(wanted), "{path}");
        }
        for path in ["", "x", "a.x", "a.n", "a.n.x", "d.x", "a.b.2", "a.b.-1", "a.b.c", "a..b", ".a"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn t_11_duplicates_are_refused_by_name() {
        assert_eq!(refused(r#"{"a":1,"a":2}"#), r#"has the member "a" twice"#);
        assert_eq!(refused(r#"{"a":1,"\u0061":2}"#), r#"has the member "a" twice"#);
    }

    #[test]
    fn t_12_t_13_t_14_broken_texts_are_refused() {
        for text in [
            "\u{feff}{}",
            "[]",
            "\"x\"",
            "null",
            "",
            "{",
            "{}}",
            "{} x",
            "{\"a\":01}",
            "{'a':1}",
            "{\"a\":NaN}",
            "{\"a\":1,}",
        ] {
            assert!(Object::parse(text).is_err(), "{text}");
        }
        assert_eq!(refused(r#"{"a":"\ud800"}"#), "has half a surrogate pair in a string");
        assert_eq!(refused(r#"{"a":{"b":["\udc00\ud800"]}}"#), "has half a surrogate pair in a string");
        assert_eq!(refused(r#"{"a":"\u0000"}"#), "has a NUL in a string");
        assert!(Object::parse(r#"{"a":"\ud83d\ude00"}"#).is_ok());
        assert!(Object::parse(r#"{"a":"\\ud800"}"#).is_ok());
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(refused(&deep), "nests deeper than 64");
    }

    #[test]
    fn arrays_give_their_values() {
        let object = Object::parse(r#"{"a":["x", 1]}"#).unwrap();
        let elements = object.get("a").unwrap().as_array().unwrap();
        assert_eq!(elements.iter().map(Raw::text).collect::<Vec<_>>(), ["\"x\"", "1"]);
    }
}
