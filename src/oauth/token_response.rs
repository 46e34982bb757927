//! Reading what a token endpoint answers: RFC 6749 sections 5.1 and 5.2, and what servers send instead.

use crate::error::{Error, Message, Reason, Result};
use crate::http::Whole;
use crate::json::{Object, Raw};
use crate::oauth::{dpop, form, retry_after};
use crate::quirks::{Answered, Quirks};
use crate::secret::Wiped;
use crate::status;
use crate::token::{TokenSet, Unfit};

/// The longest token answer (`hostile.md` T-20).
pub const LONGEST: u64 = 1 << 20;

/// An answer whose body is in.
pub struct Answer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Its `Content-Type`, if it has one.
    pub content_type: Option<&'a str>,
    /// Its `Content-Encoding`, if it has one.
    pub content_encoding: Option<&'a str>,
    /// Its `Retry-After`, if it has one.
    pub retry_after: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
}

impl<'a> From<&'a Whole> for Answer<'a> {
    fn from(whole: &'a Whole) -> Answer<'a> {
        Answer {
            status: whole.status,
            content_type: whole.headers.get("content-type"),
            content_encoding: whole.headers.get("content-encoding"),
            retry_after: whole.headers.get("retry-after"),
            body: whole.body.expose(),
        }
    }
}

/// The token set of an answer at `now` (seconds since 1970), or why there is none; of the type that was asked for
/// (`hostile.md` T-6, T-7). The server may have ways of its own.
pub fn read(quirks: Option<&Quirks>, answer: &Answer<'_>, is_bound: bool, now: i64) -> Result<TokenSet> {
    let set = match quirks {
        Some(quirks) => read_in_their_way(quirks, answer, now)?,
        None => {
            accept(read_members(answer, now)?).map_err(|(reason, problem)| Error::new(reason, problem))?
        }
    };
    match (is_bound, dpop::is_bound(&set)) {
        (true, false) => Err(Error::new(
            Reason::TokenType,
            "the token is not bound to the client's key: its token_type is not DPoP",
        )),
        (false, true) => Err(Error::new(Reason::TokenType, "token_type is DPoP, which was not asked for")),
        _ => Ok(set),
    }
}

fn read_in_their_way(quirks: &Quirks, answer: &Answer<'_>, now: i64) -> Result<TokenSet> {
    check_encoding(answer)?;
    let is_success = (200..=299).contains(&answer.status);
    let members = match (is_success, members(answer)) {
        (true, members) => match quirks.answer(members.map_err(malformed)?).map_err(malformed)? {
            Answered::Tokens(members, at) => {
                return accept(members)
                    .map_err(|(reason, problem)| Error::new(reason, quirks.in_their_words(problem, &at)));
            }
            Answered::Refused(members) => Some(members),
        },
        (false, members) => members.ok().map(|members| quirks.failure(members)),
    };
    let mut error = refusal(answer, members, now);
    if error.oauth_error.as_deref() == Some("temporarily_unavailable") {
        (error.reason, error.status) = (Reason::ServerError, Reason::ServerError.status());
    }
    Err(error)
}

/// The members of a successful answer of an endpoint that answers as the token endpoint does, or its error.
pub fn read_members(answer: &Answer<'_>, now: i64) -> Result<Object> {
    check_encoding(answer)?;
    match answer.status {
        200..=299 => {
            let members = members(answer).map_err(malformed)?;
            if members.get("error").is_some_and(|error| error.as_str().is_some()) {
                return Err(oauth_error(answer.status, &members));
            }
            Ok(members)
        }
        _ => Err(refusal(answer, members(answer).ok(), now)),
    }
}

fn check_encoding(answer: &Answer<'_>) -> Result<()> {
    match answer.content_encoding {
        Some(encoding) if !encoding.trim().eq_ignore_ascii_case("identity") => {
            Err(malformed("the answer is compressed, which was not asked for"))
        }
        _ => Ok(()),
    }
}

/// The members of an answer by their RFC names, where the server has names of its own.
pub fn renamed(quirks: Option<&Quirks>, members: Object) -> Result<Object> {
    match quirks {
        None => Ok(members),
        Some(quirks) => quirks.renamed(members).map_err(malformed),
    }
}

/// Whether the endpoint did what it was asked, where a success says nothing.
pub fn check(answer: &Answer<'_>, now: i64) -> Result<()> {
    if (200..=299).contains(&answer.status) {
        Ok(())
    } else {
        Err(refusal(answer, members(answer).ok(), now))
    }
}

/// A token set as a server or hook may hand it out: an access token must be there, its type usable.
pub fn accept(members: Object) -> std::result::Result<TokenSet, (Reason, String)> {
    let format = |unfit: Unfit| match unfit.member.as_str() {
        "" => (Reason::TokenFormat, unfit.problem),
        member => (Reason::TokenFormat, format!("{member} {}", unfit.problem)),
    };
    let set = TokenSet::from_members(members).and_then(TokenSet::with_scope_as_text).map_err(format)?;
    if set.access_token().is_none() {
        return Err((Reason::TokenFormat, "access_token is missing".into()));
    }
    match set.token_type() {
        // Some servers leave the type out (T-5); every other than bearer needs what this client does not do (T-6).
        Some(kind) if !kind.is_empty() && !kind.eq_ignore_ascii_case("bearer") && !dpop::is_bound(&set) => {
            Err((Reason::TokenType, "token_type is neither Bearer nor DPoP".into()))
        }
        _ => Ok(set),
    }
}

fn members(answer: &Answer<'_>) -> std::result::Result<Object, String> {
    let text = std::str::from_utf8(answer.body).map_err(|_| "the answer is not UTF-8".to_owned())?;
    let is_form = answer.content_type.is_some_and(|kind| {
        kind.split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    if is_form && !text.trim_start().starts_with('{') {
        let parameters = form::parse(text).ok_or("the answer is not the form that its Content-Type says")?;
        let mut members = Object::default();
        for (name, value) in parameters {
            if members.get(&name).is_some() {
                return Err("the answer has a parameter twice".into());
            }
            members.set(&name, Raw::from_text(&value));
        }
        return Ok(members);
    }
    Object::parse(text).map_err(|malformed| format!("the answer {}", malformed.0))
}

fn malformed(problem: impl Into<Message>) -> Error {
    Error::new(Reason::TokenFormat, problem)
}

/// An error answer: only `invalid_grant` ends a session, whatever else goes wrong keeps the refresh token (E-1 to E-6).
fn refusal(answer: &Answer<'_>, members: Option<Object>, now: i64) -> Error {
    let mut error = match (answer.status, members) {
        (300..=399, _) => {
            Error::new(Reason::Redirect, "the token endpoint redirects; a token request is sent nowhere else")
        }
        (408 | 425 | 429 | 500..=599, _) => return server_error(answer, "the token endpoint", now),
        (_, Some(members)) if members.get("error").is_some_and(|error| error.as_str().is_some()) => {
            oauth_error(answer.status, &members)
        }
        _ => Error::new(
            Reason::UnknownError,
            format!("the token endpoint answered {}, without an OAuth error", answer.status),
        ),
    };
    error.http_status = Some(answer.status);
    error.retry_after_s = answer.retry_after.and_then(|value| retry_after::seconds(value, now));
    error
}

/// A JSON document that may be at a well-known place; `None` where there is none, for a page at every address is how
/// single-page applications answer.
pub fn document(answer: &Answer<'_>, who: &str, now: i64) -> Result<Option<Object>> {
    match answer.status {
        200..=299 => Ok(std::str::from_utf8(answer.body).ok().and_then(|text| Object::parse(text).ok())),
        408 | 425 | 429 | 500.. => Err(server_error(answer, who, now)),
        _ => Ok(None),
    }
}

/// An answer of a server that is overloaded or broken.
pub fn server_error(answer: &Answer<'_>, who: &str, now: i64) -> Error {
    let mut error = Error::new(Reason::ServerError, format!("{who} answered {}", answer.status));
    error.http_status = Some(answer.status);
    error.retry_after_s = answer.retry_after.and_then(|value| retry_after::seconds(value, now));
    error
}

fn oauth_error(http_status: u16, members: &Object) -> Error {
    let text = |name| members.get(name).and_then(Raw::as_str).map(|text: Wiped| tidy(&text));
    let code = text("error").unwrap_or_default();
    let reason = if code == "invalid_grant" { Reason::InvalidGrant } else { Reason::OauthError };
    let message = match reason {
        Reason::InvalidGrant => {
            "the authorization server will not renew this session any more: a person must sign in"
        }
        _ => "the authorization server refused the request",
    };
    let mut error = Error::new(reason, message);
    if code == "access_denied" {
        error = error.with_status(status::ACCESS_DENIED);
    }
    error.oauth_error = Some(code);
    error.oauth_error_description = text("error_description");
    error.http_status = Some(http_status);
    error
}

/// Text from a server that will be shown: no control characters, at most 512 bytes, and no long word, for a word of
/// 32 characters or more may be a token (E-6, E-7; canaille puts both tokens into its descriptions).
pub fn tidy(text: &str) -> String {
    const LONGEST_WORD: usize = 32;
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        if is_word(first) && run.len() >= LONGEST_WORD {
            out.push('…');
        } else {
            out.extend(run.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
        rest = after;
        if out.len() > 512 {
            break;
        }
    }
    let mut end = out.len().min(512);
    while !out.is_char_boundary(end) {
        end -= 1;
    }
    out.truncate(end);
    out
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vendor_tests;
