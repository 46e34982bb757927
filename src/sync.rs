//! What threads share and wait with: the standard library's. Models use shuttle's, which decides who runs when.

#[cfg(shuttle)]
pub use shuttle::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicBool};
#[cfg(shuttle)]
pub use shuttle::thread_local;
#[cfg(not(shuttle))]
pub use std::sync::{Condvar, Mutex, MutexGuard, atomic::AtomicBool};
#[cfg(not(shuttle))]
pub use std::thread_local;
