//! What a vendor wants in requests, on top of what the RFCs do. Without quirks everything is handed through.

use std::borrow::Cow;

use super::Quirks;
use crate::json::Object;
use crate::secret::Secret;

/// Parameters of a request to the token endpoint, as the vendor wants them.
pub fn token<'a>(
    quirks: Option<&Quirks>,
    parameters: &'a Vec<(String, Secret)>,
) -> Cow<'a, Vec<(String, Secret)>> {
    let Some(quirks) = quirks else { return Cow::Borrowed(parameters) };
    let mut sent = parameters.clone();
    join_scopes(Some(quirks), &mut sent);
    for (name, value) in quirks.table("token_parameters").iter() {
        if let Some(value) = value.as_str()
            && !parameters.iter().any(|(given, _)| given == name)
        {
            sent.push((name.to_owned(), Secret::from(value.as_str())));
        }
    }
    Cow::Owned(sent)
}

/// Puts between scopes what the vendor wants there: last of all, for everybody else reads them with spaces.
pub fn join_scopes(quirks: Option<&Quirks>, parameters: &mut [(String, Secret)]) {
    if let Some(separator) = quirks.and_then(|quirks| quirks.text("requested_scope_separator")) {
        for (_, scope) in parameters.iter_mut().filter(|(name, _)| name == "scope") {
            *scope = Secret::new(scope.expose().replace(' ', &separator));
        }
    }
}

/// Parameters of an authorization request, with those that the vendor wants.
pub fn authorization<'a>(quirks: Option<&Quirks>, parameters: &'a Object) -> Cow<'a, Object> {
    let Some(quirks) = quirks else { return Cow::Borrowed(parameters) };
    let mut asked = parameters.clone();
    for (name, value) in quirks.table("authorization_parameters").iter() {
        if parameters.get(name).is_none() {
            asked.set(name, value.clone());
        }
    }
    Cow::Owned(asked)
}

/// The scopes that a renewal names, where the vendor wants any.
pub fn refresh_scope<'a>(
    quirks: Option<&Quirks>,
    granted: impl FnOnce() -> Option<Cow<'a, str>>,
    requested: Option<&'a str>,
) -> Option<Cow<'a, str>> {
    match quirks?.text("scope_on_refresh").as_deref() {
        Some("granted") => granted(),
        Some("requested") => requested.map(Cow::Borrowed),
        _ => None,
    }
}
