//! A race on purpose, in Rust: `tests/tsan.sh` builds it with the library's own tests, and must hear of it.
#![cfg(planted_race)]

use std::cell::UnsafeCell;
use std::sync::Barrier;

struct Unguarded(UnsafeCell<u64>);

// SAFETY: none; that is the fault.
unsafe impl Sync for Unguarded {}

#[test]
fn planted() {
    let place = Unguarded(UnsafeCell::new(0));
    // A thread that has ended before the other began would be taken for the same.
    let both_are_here = Barrier::new(2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let place = &place;
                both_are_here.wait();
                // SAFETY: none; nothing orders the two.
                unsafe { *place.0.get() += 1 }
            });
        }
    });
}
