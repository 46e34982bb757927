//! Out-parameters: cleared when a call begins, written when it succeeds.

use std::ffi::c_char;

use super::handle::{self, Handle};
use super::text::{must_not_be_null, to_caller};
use crate::error::Result;

/// Where a result goes.
pub(in crate::ffi) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Clears it; `zero` is what the caller finds after a failure. NULL where the caller does not want the result.
    pub(in crate::ffi) fn new(place: *mut T, zero: T) -> Out<T> {
        let out = Out(place);
        out.set(zero);
        out
    }

    /// Writes the result.
    pub(in crate::ffi) fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: the caller says that it is NULL or a place for a T.
            unsafe { self.0.write(value) };
        }
    }

    /// Whether the caller wants it.
    pub(in crate::ffi) fn is_wanted(&self) -> bool {
        !self.0.is_null()
    }
}

impl<T> Out<*mut T> {
    /// A place for a pointer.
    pub(in crate::ffi) fn pointer(place: *mut *mut T) -> Out<*mut T> {
        Out::new(place, std::ptr::null_mut())
    }
}

impl Out<*mut c_char> {
    /// Gives text to the caller, who frees it.
    pub(in crate::ffi) fn set_text(&self, text: &str) -> Result<()> {
        if self.is_wanted() {
            self.set(to_caller(text)?);
        }
        Ok(())
    }
}

impl<T: Handle> Out<*mut T> {
    /// Objects cannot be left out: nobody could free them.
    pub(in crate::ffi) fn must_be_wanted(&self, name: &str) -> Result<()> {
        must_not_be_null(self.0, name)
    }

    /// Gives an object to the caller, who frees it.
    pub(in crate::ffi) fn set_object(&self, object: T::Object) -> Result<()> {
        self.set(handle::insert(object)?);
        Ok(())
    }
}
