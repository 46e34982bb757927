//! Clients and their scopes.

use std::ffi::c_char;
use std::sync::Arc;
use std::time::Duration;

use super::error::bearer_error;
use super::status::bearer_status;
use super::support::handle::{self, handle_kind};
use super::support::out::Out;
use super::support::{fence, text};
use crate::call::Call;
use crate::cancel::Cancel;
use crate::client::Client;
use crate::clock::{Deadline, SystemClock};
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::json::Object;

/// A client: one API, one token, one set of hooks. Any number of threads may use it at once.
pub struct bearer_client {
    _opaque: [u8; 0],
}

/// A client or a scope of one: the same session, with a deadline and a cancel of its own.
pub(super) struct ClientObject {
    client: Arc<Client>,
    cancel: Arc<Cancel>,
    latest: Option<Deadline>,
}

handle_kind!(1, bearer_client, ClientObject, Client, "client");

impl ClientObject {
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// A call on this handle.
    pub(super) fn call(&self, timeout: Option<Duration>) -> Call {
        self.client.call(&self.cancel, self.latest, timeout)
    }
}

/// Makes a client.
///
/// config_json: the configuration (docs/configuration.md; bearer_config_schema() has it as JSON Schema). The one
///   member that requests need is "base_url". Files that it names are read now.
/// client: gets the client; free it with bearer_client_free.
///
/// Nothing is sent, and no thread is started. INVALID_ARGUMENT names the member that does not fit by its path, with
/// the nearest known name; UNSUPPORTED where the configuration asks for what this build does not have.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_new(
    config_json: *const c_char,
    client: *mut *mut bearer_client,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(client);
        let config = Config::parse(text::required(config_json, "config_json")?)?;
        out.must_be_wanted("client")?;
        let client = Arc::new(Client::new(config, Arc::new(SystemClock))?);
        out.set_object(ClientObject { cancel: client.cancel.clone(), client, latest: None })
    })
}

/// Frees a client, or a scope. Calls that run on it on other threads end on their own; its hooks' destroy functions
/// run once nothing uses them any more. NULL is fine.
///
/// Blocks only where it is the client's last handle: for at most 5 s to read a renewal to its end that a call has left
/// under way, or that another client of the same refresh token makes, so that a rotated one is still saved; for on_token, which is offered a set that it failed to
/// save, or that another client of the process renewed; and with "ahead", for a hook that the renewal thread is
/// running. Where a call still uses the client, that call does so instead.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_free(client: *mut bearer_client) {
    fence::value((), || drop(handle::free(client)))
}

/// Makes a second handle on the same client with a deadline and a cancel of its own: one per task, context or
/// AbortSignal. Token, hooks and connections are those of the client, also for what is set through the scope.
///
/// options_json: {"timeout_s": 5} or NULL. The time runs from now, over all calls on the scope; each call ends at
///   the latest with the client's own timeout.
/// scope: gets the scope; free it with bearer_client_free.
///
/// Does not block. INVALID_ARGUMENT, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_scope(
    client: *mut bearer_client,
    options_json: *const c_char,
    scope: *mut *mut bearer_client,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(scope);
        let parent = handle::get(client)?;
        let timeout = scope_timeout(text::optional(options_json, "options_json")?)?;
        out.must_be_wanted("scope")?;
        let own = timeout.map(Deadline::after);
        out.set_object(ClientObject {
            client: parent.client.clone(),
            cancel: parent.cancel.scope(),
            latest: own.into_iter().chain(parent.latest).min(),
        })
    })
}

fn scope_timeout(options: Option<&str>) -> Result<Option<Duration>> {
    let Some(options) = options else { return Ok(None) };
    let object = Object::parse(options)
        .map_err(|malformed| Error::new(Reason::Json, format!("options_json: {}", malformed.0)))?;
    let mut timeout = None;
    for (name, value) in object.iter() {
        let milliseconds = value.as_thousandths().filter(|ms| (0..=86_400_000).contains(ms));
        match (name, milliseconds) {
            ("timeout_s", Some(ms)) => timeout = Some(Duration::from_millis(ms.unsigned_abs())),
            ("timeout_s", None) if value.text() == "null" => {}
            ("timeout_s", None) => {
                return Err(Error::new(Reason::Member, "timeout_s: must be a number from 0 to 86400"));
            }
            _ => {
                return Err(Error::new(
                    Reason::Member,
                    "options_json: has an unknown member; the only one is \"timeout_s\"",
                ));
            }
        }
    }
    Ok(timeout)
}

/// Ends every call on this handle, running or still to come, with BEARER_CANCELLED, at once: on a scope only the
/// scope's, on a client its scopes' too. There is no way back; make a new handle. A renewal that such a call has begun
/// goes on without it: the next call on the client, or its last free, takes the answer.
///
/// Does not block; may be called from a hook. INVALID_HANDLE; INVALID_ARGUMENT for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_cancel(client: *mut bearer_client) -> bearer_status {
    fence::status_only(|| {
        handle::get(client)?.cancel.cancel();
        Ok(())
    })
}
