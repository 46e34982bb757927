//! One call leads, the others wait for it.

use std::sync::Arc;

use crate::cancel::Event;
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::sync::thread_local;

/// Something that one call does for all that want it.
pub(super) struct Flight<T> {
    leader: usize,
    /// Of the process that leads: a child of it does not have the leading thread.
    process: u64,
    outcome: Lock<Option<T>>,
    waiting: Lock<Vec<Arc<Event>>>,
}

pub(super) enum Role<T> {
    Lead(Arc<Flight<T>>),
    /// Wait for the event, then look at the outcome.
    Join(Arc<Flight<T>>, Arc<Event>),
}

/// The flight under way in this process, where there is one.
pub(super) fn under_way<T>(place: &Option<Arc<Flight<T>>>) -> Option<&Arc<Flight<T>>> {
    place.as_ref().filter(|flight| flight.process == fork::generation())
}

/// Joins the flight in this place, or begins one.
pub(super) fn role<T>(place: &mut Option<Arc<Flight<T>>>) -> Result<Role<T>> {
    if let Some(flight) = under_way(place) {
        flight.check_not_mine()?;
        let event = Arc::new(Event::default());
        flight.waiting.lock()?.push(event.clone());
        return Ok(Role::Join(flight.clone(), event));
    }
    let flight = Arc::new(Flight {
        leader: this_thread(),
        process: fork::generation(),
        outcome: Lock::default(),
        waiting: Lock::default(),
    });
    *place = Some(flight.clone());
    Ok(Role::Lead(flight))
}

impl<T> Flight<T> {
    /// `WOULD_DEADLOCK` where this thread would wait for itself.
    pub(super) fn check_not_mine(&self) -> Result<()> {
        if self.leader == this_thread() {
            return Err(Error::new(
                Reason::Reentered,
                "a hook of this renewal asked for the very token that is being renewed",
            ));
        }
        Ok(())
    }

    /// What the leader brought.
    pub(super) fn outcome(&self) -> Result<T>
    where
        T: Clone,
    {
        let outcome = self.outcome.lock()?.clone();
        outcome.ok_or_else(|| Error::new(Reason::Torn, "the renewal ended without an outcome"))
    }

    /// Leads: does the work, makes the place free and wakes whoever waits, also if the work panics.
    pub(super) fn lead<R>(
        &self,
        make_free: impl FnMut(),
        if_it_panics: T,
        work: impl FnOnce() -> (R, T),
    ) -> R {
        struct Landing<'a, T, F: FnMut()>(&'a Flight<T>, F, Option<T>);
        impl<T, F: FnMut()> Drop for Landing<'_, T, F> {
            fn drop(&mut self) {
                self.1();
                if let Ok(mut slot) = self.0.outcome.lock() {
                    *slot = self.2.take();
                }
                // In a child of the fork that a hook made, those who wait are its parent's.
                let is_ours = self.0.process == fork::generation();
                if let (true, Ok(waiting)) = (is_ours, self.0.waiting.lock()) {
                    waiting.iter().for_each(|event| event.signal());
                }
            }
        }
        let mut landing = Landing(self, make_free, Some(if_it_panics));
        let (result, outcome) = work();
        landing.2 = Some(outcome);
        result
    }
}

/// Tells the living threads apart. `std::thread::current` would do so too, and leave memory behind in threads that it
/// did not start.
pub(super) fn this_thread() -> usize {
    thread_local! {
        static MARK: u8 = const { 0 };
    }
    MARK.with(|mark| std::ptr::from_ref(mark).addr())
}
