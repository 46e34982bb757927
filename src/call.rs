//! One call of the API on its way down: until when it may run, and who may end it.

use std::sync::Arc;

use crate::cancel::{Cancel, Event};
use crate::clock::Deadline;
use crate::error::{Error, Reason, Result};

/// A deadline and a cancel. Everything that blocks takes one.
#[derive(Clone)]
pub struct Call {
    /// When it must have ended.
    pub deadline: Deadline,
    /// Ends it at once.
    pub cancel: Arc<Cancel>,
}

impl Call {
    /// `CANCELLED` or `TIMEOUT` where the call is over.
    pub fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(Reason::Cancelled, "the handle was cancelled"));
        }
        if self.deadline.has_passed() {
            return Err(Error::new(Reason::Deadline, "the deadline passed"));
        }
        Ok(())
    }

    /// Waits for the event, as long as the call may run.
    pub fn wait(&self, event: &Arc<Event>) -> Result<()> {
        if event.wait(self.deadline, &self.cancel) { Ok(()) } else { self.check() }
    }
}
