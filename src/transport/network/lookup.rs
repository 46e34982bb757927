//! Looking host names up through the system, so that mDNS and hosts files work.
//!
//! getaddrinfo cannot be interrupted. It runs on one thread that all clients share; a call waits for it no longer
//! than it may run, and leaves a slow lookup behind.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::call::Call;
use crate::cancel::Event;
use crate::error::{Error, Reason, Result};
use crate::url::Url;

/// An idle thread goes away after this long; the next lookup starts another.
const IDLE: Duration = Duration::from_secs(60);

/// The addresses of a URL's host, in the system's order of preference.
pub(super) fn addresses(url: &Url, call: &Call) -> Result<Vec<SocketAddr>> {
    let host = url.host();
    if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, url.port())]);
    }
    let lookup = Arc::new(Lookup {
        host: host.to_owned(),
        port: url.port(),
        done: Arc::default(),
        found: Mutex::default(),
    });
    enqueue(lookup.clone())?;
    call.wait(&lookup.done)?;
    match lock(&lookup.found).take() {
        Some(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::new(Reason::Dns, "the host name could not be looked up")),
    }
}

struct Lookup {
    host: String,
    port: u16,
    done: Arc<Event>,
    found: Mutex<Option<Vec<SocketAddr>>>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Arc<Lookup>>,
    thread_runs: bool,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { waiting: VecDeque::new(), thread_runs: false });
static ADDED: Condvar = Condvar::new();

fn enqueue(lookup: Arc<Lookup>) -> Result<()> {
    let mut queue = lock(&QUEUE);
    queue.waiting.push_back(lookup);
    if !queue.thread_runs {
        let started = std::thread::Builder::new().name("bearer-lookup".into()).spawn(work);
        if started.is_err() {
            queue.waiting.pop_back();
            return Err(Error::new(Reason::Dns, "no thread could be started to look the host name up"));
        }
        queue.thread_runs = true;
    }
    ADDED.notify_one();
    Ok(())
}

fn work() {
    let mut queue = lock(&QUEUE);
    loop {
        while let Some(lookup) = queue.waiting.pop_front() {
            drop(queue);
            // Nobody else holds it: the call that asked has left.
            if Arc::strong_count(&lookup) > 1 {
                let found = (lookup.host.as_str(), lookup.port).to_socket_addrs().map(Iterator::collect);
                *lock(&lookup.found) = found.ok();
                lookup.done.signal();
            }
            queue = lock(&QUEUE);
        }
        let (woken, timeout) = ADDED.wait_timeout(queue, IDLE).unwrap_or_else(PoisonError::into_inner);
        queue = woken;
        if timeout.timed_out() && queue.waiting.is_empty() {
            queue.thread_runs = false;
            return;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Deadline;

    fn call() -> Call {
        Call { deadline: Deadline::after(Duration::from_secs(20)), cancel: Arc::default() }
    }

    #[test]
    fn addresses_need_no_lookup_and_localhost_is_found() {
        let found = addresses(&Url::parse("http://[::1]:81/").unwrap(), &call()).unwrap();
        assert_eq!(found, ["[::1]:81".parse().unwrap()]);
        let found = addresses(&Url::parse("http://localhost:81/").unwrap(), &call()).unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 81));
    }

    #[test]
    fn n_1_an_unknown_name_is_unavailable_and_a_cancelled_call_does_not_wait() {
        let unknown = Url::parse("http://does-not-exist.invalid/").unwrap();
        assert_eq!(addresses(&unknown, &call()).unwrap_err().reason, Reason::Dns);
        let call = call();
        call.cancel.cancel();
        assert_eq!(addresses(&unknown, &call).unwrap_err().reason, Reason::Cancelled);
    }
}
