//! Reads JSON against the table of members; what does not fit is refused with its path.

use std::time::Duration;

use super::members::{self, Type};
use super::preset;
use crate::error::{Error, Reason, Result};
use crate::json::{Kind, Object, Raw};
use crate::quote::quote;
use crate::secret::Wiped;
use crate::url::Url;

/// A configuration that fits the table.
pub(super) struct Reader {
    top: Object,
}

impl Reader {
    pub(super) fn new(text: &str) -> Result<Reader> {
        let top = Object::parse(text)
            .map_err(|malformed| Error::new(Reason::Json, format!("config_json: {}", malformed.0)))?;
        check(&top, "")?;
        Ok(Reader { top: preset::apply(top)? })
    }

    /// The value at a path, unless it is absent or null.
    pub(super) fn raw(&self, path: &str) -> Option<Raw> {
        self.top.find(path)
    }

    pub(super) fn text(&self, path: &str) -> Option<Wiped> {
        self.raw(path).and_then(|raw| raw.as_str())
    }

    pub(super) fn bool(&self, path: &str, default: bool) -> bool {
        self.raw(path).and_then(|raw| raw.as_bool()).unwrap_or(default)
    }

    pub(super) fn count(&self, path: &str, default: u64) -> u64 {
        self.raw(path)
            .and_then(|raw| raw.as_thousandths())
            .map_or(default, |number| number.unsigned_abs() / 1000)
    }

    pub(super) fn duration(&self, path: &str, default_s: u64) -> Duration {
        let milliseconds = self.raw(path).and_then(|raw| raw.as_thousandths());
        milliseconds.map_or(Duration::from_secs(default_s), |ms| Duration::from_millis(ms.unsigned_abs()))
    }

    pub(super) fn object(&self, path: &str) -> Option<Object> {
        self.raw(path).and_then(|raw| raw.as_object()).and_then(std::result::Result::ok)
    }

    pub(super) fn array(&self, path: &str) -> Option<Vec<Raw>> {
        self.raw(path).and_then(|raw| raw.as_array())
    }

    pub(super) fn url(&self, path: &str, base: Option<&Url>) -> Result<Option<Url>> {
        let Some(text) = self.text(path) else { return Ok(None) };
        let url = match base {
            Some(base) => base.resolve(&text),
            None => Url::parse(&text),
        };
        url.map(Some).map_err(|problem| Error::new(Reason::Url, format!("{path}: {problem}")))
    }
}

/// An error that names a member by its path.
pub(super) fn refused(path: &str, problem: impl std::fmt::Display) -> Error {
    Error::new(Reason::Member, format!("{path}: {problem}"))
}

fn check(object: &Object, path: &str) -> Result<()> {
    let is_open = members::find(path).is_some_and(|member| member.kind == Type::Open);
    for (name, value) in object.iter() {
        let here = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match members::find(&here) {
            Some(member) if value.kind() != Kind::Null => check_value(value, &here, member.kind)?,
            Some(_) => {}
            None if is_open => {}
            None => {
                let hint = match members::nearest(path, name) {
                    Some(known) => format!("; did you mean {}?", quote(known)),
                    None => String::new(),
                };
                // Long names are cut: they come from outside and end up in logs.
                let here: String = here.chars().take(100).collect();
                return Err(refused(&here, format!("unknown member{hint}")));
            }
        }
    }
    Ok(())
}

fn check_value(value: &Raw, path: &str, kind: Type) -> Result<()> {
    let wrong = |wanted: &str| Err(refused(path, format!("is {}, not {wanted}", value.kind().name())));
    // Bounds in thousandths.
    let in_range = |low: i64, high: i64, whole: bool| match value.as_thousandths() {
        None => wrong("a number"),
        Some(number) if !(low..=high).contains(&number) => {
            let (low, high) = (members::as_seconds(low), members::as_seconds(high));
            Err(refused(path, format!("must be {low} to {high}")))
        }
        Some(number) if whole && number % 1000 != 0 => Err(refused(path, "must be a whole number")),
        Some(_) => Ok(()),
    };
    match kind {
        Type::Object | Type::Open => match value.as_object() {
            None => wrong("an object"),
            Some(Err(malformed)) => Err(refused(path, malformed.0)),
            Some(Ok(object)) => check(&object, path),
        },
        Type::Text | Type::Url => match value.as_str() {
            None => wrong("a string"),
            Some(_) => Ok(()),
        },
        Type::Bool => match value.as_bool() {
            None => wrong("a boolean"),
            Some(_) => Ok(()),
        },
        Type::Seconds(low, high) => in_range(low, high, false),
        Type::Count(low, high) => in_range(low * 1000, high * 1000, true),
        Type::Choice(words) => match value.as_str() {
            None => wrong("a string"),
            Some(word) if words.contains(&word.as_str()) => Ok(()),
            Some(_) => Err(refused(path, format!("must be one of {}", words.join(", ")))),
        },
        Type::Statuses => match value.as_array() {
            None => wrong("an array"),
            Some(list) => {
                let is_status = |raw: &Raw| {
                    raw.as_thousandths().is_some_and(|n| (400_000..=599_000).contains(&n) && n % 1000 == 0)
                };
                if list.iter().all(is_status) {
                    Ok(())
                } else {
                    Err(refused(path, "must list HTTP statuses from 400 to 599"))
                }
            }
        },
        Type::Urls | Type::Texts => match value.as_array() {
            None => wrong("an array"),
            Some(list) if list.iter().all(|raw| raw.kind() == Kind::String) => Ok(()),
            Some(_) => Err(refused(path, "must list strings")),
        },
        Type::Table => match value.as_object() {
            None => wrong("an object"),
            Some(Err(malformed)) => Err(refused(path, malformed.0)),
            Some(Ok(object)) => object.iter().try_for_each(|(name, value)| match value.kind() {
                Kind::String | Kind::Null => Ok(()),
                kind => Err(refused(&format!("{path}.{name}"), format!("is {}, not a string", kind.name()))),
            }),
        },
        Type::Scalar => match value.kind() {
            Kind::Array | Kind::Object => wrong("a string, number or boolean"),
            _ => Ok(()),
        },
    }
}
