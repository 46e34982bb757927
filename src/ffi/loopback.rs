//! A login in the system's browser.

use std::ffi::{c_char, c_void};

use super::client::bearer_client;
use super::error::bearer_error;
use super::login::parameters;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::text::Lent;
use super::support::{fence, handle};
use crate::clock::LONGEST;
use crate::error::{Error, Reason, Result};
use crate::status;

/// Opens a URL in a browser, and returns without waiting for it: the browser gets no answer before. BEARER_OK, or any
/// other status to fail. url lives until the function returns. It must not unwind.
pub type bearer_open_url_fn =
    Option<unsafe extern "C-unwind" fn(user_data: *mut c_void, url: *const c_char) -> bearer_status>;

/// Signs a person in with a browser on this machine (RFC 8252 section 7.3): listens on 127.0.0.1 and ::1, opens the
/// browser, waits until it comes back, gets the token, and tells the person on a page whether it worked. The token
/// becomes the client's, and goes through on_token first. It all happens on the calling thread.
///
/// params_json: as for bearer_login_begin; may be NULL. "redirect_uri" is http://127.0.0.1/callback where it is
///   missing; another path, and [::1] or localhost, may be given. A port is filled in where it has none; one that it
///   has is used.
/// open_url: opens the browser, and is called once, from inside the call. NULL: the system does (xdg-open, open,
///   rundll32).
/// token_json: gets the token set; free it with bearer_free. May be NULL.
///
/// Blocks until the person is done, or ten minutes: http.timeout_s ends the exchange with the server, but not the
/// waiting; a scope's time and a cancel end both. ACCESS_DENIED where the person said no; EXPIRED where nobody came
/// back; UNSUPPORTED where the system has no browser (no_browser) or the build no network (not_built); UNAVAILABLE
/// (listen) where the port is taken; HOOK_FAILED, or what open_url returned if 20 to 39; UNSAFE (pkce); as
/// bearer_login_finish otherwise. INVALID_ARGUMENT, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_login_loopback(
    client: *mut bearer_client,
    params_json: *const c_char,
    open_url: bearer_open_url_fn,
    user_data: *mut c_void,
    token_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(token_json);
        let client = handle::get(client)?;
        let parameters = parameters(params_json)?;
        let call = client.call(Some(LONGEST));
        let set = match open_url {
            None => client.client().login_loopback(&parameters, None, &call),
            Some(function) => {
                let open = |url: &str| {
                    let url = Lent::new(url);
                    // SAFETY: the caller gave this function with this user_data; the text lives through the call.
                    opened(unsafe { function(user_data, url.as_ptr()) })
                };
                client.client().login_loopback(&parameters, Some(&open), &call)
            }
        }?;
        out.set_text(&set.to_json())
    })
}

fn opened(status: bearer_status) -> Result<()> {
    if status == status::OK {
        return Ok(());
    }
    let error = Error::new(Reason::Hook, "open_url failed");
    Err(if status::is_passed_on(status) { error.with_status(status) } else { error })
}
