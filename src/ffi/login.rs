//! The first token: logins and grants.

use std::ffi::c_char;

use super::client::bearer_client;
use super::error::bearer_error;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, handle, text};
use crate::error::{Error, Reason, Result};
use crate::json::Object;

/// Begins a login in a browser: the authorization code grant (RFC 6749 section 4.1) with PKCE (RFC 7636, S256 only).
/// Open the login's "authorization_url", and hand the URL that the browser is sent back to to bearer_login_finish.
///
/// params_json: parameters of the authorization request by their RFC names: "redirect_uri", "scope" (default:
///   client.scope), "resource" (also a list), "prompt", "login_hint" and any other. May be NULL. state and PKCE are
///   the library's own; with the scope openid it adds a nonce.
/// login_json: gets {"authorization_url":...,"state":...,"code_verifier":...,"redirect_uri":...,"issuer":...,
///   "expires_at":...}: yours to keep for ten minutes, also for another process, and as secret as a password. Free it
///   with bearer_free. May be NULL.
///
/// Does not block, and sends nothing, unless "issuer" is to be discovered first: then as bearer_discover.
/// INVALID_ARGUMENT, also where client.client_id is missing; UNSUPPORTED (no_endpoint); UNSAFE (pkce) where the server's
/// metadata lists no S256; INVALID_HANDLE, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_login_begin(
    client: *mut bearer_client,
    params_json: *const c_char,
    login_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(login_json);
        let client = handle::get(client)?;
        let parameters = parameters(params_json)?;
        out.set_text(&client.client().login_begin(&parameters, &client.call(None))?.to_text())
    })
}

/// Ends a login: checks that the callback belongs to it, and trades its code for a token, which becomes the client's
/// and goes through on_token first. Use a login once.
///
/// login_json: what bearer_login_begin gave.
/// callback_url: the URL that the browser was sent back to, or its query.
/// token_json: gets the token set; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. The code is sent once, whatever happens. ACCESS_DENIED where the person said no;
/// EXPIRED after ten minutes; UNSAFE where the callback is of another login (state) or of another server (issuer, RFC
/// 9207), and the code then goes nowhere, or where the ID token that comes for it is not right (jwt); UNSUPPORTED where
/// that is encrypted; REJECTED, LOGIN_REQUIRED (invalid_grant) where the server refuses the code; UNAVAILABLE, TIMEOUT, CANCELLED, UNCERTAIN: begin again; PROTOCOL,
/// TLS, TOO_LARGE; HOOK_FAILED (not_saved); INVALID_ARGUMENT, INVALID_HANDLE, WOULD_DEADLOCK.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_login_finish(
    client: *mut bearer_client,
    login_json: *const c_char,
    callback_url: *const c_char,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(token_json);
        let client = handle::get(client)?;
        let login = object(text::required(login_json, "login_json")?, "login_json")?;
        let callback = text::required(callback_url, "callback_url")?;
        out.set_text(&client.client().login_finish(&login, callback, &client.call(None))?.to_json())
    })
}

/// Gets a token by any grant that needs no person at this moment: client_credentials and password (RFC 6749 sections
/// 4.3 and 4.4), token exchange (RFC 8693), JWT and SAML bearer (RFC 7522, 7523), your own. It becomes the client's
/// token, and goes through on_token first.
///
/// grant_json: the parameters by their RFC names, {"grant_type":...} at least; numbers and booleans are sent as text.
/// token_json: gets the token set; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout; sends once. REJECTED, LOGIN_REQUIRED (invalid_grant), ACCESS_DENIED; UNAVAILABLE,
/// TIMEOUT, CANCELLED, UNCERTAIN; PROTOCOL, TLS, TOO_LARGE; HOOK_FAILED (not_saved); INVALID_ARGUMENT, INVALID_HANDLE,
/// WOULD_DEADLOCK.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_grant(
    client: *mut bearer_client,
    grant_json: *const c_char,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(token_json);
        let client = handle::get(client)?;
        let members = object(text::required(grant_json, "grant_json")?, "grant_json")?;
        out.set_text(&client.client().grant(&members, &client.call(None))?.to_json())
    })
}

/// The caller's parameters; none where there is no text.
pub(super) fn parameters(params_json: *const c_char) -> Result<Object> {
    match text::optional(params_json, "params_json")? {
        Some(text) => object(text, "params_json"),
        None => Ok(Object::default()),
    }
}

pub(super) fn object(text: &str, name: &str) -> Result<Object> {
    Object::parse(text).map_err(|malformed| Error::new(Reason::Json, format!("{name}: {}", malformed.0)))
}
