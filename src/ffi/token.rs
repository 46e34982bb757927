//! A client's token, for the caller to store and for HTTP stacks and protocols of its own.

use std::ffi::c_char;
use std::time::Duration;

use super::client::bearer_client;
use super::error::bearer_error;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, handle, text};
use crate::error::{Error, Reason, Result};
use crate::http::{Headers, is_token};
use crate::json::Object;
use crate::token::TokenSet;
use crate::url::Url;

/// The token set that the client holds now, for you to store: RFC 6749 section 5.1 plus "expires_at", and whatever
/// else the server sent, byte for byte.
///
/// token_json: gets the JSON; free it with bearer_free. May be NULL.
///
/// Does not block, and uses no network. LOGIN_REQUIRED (no_token) where there is none; INVALID_HANDLE, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_token(
    client: *mut bearer_client,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(token_json);
        out.set_text(&handle::get(client)?.client().token()?.to_json())
    })
}

/// Replaces the token set by one that you have stored; on_token is not told.
///
/// token_json: what bearer_client_token or on_token gave, or what Home Assistant, requests-oauthlib or golang/oauth2
///   store. It must hold an access token or a refresh token.
///
/// Does not block. INVALID_ARGUMENT names the member that does not fit; INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_set_token(
    client: *mut bearer_client,
    token_json: *const c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let client = handle::get(client)?;
        let set =
            TokenSet::from_stored(text::required(token_json, "token_json")?).map_err(|unfit| match unfit
                .member
                .as_str()
            {
                "" => Error::new(Reason::Json, format!("token_json: {}", unfit.problem)),
                member => Error::new(Reason::Member, format!("token_json.{member}: {}", unfit.problem)),
            })?;
        client.client().set_token(set)
    })
}

/// Renews now, whatever the token's age (RFC 6749 section 6, or on_refresh, refresh.endpoint, grant). Callers that
/// ask at the same time share one renewal. The new set goes through on_token before this returns.
///
/// token_json: gets the new set; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. LOGIN_REQUIRED where the server will not renew; UNAVAILABLE, TIMEOUT,
/// CANCELLED, UNCERTAIN: the refresh token is kept, try again later; REJECTED, PROTOCOL, TLS, UNSAFE, TOO_LARGE;
/// HOOK_FAILED (not_saved) where on_token failed; INVALID_HANDLE, WOULD_DEADLOCK.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_refresh(
    client: *mut bearer_client,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(token_json);
        let client = handle::get(client)?;
        out.set_text(&client.client().refresh(&client.call(None))?.to_json())
    })
}

/// The headers that a request by your own HTTP stack needs, as JSON: {"authorization":"Bearer ..."}, or for a token
/// that is bound to a key {"authorization":"DPoP ...","dpop":"..."}, of which the second is good for one request.
///
/// method, url: of that request; the URL is absolute, and of the client's base_url or origins.
/// headers_json: gets the headers; free it with bearer_free. May be NULL.
///
/// Blocks where the token must be renewed first. UNSAFE (origin) for a URL that must not get the token; otherwise as
/// bearer_client_refresh; INVALID_ARGUMENT.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_authorization(
    client: *mut bearer_client,
    method: *const c_char,
    url: *const c_char,
    headers_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(headers_json);
        let client = handle::get(client)?;
        let (method, url) = request_line(method, url)?;
        out.set_text(&client.client().authorization(method, &url, &client.call(None))?.to_text())
    })
}

/// Method and URL of a request by the caller's own HTTP stack.
fn request_line<'a>(method: *const c_char, url: *const c_char) -> Result<(&'a str, Url)> {
    let method = text::required(method, "method")?;
    if !is_token(method) {
        return Err(Error::new(Reason::Value, "method: is not an HTTP method"));
    }
    let url = Url::parse(text::required(url, "url")?)
        .map_err(|problem| Error::new(Reason::Url, format!("url: {problem}")))?;
    Ok((method, url))
}

/// An access token that is valid for at least min_valid_s more seconds, renewed if need be: for Kafka, SQL, MQTT,
/// gRPC... With a fixed "authorization" it is that value.
///
/// access_token: gets the token; free it with bearer_free. May be NULL.
/// expires_at: gets when it expires, in seconds since 1970; 0 where nobody knows. May be NULL.
///
/// Blocks where the token must be renewed first. As bearer_client_refresh.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_access_token(
    client: *mut bearer_client,
    min_valid_s: u32,
    access_token: *mut *mut c_char,
    expires_at: *mut i64,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let (token, expires) = (Out::pointer(access_token), Out::new(expires_at, 0));
        let client = handle::get(client)?;
        let min_valid = Duration::from_secs(min_valid_s.into());
        client.client().with_access_token(min_valid, &client.call(None), |text, at| {
            token.set_text(text)?;
            expires.set(at.unwrap_or(0));
            Ok(())
        })
    })
}

/// The same into a buffer of yours.
///
/// buffer, capacity: where the token and a NUL go. len: gets the token's length in bytes, the NUL not counted, also
///   where the buffer is too small (then with TOO_LARGE, and the buffer holds ""). May be NULL.
/// expires_at: as above.
///
/// Blocks where the token must be renewed first. As bearer_client_refresh; INVALID_ARGUMENT, TOO_LARGE (buffer).
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_access_token_into(
    client: *mut bearer_client,
    min_valid_s: u32,
    buffer: *mut c_char,
    capacity: usize,
    len: *mut usize,
    expires_at: *mut i64,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let (len, expires) = (Out::new(len, 0), Out::new(expires_at, 0));
        let client = handle::get(client)?;
        let buffer = text::buffer(buffer.cast(), capacity, "buffer")?;
        if let Some(first) = buffer.first_mut() {
            *first = 0;
        }
        let min_valid = Duration::from_secs(min_valid_s.into());
        client.client().with_access_token(min_valid, &client.call(None), |text, at| {
            len.set(text.len());
            let Some(room) = buffer.get_mut(..text.len() + 1) else {
                return Err(Error::new(Reason::Buffer, "buffer: is too small for the token and a NUL"));
            };
            room[..text.len()].copy_from_slice(text.as_bytes());
            room[text.len()] = 0;
            expires.set(at.unwrap_or(0));
            Ok(())
        })
    })
}

/// For your own HTTP stack, after every answer: learns from it, and says whether to ask bearer_client_authorization
/// for new headers and send the request once more. Call it once for each request, not for the one that was resent.
///
/// method, url: of the request. sent_headers_json: what bearer_client_authorization gave for it. http_status: of the
///   answer. answer_headers_json: the answer's headers as {"name":"value"}, or {"name":["value","value"]}; NULL for
///   none. resend: gets whether to send again; it must not be NULL.
///
/// Blocks where a 401 makes it renew the token. As bearer_client_authorization.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_feedback(
    client: *mut bearer_client,
    method: *const c_char,
    url: *const c_char,
    sent_headers_json: *const c_char,
    http_status: u16,
    answer_headers_json: *const c_char,
    resend: *mut bool,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::new(resend, false);
        let client = handle::get(client)?;
        let (_, url) = request_line(method, url)?;
        let sent = headers(text::required(sent_headers_json, "sent_headers_json")?, "sent_headers_json")?;
        let answer = match text::optional(answer_headers_json, "answer_headers_json")? {
            Some(json) => headers(json, "answer_headers_json")?,
            None => Headers::default(),
        };
        text::must_not_be_null(resend, "resend")?;
        out.set(client.client().feedback(&url, &sent, http_status, &answer, &client.call(None))?);
        Ok(())
    })
}

/// Header lines from JSON.
fn headers(json: &str, parameter: &str) -> Result<Headers> {
    let wrong = |problem: &str| Error::new(Reason::Json, format!("{parameter}: {problem}"));
    let mut headers = Headers::default();
    for (name, value) in Object::parse(json).map_err(|malformed| wrong(&malformed.0))?.iter() {
        let values = value.as_array().unwrap_or_else(|| vec![value.clone()]);
        for value in values {
            let text = value
                .as_str()
                .ok_or_else(|| wrong("has a value that is neither text nor a list of texts"))?;
            headers.push(name, text.as_str().into());
        }
    }
    Ok(headers)
}
