//! QR codes, for devices that have no browser but a screen.

use std::ffi::c_char;

use super::error::bearer_error;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, text};
use crate::qr;

/// Draws a QR code for a terminal: the "verification_uri_complete" of bearer_device_begin, for a camera. Lines of UTF-8
/// half blocks, each line with two rows of the code, with the margin that the standard asks for; light on dark, for a
/// terminal whose text is lighter than its background. At least 15 % of it may be covered (error correction M).
///
/// text: what to draw, at most 2331 bytes. qr: gets the lines, each with a line feed behind it; free it with
///   bearer_free. May be NULL.
///
/// Does not block. TOO_LARGE where no QR code holds the text; UNSUPPORTED (not_built) where the library was built without
/// it; INVALID_ARGUMENT, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_qr_text(
    text: *const c_char,
    qr: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(qr);
        out.set_text(&qr::draw(text::required(text, "text")?)?)
    })
}
