//! Reading the JSON object of a control request member by member.

use serde_json::{Map, Value};

/// The members of a control request that have not been read yet.
///
/// Every reader says what it found wrong in words that name the member, since the
/// text goes back to whoever wrote the test.
pub struct Members(Map<String, Value>);

impl From<Map<String, Value>> for Members {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl Members {
    /// Parses a body; an empty one counts as an object without members.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err("the body is not a JSON object".to_string()),
            Err(error) => Err(format!("the body is not JSON: {error}")),
        }
    }

    /// Whether there is a member of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes a member, whatever it is.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Takes a string.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} is not a string")),
        }
    }

    /// Takes a string or null.
    pub fn text_or_null(&mut self, name: &str) -> Result<Option<Option<String>>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text))),
            Some(_) => Err(format!("{name} is not a string or null")),
        }
    }

    /// Takes an object.
    pub fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(format!("{name} is not an object")),
        }
    }

    /// Takes a string that has to be there.
    pub fn required_text(&mut self, name: &str) -> Result<String, String> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// Takes an integer within limits.
    pub fn integer(&mut self, name: &str, low: i64, high: i64) -> Result<Option<i64>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(value) => match value.as_i64() {
                Some(number) if (low..=high).contains(&number) => Ok(Some(number)),
                _ => Err(format!("{name} is not an integer from {low} to {high}")),
            },
        }
    }

    /// Takes an integer from 0 to a limit.
    pub fn count(&mut self, name: &str, high: u32) -> Result<Option<u64>, String> {
        let number = self.integer(name, 0, i64::from(high))?;
        Ok(number.and_then(|number| u64::try_from(number).ok()))
    }

    /// Takes `true` or `false`; absent is `None`.
    pub fn flag(&mut self, name: &str) -> Result<Option<bool>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(format!("{name} is not true or false")),
        }
    }

    /// Ends the reading: refuses members that nobody asked for.
    pub fn finish(self) -> Result<(), String> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("unknown member {name:?}")),
        }
    }
}
