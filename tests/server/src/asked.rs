//! What a request asks of the tokens that come of it: their resources (RFC 8707) and
//! their details (RFC 9396); and the key that it has proved.

use crate::grants::Granted;
use crate::members::Members;
use crate::shared::State;
use crate::token;
use serde_json::{Value, json};

/// What the request under way asks.
#[derive(Default)]
pub struct Asked {
    /// Whom it asks, where that can be known.
    pub issuer: Option<String>,
    /// Whether it renews.
    pub is_renewal: bool,
    /// The thumbprint of the key that it has proved, to which its tokens are bound.
    pub jkt: Option<String>,
    /// Where the tokens are for.
    pub resources: Vec<String>,
    /// What they are for.
    pub details: Option<Value>,
}

/// The settings.
#[derive(Clone)]
pub struct Settings {
    resources: Option<Vec<String>>,
    types: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let types = ["payment_initiation", "account_information"].map(ToString::to_string);
        Self { resources: None, types: types.to_vec() }
    }
}

impl Settings {
    /// Takes the settings that a control request changes.
    pub fn change(&mut self, members: &mut Members) -> Result<(), String> {
        let list = |value, name| {
            serde_json::from_value(value).map_err(|_| format!("{name} is not a list of strings"))
        };
        if let Some(value) = members.take("resources") {
            self.resources = list(value, "resources")?;
        }
        if let Some(value) = members.take("authorization_details_types") {
            let types: Option<_> = list(value, "authorization_details_types")?;
            self.types = types.unwrap_or_else(|| Self::default().types);
        }
        Ok(())
    }

    /// Shows the settings among all others.
    pub fn show(&self, all: &mut Value) {
        all["resources"] = json!(self.resources);
        all["authorization_details_types"] = json!(self.types);
    }

    /// The types of details that are known.
    pub fn types(&self) -> &[String] {
        &self.types
    }

    /// Reads the resources and the details that a form asks for; an error is its code.
    pub fn read(&self, form: &[(String, String)]) -> Result<Asked, &'static str> {
        let named = form.iter().filter(|(name, value)| name == "resource" && !value.is_empty());
        let resources: Vec<String> = named.map(|(_, value)| value.clone()).collect();
        let is_known = |resource: &String| match &self.resources {
            Some(known) => known.contains(resource),
            None => resource.contains("://") && !resource.contains('#'),
        };
        if !resources.iter().all(is_known) {
            return Err("invalid_target");
        }
        let details = token::value(form, "authorization_details");
        let details = details.map(|text| self.details(text).ok_or("invalid_authorization_details"));
        Ok(Asked { resources, details: details.transpose()?, ..Asked::default() })
    }

    fn details(&self, text: &str) -> Option<Value> {
        let details: Value = serde_json::from_str(text).ok()?;
        let is_known = |detail: &Value| {
            let kind = detail.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| self.types.iter().any(|known| known == kind))
        };
        details.as_array().is_some_and(|all| all.iter().all(is_known)).then_some(details)
    }
}

impl Asked {
    /// Whether this is no more than was granted, where that says anything.
    pub fn fits(&self, granted: &Granted) -> Result<(), &'static str> {
        let has = |resource| granted.resources.is_empty() || granted.resources.contains(resource);
        if !self.resources.iter().all(has) {
            return Err("invalid_target");
        }
        let all = |details: &Option<Value>| details.as_ref().and_then(Value::as_array).cloned();
        let granted = all(&granted.details).unwrap_or_default();
        match all(&self.details).unwrap_or_default().iter().all(|detail| granted.contains(detail)) {
            true => Ok(()),
            false => Err("invalid_authorization_details"),
        }
    }
}

impl State {
    /// A grant with the resources and the details that the request under way asks for.
    pub fn with_asked(&self, granted: Granted) -> Granted {
        let Asked { resources, details, .. } = &self.asked;
        Granted { resources: resources.clone(), details: details.clone(), ..granted }
    }
}
