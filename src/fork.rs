//! Fork: a child finds no lock held by a thread that it does not have, and no connection that its parent uses too.
//!
//! Every lock of the library is held for moments only, never while hooks or the network are at work. A fork waits
//! for those moments to end, so in the child each of them is free and what it guards is whole. What is tied to
//! connections or threads remembers the [`generation`] it belongs to.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::sync::{Mutex, MutexGuard, thread_local};

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: AtomicU64 = AtomicU64::new(0);
/// `forks under way:16` `threads that hold a lock:16`
static GATE: AtomicU32 = AtomicU32::new(0);
const ONE_FORK: u32 = 1 << 16;
const HOLDERS: u32 = ONE_FORK - 1;

thread_local! {
    /// How many locks this thread holds: the second one must not wait for a fork that waits for the first.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// Differs between parent and child.
pub fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// A mutex that is never held across a fork.
#[derive(Default)]
pub struct Lock<T>(Mutex<T>);

/// A lock that is held, for a moment.
pub struct Held<'a, T> {
    // Dropped in this order: the fork may go on once the lock is free.
    guard: MutexGuard<'a, T>,
    _inside: Inside,
}

impl<T> Lock<T> {
    /// A free lock.
    pub const fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    /// Waits for it. `Err` where a thread panicked while it held the lock: what it guards may be torn.
    pub fn lock(&self) -> Result<Held<'_, T>, PoisonError<()>> {
        let inside = Inside::enter();
        match self.0.lock() {
            Ok(guard) => Ok(Held { guard, _inside: inside }),
            // A model's threads are all one of the system's: a panic of one would poison what another holds.
            Err(poisoned) if cfg!(shuttle) => Ok(Held { guard: poisoned.into_inner(), _inside: inside }),
            Err(_) => Err(PoisonError::new(())),
        }
    }

    /// Waits for a lock under which nothing runs that could panic.
    pub fn lock_whole(&self) -> Held<'_, T> {
        let inside = Inside::enter();
        Held { guard: self.0.lock().unwrap_or_else(PoisonError::into_inner), _inside: inside }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A moment that a fork waits for: for locks that are let go while their holder sleeps.
pub fn moment() -> Inside {
    Inside::enter()
}

/// This thread is inside of a moment that a fork waits for.
pub struct Inside(());

impl Inside {
    fn enter() -> Inside {
        if HELD.with(|held| held.replace(held.get() + 1)) == 0 {
            while GATE.fetch_add(1, Ordering::Acquire) >= ONE_FORK {
                GATE.fetch_sub(1, Ordering::Release);
                while GATE.load(Ordering::Relaxed) >= ONE_FORK {
                    std::thread::yield_now();
                }
            }
        }
        Inside(())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if HELD.with(|held| held.replace(held.get() - 1)) == 1 {
            GATE.fetch_sub(1, Ordering::Release);
        }
    }
}

/// How many locks this thread holds.
#[cfg(test)]
pub fn held() -> u32 {
    HELD.with(Cell::get)
}

/// Makes forks wait, from now on. It is told to do so when the first client is made.
#[cfg(unix)]
pub fn watch() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: the three functions only touch the statics above, and stay loaded: the library is linked with
        // -z nodelete, and glibc forgets the handlers of a library that is unloaded all the same.
        #[allow(unsafe_code)]
        unsafe {
            libc::pthread_atfork(Some(prepare), Some(parent), Some(child));
        }
    });
}

/// There is no fork here.
#[cfg(not(unix))]
pub fn watch() {}

#[cfg(unix)]
extern "C" fn prepare() {
    GATE.fetch_add(ONE_FORK, Ordering::Acquire);
    while GATE.load(Ordering::Acquire) & HOLDERS != 0 {
        std::thread::yield_now();
    }
}

#[cfg(unix)]
extern "C" fn parent() {
    GATE.fetch_sub(ONE_FORK, Ordering::Release);
}

#[cfg(unix)]
extern "C" fn child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    GATE.store(0, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_excludes_and_may_be_nested_with_another() {
        let (outer, inner) = (Lock::new(0), Lock::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let mut outer = outer.lock().unwrap();
                        *outer += 1;
                        *inner.lock_whole() += 1;
                    }
                });
            }
        });
        assert_eq!((*outer.lock().unwrap(), *inner.lock().unwrap()), (40_000, 40_000));
    }

    #[cfg(unix)]
    #[test]
    fn a_fork_waits_for_holders_and_holds_off_new_ones() {
        let lock = Lock::new(0);
        let held = lock.lock().unwrap();
        std::thread::scope(|scope| {
            let fork = scope.spawn(|| prepare());
            while GATE.load(Ordering::Relaxed) < ONE_FORK {
                std::thread::yield_now();
            }
            assert!(!fork.is_finished());
            drop(held);
            fork.join().unwrap();
            let late = scope.spawn(|| *lock.lock().unwrap() = 1);
            parent();
            late.join().unwrap();
        });
        assert_eq!(*lock.lock().unwrap(), 1);
    }

    #[test]
    fn a_panic_under_the_lock_poisons_it_and_leaves_the_gate_open() {
        let lock = Lock::new(0);
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _held = lock.lock().unwrap();
            panic!("a bug");
        }));
        assert!(lock.lock().is_err());
        assert_eq!(held(), 0);
    }
}
