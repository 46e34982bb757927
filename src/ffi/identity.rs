//! Who signed in.

use std::ffi::c_char;

use super::client::bearer_client;
use super::error::bearer_error;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, handle};

/// Who signed in: the claims of the ID token that the client holds (OpenID Connect Core section 2), "sub" and "iss" among
/// them. It was validated when it was received: its signature, whom it is for, its times, and that it answers this login.
/// One that you stored, or that on_refresh gave, is believed as the tokens beside it are.
///
/// claims_json: gets the claims; free it with bearer_free. May be NULL.
///
/// Does not block, and uses no network. LOGIN_REQUIRED (no_token) where there is no ID token; UNSAFE (jwt) where what was
/// stored is none, UNSUPPORTED where it is encrypted; INVALID_HANDLE, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_id_token(
    client: *mut bearer_client,
    claims_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(claims_json);
        out.set_text(&handle::get(client)?.client().id_token()?.to_text())
    })
}
