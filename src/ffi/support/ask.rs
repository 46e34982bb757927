//! Asking a hook: its answer may come at once, or later from any thread.

use std::sync::Arc;

use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::ffi::reply::{Answer, Kind, Reply, bearer_reply};
use crate::ffi::status::bearer_status;
use crate::ffi::support::handle;
use crate::status;

/// Calls the hook and waits for its answer as long as the call may run.
pub(in crate::ffi) fn ask(
    reply: Reply,
    call: &Call,
    invoke: impl FnOnce(&Reply, *mut bearer_reply) -> Result<bearer_status>,
) -> Result<Answer> {
    let reply = Arc::new(reply);
    let id = handle::insert::<bearer_reply>(reply.clone().into())?;
    let returned = invoke(&reply, id);
    let outcome = match returned {
        Err(error) => Err(error),
        Ok(status::PENDING) => match call.wait(reply.event()) {
            Ok(()) => Ok(()),
            // From here on an answer is too late; the hook finds out when it gives one. One that came just now counts.
            Err(error) => return reply.abandon().unwrap_or(Err(error)),
        },
        Ok(status::OK) => Ok(()),
        Ok(status) => {
            reply.fail_if_unanswered(status);
            Ok(())
        }
    };
    // The answer is in, or none will be taken: the handle ends here.
    let _ = handle::free(id);
    outcome?;
    match (reply.take_answer(), reply.kind()) {
        (Some(answer), _) => answer,
        (None, Kind::Token | Kind::Lock | Kind::Reload) => Ok(Answer::Done),
        (None, _) => Err(Error::new(Reason::Unanswered, "the hook returned without an answer")),
    }
}
