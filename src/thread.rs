//! The library's own threads.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread that no signal of the program is delivered to.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let _blocked = signals::block();
    Builder::new().name(name.into()).spawn(work)
}

/// A new thread begins with the signal mask of the one that starts it.
#[cfg(unix)]
mod signals {
    pub(super) struct Blocked(libc::sigset_t);

    #[allow(unsafe_code)]
    pub(super) fn block() -> Blocked {
        // SAFETY: all-zero bytes are a valid sigset_t, which sigfillset overwrites; both sets live through the calls.
        unsafe {
            let (mut all, mut old): (libc::sigset_t, libc::sigset_t) =
                (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
            Blocked(old)
        }
    }

    impl Drop for Blocked {
        fn drop(&mut self) {
            // SAFETY: the set is the one that pthread_sigmask gave.
            #[allow(unsafe_code)]
            unsafe {
                libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut());
            }
        }
    }
}

/// There are none here.
#[cfg(not(unix))]
mod signals {
    pub(super) fn block() {}
}

#[cfg(all(test, unix))]
mod tests {
    #[test]
    #[allow(unsafe_code)]
    fn the_new_thread_has_all_signals_blocked_and_the_old_one_keeps_its_mask() {
        fn is_blocked() -> bool {
            // SAFETY: as in `block`; a NULL set only asks.
            unsafe {
                let mut mask: libc::sigset_t = std::mem::zeroed();
                libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask);
                libc::sigismember(&mask, libc::SIGUSR1) == 1
            }
        }
        let before = is_blocked();
        super::spawn("test", || assert!(is_blocked())).unwrap().join().unwrap();
        assert_eq!((before, is_blocked()), (false, false));
    }
}
