//! Requests to the API.

use std::ffi::{c_char, c_void};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::client::bearer_client;
use super::error::bearer_error;
use super::hook_request::HookRequest;
use super::hooks::bearer_destroy_fn;
use super::response::{ResponseObject, bearer_response};
use super::status::bearer_status;
use super::support::handle::{self, handle_kind};
use super::support::out::Out;
use super::support::registration::Registration;
use super::support::{fence, text};
use crate::client::Request;
use crate::error::{Error, Reason, Result};
use crate::http::Source;
use crate::secret::SecretBytes;

/// A request: one to send, or the one that an on_http hook is asked to make.
pub struct bearer_request {
    _opaque: [u8; 0],
}

pub(super) enum RequestObject {
    Own(Mutex<Request>),
    Hook(Arc<HookRequest>),
}

impl From<Arc<HookRequest>> for RequestObject {
    fn from(request: Arc<HookRequest>) -> RequestObject {
        RequestObject::Hook(request)
    }
}

handle_kind!(2, bearer_request, RequestObject, Request, "request");

/// Runs `body` on a request to send.
fn with<T>(
    request: *mut bearer_request,
    body: impl FnOnce(MutexGuard<'_, Request>) -> Result<T>,
) -> Result<T> {
    let object = handle::get(request)?;
    let RequestObject::Own(request) = &*object else {
        return Err(Error::new(Reason::Value, "request: belongs to an on_http hook, which may only read it"));
    };
    match request.try_lock() {
        Ok(request) => body(request),
        Err(std::sync::TryLockError::Poisoned(poisoned)) => Err(poisoned.into()),
        Err(std::sync::TryLockError::WouldBlock) => {
            Err(Error::new(Reason::Reentered, "request: is being used by another call"))
        }
    }
}

/// Bytes written into buffer, at most capacity; 0 is the end; negative: failed. It must not unwind.
pub type bearer_read_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, buffer: *mut c_void, capacity: usize) -> i64>;

/// Makes a request, which can be sent any number of times.
///
/// method: any method; those of RFC 9110 may be written in lower case.
/// path: joined to the client's base_url with exactly one slash; may have a query, already encoded
///   (bearer_percent_encode, bearer_request_add_query). An absolute URL must be of the client's own origins.
/// request: gets the request; free it with bearer_request_free.
///
/// INVALID_ARGUMENT. The path is checked when the request is sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_new(
    method: *const c_char,
    path: *const c_char,
    request: *mut *mut bearer_request,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(request);
        let request = Request::new(text::required(method, "method")?, text::required(path, "path")?)?;
        out.must_be_wanted("request")?;
        out.set_object(RequestObject::Own(Mutex::new(request)))
    })
}

/// Adds a query parameter, encoded (RFC 3986 section 2.1).
///
/// INVALID_ARGUMENT, INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_add_query(
    request: *mut bearer_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let (name, value) = (text::required(name, "name")?, text::required(value, "value")?);
        with(request, |mut request| {
            request.add_query(name, value);
            Ok(())
        })
    })
}

/// Adds a header line; lines of one name are all sent, in order. An authorization header (or whichever carries the
/// token) is replaced by the library's own; those of the framing (Host, Content-Length, Transfer-Encoding,
/// Connection, Expect, Proxy-*...) are refused.
///
/// INVALID_ARGUMENT, INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_add_header(
    request: *mut bearer_request,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let (name, value) = (text::required(name, "name")?, text::required(value, "value")?);
        with(request, |mut request| request.add_header(name, value))
    })
}

/// Sets the body: these bytes, NULs included, copied. It is sent again where the request is. bytes may be NULL with
/// len 0: an empty body.
///
/// INVALID_ARGUMENT, INVALID_HANDLE, OUT_OF_MEMORY; WOULD_DEADLOCK while the request is being sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_set_body(
    request: *mut bearer_request,
    bytes: *const c_void,
    len: usize,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let mut copy = SecretBytes::default();
        copy.extend(text::bytes(bytes, len, "bytes")?)?;
        with(request, |mut request| {
            request.set_body(copy);
            Ok(())
        })
    })
}

/// Sets a body that is read piece by piece while the request is sent, a firmware image for example. It is read once,
/// so the request cannot be sent again: a 401 is returned as the answer it is, and the next request renews.
///
/// read: gives the bytes; it must not be NULL. user_data: handed to read and destroy. destroy: called exactly once,
///   also when this call fails; may be NULL. len: how many bytes they are, or -1 where that is not known.
///
/// INVALID_ARGUMENT, INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_set_body_from(
    request: *mut bearer_request,
    read: bearer_read_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    len: i64,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        let Some(read) = read else { return Err(Error::new(Reason::Null, "read: must not be NULL")) };
        let len = match len {
            -1 => None,
            len => {
                Some(u64::try_from(len).map_err(|_| Error::new(Reason::Value, "len: must be -1 or more"))?)
            }
        };
        with(request, |mut request| {
            request.set_body_from(Box::new(CallerBody { read, registration }), len);
            Ok(())
        })
    })
}

struct CallerBody {
    read: unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, usize) -> i64,
    registration: Registration,
}

impl Source for CallerBody {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        // SAFETY: the caller registered this function with this user_data; the buffer is as large as said.
        let n = unsafe { (self.read)(self.registration.user_data, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(n) {
            Ok(n) if n <= buffer.len() => Ok(n),
            Ok(_) => {
                Err(Error::new(Reason::Hook, "the body's read function wrote more than there was room for"))
            }
            Err(_) => Err(Error::new(Reason::Hook, "the body's read function failed")),
        }
    }
}

/// Sets how long the whole call may take, renewal included, in place of the client's timeout. At most a day.
///
/// INVALID_HANDLE; WOULD_DEADLOCK while the request is being sent.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_set_timeout(
    request: *mut bearer_request,
    milliseconds: u64,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        with(request, |mut request| {
            request.timeout = Some(Duration::from_millis(milliseconds));
            Ok(())
        })
    })
}

/// Frees a request. NULL is fine; a request that belongs to an on_http hook is left alone.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_free(request: *mut bearer_request) {
    fence::value((), || {
        let Ok(object) = handle::get(request) else { return };
        if matches!(*object, RequestObject::Own(_)) {
            let _ = handle::free(request);
        }
    })
}

/// Sends a request with a valid token, renewed first if it must be. After a 401 the token is renewed once and the
/// request sent once more. Redirects are followed as http.redirects says: by default those of a GET or HEAD inside the
/// origin. An answer of any HTTP status is a success; it is returned as soon as its headers are in.
///
/// request: what to send; it can be sent again, by one thread at a time.
/// response: gets the answer; free it with bearer_response_free.
///
/// Blocks, at most until the timeout. LOGIN_REQUIRED where a person must sign in; UNAVAILABLE, TIMEOUT, CANCELLED,
/// UNCERTAIN: try again later; TLS, PROTOCOL, REJECTED, TOO_LARGE, UNSAFE: the other side; HOOK_FAILED;
/// INVALID_ARGUMENT, INVALID_HANDLE, WOULD_DEADLOCK, UNSUPPORTED: the program.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_send(
    client: *mut bearer_client,
    request: *mut bearer_request,
    response: *mut *mut bearer_response,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(response);
        let client = handle::get(client)?;
        let response = with(request, |mut request| {
            out.must_be_wanted("response")?;
            let call = client.call(request.timeout);
            client.client().send(&mut request, &call)
        })?;
        out.set_object(ResponseObject::new(response))
    })
}

/// The short way: makes a request with these bytes as its body (NULL with len 0 for none), and sends it as
/// bearer_client_send does.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_request(
    client: *mut bearer_client,
    method: *const c_char,
    path: *const c_char,
    body: *const c_void,
    len: usize,
    response: *mut *mut bearer_response,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(response);
        let client = handle::get(client)?;
        let mut request = Request::new(text::required(method, "method")?, text::required(path, "path")?)?;
        if len > 0 {
            let mut copy = SecretBytes::default();
            copy.extend(text::bytes(body, len, "body")?)?;
            request.set_body(copy);
        }
        out.must_be_wanted("response")?;
        let call = client.call(None);
        out.set_object(ResponseObject::new(client.client().send(&mut request, &call)?))
    })
}
