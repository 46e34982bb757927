//! `refresh.ahead`: one thread of the process renews tokens before anybody waits for them. The first call on a client
//! that asks for it starts the thread; it is gone with the last such client.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Session;
use super::lifetime::Lifetime;
use super::pace;
use super::state::Why;
use crate::call::Call;
use crate::cancel::{Cancel, Event};
use crate::clock::{Clock, Deadline, LONGEST};
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::thread;

/// It looks at the clocks at least this often: one that stops while the machine sleeps would oversleep.
const LONGEST_NAP: Duration = Duration::from_secs(60);

static CREW: Lock<Crew> = Lock::new(Crew { sessions: Vec::new(), worker: None });

struct Crew {
    sessions: Vec<Weak<Session>>,
    worker: Option<Worker>,
}

/// The thread that renews.
struct Worker {
    thread: JoinHandle<()>,
    /// Of the process that it runs in: a child has its parent's sessions, and not its thread.
    process: u64,
    /// Ends its nap.
    wake: Arc<Event>,
    job: Option<Job>,
}

/// What it is at.
#[derive(Clone)]
struct Job {
    session: Weak<Session>,
    cancel: Arc<Cancel>,
    done: Arc<Event>,
}

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

impl Session {
    /// When the token is to be renewed in the background, on the steady clock.
    pub(super) fn renew_at(&self, lifetime: &Lifetime) -> Option<Duration> {
        if !self.parts.config.refresh.ahead {
            return None;
        }
        lifetime.part_at(pace::ahead_part(self.families.dice.roll()), &self.parts.time)
    }

    /// Has the thread look after this session from its first call on: by then its hooks are set.
    pub fn begin_ahead(&self) -> Result<()> {
        // A child starts a thread of its own.
        let process = fork::generation() + 1;
        if self.parts.config.refresh.ahead && self.watched_in.swap(process, Ordering::Relaxed) != process {
            watch(&self.me)?;
        }
        Ok(())
    }

    /// The plan has changed.
    pub(super) fn replan_ahead(&self) -> Result<()> {
        if self.parts.config.refresh.ahead && !IS_WORKER.get() {
            CREW.lock()?.nudge();
        }
        Ok(())
    }

    /// The end of the last client handle: what the thread does for it is ended, and waited for.
    pub fn end_ahead(&self) -> Result<()> {
        if self.watched_in.load(Ordering::Relaxed) == 0 { Ok(()) } else { forget(&self.me) }
    }

    /// How long until the token is to be renewed in the background.
    pub fn ahead_in(&self) -> Result<Option<Duration>> {
        let (renew_at, not_before, family) = {
            let state = self.state.lock()?;
            (state.renew_at, state.ahead_setback.not_before(), state.member.family.clone())
        };
        // A renewal that its call left under way is read to its end without waiting for the next call.
        let is_parked = self.parts.config.refresh.ahead && family.is_parked()?;
        let at = match renew_at {
            _ if is_parked => not_before,
            Some(renew_at) => renew_at.max(not_before).max(family.not_before()?),
            None => return Ok(None),
        };
        Ok(Some(at.saturating_sub(self.parts.time.steady())))
    }

    /// Renews because it is time to.
    pub fn renew_ahead(&self, call: &Call) -> Result<()> {
        let generation = self.state.lock()?.generation;
        let outcome = self.renewed(Why::Ahead(generation), call);
        let now = self.parts.time.steady();
        let mut state = self.state.lock()?;
        match &outcome {
            Ok(_) => state.ahead_setback.clear(),
            // Until there is another token.
            Err(error) if matches!(error.reason, Reason::NoToken | Reason::InvalidGrant) => {
                if state.generation == generation {
                    state.renew_at = None;
                }
            }
            Err(error) => {
                let left = state.current.as_ref().and_then(|current| current.lifetime.left(&self.parts.time));
                state.ahead_setback.failed(error, now, left, &self.families.dice);
            }
        }
        outcome.map(drop)
    }
}

fn watch(session: &Weak<Session>) -> Result<()> {
    let mut crew = CREW.lock()?;
    if let Some(worker) = crew.worker.take_if(|worker| worker.process != fork::generation()) {
        // It is the parent's: there is nothing to join here.
        std::mem::forget(worker.thread);
    }
    crew.sessions.retain(|watched| watched.strong_count() > 0 && !watched.ptr_eq(session));
    crew.sessions.push(session.clone());
    if crew.worker.is_none() {
        let wake = Arc::new(Event::default());
        let first = wake.clone();
        let thread = thread::spawn("bearer-renewal", move || work(first))
            .map_err(|_| Error::new(Reason::Unexpected, "no thread could be started for refresh.ahead"))?;
        crew.worker = Some(Worker { thread, process: fork::generation(), wake, job: None });
    }
    crew.nudge();
    Ok(())
}

fn forget(session: &Weak<Session>) -> Result<()> {
    let (job, leaving) = {
        let mut crew = CREW.lock()?;
        crew.sessions.retain(|watched| !watched.ptr_eq(session));
        if crew.worker.as_ref().is_none_or(|worker| worker.process != fork::generation()) {
            return Ok(());
        }
        crew.nudge();
        let job = crew.worker.as_ref().and_then(|worker| worker.job.clone());
        let leaving = if crew.sessions.is_empty() { crew.worker.take() } else { None };
        (job.filter(|job| job.session.ptr_eq(session)), leaving)
    };
    if let Some(job) = &job {
        job.cancel.cancel();
    }
    // A hook that the thread runs may free its client: it does not wait for itself.
    if !IS_WORKER.get() {
        if let Some(job) = job {
            job.done.wait(Deadline::after(LONGEST), &Cancel::default());
        }
        if let Some(worker) = leaving {
            let _ = worker.thread.join();
        }
    }
    Ok(())
}

impl Crew {
    fn nudge(&self) {
        if let Some(worker) = &self.worker {
            worker.wake.signal();
        }
    }

    /// The session that is due first, and in how long.
    fn next(&self) -> (Duration, Option<Weak<Session>>) {
        let mut next = (LONGEST_NAP, None);
        for watched in &self.sessions {
            // While this lock is held nobody forgets the session, so it does not end here.
            if let Some(Ok(Some(left))) = watched.upgrade().map(|session| session.ahead_in())
                && left < next.0
            {
                next = (left, Some(watched.clone()));
            }
        }
        next
    }
}

/// The thread's life; `wake` is renewed for every nap.
fn work(mut wake: Arc<Event>) {
    IS_WORKER.set(true);
    loop {
        let (nap, due) = {
            let Ok(mut crew) = CREW.lock() else { return };
            let (nap, next) = crew.next();
            // Whoever took it out of the crew waits for its end.
            let Some(worker) = crew.worker.as_mut().filter(|worker| Arc::ptr_eq(&worker.wake, &wake)) else {
                return;
            };
            wake = Arc::default();
            worker.wake = wake.clone();
            let due = next.filter(|_| nap.is_zero()).and_then(|watched| Some((watched.upgrade()?, watched)));
            let due = due.map(|(session, watched)| {
                let job = Job { session: watched, cancel: Arc::default(), done: Arc::default() };
                worker.job = Some(job.clone());
                (session, job)
            });
            (nap, due)
        };
        match due {
            None => {
                wake.wait(Deadline::after(nap), &Cancel::default());
            }
            Some((session, job)) => {
                let deadline = Deadline::after(session.parts.config.http.timeout);
                let call = Call { deadline, cancel: job.cancel.clone() };
                // A bug inside has torn that session at most.
                let _ = catch_unwind(AssertUnwindSafe(|| session.renew_ahead(&call)));
                drop(session);
                if let Ok(mut crew) = CREW.lock()
                    && let Some(worker) =
                        crew.worker.as_mut().filter(|worker| Arc::ptr_eq(&worker.wake, &wake))
                {
                    worker.job = None;
                }
                job.done.signal();
            }
        }
    }
}
