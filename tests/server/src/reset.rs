//! Back to the start, for the next test.

use crate::clock::Clock;
use crate::dpop::Dpop;
use crate::published::Published;
use crate::shared::{Counters, Shared};

impl Shared {
    /// Everything except tokens, codes and clients becomes as it was at the start.
    pub fn reset(&self) {
        let mut state = self.lock();
        state.clock = Clock::default();
        state.config = state.start_config.clone();
        state.counters = Counters::default();
        state.log.clear();
        state.faults.clear();
        state.holds.clear();
        state.published = Published::default();
        state.dpop = Dpop::default();
        drop(state);
        self.connections.reset();
        // The requests that were held go on.
        self.announce();
    }
}
