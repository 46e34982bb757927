//! Ending calls from outside: a cancelled handle, and how whoever waits is woken.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};

use crate::clock::Deadline;
use crate::fork::{self, Held, Lock};
use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard};

/// Something that happens once, and that one thread waits for.
#[derive(Default)]
pub struct Event {
    happened: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    /// It has happened.
    pub fn signal(&self) {
        // A child whose parent's thread held this would wait for it for ever.
        let _moment = fork::moment();
        *lock(&self.happened) = true;
        self.changed.notify_all();
    }

    /// Lets the waiting thread look at its deadline and its cancel again.
    fn nudge(&self) {
        let _moment = fork::moment();
        // Taken, so that a thread between its look and its sleep does not miss the nudge.
        drop(lock(&self.happened));
        self.changed.notify_all();
    }

    /// Waits until it has happened, the deadline passed or the cancel came; the result says whether it has happened.
    pub fn wait(self: &Arc<Event>, deadline: Deadline, cancel: &Cancel) -> bool {
        let _registered = cancel.register(self);
        let mut happened = lock(&self.happened);
        while !*happened && !cancel.is_cancelled() {
            let remaining = deadline.remaining();
            if remaining.is_zero() {
                break;
            }
            happened =
                self.changed.wait_timeout(happened, remaining).unwrap_or_else(PoisonError::into_inner).0;
        }
        *happened
    }
}

/// One handle's cancel: once given, it stays, for every call that runs and every one to come.
#[derive(Default)]
pub struct Cancel {
    cancelled: AtomicBool,
    inner: Lock<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Of the process that the waiting threads and the descriptor belong to.
    generation: u64,
    scopes: Vec<Weak<Cancel>>,
    waiting: Vec<Weak<Event>>,
    wake: Option<wake::Wake>,
}

impl Cancel {
    /// A cancel that also comes when this one does.
    pub fn scope(&self) -> Arc<Cancel> {
        let scope = Arc::new(Cancel::default());
        let mut inner = self.inner();
        inner.scopes.retain(|scope| scope.strong_count() > 0);
        inner.scopes.push(Arc::downgrade(&scope));
        if self.is_cancelled() {
            scope.cancelled.store(true, Ordering::SeqCst);
        }
        scope
    }

    /// Ends every call under this cancel and under its scopes.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        let (scopes, waiting) = {
            let inner = self.inner();
            if let Some(wake) = &inner.wake {
                wake.wake();
            }
            (inner.scopes.clone(), inner.waiting.clone())
        };
        waiting.iter().filter_map(Weak::upgrade).for_each(|event| event.nudge());
        scopes.iter().filter_map(Weak::upgrade).for_each(|scope| scope.cancel());
    }

    /// Whether it was given.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// A descriptor that becomes readable with the cancel, for poll(2) beside a socket. `None` where the system
    /// has none to give: then the waiting thread looks at [`Cancel::is_cancelled`] from time to time.
    #[cfg(unix)]
    pub fn descriptor(&self) -> Option<std::os::fd::RawFd> {
        let mut inner = self.inner();
        if inner.wake.is_none() {
            inner.wake = wake::Wake::new();
            if self.is_cancelled()
                && let Some(wake) = &inner.wake
            {
                wake.wake();
            }
        }
        inner.wake.as_ref().map(wake::Wake::descriptor)
    }

    /// In a child, without the threads of its parent, and without the descriptor: shutting it would wake them.
    fn inner(&self) -> Held<'_, Inner> {
        let mut inner = self.inner.lock_whole();
        if inner.generation != fork::generation() {
            inner.generation = fork::generation();
            inner.waiting.clear();
            inner.wake = None;
        }
        inner
    }

    fn register(&self, event: &Arc<Event>) -> Registered<'_> {
        self.inner().waiting.push(Arc::downgrade(event));
        Registered { cancel: self, event: Arc::downgrade(event) }
    }
}

struct Registered<'a> {
    cancel: &'a Cancel,
    event: Weak<Event>,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        self.cancel.inner().waiting.retain(|event| !event.ptr_eq(&self.event));
    }
}

/// No code that can panic runs under these locks, so what they guard is whole even if a thread died.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
mod wake {
    use std::net::Shutdown;
    use std::os::fd::{AsRawFd, RawFd};
    use std::os::unix::net::UnixStream;

    /// A socket pair: shutting one end makes the other readable, for good. It needs no unsafe code, unlike a pipe.
    pub(super) struct Wake {
        ours: UnixStream,
        polled: UnixStream,
    }

    impl Wake {
        pub(super) fn new() -> Option<Wake> {
            let (ours, polled) = UnixStream::pair().ok()?;
            Some(Wake { ours, polled })
        }

        pub(super) fn wake(&self) {
            // It can only fail where the pair is shut already.
            let _ = self.ours.shutdown(Shutdown::Both);
        }

        pub(super) fn descriptor(&self) -> RawFd {
            self.polled.as_raw_fd()
        }
    }
}

#[cfg(not(unix))]
mod wake {
    /// Nothing to poll here; sockets are waited for in short turns.
    pub(super) struct Wake;

    impl Wake {
        pub(super) fn wake(&self) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_signalled_event_is_seen_at_once_and_later() {
        let event = Arc::new(Event::default());
        event.signal();
        assert!(event.wait(Deadline::after(Duration::ZERO), &Cancel::default()));
    }

    #[test]
    fn a_cancel_ends_a_wait_also_in_scopes() {
        let cancel = Cancel::default();
        let scope = cancel.scope();
        let event = Arc::new(Event::default());
        let waiter = {
            let (scope, event) = (scope.clone(), event.clone());
            std::thread::spawn(move || event.wait(Deadline::after(Duration::from_secs(3600)), &scope))
        };
        cancel.cancel();
        assert!(!waiter.join().unwrap());
        assert!(scope.is_cancelled());
        assert!(cancel.scope().is_cancelled(), "a scope of a cancelled handle is cancelled");
    }

    #[test]
    fn cancelling_a_scope_leaves_its_parent() {
        let cancel = Cancel::default();
        cancel.scope().cancel();
        assert!(!cancel.is_cancelled());
    }

    #[cfg(unix)]
    #[test]
    fn there_is_one_descriptor_for_all_calls() {
        let cancel = Cancel::default();
        assert_eq!(cancel.descriptor().unwrap(), cancel.descriptor().unwrap());
    }
}
