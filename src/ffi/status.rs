//! Statuses, as C sees them.

use std::ffi::c_char;

use super::support::fence;
use crate::status;

/// What a call returns: 0 is success, the tens say what to do (see the enum above).
pub type bearer_status = i32;

/// The name of a status, "BEARER_LOGIN_REQUIRED" for 20; "BEARER_UNKNOWN" for a number that is none. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_status_name(status: bearer_status) -> *const c_char {
    fence::value(std::ptr::null(), || status::name(status).as_ptr().cast())
}
