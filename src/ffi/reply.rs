//! Replies: how a hook answers.

use std::ffi::{c_char, c_void};
use std::sync::Arc;

use super::request::bearer_request;
use super::status::bearer_status;
use super::support::fence;
use super::support::handle::{self, handle_kind};
use super::support::text::{self, Lent};
use crate::cancel::Event;
use crate::error::{Error, Reason, Result};
use crate::fork::Lock;
use crate::http::Headers;
use crate::json::Object;
use crate::oauth::token_response;
use crate::secret::SecretBytes;
use crate::status;
use crate::token::TokenSet;

/// The answer that a hook owes; given once, on the hook's thread or later on any other. Everything that is handed in
/// is copied. Answering ends it: only a reply that is given up is freed.
pub struct bearer_reply {
    _opaque: [u8; 0],
}

/// Which hook is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AccessToken,
    Refresh,
    Token,
    Http,
    Lock,
    Reload,
    Sign,
}

pub(super) enum Answer {
    Token(Box<TokenSet>),
    Http { status: u16, headers: Headers, body: SecretBytes },
    Signature(Vec<u8>),
    Done,
}

impl Answer {
    pub(super) fn into_token(self) -> Result<TokenSet> {
        match self {
            Answer::Token(set) => Ok(*set),
            _ => Err(Error::new(Reason::Unanswered, "the hook answered without a token")),
        }
    }
}

type LateGrant = Box<dyn Fn(Option<&Lent>) + Send + Sync>;

/// A question on its way; whoever asked and whoever answers share it.
pub(super) struct Reply {
    kind: Kind,
    /// What the hook is given; lives here until it has answered.
    text: Option<Lent>,
    second_text: Option<Lent>,
    request: Option<RequestId>,
    late_grant: Option<LateGrant>,
    event: Arc<Event>,
    state: Lock<State>,
}

/// A handle is a number in a pointer's clothing.
struct RequestId(*mut bearer_request);
// SAFETY: it is never dereferenced.
unsafe impl Send for RequestId {}
// SAFETY: as above.
unsafe impl Sync for RequestId {}

#[derive(Default)]
pub(super) struct State {
    answer: Option<Result<Answer>>,
    is_answered: bool,
    is_abandoned: bool,
    headers: Headers,
    body: SecretBytes,
}

pub(super) struct ReplyObject(Arc<Reply>);

impl From<Arc<Reply>> for ReplyObject {
    fn from(reply: Arc<Reply>) -> ReplyObject {
        ReplyObject(reply)
    }
}

handle_kind!(5, bearer_reply, ReplyObject, Reply, "reply");

impl Reply {
    pub(super) fn new(kind: Kind, text: Option<Lent>, request: Option<*mut bearer_request>) -> Reply {
        Reply {
            kind,
            text,
            second_text: None,
            request: request.map(RequestId),
            late_grant: None,
            event: Arc::default(),
            state: Lock::default(),
        }
    }

    /// Gives the hook another text.
    pub(super) fn with(mut self, text: Lent) -> Reply {
        self.second_text = Some(text);
        self
    }

    /// What to do with a lock that is granted after the call has left.
    pub(super) fn on_late_grant(mut self, late_grant: LateGrant) -> Reply {
        self.late_grant = Some(late_grant);
        self
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn event(&self) -> &Arc<Event> {
        &self.event
    }

    pub(super) fn text(&self) -> *const c_char {
        self.text.as_ref().map_or(std::ptr::null(), Lent::as_ptr)
    }

    pub(super) fn second_text(&self) -> *const c_char {
        self.second_text.as_ref().map_or(std::ptr::null(), Lent::as_ptr)
    }

    pub(super) fn take_answer(&self) -> Option<Result<Answer>> {
        self.state.lock().ok()?.answer.take()
    }

    /// The call has left. An answer that came at the last moment is returned: it must not be lost.
    pub(super) fn abandon(&self) -> Option<Result<Answer>> {
        let mut state = self.state.lock().ok()?;
        state.is_abandoned = true;
        state.answer.take()
    }

    /// The hook returned a status of failure, without words or after them.
    pub(super) fn fail_if_unanswered(&self, status: bearer_status) {
        if let Ok(mut state) = self.state.lock()
            && !matches!(state.answer, Some(Err(_)))
        {
            state.answer = Some(Err(failure(status, "the hook failed")));
            state.is_answered = true;
        }
    }

    /// Gives the answer. `Err` where it is the second one, of the wrong kind, or too late.
    fn answer(
        &self,
        allowed: &[Kind],
        make: impl FnOnce(&mut State) -> Result<Result<Answer>>,
    ) -> Result<()> {
        let mut state = self.state.lock()?;
        if state.is_abandoned {
            return Err(Error::new(Reason::Handle, "reply: the call that asked has left"));
        }
        if state.is_answered {
            return Err(Error::new(Reason::Answer, "reply: was answered already"));
        }
        if !allowed.contains(&self.kind) {
            return Err(Error::new(Reason::Answer, "reply: this hook has no such answer"));
        }
        state.answer = Some(make(&mut state)?);
        state.is_answered = true;
        drop(state);
        self.event.signal();
        Ok(())
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(RequestId(request)) = &self.request {
            let _ = handle::free(*request);
        }
    }
}

/// An error in the hook's own words. Statuses from 20 to 39 are the caller's to see; anything else is a failed hook.
fn failure(status: bearer_status, words: &str) -> Error {
    let error = Error::new(Reason::Hook, words.to_owned());
    if status::is_passed_on(status) { error.with_status(status) } else { error }
}

pub(super) fn answer(
    reply: *mut bearer_reply,
    allowed: &[Kind],
    make: impl FnOnce(&mut State) -> Result<Result<Answer>>,
) -> bearer_status {
    fence::status_only(|| {
        let object = handle::get(reply)?;
        let outcome = object.0.answer(allowed, make);
        if matches!(&outcome, Err(error) if error.reason == Reason::Handle) {
            // Too late: what the hook was given goes now.
            let _ = handle::free(reply);
        }
        outcome
    })
}

/// Answers on_access_token and on_refresh (and reload) with a token: token JSON if it begins with "{", else a bare
/// access token. JSON is RFC 6749 section 5.1 plus "expires_at"; without a "refresh_token" the old one is kept.
///
/// INVALID_ARGUMENT for what is no token (the reply is then still unanswered), for a second answer and for other
/// hooks; INVALID_HANDLE where it is too late.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_token(reply: *mut bearer_reply, token: *const c_char) -> bearer_status {
    answer(reply, &[Kind::AccessToken, Kind::Refresh, Kind::Reload], |_| {
        Ok(Ok(Answer::Token(Box::new(read_token(text::required(token, "token")?)?))))
    })
}

fn read_token(token: &str) -> Result<TokenSet> {
    let wrong = |problem: String| Error::new(Reason::Json, format!("token: {problem}"));
    if token.trim_start().starts_with('{') {
        let members = Object::parse(token).map_err(|malformed| wrong(malformed.0))?;
        token_response::accept(members).map_err(|(_, problem)| wrong(problem))
    } else {
        TokenSet::from_access_token(token).map_err(|unfit| wrong(unfit.problem))
    }
}

/// Adds a header line to the answer of on_http; any number, before bearer_reply_http.
///
/// INVALID_ARGUMENT for what is no header and for other hooks; INVALID_HANDLE where it is too late.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_header(
    reply: *mut bearer_reply,
    name: *const c_char,
    value: *const c_char,
) -> bearer_status {
    part(reply, |state| {
        let (name, value) = (text::required(name, "name")?, text::required(value, "value")?);
        if !crate::http::is_token(name) || value.chars().any(char::is_control) {
            return Err(Error::new(Reason::Header, "name, value: are no header line"));
        }
        state.headers.push(name, value.into());
        Ok(())
    })
}

/// Adds bytes to the body of the answer of on_http; any number, before bearer_reply_http.
///
/// INVALID_ARGUMENT for other hooks; INVALID_HANDLE where it is too late; OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_body(
    reply: *mut bearer_reply,
    bytes: *const c_void,
    len: usize,
) -> bearer_status {
    part(reply, |state| state.body.extend(text::bytes(bytes, len, "bytes")?))
}

/// A part of an answer that is still to come.
fn part(reply: *mut bearer_reply, add: impl FnOnce(&mut State) -> Result<()>) -> bearer_status {
    fence::status_only(|| {
        let object = handle::get(reply)?;
        let mut state = object.0.state.lock()?;
        match object.0.kind {
            _ if state.is_abandoned => Err(Error::new(Reason::Handle, "reply: the call that asked has left")),
            Kind::Http if !state.is_answered => add(&mut state),
            _ => Err(Error::new(Reason::Answer, "reply: takes no part of an HTTP answer")),
        }
    })
}

/// Answers on_http: the HTTP status (200 to 599), and the rest of the body, which may be NULL with length 0.
///
/// INVALID_ARGUMENT for another status, for a second answer and for other hooks; INVALID_HANDLE where it is too
/// late; OUT_OF_MEMORY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_http(
    reply: *mut bearer_reply,
    http_status: u16,
    body: *const c_void,
    len: usize,
) -> bearer_status {
    answer(reply, &[Kind::Http], |state| {
        if !(200..=599).contains(&http_status) {
            return Err(Error::new(Reason::Value, "http_status: must be 200 to 599"));
        }
        state.body.extend(text::bytes(body, len, "body")?)?;
        let (headers, body) = (std::mem::take(&mut state.headers), std::mem::take(&mut state.body));
        Ok(Ok(Answer::Http { status: http_status, headers, body }))
    })
}

/// Answers lock ("mine, go on"), on_token ("saved") and reload ("nothing newer").
///
/// INVALID_ARGUMENT for a second answer and for other hooks; INVALID_HANDLE where it is too late: a lock that is
/// granted so late is let go at once through its unlock function.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_done(reply: *mut bearer_reply) -> bearer_status {
    fence::status_only(|| {
        let object = handle::get(reply)?;
        let outcome = object.0.answer(&[Kind::Lock, Kind::Token, Kind::Reload], |_| Ok(Ok(Answer::Done)));
        if matches!(&outcome, Err(error) if error.reason == Reason::Handle) && handle::free(reply).is_ok() {
            // Only the thread that ends the handle lets the lock go, so it happens once.
            if let Some(late_grant) = &object.0.late_grant {
                late_grant(object.0.text.as_ref());
            }
        }
        outcome
    })
}

/// Answers any hook with a failure. A status from 20 to 39 is handed through to the waiting call (on_refresh may say
/// BEARER_LOGIN_REQUIRED); anything else becomes BEARER_HOOK_FAILED. message is shown to people, so it must hold no
/// secret; it may be NULL.
///
/// INVALID_ARGUMENT for a second answer; INVALID_HANDLE where it is too late.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_error(
    reply: *mut bearer_reply,
    status: bearer_status,
    message: *const c_char,
) -> bearer_status {
    const ALL: [Kind; 7] =
        [Kind::AccessToken, Kind::Refresh, Kind::Token, Kind::Http, Kind::Lock, Kind::Reload, Kind::Sign];
    answer(reply, &ALL, |_| {
        let words = text::optional(message, "message")?.unwrap_or("the hook failed");
        Ok(Err(failure(status, words)))
    })
}

/// Gives a reply up: the waiting call fails with BEARER_HOOK_FAILED. Nothing is to be freed after an answer. NULL is
/// fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_reply_free(reply: *mut bearer_reply) {
    fence::value((), || {
        let Ok(object) = handle::get(reply) else { return };
        let given_up = Error::new(Reason::Unanswered, "the hook gave its reply up");
        let _ = object.0.answer(&[object.0.kind], |_| Ok(Err(given_up)));
        let _ = handle::free(reply);
    })
}
