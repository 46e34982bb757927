//! Error objects.

use std::ffi::c_char;

use super::status::bearer_status;
use super::support::fence;
use super::support::handle::{self, handle_kind};
use super::support::text::Lent;
use crate::error::Error;

/// Why a call failed. Made by the call, freed by whoever made the call.
pub struct bearer_error {
    _opaque: [u8; 0],
}

pub(super) struct ErrorObject {
    status: bearer_status,
    message: Lent,
    json: Lent,
}

impl ErrorObject {
    pub(super) fn new(error: &Error) -> ErrorObject {
        ErrorObject {
            status: error.status,
            message: Lent::new(&error.message),
            json: Lent::new(&error.to_json()),
        }
    }
}

handle_kind!(4, bearer_error, ErrorObject, Error, "error");

/// The status that came with the error; BEARER_OK for NULL, BEARER_INVALID_HANDLE for what is no error.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_error_status(error: *const bearer_error) -> bearer_status {
    fence::value(crate::status::INTERNAL, || match handle::get(error) {
        Ok(error) => error.status,
        Err(_) if error.is_null() => crate::status::OK,
        Err(invalid) => invalid.status,
    })
}

/// What happened, in English, for people and logs. It holds no secret. Borrowed: lives as long as the error.
/// NULL for NULL and for what is no error.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_error_message(error: *const bearer_error) -> *const c_char {
    fence::value(std::ptr::null(), || {
        handle::get(error).map_or(std::ptr::null(), |error| error.message.as_ptr())
    })
}

/// The error as JSON, for programs:
/// {"status":"login_required","reason":"invalid_grant","message":"...","oauth_error":"invalid_grant",
/// "oauth_error_description":"...","url":"https://as.example/token","http_status":400,"retry_after":12}.
/// Members that are unknown are absent; `reason` is a stable sub-code (docs/errors.md lists them); `retry_after` is
/// in seconds; URLs come without their query. Borrowed: lives as long as the error. NULL for NULL and for what is no
/// error.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_error_json(error: *const bearer_error) -> *const c_char {
    fence::value(std::ptr::null(), || {
        handle::get(error).map_or(std::ptr::null(), |error| error.json.as_ptr())
    })
}

/// Frees an error. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_error_free(error: *mut bearer_error) {
    fence::value((), || drop(handle::free(error)))
}
