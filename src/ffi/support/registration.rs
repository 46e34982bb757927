//! What every registered C function brings along: `user_data`, and `destroy`, which is called exactly once.

use std::cell::RefCell;
use std::ffi::c_void;

use crate::error::{Error, Reason, Result};
use crate::ffi::hooks::bearer_destroy_fn;

/// Owns `user_data` until dropped.
pub(in crate::ffi) struct Registration {
    pub(in crate::ffi) user_data: *mut c_void,
    destroy: bearer_destroy_fn,
}

// SAFETY: the manual tells callers that hooks and `destroy` may run on any thread; the pointer is only handed to them.
unsafe impl Send for Registration {}
// SAFETY: as above.
unsafe impl Sync for Registration {}

impl Registration {
    pub(in crate::ffi) fn new(user_data: *mut c_void, destroy: bearer_destroy_fn) -> Registration {
        Registration { user_data, destroy }
    }

    /// Runs a hook of this registration, unless this thread is inside one already: it would never end.
    pub(in crate::ffi) fn run<T>(&self, hook: impl FnOnce() -> T) -> Result<T> {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                RUNNING.with_borrow_mut(Vec::pop);
            }
        }
        let me = std::ptr::from_ref(self).addr();
        if RUNNING.with_borrow(|running| running.contains(&me)) {
            return Err(Error::new(Reason::Reentered, "a hook made a call that asks the same hook again"));
        }
        RUNNING.with_borrow_mut(|running| running.push(me));
        let _leave = Leave;
        Ok(hook())
    }
}

thread_local! {
    /// The registrations whose hooks this thread is inside of.
    static RUNNING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the caller registered both together, for this one call.
            unsafe { destroy(self.user_data) };
        }
    }
}
