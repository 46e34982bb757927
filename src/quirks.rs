//! What real vendors do instead of the RFCs, as data: a token answer is brought into the shape of RFC 6749 before anybody
//! reads it, and requests get what the vendor asks for on top. No vendor has code here.

pub mod presets;
mod read;
mod request;
#[cfg(test)]
mod tests;

use crate::decimal;
use crate::json::{Kind, Object, Raw};

pub use request::{authorization, refresh_scope, token};

/// Where a set keeps what stood around the token members.
const AROUND: &str = "vendor_answer";
/// Where it keeps a type that means Bearer but is called otherwise.
const THEIR_TYPE: &str = "vendor_token_type";

/// One vendor's ways.
#[derive(Clone, Debug, Default)]
pub struct Quirks {
    /// Where the object with the token members is; empty where it is the answer.
    token_path: Path,
    /// RFC names and the vendor's.
    members: Vec<(String, String)>,
    expires_in_ms: bool,
    expires_at_ms: bool,
    /// Token types that are sent as Bearer tokens are.
    token_types: Vec<String>,
    /// What says that a request succeeded.
    success: Option<(Path, String)>,
    error_code: Path,
    error_description: Path,
    /// The vendor's codes, or whole descriptions, and the RFCs' errors.
    codes: Vec<(String, String)>,
    /// Between the scopes of answers.
    scope_separator: Option<String>,
    /// Between the scopes of requests.
    requested_scope_separator: Option<String>,
    scope_on_refresh: ScopeOnRefresh,
    authorization_parameters: Vec<(String, String)>,
    token_parameters: Vec<(String, String)>,
}

/// Which scopes a renewal names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum ScopeOnRefresh {
    /// None, which means: as granted (RFC 6749 section 6).
    #[default]
    Omit,
    /// Those of the token set.
    Granted,
    /// Those of the configuration.
    Requested,
}

/// Names from an answer inwards; a number counts in an array.
#[derive(Clone, Debug, Default)]
struct Path(Vec<String>);

impl Path {
    fn parse(text: &str) -> Path {
        Path(text.split('.').map(str::to_owned).collect())
    }

    fn text(&self) -> String {
        self.0.join(".")
    }

    /// What is there, unless it is null.
    fn find(&self, object: &Object) -> Option<Raw> {
        let (first, rest) = self.0.split_first()?;
        let mut value = object.get(first)?.clone();
        for name in rest {
            value = match value.kind() {
                Kind::Object => value.as_object()?.ok()?.get(name)?.clone(),
                Kind::Array => value.as_array()?.into_iter().nth(name.parse().ok()?)?,
                _ => return None,
            };
        }
        (value.kind() != Kind::Null).then_some(value)
    }
}

/// What an answer turned out to be.
#[derive(Debug)]
pub enum Answered {
    /// Tokens: the members of RFC 6749 section 5.1 beside all that the vendor sent, and where in the answer they stood.
    Tokens(Object, String),
    /// An error, as in RFC 6749 section 5.2 where the vendor named one.
    Refused(Object),
}

impl Quirks {
    /// Reads a successful answer, as far as HTTP goes; the error says what is wrong with it.
    pub fn answer(&self, members: Object) -> Result<Answered, String> {
        let says_error = members.get("error").and_then(Raw::as_str).is_some_and(|error| !error.is_empty());
        let is_refused = match &self.success {
            // T-3: an error is one, whatever else is said, and wherever this vendor usually says so.
            _ if says_error => true,
            None => self.code(&members).is_some(),
            Some((path, wanted)) => match path.find(&members).and_then(|flag| scalar(&flag)) {
                Some(flag) => flag != *wanted,
                None if self.code(&members).is_some() => true,
                None => return Err(format!("{} is missing from the answer", path.text())),
            },
        };
        if is_refused {
            return Ok(Answered::Refused(self.failure(members)));
        }
        let (members, at) = self.lifted(members)?;
        let members = self.renamed(members).map_err(|problem| format!("{at}{problem}"))?;
        Ok(Answered::Tokens(self.converted(members), at))
    }

    /// The members of an error answer as RFC 6749 section 5.2 has them.
    pub fn failure(&self, mut members: Object) -> Object {
        let Some(code) = self.code(&members) else { return members };
        let description = match self.error_description.0.is_empty() {
            true => members.get("error_description").cloned(),
            false => self.error_description.find(&members),
        };
        let description = description.and_then(|text| scalar(&text)).unwrap_or_default();
        let mapped = |text: &str| self.codes.iter().find(|(theirs, _)| theirs == text).map(|(_, ours)| ours);
        let told = match mapped(&code).or_else(|| mapped(&description)) {
            Some(ours) => {
                members.set("error", Raw::from_text(ours));
                if description.is_empty() { code } else { format!("{code}: {description}") }
            }
            None => {
                members.set("error", Raw::from_text(&code));
                description
            }
        };
        members.set("error_description", Raw::from_text(&told));
        members
    }

    /// The vendor's names replaced by the RFCs'.
    pub fn renamed(&self, mut members: Object) -> Result<Object, String> {
        for (ours, theirs) in self.members.iter().filter(|(ours, theirs)| ours != theirs) {
            let Some(value) = members.get(theirs).cloned() else { continue };
            if members.get(ours).is_some() {
                return Err(format!("{theirs} and {ours} are both in the answer"));
            }
            members.remove(theirs);
            members.set(ours, value);
        }
        Ok(members)
    }

    /// A problem that begins with a member's RFC name, with the name and the place that the vendor has for it.
    pub fn in_their_words(&self, problem: String, at: &str) -> String {
        let Some((ours, rest)) = problem.split_once(' ') else { return problem };
        if !read::OURS.contains(&ours) {
            return problem;
        }
        format!("{at}{} {rest}", self.theirs(ours))
    }

    /// The error's code as text.
    fn code(&self, members: &Object) -> Option<String> {
        let code = match self.error_code.0.is_empty() {
            true => members.get("error").filter(|code| code.kind() == Kind::String).cloned(),
            false => self.error_code.find(members),
        };
        code.and_then(|code| scalar(&code)).filter(|code| !code.is_empty())
    }

    /// The token members at the top, with what stood around them kept below; and where they stood.
    fn lifted(&self, members: Object) -> Result<(Object, String), String> {
        if self.token_path.0.is_empty() {
            return Ok((members, String::new()));
        }
        let Some((mut inner, outer)) = taken(&members, &self.token_path.0)? else {
            // Slack's renewals have at the top what its first answers have further in.
            return match self.has_access_token(&members) {
                true => Ok((members, String::new())),
                false => Err(format!("{} is missing from the answer", self.token_path.text())),
            };
        };
        if outer.iter().next().is_some() {
            inner.set(AROUND, Raw::from_object(&outer));
        }
        Ok((inner, self.token_path.text() + "."))
    }

    fn has_access_token(&self, members: &Object) -> bool {
        members.get(self.theirs("access_token")).is_some()
    }

    /// The vendor's name of a member.
    fn theirs<'a>(&'a self, ours: &'a str) -> &'a str {
        self.members.iter().find(|(name, _)| name == ours).map_or(ours, |(_, theirs)| theirs)
    }

    /// Values in the RFCs' units and words. What cannot be read is left for whoever names the problem.
    fn converted(&self, mut members: Object) -> Object {
        for (name, is_ms) in [("expires_in", self.expires_in_ms), ("expires_at", self.expires_at_ms)] {
            let ms = members.get(name).filter(|_| is_ms).and_then(|value| match value.kind() {
                Kind::String => decimal::thousandths(value.as_str()?.trim()),
                _ => value.as_thousandths(),
            });
            if let Some(ms) = ms {
                members.set(name, Raw::from_integer(ms.div_euclid(1_000_000)));
            }
        }
        if let Some(separator) = &self.scope_separator
            && let Some(scope) = members.get("scope").and_then(Raw::as_str)
        {
            let scopes = scope.split(separator.as_str()).flat_map(|scopes| scopes.split(' '));
            let scopes: Vec<_> = scopes.filter(|scope| !scope.is_empty()).collect();
            members.set("scope", Raw::from_text(&scopes.join(" ")));
        }
        if let Some(kind) = members.get("token_type").cloned()
            && kind.as_str().is_some_and(|kind| self.token_types.iter().any(|known| **known == **kind))
        {
            members.set("token_type", Raw::from_text("Bearer"));
            members.set(THEIR_TYPE, kind);
        }
        members
    }
}

/// The object at a path, and the rest without it; `None` where the path leads nowhere.
fn taken(outer: &Object, path: &[String]) -> Result<Option<(Object, Object)>, String> {
    let Some((first, deeper)) = path.split_first() else { return Ok(None) };
    let Some(value) = outer.get(first).filter(|value| value.kind() != Kind::Null) else { return Ok(None) };
    let child = match value.as_object() {
        Some(child) => child.map_err(|malformed| format!("{first} {}", malformed.0))?,
        None => return Err(format!("{first} is {}, not an object", value.kind().name())),
    };
    let mut rest = outer.clone();
    if deeper.is_empty() {
        rest.remove(first);
        return Ok(Some((child, rest)));
    }
    let inside = taken(&child, deeper).map_err(|problem| format!("{first}.{problem}"))?;
    Ok(inside.map(|(inner, left)| {
        rest.set(first, Raw::from_object(&left));
        (inner, rest)
    }))
}

/// A text, number or boolean as text.
fn scalar(value: &Raw) -> Option<String> {
    match value.kind() {
        Kind::String => value.as_str().map(|text| text.to_string()),
        Kind::Number | Kind::Bool => Some(value.text().to_owned()),
        Kind::Null | Kind::Array | Kind::Object => None,
    }
}
