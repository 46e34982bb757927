//! Text and bytes across the boundary.

use std::ffi::{CStr, CString, c_char};

use zeroize::Zeroize;

use crate::error::{Error, Reason, Result};

/// An error that names the parameter.
pub(in crate::ffi) fn must_not_be_null<T>(pointer: *const T, name: &str) -> Result<()> {
    if pointer.is_null() {
        Err(Error::new(Reason::Null, format!("{name}: must not be NULL")))
    } else {
        Ok(())
    }
}

/// NUL-terminated UTF-8 that must be there. It must live as long as the result is used: until the call returns.
pub(in crate::ffi) fn required<'a>(text: *const c_char, name: &str) -> Result<&'a str> {
    must_not_be_null(text, name)?;
    // SAFETY: the caller says that it is NUL-terminated, and nobody changes it during the call.
    let bytes = unsafe { CStr::from_ptr(text) };
    bytes.to_str().map_err(|_| Error::new(Reason::Utf8, format!("{name}: is not UTF-8")))
}

/// The same, where NULL means none.
pub(in crate::ffi) fn optional<'a>(text: *const c_char, name: &str) -> Result<Option<&'a str>> {
    if text.is_null() { Ok(None) } else { required(text, name).map(Some) }
}

/// Bytes by pointer and length; NULL goes with length 0 only.
pub(in crate::ffi) fn bytes<'a>(bytes: *const std::ffi::c_void, len: usize, name: &str) -> Result<&'a [u8]> {
    if len == 0 {
        return Ok(&[]);
    }
    must_not_be_null(bytes, name)?;
    check_len(len, name)?;
    // SAFETY: the caller says that `len` bytes are there, and nobody changes them during the call.
    Ok(unsafe { std::slice::from_raw_parts(bytes.cast(), len) })
}

/// A buffer to write to.
pub(in crate::ffi) fn buffer<'a>(
    buffer: *mut std::ffi::c_void,
    capacity: usize,
    name: &str,
) -> Result<&'a mut [u8]> {
    if capacity == 0 {
        return Ok(&mut []);
    }
    must_not_be_null(buffer, name)?;
    check_len(capacity, name)?;
    // SAFETY: the caller says that `capacity` bytes are there and its own to write; as bytes they need no value.
    Ok(unsafe { std::slice::from_raw_parts_mut(buffer.cast(), capacity) })
}

/// No object is larger than half of the address space; a larger number is a negative one that lost its sign.
fn check_len(len: usize, name: &str) -> Result<()> {
    if len > isize::MAX as usize {
        return Err(Error::new(Reason::Value, format!("{name}: has an impossible length")));
    }
    Ok(())
}

/// Text that the caller frees with `bearer_free`. It comes from malloc, so that freeing it never needs its size.
pub(in crate::ffi) fn to_caller(text: &str) -> Result<*mut c_char> {
    // SAFETY: malloc may be called with any size; what it returns is checked.
    let copy = unsafe { libc::malloc(text.len() + 1) }.cast::<u8>();
    if copy.is_null() {
        return Err(Error::new(Reason::Memory, "no memory for a text"));
    }
    // SAFETY: the fresh block holds the text and a NUL, and overlaps nothing.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len());
        copy.add(text.len()).write(0);
    }
    Ok(copy.cast())
}

/// Wipes and frees text from [`to_caller`].
pub(in crate::ffi) unsafe fn free_from_caller(text: *mut c_char) {
    if text.is_null() {
        return;
    }
    // SAFETY: the caller says that it came from `to_caller` and is freed once: it is NUL-terminated and from malloc.
    unsafe {
        let len = CStr::from_ptr(text).count_bytes();
        std::slice::from_raw_parts_mut(text.cast::<u8>(), len).zeroize();
        libc::free(text.cast());
    }
}

/// NUL-terminated text that an object lends out; wiped with it.
pub(in crate::ffi) struct Lent(CString);

impl Lent {
    /// A copy. NULs, which C could not see beyond, become U+FFFD.
    pub(in crate::ffi) fn new(text: &str) -> Lent {
        match CString::new(text) {
            Ok(text) => Lent(text),
            Err(_) => Lent(CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()),
        }
    }

    /// The text itself.
    pub(in crate::ffi) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// Valid as long as this lives.
    pub(in crate::ffi) fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.0).into_bytes();
        bytes.zeroize();
    }
}
