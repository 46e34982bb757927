//! What ureq's traits have no room for: the call on whose behalf this thread is inside ureq.

use std::any::Any;
use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::LONGEST_HEAD;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::fork;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// One request and its answer, until the body is read or dropped.
#[derive(Clone)]
pub(super) struct Exchange(Arc<Shared>);

pub(super) struct Shared {
    pub(super) call: Call,
    /// How many bytes ureq's output buffer must hold at least.
    pub(super) needed_output: usize,
    /// Kept connections are not to be used: the last one was stale.
    pub(super) wants_fresh: bool,
    /// Whether somebody else may go on with it after its call has ended.
    pub(super) may_be_parked: bool,
    /// Of the process that makes the exchange: a child of it must not touch the connection.
    generation: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sent: bool,
    /// Over a connection that had served before.
    sent_on_kept: bool,
    /// The answer's head as it came; the last one, where interim answers came before.
    head: Zeroizing<Vec<u8>>,
    head_is_done: bool,
    /// How many heads came, interim ones included.
    heads: u32,
    received: bool,
    /// How many bytes came since ureq was last asked for something.
    received_in_turn: usize,
    /// The peer has said that it will send no more.
    ended: bool,
    /// The peer stopped reading; it may have answered before it did.
    broken: Option<Error>,
    /// What really happened, where ureq can only carry an error of its own.
    failure: Option<Error>,
    /// The connection, where its call left it in the middle; or the one that was left and is gone on with.
    left: Option<Left>,
}

/// A connection that was left in the middle of an exchange. Only connections know what it is made of.
pub(super) type Left = Box<dyn Any + Send>;

impl Exchange {
    pub(super) fn begin(call: &Call, needed_output: usize, wants_fresh: bool) -> Exchange {
        Exchange::new(call, needed_output, wants_fresh, false, None)
    }

    /// One that may be parked; over the connection that an earlier run of it left, where there is one.
    pub(super) fn begin_parkable(call: &Call, needed_output: usize, left: Option<Left>) -> Exchange {
        Exchange::new(call, needed_output, left.is_some(), true, left)
    }

    fn new(
        call: &Call,
        needed_output: usize,
        wants_fresh: bool,
        may_be_parked: bool,
        left: Option<Left>,
    ) -> Exchange {
        Exchange(Arc::new(Shared {
            call: call.clone(),
            needed_output,
            wants_fresh,
            may_be_parked,
            generation: fork::generation(),
            state: Mutex::new(State { left, ..State::default() }),
        }))
    }

    /// Runs a piece of ureq on behalf of this exchange.
    pub(super) fn run<T>(&self, inside: impl FnOnce() -> T) -> T {
        struct Restore(Option<Arc<Shared>>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0.take());
            }
        }
        // A request body that is read from a hook may itself make a request on this thread.
        let _restore = Restore(CURRENT.replace(Some(self.0.clone())));
        self.0.state().received_in_turn = 0;
        inside()
    }

    pub(super) fn take_head(&self) -> Result<Zeroizing<Vec<u8>>> {
        let mut state = self.0.state();
        state.head_is_done = true;
        Ok(std::mem::take(&mut state.head))
    }

    pub(super) fn was_sent(&self) -> bool {
        self.0.state().sent
    }

    /// Whether a connection that had served before broke without a byte of an answer: it was stale.
    pub(super) fn was_stale(&self) -> bool {
        let state = self.0.state();
        state.sent_on_kept && !state.received
    }

    pub(super) fn received_anything(&self) -> bool {
        self.0.state().received
    }

    pub(super) fn has_ended(&self) -> bool {
        self.0.state().ended
    }

    pub(super) fn take_left(&self) -> Option<Left> {
        self.0.take_left()
    }

    pub(super) fn take_failure(&self) -> Option<Error> {
        self.0.state().failure.take()
    }
}

impl Shared {
    /// The exchange that this thread is inside of.
    pub(super) fn current() -> io::Result<Arc<Shared>> {
        CURRENT
            .with_borrow(|current| current.clone())
            .ok_or_else(|| io::Error::other("outside of an exchange"))
    }

    /// Fails where the call is over, or where this process is a child of the one that began it.
    pub(super) fn check(&self) -> Result<()> {
        if self.generation != fork::generation() {
            return Err(Error::new(Reason::Forked, "the process was forked during the call"));
        }
        self.call.check()
    }

    /// Whether what failed is only that the call has ended.
    pub(super) fn is_left_by_its_call(&self) -> bool {
        self.may_be_parked
            && self
                .state()
                .failure
                .as_ref()
                .is_some_and(|failure| matches!(failure.reason, Reason::Deadline | Reason::Cancelled))
    }

    pub(super) fn keep(&self, left: Left) {
        self.state().left = Some(left);
    }

    pub(super) fn take_left(&self) -> Option<Left> {
        self.state().left.take()
    }

    pub(super) fn mark_sent(&self, on_kept: bool) {
        let mut state = self.state();
        state.sent = true;
        state.sent_on_kept = on_kept;
    }

    /// Whether the answer is one that we will take. ureq is done with an answer without a body before we have seen its
    /// head, and would keep a connection whose answer we refuse.
    pub(super) fn has_sound_head(&self) -> bool {
        let state = self.state();
        state.head_is_done || super::head::read(&state.head).is_ok()
    }

    /// Whether the request is on its way: connections are looked at before that to be used, after it to be kept.
    pub(super) fn is_sent(&self) -> bool {
        self.state().sent
    }

    /// A write failed. Whoever refuses a long body (401, 413) answers and closes without reading all of it, so the
    /// answer is looked for before the failure counts.
    pub(super) fn put_off_failure(&self) -> bool {
        let mut state = self.state();
        if state.failure.as_ref().is_some_and(|failure| failure.reason == Reason::Connection) {
            state.broken = state.failure.take();
        }
        state.broken.is_some()
    }

    /// Whether what is still to be written will go nowhere.
    pub(super) fn is_broken(&self) -> bool {
        self.state().broken.is_some()
    }

    /// Bytes came, or none are left to come.
    pub(super) fn mark_received(&self, bytes: usize) -> Result<()> {
        /// Interim answers (RFC 9110 section 15.2) that are put up with.
        const MOST_INTERIM: u32 = 16;
        let mut state = self.state();
        state.received |= bytes > 0;
        state.ended |= bytes == 0;
        state.received_in_turn += bytes;
        // ureq gives what it has of a body at once, so that much without any is a line or a trailer without end.
        if state.head_is_done && state.received_in_turn > 2 * LONGEST_HEAD {
            return Err(Error::new(
                Reason::Framing,
                "the answer has something without end in place of a body",
            ));
        }
        if state.heads > MOST_INTERIM {
            return Err(Error::new(Reason::Framing, "interim answers without end"));
        }
        Ok(())
    }

    /// ureq has taken these bytes from its input; until the head is done they are a head.
    pub(super) fn consumed(&self, bytes: &[u8]) {
        let mut state = self.state();
        if !state.head_is_done {
            state.heads += 1;
            state.head = Zeroizing::new(bytes.to_vec());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Remembers what really happened, and gives ureq an error that it takes for nothing else: not for the end of a
/// body, as it does with `UnexpectedEof`, `ConnectionReset` and `ConnectionAborted`.
pub(super) fn fail(error: Error) -> io::Error {
    if let Ok(shared) = Shared::current() {
        shared.state().failure = Some(error);
    }
    io::Error::other("see the exchange")
}

/// The same for what the operating system said.
pub(super) fn fail_io(error: io::Error, doing: &str) -> io::Error {
    fail(Error::new(Reason::Connection, format!("{doing}: {}", error.kind())))
}
