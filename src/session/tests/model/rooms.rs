//! The small rooms that the session is built on.

use super::super::*;
use super::*;
use crate::cancel::Event;
use crate::clock::LONGEST;
use crate::session::flight::{self, Flight};

fn waits(event: &Arc<Event>, cancel: &Cancel) -> bool {
    event.wait(Deadline::after(LONGEST), cancel)
}

#[test]
fn a_signal_is_missed_by_nobody() {
    explore("event, signal", EVERY, || {
        let (event, cancel) = (Arc::new(Event::default()), Cancel::default());
        scope(|scope| {
            let waiter = scope.spawn(|| waits(&event, &cancel));
            event.signal();
            assert!(waiter.join().unwrap());
        });
    });
}

#[test]
fn a_cancel_is_missed_by_nobody() {
    explore("event, cancel", EVERY, || {
        let (event, cancel) = (Arc::new(Event::default()), Cancel::default());
        scope(|scope| {
            let waiter = scope.spawn(|| waits(&event, &cancel));
            cancel.cancel();
            assert!(!waiter.join().unwrap());
        });
    });
}

#[test]
fn a_cancel_of_the_handle_reaches_the_scope_that_is_being_made() {
    explore("event, cancel of scopes", EVERY, || {
        let (event, cancel) = (Arc::new(Event::default()), Cancel::default());
        scope(|scope| {
            let waiter = scope.spawn(|| waits(&event, &cancel.scope()));
            cancel.cancel();
            assert!(!waiter.join().unwrap());
        });
    });
}

#[test]
fn who_waits_is_woken_by_whatever_comes() {
    explore("event, signal and cancel", Effort { interruptions: 3 }, || {
        let (event, cancel) = (Arc::new(Event::default()), Cancel::default());
        scope(|scope| {
            let waiters = [(); 2].map(|()| scope.spawn(|| waits(&event, &cancel)));
            scope.spawn(|| cancel.cancel());
            event.signal();
            for waiter in waiters {
                waiter.join().unwrap();
            }
        });
    });
}

/// What a session does with its flight.
fn fly(place: &Lock<Option<Arc<Flight<u32>>>>) -> u32 {
    let role = flight::role(&mut *place.lock().unwrap()).unwrap();
    match role {
        Role::Lead(flight) => flight.lead(|| *place.lock().unwrap() = None, 0, || (1, 1)),
        Role::Join(flight, event) => {
            assert!(waits(&event, &Cancel::default()));
            flight.outcome().unwrap()
        }
    }
}

#[test]
fn whoever_joins_a_flight_hears_its_outcome() {
    explore("flight, two", EVERY, || {
        let place = Lock::default();
        scope(|scope| {
            let other = scope.spawn(|| fly(&place));
            assert_eq!(fly(&place), 1);
            assert_eq!(other.join().unwrap(), 1);
        });
    });
    explore("flight, three", Effort { interruptions: 3 }, || {
        let place = Lock::default();
        scope(|scope| {
            let others = [(); 2].map(|()| scope.spawn(|| fly(&place)));
            assert_eq!(fly(&place), 1);
            others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 1));
        });
    });
}
