//! Asking a hook: its answer may come at once, or later from any thread.

use std::sync::Arc;

use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::ffi::reply::{Answer, Kind, Reply, bearer_reply};
use crate::ffi::status::bearer_status;
use crate::ffi::support::handle;
use crate::parked::{Parked, Unfinished};
use crate::status;

/// Calls the hook and waits for its answer as long as the call may run.
pub(in crate::ffi) fn ask(
    reply: Reply,
    call: &Call,
    invoke: impl FnOnce(&Reply, *mut bearer_reply) -> Result<bearer_status>,
) -> Result<Answer> {
    let question = match begin(reply, invoke)? {
        Begun::Waiting(question) => question,
        Begun::Answered(answer) => return answer,
    };
    match call.wait(question.reply.event()) {
        Ok(()) => question.answer(),
        // From here on an answer is too late; the hook finds out when it gives one. One that came just now counts.
        Err(error) => question.reply.abandon().unwrap_or(Err(error)),
    }
}

/// The same for an answer that must not be lost: where the call has to leave, the question stays open.
pub(in crate::ffi) fn ask_for_good(
    reply: Reply,
    call: &Call,
    invoke: impl FnOnce(&Reply, *mut bearer_reply) -> Result<bearer_status>,
) -> Result<Answer, Unfinished<Answer>> {
    match begin(reply, invoke) {
        Ok(Begun::Waiting(question)) => Box::new(question).resume(call),
        // How far the hook came is unknown to us, so the request may have been sent.
        Ok(Begun::Answered(answer)) => answer.map_err(|error| Unfinished::failed(error, true)),
        Err(error) => Err(Unfinished::failed(error, false)),
    }
}

enum Begun {
    Answered(Result<Answer>),
    Waiting(Question),
}

/// A hook that was asked and will answer later.
struct Question {
    reply: Arc<Reply>,
    id: Id,
}

/// A handle is a number in a pointer's clothing.
struct Id(*mut bearer_reply);
// SAFETY: it is never dereferenced.
unsafe impl Send for Id {}

fn begin(
    reply: Reply,
    invoke: impl FnOnce(&Reply, *mut bearer_reply) -> Result<bearer_status>,
) -> Result<Begun> {
    let reply = Arc::new(reply);
    let id = handle::insert::<bearer_reply>(reply.clone().into())?;
    let question = Question { reply, id: Id(id) };
    match invoke(&question.reply, id) {
        Err(error) => {
            let _ = handle::free(id);
            return Err(error);
        }
        Ok(status::PENDING) => return Ok(Begun::Waiting(question)),
        Ok(status::OK) => {}
        Ok(status) => question.reply.fail_if_unanswered(status),
    }
    Ok(Begun::Answered(question.answer()))
}

impl Question {
    /// The answer is in, or none will be taken: the handle ends here.
    fn answer(&self) -> Result<Answer> {
        let _ = handle::free(self.id.0);
        match (self.reply.take_answer(), self.reply.kind()) {
            (Some(answer), _) => answer,
            (None, Kind::Token | Kind::Lock | Kind::Reload) => Ok(Answer::Done),
            (None, _) => Err(Error::new(Reason::Unanswered, "the hook returned without an answer")),
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        let _ = self.reply.abandon();
    }
}

impl Parked<Answer> for Question {
    fn resume(self: Box<Self>, call: &Call) -> Result<Answer, Unfinished<Answer>> {
        match call.wait(self.reply.event()) {
            Ok(()) => self.answer().map_err(|error| Unfinished::failed(error, true)),
            Err(error) => Err(Unfinished { error, sent: true, parked: Some(self) }),
        }
    }
}

/// What an answer means, also where it comes after the call has left; `kept` lives until then.
pub(in crate::ffi) fn then<T: 'static, K: Send + 'static>(
    asked: Result<Answer, Unfinished<Answer>>,
    read: fn(Answer, &K) -> Result<T>,
    kept: K,
) -> Result<T, Unfinished<T>> {
    match asked {
        Ok(answer) => read(answer, &kept).map_err(|error| Unfinished::failed(error, true)),
        Err(Unfinished { error, sent, parked: None }) => Err(Unfinished::failed(error, sent)),
        Err(Unfinished { error, sent, parked: Some(question) }) => {
            Err(Unfinished { error, sent, parked: Some(Box::new(Then { question, read, kept })) })
        }
    }
}

struct Then<T, K> {
    question: Box<dyn Parked<Answer>>,
    read: fn(Answer, &K) -> Result<T>,
    kept: K,
}

impl<T: 'static, K: Send + 'static> Parked<T> for Then<T, K> {
    fn resume(self: Box<Self>, call: &Call) -> Result<T, Unfinished<T>> {
        then(self.question.resume(call), self.read, self.kept)
    }
}
