use super::*;
use std::sync::atomic::{AtomicI64, Ordering};

/// A clock that tests set.
pub struct TestClock {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl TestClock {
    pub fn at(wall: i64) -> TestClock {
        TestClock { wall: AtomicI64::new(wall), steady: AtomicI64::new(1000) }
    }

    pub fn set_wall(&self, wall: i64) {
        self.wall.store(wall, Ordering::SeqCst);
    }

    pub fn pass(&self, seconds: i64) {
        self.steady.fetch_add(seconds, Ordering::SeqCst);
        self.wall.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn wall_s(&self) -> i64 {
        self.wall.load(Ordering::SeqCst)
    }

    fn steady(&self) -> Duration {
        Duration::from_secs(self.steady.load(Ordering::SeqCst) as u64)
    }
}
