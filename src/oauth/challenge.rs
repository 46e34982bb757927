//! What `WWW-Authenticate` says: RFC 9110 section 11.6.1, and for tokens RFC 6750 section 3, RFC 9470 and RFC 9728.

use crate::json::{Object, Raw};

/// Whether a renewal may help: not where the API names an error other than `invalid_token` (`hostile.md` F-10). No
/// `WWW-Authenticate` at all is how Home Assistant refuses an expired token.
pub fn asks_for_another_token<'a>(fields: impl Iterator<Item = &'a str>) -> bool {
    let mut challenges = Vec::new();
    fields.for_each(|field| parse(field, &mut challenges));
    challenges
        .iter()
        .all(|challenge| challenge.get("error").is_none_or(|error| is(error, &["invalid_token"])))
}

/// Whether a challenge names this error.
pub fn has_error<'a>(fields: impl Iterator<Item = &'a str>, code: &str) -> bool {
    let mut challenges = Vec::new();
    fields.for_each(|field| parse(field, &mut challenges));
    challenges.iter().any(|challenge| challenge.get("error").is_some_and(|error| is(error, &[code])))
}

/// All of it as JSON, and what it means for the program:
/// `{"challenges":[{"scheme":…,…}],"error":…,"login":{…},"resource_metadata":…}`. `None` where there is no field.
pub fn describe<'a>(fields: impl Iterator<Item = &'a str>) -> Option<String> {
    let (mut challenges, mut has_field) = (Vec::new(), false);
    for field in fields {
        has_field = true;
        parse(field, &mut challenges);
    }
    has_field.then(|| meaning(&challenges))
}

fn meaning(challenges: &[Object]) -> String {
    let mut json = String::from("{\"challenges\":[");
    let add = |json: &mut String, parts: [&str; 3]| parts.iter().for_each(|part| json.push_str(part));
    for (index, challenge) in challenges.iter().enumerate() {
        add(&mut json, [if index > 0 { "," } else { "" }, &challenge.to_text(), ""]);
    }
    json.push(']');
    for challenge in challenges {
        let is_of_tokens = challenge.get("scheme").is_some_and(|scheme| is(scheme, &["Bearer", "DPoP"]));
        if let Some(error) = challenge.get("error").filter(|_| is_of_tokens) {
            add(&mut json, [",\"error\":", error.text(), ""]);
            if is(error, &["insufficient_scope", "insufficient_user_authentication"]) {
                add(&mut json, [",\"login\":", &login(challenge).to_text(), ""]);
            }
            break;
        }
    }
    if let Some(url) = challenges.iter().find_map(|challenge| challenge.get("resource_metadata"))
        && (bare(url).starts_with("https://") || bare(url).starts_with("http://"))
    {
        add(&mut json, [",\"resource_metadata\":", url.text(), ""]);
    }
    json.push('}');
    json
}

/// The parameters of the login that a challenge asks for.
fn login(challenge: &Object) -> Object {
    let mut login = Object::default();
    for name in ["scope", "acr_values", "max_age"] {
        if let Some(value) = challenge.get(name) {
            let is_number = bare(value).bytes().all(|byte| byte.is_ascii_digit());
            if !bare(value).is_empty() && (is_number || name != "max_age") {
                login.set(name, value.clone());
            }
        }
    }
    login
}

/// The text of a JSON string, escapes as they are.
fn bare(text: &Raw) -> &str {
    text.text().trim_matches('"')
}

/// Whether it is one of these words, in any case.
fn is(text: &Raw, words: &[&str]) -> bool {
    words.iter().any(|word| bare(text).eq_ignore_ascii_case(word))
}

/// How many parameters of a challenge are kept: more than any scheme has, and few enough to look through for each new one.
const MOST: usize = 32;

/// Adds a parameter by its name in small letters. Of those with one name the first counts.
fn add(challenge: &mut Object, name: &str, value: &str) {
    let name = name.to_ascii_lowercase();
    if challenge.get(&name).is_none() && challenge.iter().count() < MOST {
        challenge.set(&name, Raw::from_text(value));
    }
}

/// Adds the challenges of one field: each its `scheme` and its parameters; what a scheme has in their place is called
/// `token68`. Servers forget commas and quotes, so neither is insisted on; what belongs to no challenge is passed over.
fn parse(field: &str, challenges: &mut Vec<Object>) {
    let first = challenges.len();
    let mut rest = field;
    loop {
        rest = split(rest, |byte| matches!(byte, b' ' | b'\t' | b',')).1;
        if rest.is_empty() {
            return;
        }
        let (name, after) = split(rest, is_token);
        let after_space = split(after, is_space).1;
        if name.is_empty() {
            // No name can begin so.
            rest = after_next_comma(rest);
        } else if let Some(value) = after_space.strip_prefix('=') {
            let Some((value, after)) = value_of(split(value, is_space).1) else { return };
            if let Some(challenge) = challenges[first..].last_mut() {
                add(challenge, name, &value);
            }
            rest = after;
        } else {
            let mut challenge = Object::default();
            add(&mut challenge, "scheme", name);
            rest = after_space;
            if after.len() > after_space.len()
                && let Some((token, after)) = token68(rest)
            {
                add(&mut challenge, "token68", token);
                rest = after;
            }
            challenges.push(challenge);
        }
    }
}

/// Splits behind the bytes that fit, and in no character: a byte outside ASCII fits with all of them or with none.
fn split(text: &str, fits: fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !fits(byte)).unwrap_or(text.len()))
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A `token68` (RFC 9110 section 11.2), which must be all that the challenge has.
fn token68(text: &str) -> Option<(&str, &str)> {
    let (body, after) = split(text, |byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    let after = split(after, |byte| byte == b'=').1;
    let next = split(after, is_space).1;
    let is_whole = next.is_empty() || next.starts_with(',');
    (!body.is_empty() && is_whole).then(|| text.split_at(text.len() - after.len()))
}

/// A value and what is behind it; `None` for a quoted one that does not end.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // URLs and scopes often stand there without the quotes that they need.
        let (value, after) = split(text, |byte| !matches!(byte, b',' | b' ' | b'\t'));
        return Some((value.to_owned(), after));
    };
    let (mut value, mut rest) = (String::new(), quoted);
    loop {
        let (plain, after) = split(rest, |byte| !matches!(byte, b'"' | b'\\'));
        value.push_str(plain);
        if let Some(after) = after.strip_prefix('"') {
            return Some((value, after));
        }
        let mut escaped = after.strip_prefix('\\')?.chars();
        value.push(escaped.next()?);
        rest = escaped.as_str();
    }
}

/// What is behind the next comma outside of quotes.
fn after_next_comma(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = split(rest, |byte| !matches!(byte, b',' | b'"')).1;
        if !rest.starts_with('"') {
            return rest;
        }
        let Some((_, after)) = value_of(rest) else { return "" };
        rest = after;
    }
}

#[cfg(test)]
mod tests;
