//! `errno` belongs to the host program: whatever happens inside a call, it finds it as it was.

/// Puts `errno` back when dropped.
pub(in crate::ffi) struct Kept(#[cfg(unix)] i32);

impl Kept {
    #[cfg(unix)]
    pub(in crate::ffi) fn now() -> Kept {
        // SAFETY: the location is valid for this thread, always.
        Kept(unsafe { *location() })
    }

    #[cfg(not(unix))]
    pub(in crate::ffi) fn now() -> Kept {
        Kept()
    }
}

#[cfg(unix)]
impl Drop for Kept {
    fn drop(&mut self) {
        // SAFETY: the location is valid for this thread, always.
        unsafe { *location() = self.0 };
    }
}

#[cfg(any(target_os = "linux", target_os = "redox", target_os = "dragonfly", target_os = "hurd"))]
use libc::__errno_location as location;

#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
use libc::__errno as location;

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as location;

#[cfg(any(target_os = "solaris", target_os = "illumos"))]
use libc::___errno as location;
