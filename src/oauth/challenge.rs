//! What `WWW-Authenticate` says: RFC 9110 section 11.6.1, and for tokens RFC 6750 section 3, RFC 9470 and RFC 9728.

use crate::quote::quote;

/// Whether a renewal may help: not where the API names an error other than `invalid_token` (`hostile.md` F-10). No
/// `WWW-Authenticate` at all is how Home Assistant refuses an expired token.
pub fn asks_for_another_token<'a>(mut fields: impl Iterator<Item = &'a str>) -> bool {
    let names_another = |challenge: &Challenge| {
        challenge.get("error").is_some_and(|error| !error.eq_ignore_ascii_case("invalid_token"))
    };
    fields.all(|field| !parse(field).iter().any(names_another))
}

/// All of it as JSON, and what it means for the program:
/// `{"challenges":[{"scheme":…,…}],"error":…,"login":{…},"resource_metadata":…}`. `None` where there is no field.
pub fn describe<'a>(fields: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut fields = fields.peekable();
    fields.peek()?;
    let challenges: Vec<Challenge> = fields.flat_map(parse).collect();
    let mut json = String::from("{\"challenges\":[");
    let member = |json: &mut String, name: &str, value: &str| {
        if !json.ends_with('{') {
            json.push(',');
        }
        json.push_str(&quote(name));
        json.push(':');
        json.push_str(&quote(value));
    };
    for (index, challenge) in challenges.iter().enumerate() {
        json.push_str(if index > 0 { ",{" } else { "{" });
        member(&mut json, "scheme", challenge.scheme);
        for (name, value) in challenge.parameters.iter().filter(|(name, _)| name != "scheme") {
            member(&mut json, name, value);
        }
        json.push('}');
    }
    json.push(']');
    let of_tokens = |challenge: &&Challenge| ["Bearer", "DPoP"].iter().any(|scheme| challenge.is(scheme));
    let refused =
        challenges.iter().filter(of_tokens).find_map(|challenge| Some((challenge, challenge.get("error")?)));
    if let Some((challenge, error)) = refused {
        member(&mut json, "error", error);
        let wants_a_person = |known: &&str| error.eq_ignore_ascii_case(known);
        if ["insufficient_scope", "insufficient_user_authentication"].iter().any(wants_a_person) {
            json.push_str(",\"login\":{");
            for name in ["scope", "acr_values", "max_age"] {
                let is_fit =
                    |value: &&str| name != "max_age" || value.bytes().all(|byte| byte.is_ascii_digit());
                if let Some(value) = challenge.get(name).filter(is_fit).filter(|value| !value.is_empty()) {
                    member(&mut json, name, value);
                }
            }
            json.push('}');
        }
    }
    let is_url = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    if let Some(url) =
        challenges.iter().find_map(|challenge| challenge.get("resource_metadata")).filter(is_url)
    {
        member(&mut json, "resource_metadata", url);
    }
    json.push('}');
    Some(json)
}

/// One challenge. Of parameters with one name the first counts.
#[derive(Debug, PartialEq, Eq)]
struct Challenge<'a> {
    scheme: &'a str,
    /// By their names in small letters; what a scheme has in place of parameters is called `token68`.
    parameters: Vec<(String, String)>,
}

impl Challenge<'_> {
    /// How many parameters are kept: more than any scheme has, and few enough to look through for each new one.
    const MOST: usize = 32;

    fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn add(&mut self, name: &str, value: String) {
        let name = name.to_ascii_lowercase();
        if self.parameters.len() < Self::MOST && self.get(&name).is_none() {
            self.parameters.push((name, value));
        }
    }
}

/// The challenges of one field. Servers forget commas and quotes, so neither is insisted on; what belongs to no challenge
/// is passed over.
fn parse(field: &str) -> Vec<Challenge<'_>> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return challenges;
        }
        let (name, after) = split(rest, |byte| is_token(byte));
        let after_space = after.trim_start_matches([' ', '\t']);
        if name.is_empty() {
            // No name can begin so.
            rest = after_next_comma(rest);
        } else if let Some(value) = after_space.strip_prefix('=') {
            let Some((value, after)) = value_of(value.trim_start_matches([' ', '\t'])) else {
                return challenges;
            };
            if let Some(challenge) = challenges.last_mut() {
                challenge.add(name, value);
            }
            rest = after;
        } else {
            let mut challenge = Challenge { scheme: name, parameters: Vec::new() };
            rest = after_space;
            if let Some((token, after)) = token68(rest).filter(|_| after.len() > after_space.len()) {
                challenge.add("token68", token.to_owned());
                rest = after;
            }
            challenges.push(challenge);
        }
    }
}

/// Splits behind the bytes that fit; all of them are ASCII.
fn split(text: &str, fits: impl Fn(u8) -> bool) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !fits(byte)).unwrap_or(text.len()))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A `token68` (RFC 9110 section 11.2), which must be all that the challenge has.
fn token68(text: &str) -> Option<(&str, &str)> {
    let (body, after) = split(text, |byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte));
    let after = after.trim_start_matches('=');
    let is_whole = after.trim_start_matches([' ', '\t']);
    (!body.is_empty() && (is_whole.is_empty() || is_whole.starts_with(',')))
        .then(|| text.split_at(text.len() - after.len()))
}

/// A value and what is behind it; `None` for a quoted one that does not end.
fn value_of(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        // URLs and scopes often stand there without the quotes that they need.
        let (value, after) = split(text, |byte| !matches!(byte, b',' | b' ' | b'\t'));
        return Some((value.to_owned(), after));
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// What is behind the next comma outside of quotes.
fn after_next_comma(text: &str) -> &str {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let comma = text.bytes().position(|byte| {
        let is_end = byte == b',' && !is_quoted;
        is_quoted ^= byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && is_quoted && !is_escaped;
        is_end
    });
    comma.map_or("", |comma| &text[comma..])
}

#[cfg(test)]
mod tests;
