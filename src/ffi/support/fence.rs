//! The fence at every export: no panic gets past it, `errno` stays, a failure becomes a status and an error object.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::errno::Kept;
use super::handle;
use crate::error::{Error, Reason, Result};
use crate::ffi::error::{ErrorObject, bearer_error};
use crate::ffi::status::bearer_status;
use crate::status;

#[cfg(panic = "abort")]
compile_error!("the fence needs unwinding: build with panic = \"unwind\"");

thread_local! {
    /// How many calls this thread is inside of.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
}

/// Runs the body of an export that can fail.
pub(in crate::ffi) fn call(
    error: *mut *mut bearer_error,
    body: impl FnOnce() -> Result<()>,
) -> bearer_status {
    let mut body = Some(body);
    call_dyn(error, &mut || body.take().map_or(Ok(()), |body| body()))
}

/// One copy for all exports: the fence is a tenth of the library where each has its own.
fn call_dyn(error: *mut *mut bearer_error, body: &mut dyn FnMut() -> Result<()>) -> bearer_status {
    let _errno = Kept::now();
    if !error.is_null() {
        // SAFETY: the caller says that `error` is NULL or points to a place for a pointer.
        unsafe { error.write(std::ptr::null_mut()) };
    }
    let mut outcome = Ok(());
    let guarded = guarded(&mut || outcome = body());
    match guarded.and(outcome) {
        Ok(()) => status::OK,
        Err(failure) => {
            if !error.is_null() {
                let mut object = std::ptr::null_mut();
                // Without memory for the object the status alone tells.
                let _ = self::guarded(&mut || {
                    object = handle::insert(ErrorObject::new(&failure)).unwrap_or(std::ptr::null_mut());
                });
                // SAFETY: as above.
                unsafe { error.write(object) };
            }
            failure.status
        }
    }
}

/// Runs the body of an export that answers with a status alone.
pub(in crate::ffi) fn status_only(body: impl FnOnce() -> Result<()>) -> bearer_status {
    call(std::ptr::null_mut(), body)
}

/// Runs the body of an export that answers with a value; a bug inside answers with `fallback`.
pub(in crate::ffi) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let _errno = Kept::now();
    let (mut body, mut answer) = (Some(body), fallback);
    let _ = guarded(&mut || {
        if let Some(body) = body.take() {
            answer = body();
        }
    });
    answer
}

fn guarded(body: &mut dyn FnMut()) -> Result<()> {
    keep_panics_quiet();
    INSIDE.set(INSIDE.get() + 1);
    // What a panic may leave torn stands behind locks that a panic poisons: they answer INTERNAL from then on.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        #[cfg(test)]
        injected::maybe_panic();
        body();
    }));
    INSIDE.set(INSIDE.get() - 1);
    outcome.map_err(|payload| {
        // A payload whose own destructor panics must not get out either.
        std::mem::forget(payload);
        Error::new(Reason::Panic, "a bug in libbearer was caught; please report it with what led to it")
    })
}

/// The default hook would print to the host's stderr; panics outside of our calls are none of our business.
fn keep_panics_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if INSIDE.get() == 0 {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
pub(in crate::ffi) mod injected {
    use std::cell::Cell;

    thread_local! {
        static NEXT: Cell<bool> = const { Cell::new(false) };
    }

    /// Makes the next call on this thread panic inside the fence.
    pub(in crate::ffi) fn arm() {
        NEXT.set(true);
    }

    /// Whether it did.
    pub(in crate::ffi) fn fired() -> bool {
        !NEXT.get()
    }

    pub(super) fn maybe_panic() {
        if NEXT.replace(false) {
            panic!("injected");
        }
    }
}
