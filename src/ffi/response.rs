//! Answers of the API.

use std::ffi::{c_char, c_void};
use std::sync::{Mutex, MutexGuard, TryLockError};

use super::error::bearer_error;
use super::status::bearer_status;
use super::support::fence;
use super::support::handle::{self, handle_kind};
use super::support::out::Out;
use super::support::text::{self, Lent, must_not_be_null};
use crate::client::Response;
use crate::error::{Error, Reason, Result};
use crate::oauth::challenge;
use crate::secret::SecretBytes;

/// An answer. Its head is in; its body comes whole or piece by piece, under the deadline and cancel of the call that
/// asked for it, also after the client was freed.
pub struct bearer_response {
    _opaque: [u8; 0],
}

pub(super) struct ResponseObject {
    status: u16,
    headers: Vec<(Lent, Lent)>,
    url: Lent,
    body: Mutex<BodyState>,
}

struct BodyState {
    response: Response,
    /// What `bearer_response_body` has lent out; it stays where it is.
    gathered: Option<SecretBytes>,
}

handle_kind!(3, bearer_response, ResponseObject, Response, "response");

impl ResponseObject {
    pub(super) fn new(response: Response) -> ResponseObject {
        ResponseObject {
            status: response.status,
            headers: response
                .headers
                .iter()
                .map(|(name, value)| (Lent::new(name), Lent::new(value)))
                .collect(),
            url: Lent::new(&response.url.to_string()),
            body: Mutex::new(BodyState { response, gathered: None }),
        }
    }

    /// The values of a header, its name in any case.
    fn values(&self, name: &str) -> impl Iterator<Item = &Lent> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.as_str().eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The body, for one call at a time: waiting for another's read would know no deadline, and in a child of a fork
    /// no end, where the other thread is not there.
    fn body(&self) -> Result<MutexGuard<'_, BodyState>> {
        match self.body.try_lock() {
            Ok(body) => Ok(body),
            Err(TryLockError::Poisoned(poisoned)) => Err(poisoned.into()),
            Err(TryLockError::WouldBlock) => {
                Err(Error::new(Reason::Reentered, "response: is being read by another call"))
            }
        }
    }
}

/// The HTTP status of an answer; 0 for what is no response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_status(response: *const bearer_response) -> u16 {
    fence::value(0, || handle::get(response).map_or(0, |response| response.status))
}

/// The first value of a header, its name in any case; NULL if it is absent. Borrowed: lives as long as the response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_header(
    response: *const bearer_response,
    name: *const c_char,
) -> *const c_char {
    fence::value(std::ptr::null(), || {
        let (Ok(response), Ok(name)) = (handle::get(response), text::required(name, "name")) else {
            return std::ptr::null();
        };
        response.values(name).next().map_or(std::ptr::null(), Lent::as_ptr)
    })
}

/// The header line at an index, from 0, in the order of the answer; false behind the last. Borrowed: lives as long as
/// the response. name and value may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_header_at(
    response: *const bearer_response,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    fence::value(false, || {
        let (name, value) = (Out::new(name, std::ptr::null()), Out::new(value, std::ptr::null()));
        let Ok(response) = handle::get(response) else { return false };
        match response.headers.get(index) {
            Some((n, v)) => {
                name.set(n.as_ptr());
                value.set(v.as_ptr());
                true
            }
            None => false,
        }
    })
}

/// The URL that answered. Borrowed: lives as long as the response. NULL for what is no response.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_url(response: *const bearer_response) -> *const c_char {
    fence::value(std::ptr::null(), || {
        handle::get(response).map_or(std::ptr::null(), |response| response.url.as_ptr())
    })
}

/// What the API asks for, read out of every WWW-Authenticate header (RFC 9110 section 11.6.1), for a 401 and a 403:
/// {"challenges":[{"scheme":"Bearer","realm":...}],"error":"insufficient_scope","login":{"scope":...},
/// "resource_metadata":"https://..."}.
///
/// challenge_json: gets it, or NULL where the answer has no such header; free it with bearer_free. May be NULL.
///   "challenges" has each one's parameters as text, their names in small letters, and what a scheme has in their place
///   as "token68". "error" is the first that a Bearer or DPoP challenge gives (RFC 6750 section 3.1). "login" is there
///   where a person must sign in again: because of insufficient_scope, or insufficient_user_authentication (RFC 9470);
///   its "scope", "acr_values" and "max_age", those that were sent, are params_json of bearer_login_begin.
///   "resource_metadata" is the URL that says which authorization servers the API trusts (RFC 9728). Whatever the API
///   sent stands there unchecked.
///
/// Does not block. INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_challenge(
    response: *const bearer_response,
    challenge_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(challenge_json);
        let response = handle::get(response)?;
        match challenge::describe(response.values("www-authenticate").map(Lent::as_str)) {
            Some(json) => out.set_text(&json),
            None => Ok(()),
        }
    })
}

/// The whole body, or what bearer_response_read has left of it, as it was sent, whatever its Content-Encoding.
///
/// bytes: gets the body, borrowed as long as the response lives; a NUL follows its last byte. May be NULL.
/// len: gets its length in bytes, the NUL not counted. May be NULL.
///
/// Blocks, at most until the deadline of the call that asked. Asked again, it gives the same bytes. TOO_LARGE above
/// http.max_response_bytes; PROTOCOL (truncated) where the answer ended early; UNAVAILABLE, TIMEOUT, CANCELLED;
/// WOULD_DEADLOCK while another call reads it; INVALID_HANDLE, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_body(
    response: *mut bearer_response,
    bytes: *mut *const u8,
    len: *mut usize,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let (bytes, len) = (Out::new(bytes, std::ptr::null()), Out::new(len, 0));
        let object = handle::get(response)?;
        let mut state = object.body()?;
        if state.gathered.is_none() {
            state.gathered = Some(state.response.read_rest()?);
        }
        if let Some(gathered) = &state.gathered {
            bytes.set(gathered.expose().as_ptr());
            len.set(gathered.expose().len().saturating_sub(1));
        }
        Ok(())
    })
}

/// The next bytes of the body, as many as have come; a body of any length can be read so.
///
/// buffer, capacity: where they go. read: gets how many; 0 is the end. It must not be NULL.
///
/// Blocks, at most until the deadline of the call that asked. PROTOCOL (truncated) where the answer ended early;
/// UNAVAILABLE, TIMEOUT, CANCELLED; WOULD_DEADLOCK while another call reads it; INVALID_ARGUMENT, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_read(
    response: *mut bearer_response,
    buffer: *mut c_void,
    capacity: usize,
    read: *mut usize,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::new(read, 0);
        let object = handle::get(response)?;
        must_not_be_null(read, "read")?;
        let buffer = text::buffer(buffer, capacity, "buffer")?;
        out.set(object.body()?.response.read(buffer)?);
        Ok(())
    })
}

/// Frees a response; a body that was not read to its end closes its connection. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_response_free(response: *mut bearer_response) {
    fence::value((), || drop(handle::free(response)))
}
