//! Which redirects of an API are followed, and what goes along: a token never leaves the origin it was meant for.

use crate::config::Redirects;
use crate::error::{Error, Reason, Result};
use crate::http::Headers;
use crate::url::Url;

/// How many redirects are followed in a row.
pub const MOST_HOPS: u32 = 5;

/// Headers that may be shown to another origin (`hostile.md` R-1): those that say nothing of who asks.
const SAFE_HEADERS: [&str; 7] =
    ["accept", "accept-charset", "accept-encoding", "accept-language", "range", "if-range", "user-agent"];

/// What to do with an answer.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// It is the answer; also where a redirect is handed to the caller as the answer it is.
    Answer,
    /// Ask there, with this method and without a body.
    Follow {
        /// Where to.
        url: Url,
        /// The method: GET where a request with a body was answered elsewhere.
        method: String,
        /// Whether it is another origin, which gets neither the token nor unsafe headers, from here on.
        leaves_origin: bool,
    },
}

/// A request that was answered.
pub struct Asked<'a> {
    /// Its method.
    pub method: &'a str,
    /// Whether it had a body.
    pub had_body: bool,
    /// Where it went.
    pub url: &'a Url,
    /// How many redirects were followed so far.
    pub hops: u32,
}

/// Decides. Only [`Redirects::Any`] ever fails: the other policies hand over what they do not follow.
pub fn next(policy: Redirects, asked: &Asked<'_>, status: u16, headers: &Headers) -> Result<Step> {
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(Step::Answer);
    }
    match policy {
        Redirects::None => Ok(Step::Answer),
        Redirects::SameOrigin => {
            let can_be_repeated = matches!(asked.method, "GET" | "HEAD") && !asked.had_body;
            if !can_be_repeated || asked.hops >= MOST_HOPS {
                return Ok(Step::Answer);
            }
            match target(asked.url, headers) {
                Ok(url) if url.origin() == asked.url.origin() => {
                    Ok(Step::Follow { url, method: asked.method.to_owned(), leaves_origin: false })
                }
                _ => Ok(Step::Answer),
            }
        }
        Redirects::Any => any(asked, status, headers),
    }
}

fn any(asked: &Asked<'_>, status: u16, headers: &Headers) -> Result<Step> {
    let url = target(asked.url, headers)?;
    let unsafe_because = if asked.url.is_https() && !url.is_https() {
        Some("a redirect leads from https to http")
    } else if asked.hops >= MOST_HOPS {
        Some("more than 5 redirects in a row")
    } else if asked.had_body && matches!(status, 307 | 308) {
        Some("a redirect wants the body sent again")
    } else {
        None
    };
    if let Some(why) = unsafe_because {
        return Err(Error::new(Reason::Redirect, why).at(asked.url.without_query()));
    }
    let keeps_method =
        matches!(asked.method, "GET" | "HEAD") || matches!(status, 307 | 308) && !asked.had_body;
    let method = if keeps_method { asked.method } else { "GET" }.to_owned();
    let leaves_origin = url.origin() != asked.url.origin();
    Ok(Step::Follow { url, method, leaves_origin })
}

/// The one place that a redirect names. Its text is never shown: it may hold a code or a token.
fn target(from: &Url, headers: &Headers) -> Result<Url> {
    let mut locations = headers.get_all("location");
    let (Some(location), None) = (locations.next(), locations.next()) else {
        return Err(
            Error::new(Reason::Framing, "a redirect without exactly one Location").at(from.without_query())
        );
    };
    let has_foreign_scheme = || {
        let scheme = location.split([':', '/', '?', '#']).next().unwrap_or_default();
        location[scheme.len()..].starts_with(':')
            && !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str())
    };
    from.resolve(location).map_err(|_| {
        if has_foreign_scheme() {
            Error::new(Reason::Redirect, "a redirect leads away from http and https").at(from.without_query())
        } else {
            Error::new(Reason::Framing, "a redirect with a malformed Location").at(from.without_query())
        }
    })
}

/// What may be sent along. Headers that describe a body go with it; another origin gets the safe ones alone.
pub fn headers_for(headers: &Headers, keeps_body_headers: bool, leaves_origin: bool) -> Headers {
    let mut kept = Headers::default();
    for (name, value) in headers.iter() {
        let describes_body = name.get(..8).is_some_and(|prefix| prefix.eq_ignore_ascii_case("content-"));
        let is_safe = SAFE_HEADERS.iter().any(|safe| name.eq_ignore_ascii_case(safe));
        if (keeps_body_headers || !describes_body) && (is_safe || !leaves_origin) {
            kept.push(name, value.into());
        }
    }
    kept
}

#[cfg(test)]
mod tests;
