//! Looking host names up through the system, so that mDNS and hosts files work.
//!
//! getaddrinfo cannot be interrupted. It runs on one thread that all clients share; a call waits for it no longer
//! than it may run, and leaves a slow lookup behind.

use std::collections::VecDeque;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread::Thread;
use std::time::Duration;

use crate::call::Call;
use crate::cancel::Event;
use crate::clock::Deadline;
use crate::error::{Error, Reason, Result};
use crate::fork::{self, Lock};
use crate::thread;
use crate::url::Url;

/// An idle thread goes away after this long; the next lookup starts another.
const IDLE: Duration = Duration::from_secs(60);

/// The addresses of a URL's host and port, in the system's order of preference.
pub(super) fn addresses(url: &Url, call: &Call) -> Result<Vec<SocketAddr>> {
    if let Some(address) = url.ip() {
        return Ok(vec![SocketAddr::new(address, url.port())]);
    }
    let lookup = Arc::new(Lookup {
        host: url.host().to_owned(),
        port: url.port(),
        done: Arc::default(),
        found: Lock::default(),
    });
    enqueue(lookup.clone())?;
    call.wait(&lookup.done)?;
    match lookup.found.lock_whole().take() {
        Some(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::new(Reason::Dns, "the host name could not be looked up")),
    }
}

struct Lookup {
    host: String,
    port: u16,
    done: Arc<Event>,
    found: Lock<Option<Vec<SocketAddr>>>,
}

struct Queue {
    waiting: VecDeque<Arc<Lookup>>,
    worker: Option<Worker>,
}

struct Worker {
    thread: Thread,
    /// Of the process that it runs in: a child has only the thread that forked.
    generation: u64,
}

static QUEUE: Lock<Queue> = Lock::new(Queue { waiting: VecDeque::new(), worker: None });

fn enqueue(lookup: Arc<Lookup>) -> Result<()> {
    let mut queue = QUEUE.lock_whole();
    if queue.worker.as_ref().is_none_or(|worker| worker.generation != fork::generation()) {
        queue.waiting.clear();
        let started = thread::spawn("bearer-lookup", work)
            .map_err(|_| Error::new(Reason::Dns, "no thread could be started to look the host name up"))?;
        queue.worker = Some(Worker { thread: started.thread().clone(), generation: fork::generation() });
    }
    queue.waiting.push_back(lookup);
    if let Some(worker) = &queue.worker {
        worker.thread.unpark();
    }
    Ok(())
}

fn work() {
    let mut is_last_look = false;
    loop {
        let next = {
            let mut queue = QUEUE.lock_whole();
            let next = queue.waiting.pop_front();
            if next.is_none() && is_last_look {
                queue.worker = None;
                return;
            }
            next
        };
        match next {
            Some(lookup) => {
                is_last_look = false;
                // Nobody else holds it where the call that asked has left.
                if Arc::strong_count(&lookup) > 1 {
                    let found = (lookup.host.as_str(), lookup.port).to_socket_addrs().map(Iterator::collect);
                    *lookup.found.lock_whole() = found.ok();
                    lookup.done.signal();
                }
            }
            None => {
                let idle = Deadline::after(IDLE);
                std::thread::park_timeout(IDLE);
                is_last_look = idle.has_passed();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
