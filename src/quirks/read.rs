//! Reads the member `quirks` of a configuration, whose types were checked already.

use super::{Path, Quirks, ScopeOnRefresh, scalar};
use crate::json::{Object, Raw};

/// What is wrong with a member: its path below `quirks`, and the problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfit(pub String, pub &'static str);

/// The members of answers that the library reads.
pub(super) const OURS: [&str; 8] = [
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "expires_at",
    "scope",
    "id_token",
    "verification_uri",
];

/// The errors that it knows: of RFC 6749 sections 4.1.2.1 and 5.2, and of RFC 8628 section 3.5.
const ERRORS: [&str; 11] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "temporarily_unavailable",
    "authorization_pending",
    "slow_down",
    "expired_token",
];

/// What no vendor has a say in.
const SET_BY_THE_LIBRARY: [&str; 8] = [
    "response_type",
    "client_id",
    "client_secret",
    "state",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
];

impl Quirks {
    /// Reads them.
    pub fn read(members: &Object) -> Result<Quirks, Unfit> {
        let text = |name: &str| members.get(name).and_then(Raw::as_str).map(|text| text.to_string());
        let inside = |name: &str| members.get(name).and_then(Raw::as_object).and_then(Result::ok);
        let (success, error) = (inside("success"), inside("error"));
        let of = |object: &Option<Object>, name: &str| {
            object.as_ref().and_then(|object| object.get(name).cloned())
        };
        let path = |name: &str, value: Option<Raw>| match value.and_then(|value| value.as_str()) {
            None => Ok(Path::default()),
            Some(text) if text.split('.').any(str::is_empty) => {
                Err(Unfit(name.to_owned(), "is not a path: names with dots between them"))
            }
            Some(text) => Ok(Path::parse(&text)),
        };
        let flag = path("success.member", of(&success, "member"))?;
        let value = of(&success, "value").and_then(|value| scalar(&value));
        let success = match (flag.0.is_empty(), value) {
            (true, None) => None,
            (false, Some(value)) => Some((flag, value)),
            _ => return Err(Unfit("success".to_owned(), "needs both member and value")),
        };
        Ok(Quirks {
            token_path: path("token_path", members.get("token_path").cloned())?,
            members: table("members", inside("members"), |ours, _| OURS.contains(&ours))?,
            expires_in_ms: text("expires_in_unit").as_deref() == Some("ms"),
            expires_at_ms: text("expires_at_unit").as_deref() == Some("ms"),
            token_types: members
                .get("token_types")
                .and_then(Raw::as_array)
                .unwrap_or_default()
                .iter()
                .filter_map(scalar)
                .collect(),
            success,
            error_code: path("error.code", of(&error, "code"))?,
            error_description: path("error.description", of(&error, "description"))?,
            codes: table(
                "error.codes",
                of(&error, "codes").and_then(|codes| codes.as_object()).and_then(Result::ok),
                |_, error| ERRORS.contains(&error),
            )?,
            scope_separator: separator("scope_separator", text("scope_separator"))?,
            requested_scope_separator: separator(
                "requested_scope_separator",
                text("requested_scope_separator"),
            )?,
            scope_on_refresh: match text("scope_on_refresh").as_deref() {
                Some("granted") => ScopeOnRefresh::Granted,
                Some("requested") => ScopeOnRefresh::Requested,
                _ => ScopeOnRefresh::Omit,
            },
            authorization_parameters: parameters(
                "authorization_parameters",
                inside("authorization_parameters"),
            )?,
            token_parameters: parameters("token_parameters", inside("token_parameters"))?,
        })
    }
}

fn table(
    path: &str,
    object: Option<Object>,
    is_known: impl Fn(&str, &str) -> bool,
) -> Result<Vec<(String, String)>, Unfit> {
    let mut pairs = Vec::new();
    for (name, value) in object.unwrap_or_default().iter() {
        let Some(value) = value.as_str() else { continue };
        if !is_known(name, &value) {
            return Err(Unfit(format!("{path}.{name}"), "is nothing that the library reads in an answer"));
        }
        pairs.push((name.to_owned(), value.to_string()));
    }
    Ok(pairs)
}

fn parameters(path: &str, object: Option<Object>) -> Result<Vec<(String, String)>, Unfit> {
    let pairs = table(path, object, |_, _| true)?;
    match pairs.iter().find(|(name, _)| SET_BY_THE_LIBRARY.contains(&name.as_str())) {
        Some((name, _)) => Err(Unfit(format!("{path}.{name}"), "is set by the library")),
        None => Ok(pairs),
    }
}

fn separator(path: &str, text: Option<String>) -> Result<Option<String>, Unfit> {
    match text {
        Some(text) if text.is_empty() => Err(Unfit(path.to_owned(), "is empty")),
        text => Ok(text),
    }
}
