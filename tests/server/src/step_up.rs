//! What the API asks of tokens beyond being good: a scope (RFC 6750, section 3.1), or a
//! person who proved more, or lately (RFC 9470).

use crate::config::header_value;
use crate::grants::Live;
use crate::members::Members;
use serde_json::{Value, json};

/// What a token needs.
#[derive(Clone)]
pub struct StepUp {
    scope: Option<String>,
    acr_values: Option<String>,
    max_age_s: Option<u64>,
}

/// The answer to a token that lacks something.
pub struct Lacks {
    /// The status.
    pub status: u16,
    /// The parameters of the challenge.
    pub parameters: Vec<(&'static str, String)>,
}

impl StepUp {
    /// Reads the setting; null asks for nothing.
    pub fn read(value: Value) -> Result<Option<Self>, String> {
        let mut members = match value {
            Value::Null => return Ok(None),
            Value::Object(members) => Members::from(members),
            _ => return Err("step_up is not an object or null".to_string()),
        };
        let mut text = |name| members.text(name)?.map(|text| header_value(name, text)).transpose();
        let new = Self {
            scope: text("scope")?,
            acr_values: text("acr_values")?,
            max_age_s: members.count("max_age", u32::MAX)?,
        };
        members.finish()?;
        if new.scope.is_none() && new.acr_values.is_none() && new.max_age_s.is_none() {
            return Err("step_up has none of scope, acr_values and max_age".to_string());
        }
        Ok(Some(new))
    }

    /// The setting, as it was read.
    pub fn to_json(&self) -> Value {
        json!({ "scope": self.scope, "acr_values": self.acr_values, "max_age": self.max_age_s })
    }

    /// What a token lacks.
    pub fn lacks(&self, live: &Live, now_ms: i64) -> Option<Lacks> {
        let has_proved = self.acr_values.as_ref().is_none_or(|values| {
            let acr = live.granted.acr.as_deref();
            values.split_ascii_whitespace().any(|value| Some(value) == acr)
        });
        let is_recent = self.max_age_s.is_none_or(|max_s| {
            let max_ms = i64::try_from(max_s).unwrap_or(i64::MAX).saturating_mul(1000);
            live.granted.auth_ms.is_some_and(|auth_ms| now_ms - auth_ms <= max_ms)
        });
        let has_scope = self.scope.as_ref().is_none_or(|needed| {
            let mut needed = needed.split_ascii_whitespace();
            needed.all(|one| live.access.scope.split_ascii_whitespace().any(|has| has == one))
        });
        let (status, error) = match has_proved && is_recent {
            true if has_scope => return None,
            true => (403, "insufficient_scope"),
            false => (401, "insufficient_user_authentication"),
        };
        let mut parameters = vec![("error", error.to_string())];
        if status == 401 {
            parameters.extend(self.acr_values.clone().map(|values| ("acr_values", values)));
            parameters.extend(self.max_age_s.map(|max_s| ("max_age", max_s.to_string())));
        }
        parameters.extend(self.scope.clone().map(|scope| ("scope", scope)));
        Some(Lacks { status, parameters })
    }
}
