//! What ureq's traits have no room for: the call on whose behalf this thread is inside ureq.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use crate::call::Call;
use crate::error::{Error, Reason, Result};

thread_local! {
    static CURRENT: RefCell<Option<Arc<Shared>>> = const { RefCell::new(None) };
}

/// One request and its answer, until the body is read or dropped.
pub(super) struct Exchange(Arc<Shared>);

pub(super) struct Shared {
    pub(super) call: Call,
    /// How many bytes ureq's output buffer must hold at least.
    pub(super) needed_output: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sent: bool,
    /// The answer's head as it came; the last one, where interim answers came before.
    head: Zeroizing<Vec<u8>>,
    head_is_done: bool,
    /// How many heads came, interim ones included.
    heads: u32,
    received: bool,
    /// The peer has said that it will send no more.
    ended: bool,
    /// What really happened, where ureq can only carry an error of its own.
    failure: Option<Error>,
}

impl Exchange {
    pub(super) fn begin(call: &Call, needed_output: usize) -> Exchange {
        Exchange(Arc::new(Shared { call: call.clone(), needed_output, state: Mutex::default() }))
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

    pub(super) fn received_anything(&self) -> bool {
        self.0.state().received
    }

    pub(super) fn has_ended(&self) -> bool {
        self.0.state().ended
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

    pub(super) fn mark_sent(&self) {
        self.state().sent = true;
    }

    /// Bytes came, or none are left to come.
    pub(super) fn mark_received(&self, bytes: usize) -> Result<()> {
        /// Interim answers (RFC 9110 section 15.2) that are put up with.
        const MOST_INTERIM: u32 = 16;
        let mut state = self.state();
        state.received |= bytes > 0;
        state.ended |= bytes == 0;
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
        shared.state().failure.get_or_insert(error);
    }
    io::Error::other("see the exchange")
}

/// The same for what the operating system said.
pub(super) fn fail_io(error: io::Error, doing: &str) -> io::Error {
    fail(Error::new(Reason::Connection, format!("{doing}: {}", error.kind())))
}
