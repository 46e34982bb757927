//! Hooks: C functions behind the traits of `crate::hooks`.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::client::bearer_client;
use super::error::bearer_error;
use super::hook_transport::HttpFunction;
use super::reply::{Answer, Kind, Reply, bearer_reply};
use super::request::bearer_request;
use super::status::bearer_status;
use super::support::ask::{ask, ask_for_good, then};
use super::support::fence;
use super::support::handle;
use super::support::registration::Registration;
use super::support::text::Lent;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::hooks::{AccessTokenHook, LockHook, LogHook, RefreshHook, TokenHook};
use crate::parked::Unfinished;
use crate::secret::Secret;
use crate::token::TokenSet;

/// How much a log hook wants to hear: BEARER_LEVEL_ERROR to BEARER_LEVEL_TRACE.
pub type bearer_level = i32;

/// Something failed that a person should know of.
pub const BEARER_LEVEL_ERROR: bearer_level = 1;
/// Something failed, and the library dealt with it.
pub const BEARER_LEVEL_WARN: bearer_level = 2;
/// What happens to the token.
pub const BEARER_LEVEL_INFO: bearer_level = 3;
/// Every request.
pub const BEARER_LEVEL_DEBUG: bearer_level = 4;
/// Everything.
pub const BEARER_LEVEL_TRACE: bearer_level = 5;

/// "Return a valid access token": asked at every request; answer with bearer_reply_token. rejected_access_token is
/// the token that the API has just answered 401 to, or NULL; the request is sent again only if the answer differs.
/// A hook returns BEARER_OK after it has answered, BEARER_PENDING to answer later from any thread, or any other
/// status to fail. What a hook is given lives until its reply is answered or freed. It must not unwind: no C++
/// exception and no longjmp may leave it.
pub type bearer_access_token_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        rejected_access_token: *const c_char,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

/// Renews through your own service: answer with bearer_reply_token, a token JSON or a bare access token. token_json
/// is the token set to renew, or NULL where there is none yet. An answer that comes after the call has left is kept
/// for the next one: the hook is not asked again meanwhile.
pub type bearer_refresh_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        token_json: *const c_char,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

/// Told of every new token set before anything uses it: save token_json, then return BEARER_OK (or answer with
/// bearer_reply_done). Calls for one client never overlap and come in order.
pub type bearer_token_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        token_json: *const c_char,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

/// Makes one HTTP exchange in place of the library: read the request with bearer_request_method, _url, _header_at and
/// _body_read, answer with bearer_reply_header, _body and _http. Follow no redirect, and send the headers as they
/// are.
pub type bearer_http_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        request: *const bearer_request,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

/// Takes a lock that covers everybody who shares the token; return BEARER_OK (or answer with bearer_reply_done) once
/// it is held. token_json may be NULL.
pub type bearer_lock_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        token_json: *const c_char,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

/// Under the lock: answer bearer_reply_token with the token set that somebody else stored meanwhile, which is then
/// used and nothing is sent; or return BEARER_OK where there is nothing newer.
pub type bearer_reload_fn = Option<
    unsafe extern "C-unwind" fn(
        user_data: *mut c_void,
        token_json: *const c_char,
        reply: *mut bearer_reply,
    ) -> bearer_status,
>;

/// Lets the lock go: exactly once for every lock that was granted, with the status that the renewal ended with;
/// BEARER_UNCERTAIN where it was given up before its answer came.
pub type bearer_unlock_fn = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, token_json: *const c_char, outcome: bearer_status),
>;

/// Hears one event as a JSON object, {"event":"renewed",...}; tokens appear only as 8 hex digits of their SHA-256.
/// event_json lives until the function returns. Events of calls made from inside it are dropped.
pub type bearer_log_fn = Option<
    unsafe extern "C-unwind" fn(user_data: *mut c_void, level: bearer_level, event_json: *const c_char),
>;

/// Lets user_data go: called exactly once, on whichever thread lets go last: when the hook is replaced or removed,
/// when the client is gone and no call uses it any more, or at once when the registration fails.
pub type bearer_destroy_fn = Option<unsafe extern "C-unwind" fn(user_data: *mut c_void)>;

/// A registered C function.
pub(super) struct Hook<F> {
    pub(super) function: F,
    pub(super) registration: Registration,
}

impl<F> Hook<F> {
    pub(super) fn register<T>(
        function: Option<F>,
        registration: Registration,
        wrap: impl FnOnce(Arc<Hook<F>>) -> T,
    ) -> Option<T> {
        // Without a function nothing is registered: dropping the registration here runs its destroy.
        function.map(|function| wrap(Arc::new(Hook { function, registration })))
    }
}

fn token_json(token: Option<&TokenSet>) -> Option<Lent> {
    token.map(|token| Lent::new(&token.to_json()))
}

type TextHook = unsafe extern "C-unwind" fn(*mut c_void, *const c_char, *mut bearer_reply) -> bearer_status;

/// Asks a hook that is given one text.
fn ask_about(
    kind: Kind,
    text: Option<Lent>,
    function: TextHook,
    registration: &Registration,
    call: &Call,
) -> Result<Answer> {
    ask(Reply::new(kind, text, None), call, |reply, id| {
        // SAFETY: the caller registered this function with this user_data; text and reply live until it is answered.
        registration.run(|| unsafe { function(registration.user_data, reply.text(), id) })
    })
}

impl AccessTokenHook for Hook<TextHook> {
    fn access_token(&self, rejected: Option<&Secret>, call: &Call) -> Result<TokenSet> {
        let rejected = rejected.map(|token| Lent::new(token.expose()));
        ask_about(Kind::AccessToken, rejected, self.function, &self.registration, call)?.into_token()
    }
}

impl RefreshHook for Hook<TextHook> {
    fn refresh(&self, token: Option<&TokenSet>, call: &Call) -> Result<TokenSet, Unfinished<TokenSet>> {
        let reply = Reply::new(Kind::Refresh, token_json(token), None);
        let asked = ask_for_good(reply, call, |reply, id| {
            // SAFETY: as in `ask_about`.
            self.registration
                .run(|| unsafe { (self.function)(self.registration.user_data, reply.text(), id) })
        });
        then(asked, |answer, ()| answer.into_token(), ())
    }
}

impl TokenHook for Hook<TextHook> {
    fn save(&self, token: &TokenSet, call: &Call) -> Result<()> {
        ask_about(Kind::Token, token_json(Some(token)), self.function, &self.registration, call).map(drop)
    }
}

struct LockFunctions {
    lock: TextHook,
    reload: Option<TextHook>,
    unlock: bearer_unlock_fn,
    registration: Arc<Registration>,
}

impl LockFunctions {
    fn unlock_with(&self, token: Option<&Lent>, outcome: bearer_status) {
        if let Some(unlock) = self.unlock {
            let text = token.map_or(std::ptr::null(), Lent::as_ptr);
            // SAFETY: the caller registered this function with this user_data; the text lives through the call.
            unsafe { unlock(self.registration.user_data, text, outcome) };
        }
    }
}

/// A lock, shared with replies whose grant may come after the call has left.
struct Lock(Arc<LockFunctions>);

impl LockHook for Lock {
    fn lock(&self, token: Option<&TokenSet>, call: &Call) -> Result<()> {
        let functions = self.0.clone();
        let reply = Reply::new(Kind::Lock, token_json(token), None).on_late_grant(Box::new(move |text| {
            functions.unlock_with(text, crate::status::CANCELLED);
        }));
        ask(reply, call, |reply, id| {
            // SAFETY: as in `ask_about`.
            self.0
                .registration
                .run(|| unsafe { (self.0.lock)(self.0.registration.user_data, reply.text(), id) })
        })
        .map(drop)
    }

    fn reload(&self, token: Option<&TokenSet>, call: &Call) -> Result<Option<TokenSet>> {
        let Some(reload) = self.0.reload else { return Ok(None) };
        let answer = ask_about(Kind::Reload, token_json(token), reload, &self.0.registration, call)?;
        Ok(match answer {
            Answer::Token(set) => Some(*set),
            _ => None,
        })
    }

    fn unlock(&self, token: Option<&TokenSet>, outcome: bearer_status) {
        self.0.unlock_with(token_json(token).as_ref(), outcome);
    }
}

struct Log {
    function: unsafe extern "C-unwind" fn(*mut c_void, bearer_level, *const c_char),
    registration: Registration,
    level: bearer_level,
}

impl LogHook for Log {
    fn level(&self) -> bearer_level {
        self.level
    }

    fn event(&self, level: bearer_level, event_json: &str) {
        let text = Lent::new(event_json);
        // SAFETY: the caller registered this function with this user_data; the text lives through the call.
        let hook = || unsafe { (self.function)(self.registration.user_data, level, text.as_ptr()) };
        // A log hook that makes a call that logs would never end: such events are dropped.
        let _ = self.registration.run(hook);
    }
}

/// Supplies the access token by a function of your own, at every request, in place of every other way. fn NULL
/// removes it.
///
/// Does not block. INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_access_token(
    client: *mut bearer_client,
    r#fn: bearer_access_token_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        let hook = Hook::<TextHook>::register(r#fn, registration, |hook| hook as _);
        handle::get(client)?.client().hooks.access_token.set(hook)
    })
}

/// Renews by a function of your own, in place of the refresh_token grant (RFC 6749 section 6). fn NULL removes it.
///
/// Does not block. INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_refresh(
    client: *mut bearer_client,
    r#fn: bearer_refresh_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        let hook = Hook::<TextHook>::register(r#fn, registration, |hook| hook as _);
        handle::get(client)?.client().hooks.refresh.set(hook)
    })
}

/// Sets the function that saves every new token set. If it fails, the call that caused it fails with
/// BEARER_HOOK_FAILED (not_saved); the set is kept in memory and offered again before its next use. fn NULL removes
/// it.
///
/// Does not block. INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_token(
    client: *mut bearer_client,
    r#fn: bearer_token_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        let hook = Hook::<TextHook>::register(r#fn, registration, |hook| hook as _);
        handle::get(client)?.client().hooks.token.set(hook)
    })
}

/// Replaces the network: your own HTTP stack, a serial line, a test. Requests to the API and to the authorization
/// server both go through it. fn NULL removes it.
///
/// Does not block. INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_http(
    client: *mut bearer_client,
    r#fn: bearer_http_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        let hook = Hook::<HttpFunction>::register(r#fn, registration, |hook| hook as _);
        handle::get(client)?.client().hooks.http.set(hook)
    })
}

/// Sets functions around every renewal: lock, reload, send, on_token, unlock. After an invalid_grant, reload is asked
/// once more under the same lock. lock NULL removes all three; reload and unlock may be NULL. A renewal that its call
/// leaves under way keeps the lock until a later call, or the last free, has read its answer; unlock may run on another
/// thread than lock did.
///
/// Does not block. INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_lock(
    client: *mut bearer_client,
    lock: bearer_lock_fn,
    reload: bearer_reload_fn,
    unlock: bearer_unlock_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Arc::new(Registration::new(user_data, destroy));
    fence::call(error, move || {
        let hook = lock
            .map(|lock| Arc::new(Lock(Arc::new(LockFunctions { lock, reload, unlock, registration }))) as _);
        handle::get(client)?.client().hooks.lock.set(hook)
    })
}

/// Sets a function that hears structured events without secrets, up to a level. fn NULL removes it.
///
/// Does not block. INVALID_HANDLE; INVALID_ARGUMENT for a level that is none.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_on_log(
    client: *mut bearer_client,
    r#fn: bearer_log_fn,
    user_data: *mut c_void,
    destroy: bearer_destroy_fn,
    level: bearer_level,
    error: *mut *mut bearer_error,
) -> bearer_status {
    let registration = Registration::new(user_data, destroy);
    fence::call(error, move || {
        if r#fn.is_some() && !(BEARER_LEVEL_ERROR..=BEARER_LEVEL_TRACE).contains(&level) {
            return Err(Error::new(Reason::Value, "level: must be BEARER_LEVEL_ERROR to BEARER_LEVEL_TRACE"));
        }
        let hook = r#fn.map(|function| Arc::new(Log { function, registration, level }) as _);
        handle::get(client)?.client().hooks.log.set(hook)
    })
}
