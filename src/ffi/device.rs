//! Signing in on another device.

use std::ffi::c_char;

use super::client::bearer_client;
use super::error::bearer_error;
use super::login::{object, parameters};
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, handle, text};
use crate::clock::LONGEST;
use crate::status;

/// Begins a login for a device without a browser (RFC 8628 section 3.1): show the person "user_code" and
/// "verification_uri", then poll or wait.
///
/// params_json: parameters by their RFC names, "scope" (default: client.scope) for example. May be NULL.
/// device_json: gets the server's answer as it came, plus "expires_at": yours to keep. Free it with bearer_free. May be
///   NULL.
///
/// Blocks, at most until the timeout. INVALID_ARGUMENT; UNSUPPORTED (no_endpoint); REJECTED, UNAVAILABLE, TIMEOUT, CANCELLED; PROTOCOL where a member is missing or a person would be sent to what is no
/// https URL; TLS, TOO_LARGE, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_device_begin(
    client: *mut bearer_client,
    params_json: *const c_char,
    device_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(device_json);
        let client = handle::get(client)?;
        let parameters = parameters(params_json)?;
        out.set_text(&client.client().device_begin(&parameters, &client.call(None))?.to_text())
    })
}

/// Begins a login that a person confirms on a device of their own (OpenID Connect CIBA core, poll mode): the server asks
/// whom "login_hint" names. Then poll or wait with bearer_device_poll or bearer_device_wait.
///
/// params_json: parameters by their names there, "login_hint", "binding_message", "scope" (default: client.scope) and
///   others. May be NULL.
/// ciba_json: gets the server's answer as it came, plus "expires_at": yours to keep, and to hand to the two as
///   device_json. Free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. As bearer_device_begin.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_ciba_begin(
    client: *mut bearer_client,
    params_json: *const c_char,
    ciba_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(ciba_json);
        let client = handle::get(client)?;
        let parameters = parameters(params_json)?;
        out.set_text(&client.client().ciba_begin(&parameters, &client.call(None))?.to_text())
    })
}

/// One step of a device's login (RFC 8628 section 3.4): PENDING until the person is done. Called too early it answers
/// PENDING without asking the server, whose pace the client keeps, slow_down included; so call it as often as you like.
/// The token becomes the client's, and goes through on_token first.
///
/// device_json: what bearer_device_begin gave.
/// token_json: gets the token set; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. PENDING; ACCESS_DENIED where the person said no; EXPIRED where the code is too old;
/// UNAVAILABLE, TIMEOUT, CANCELLED, UNCERTAIN: poll on; REJECTED, LOGIN_REQUIRED, PROTOCOL, TLS, TOO_LARGE; HOOK_FAILED
/// (not_saved); INVALID_ARGUMENT, INVALID_HANDLE, WOULD_DEADLOCK.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_device_poll(
    client: *mut bearer_client,
    device_json: *const c_char,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let mut is_pending = false;
    let outcome = fence::call(error, || {
        let out = Out::pointer(token_json);
        let client = handle::get(client)?;
        let device = object(text::required(device_json, "device_json")?, "device_json")?;
        match client.client().device_poll(&device, &client.call(None))? {
            Some(set) => out.set_text(&set.to_json()),
            None => {
                is_pending = true;
                Ok(())
            }
        }
    });
    if is_pending && outcome == status::OK { status::PENDING } else { outcome }
}

/// Waits until the person is done, over times when the server cannot be reached.
///
/// device_json: what bearer_device_begin gave.
/// token_json: gets the token set; free it with bearer_free. May be NULL.
///
/// Blocks until the person is done or the code is too old: http.timeout_s does not end it, but a scope's time and a
/// cancel do. As bearer_device_poll otherwise, without PENDING.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_device_wait(
    client: *mut bearer_client,
    device_json: *const c_char,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(token_json);
        let client = handle::get(client)?;
        let device = object(text::required(device_json, "device_json")?, "device_json")?;
        out.set_text(&client.client().device_wait(&device, &client.call(Some(LONGEST)))?.to_json())
    })
}
