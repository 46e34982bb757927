//! What real vendors do instead of the RFCs, as data: a token answer is brought into the shape of RFC 6749 before anybody
//! reads it, and requests get what the vendor asks for on top. No vendor has code here.

mod check;
pub mod presets;
mod request;
#[cfg(test)]
mod tests;

use crate::decimal;
use crate::json::{Kind, Object, Raw};

pub use check::Unfit;
pub use request::{authorization, join_scopes, refresh_scope, token};

/// Where a set keeps what stood around the token members.
const AROUND: &str = "vendor_answer";
/// Where it keeps a type that means Bearer but is called otherwise.
const THEIR_TYPE: &str = "vendor_token_type";

/// One vendor's ways: the member `quirks` of a configuration, looked up where it is needed, which is seldom.
#[derive(Clone, Debug)]
pub struct Quirks(Object);

/// What an answer turned out to be.
#[derive(Debug)]
pub enum Answered {
    /// Tokens: the members of RFC 6749 section 5.1 beside all that the vendor sent, and where in the answer they stood.
    Tokens(Object, String),
    /// An error, as in RFC 6749 section 5.2 where the vendor named one.
    Refused(Object),
}

impl Quirks {
    fn text(&self, path: &str) -> Option<String> {
        self.0.find(path).as_ref().and_then(scalar)
    }

    fn table(&self, path: &str) -> Object {
        self.0.find(path).and_then(|table| table.as_object()).and_then(Result::ok).unwrap_or_default()
    }

    /// Reads a successful answer, as far as HTTP goes; the error says what is wrong with it.
    pub fn answer(&self, members: Object) -> Result<Answered, String> {
        let says_error = members.get("error").and_then(Raw::as_str).is_some_and(|error| !error.is_empty());
        let is_refused = match self.text("success.member") {
            // T-3: an error is one, whatever else is said, and wherever this vendor usually says so.
            _ if says_error => true,
            None => self.code(&members).is_some(),
            Some(path) => match members.find(&path).as_ref().and_then(scalar) {
                Some(flag) => Some(flag) != self.text("success.value"),
                None if self.code(&members).is_some() => true,
                None => return Err(missing(&path)),
            },
        };
        if is_refused {
            return Ok(Answered::Refused(self.failure(members)));
        }
        let (members, at) = self.lifted(members)?;
        let members = self.renamed(members).map_err(|problem| at.clone() + &problem)?;
        Ok(Answered::Tokens(self.converted(members), at))
    }

    /// The members of an error answer as RFC 6749 section 5.2 has them.
    pub fn failure(&self, mut members: Object) -> Object {
        let Some(code) = self.code(&members) else { return members };
        let path = self.text("error.description");
        let description = members.find(path.as_deref().unwrap_or("error_description"));
        let description = description.as_ref().and_then(scalar).unwrap_or_default();
        let codes = self.table("error.codes");
        let mapped = |text: &str| codes.get(text).filter(|ours| ours.kind() == Kind::String);
        let (error, told) = match mapped(&code).or_else(|| mapped(&description)) {
            None => (Raw::from_text(&code), description),
            Some(ours) if description.is_empty() => (ours.clone(), code),
            Some(ours) => (ours.clone(), [&code, ": ", &description].concat()),
        };
        members.set("error", error);
        members.set("error_description", Raw::from_text(&told));
        members
    }

    /// The vendor's names replaced by the RFCs'.
    pub fn renamed(&self, mut members: Object) -> Result<Object, String> {
        for (ours, theirs) in self.table("members").iter() {
            let Some(theirs) = theirs.as_str().filter(|theirs| **theirs != ours) else { continue };
            let Some(value) = members.get(&theirs).cloned() else { continue };
            if members.get(ours).is_some() {
                return Err(format!("{} and {ours} are both in the answer", *theirs));
            }
            members.remove(&theirs);
            members.set(ours, value);
        }
        Ok(members)
    }

    /// A problem that begins with a member's RFC name, with the name and the place that the vendor has for it.
    pub fn in_their_words(&self, problem: String, at: &str) -> String {
        match problem.split_once(' ') {
            Some((ours, rest)) if check::OURS.contains(&ours) => [at, &self.theirs(ours), " ", rest].concat(),
            _ => problem,
        }
    }

    /// The error's code as text.
    fn code(&self, members: &Object) -> Option<String> {
        let code = match self.text("error.code") {
            None => members.get("error").filter(|code| code.kind() == Kind::String).cloned(),
            Some(path) => members.find(&path),
        };
        code.as_ref().and_then(scalar).filter(|code| !code.is_empty())
    }

    /// The token members at the top, with what stood around them kept below; and where they stood.
    fn lifted(&self, members: Object) -> Result<(Object, String), String> {
        let Some(path) = self.text("token_path") else { return Ok((members, String::new())) };
        let Some((mut inner, outer)) = taken(&members, &path)? else {
            // Slack's renewals have at the top what its first answers have further in.
            return match members.get(&self.theirs("access_token")) {
                Some(_) => Ok((members, String::new())),
                None => Err(missing(&path)),
            };
        };
        if outer.iter().next().is_some() {
            inner.set(AROUND, Raw::from_object(&outer));
        }
        Ok((inner, path + "."))
    }

    /// The vendor's name of a member.
    fn theirs(&self, ours: &str) -> String {
        let theirs = self.table("members").get(ours).and_then(scalar);
        theirs.unwrap_or_else(|| ours.to_owned())
    }

    /// Values in the RFCs' units and words. What cannot be read is left for whoever names the problem.
    fn converted(&self, mut members: Object) -> Object {
        for (name, unit) in [("expires_in", "expires_in_unit"), ("expires_at", "expires_at_unit")] {
            let is_ms = self.text(unit).is_some_and(|unit| unit == "ms");
            let value = members.get(name).filter(|_| is_ms).and_then(scalar);
            if let Some(ms) = value.and_then(|text| decimal::thousandths(text.trim())) {
                members.set(name, Raw::from_integer(ms.div_euclid(1_000_000)));
            }
        }
        if let Some(separator) = self.text("scope_separator")
            && let Some(scope) = members.get("scope").and_then(Raw::as_str)
        {
            let scopes = scope.replace(&separator, " ");
            let scopes: Vec<_> = scopes.split(' ').filter(|scope| !scope.is_empty()).collect();
            members.set("scope", Raw::from_text(&scopes.join(" ")));
        }
        if let Some(kind) = members.get("token_type").cloned()
            && let Some(known) = self.0.find("token_types").and_then(|known| known.as_array())
            && let Some(text) = kind.as_str()
            && known.iter().any(|known| known.as_str().is_some_and(|known| *known == *text))
        {
            members.set("token_type", Raw::from_text("Bearer"));
            members.set(THEIR_TYPE, kind);
        }
        members
    }
}

fn missing(path: &str) -> String {
    path.to_owned() + " is missing from the answer"
}

/// The object at a path, and the rest without it; `None` where the path leads nowhere.
fn taken(outer: &Object, path: &str) -> Result<Option<(Object, Object)>, String> {
    let (first, deeper) = path.split_once('.').map_or((path, None), |(first, deeper)| (first, Some(deeper)));
    let Some(value) = outer.get(first).filter(|value| value.kind() != Kind::Null) else { return Ok(None) };
    let child = match value.as_object() {
        Some(child) => child.map_err(|malformed| [first, " ", &malformed.0].concat())?,
        None => return Err([first, " is ", value.kind().name(), ", not an object"].concat()),
    };
    let mut rest = outer.clone();
    let Some(deeper) = deeper else {
        rest.remove(first);
        return Ok(Some((child, rest)));
    };
    let inside = taken(&child, deeper).map_err(|problem| [first, ".", &problem].concat())?;
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
