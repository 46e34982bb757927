//! The request that `on_http` is asked to make.

use std::ffi::{c_char, c_void};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};

use super::error::bearer_error;
use super::request::{RequestObject, bearer_request};
use super::status::bearer_status;
use super::support::fence;
use super::support::handle;
use super::support::out::Out;
use super::support::text::{self, Lent};
use crate::clock::Deadline;
use crate::error::{Error, Reason, Result};
use crate::http::{Body, Headers, Source};
use crate::secret::SecretBytes;
use crate::url::Url;

pub(super) struct HookRequest {
    method: Lent,
    url: Lent,
    headers: Vec<(Lent, Lent)>,
    body: Arc<Mutex<Loan>>,
    deadline: Deadline,
}

impl HookRequest {
    pub(super) fn new(
        method: &str,
        url: &Url,
        headers: &Headers,
        body: Arc<Mutex<Loan>>,
        deadline: Deadline,
    ) -> Self {
        HookRequest {
            method: Lent::new(method),
            url: Lent::new(&url.to_string()),
            headers: headers.iter().map(|(name, value)| (Lent::new(name), Lent::new(value))).collect(),
            body,
            deadline,
        }
    }
}

/// A body on loan to whatever thread answers the hook; it comes back when the call ends.
pub(super) struct LentBody<'a> {
    loan: Arc<Mutex<Loan>>,
    owner: PhantomData<&'a mut dyn Source>,
}

/// What is lent: a pointer that is taken away, under the lock, before the call that owns the body returns.
pub(super) enum Loan {
    Nothing,
    Bytes(*const [u8]),
    /// Of a request that may outlive its call; how much of them was read.
    Owned(SecretBytes, usize),
    Stream(*mut (dyn Source + 'static)),
    Returned,
}

// SAFETY: the pointers are used only under the mutex, and `LentBody` replaces them before their owner is gone; what
// they point to may be used from any thread (`Source: Send`, bytes).
unsafe impl Send for Loan {}

impl<'a> LentBody<'a> {
    pub(super) fn new(body: Body<'a>) -> LentBody<'a> {
        let loan = match body {
            Body::Empty => Loan::Nothing,
            Body::Bytes(bytes) => Loan::Bytes(bytes),
            Body::Stream { source, .. } => {
                let source: *mut (dyn Source + 'a) = source;
                // SAFETY: only the lifetime is widened; `Drop` ends the loan within 'a.
                Loan::Stream(unsafe {
                    std::mem::transmute::<*mut (dyn Source + 'a), *mut (dyn Source + 'static)>(source)
                })
            }
        };
        LentBody { loan: Arc::new(Mutex::new(loan)), owner: PhantomData }
    }

    /// Bytes that the loan owns.
    pub(super) fn owned(bytes: SecretBytes) -> LentBody<'static> {
        LentBody { loan: Arc::new(Mutex::new(Loan::Owned(bytes, 0))), owner: PhantomData }
    }

    pub(super) fn lend(&self) -> Arc<Mutex<Loan>> {
        self.loan.clone()
    }
}

impl Drop for LentBody<'_> {
    fn drop(&mut self) {
        // Waits for a thread that is reading right now.
        *self.loan.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Loan::Returned;
    }
}

impl Loan {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        match self {
            Loan::Nothing => Ok(0),
            Loan::Returned => Err(Error::new(Reason::Handle, "request: the call that made it has left")),
            Loan::Bytes(bytes) => {
                // SAFETY: not returned yet, so the bytes are still there, and nobody changes them.
                let left = unsafe { &**bytes };
                let n = left.len().min(buffer.len());
                buffer[..n].copy_from_slice(&left[..n]);
                *bytes = &raw const left[n..];
                Ok(n)
            }
            Loan::Owned(bytes, at) => {
                let left = &bytes.expose()[*at..];
                let n = left.len().min(buffer.len());
                buffer[..n].copy_from_slice(&left[..n]);
                *at += n;
                Ok(n)
            }
            // SAFETY: not returned yet, so the source is still there, and the mutex makes this its only user.
            Loan::Stream(source) => unsafe { (**source).read(buffer) },
        }
    }
}

/// Runs `body` on the request of an on_http hook.
fn with<T>(request: *const bearer_request, none: T, body: impl FnOnce(&HookRequest) -> T) -> T {
    let Ok(object) = handle::get(request) else { return none };
    match &*object {
        RequestObject::Hook(request) => body(request),
        RequestObject::Own(_) => none,
    }
}

/// The method of the request that on_http is asked to make, "GET" for example. Borrowed until the reply is answered.
/// NULL for any other request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_method(request: *const bearer_request) -> *const c_char {
    fence::value(std::ptr::null(), || with(request, std::ptr::null(), |request| request.method.as_ptr()))
}

/// The absolute URL of the request that on_http is asked to make. It may hold secrets in its query. Borrowed until
/// the reply is answered. NULL for any other request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_url(request: *const bearer_request) -> *const c_char {
    fence::value(std::ptr::null(), || with(request, std::ptr::null(), |request| request.url.as_ptr()))
}

/// The header line at an index, from 0, of the request that on_http is asked to make; false behind the last. The
/// framing (Host, Content-Length...) is yours to add. Borrowed until the reply is answered. name and value may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_header_at(
    request: *const bearer_request,
    index: usize,
    name: *mut *const c_char,
    value: *mut *const c_char,
) -> bool {
    fence::value(false, || {
        let (name, value) = (Out::new(name, std::ptr::null()), Out::new(value, std::ptr::null()));
        with(request, false, |request| match request.headers.get(index) {
            Some((n, v)) => {
                name.set(n.as_ptr());
                value.set(v.as_ptr());
                true
            }
            None => false,
        })
    })
}

/// Reads the next bytes of the body of the request that on_http is asked to make.
///
/// buffer, capacity: where they go. read: gets how many; 0 is the end. It must not be NULL.
///
/// Blocks as long as the caller's own body function does. INVALID_ARGUMENT; INVALID_HANDLE also where the call that
/// asked has left; HOOK_FAILED where the body function fails.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_body_read(
    request: *const bearer_request,
    buffer: *mut c_void,
    capacity: usize,
    read: *mut usize,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::new(read, 0);
        let object = handle::get(request)?;
        text::must_not_be_null(read, "read")?;
        let buffer = text::buffer(buffer, capacity, "buffer")?;
        let RequestObject::Hook(request) = &*object else {
            return Err(Error::new(Reason::Value, "request: is not one that on_http is asked to make"));
        };
        out.set(request.body.lock()?.read(buffer)?);
        Ok(())
    })
}

/// How many milliseconds the call has left that on_http is asked to serve; 0 for any other request.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_request_timeout_ms(request: *const bearer_request) -> u64 {
    fence::value(0, || {
        with(request, 0, |request| {
            u64::try_from(request.deadline.remaining().as_millis()).unwrap_or(u64::MAX)
        })
    })
}
