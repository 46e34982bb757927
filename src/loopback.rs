//! Where a browser comes back to this machine (RFC 8252 section 7.3): two listeners for one request. Whatever else
//! knocks there is sent away, and the waiting goes on; one poll loop on the caller's thread serves all of it.

mod address;
mod connection;
mod listener;
mod page;
mod request;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::time::Duration;

use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::poll::{self, Stopped, Until};
use crate::secret::Wiped;

pub use address::Address;
use connection::{Connection, Step};
use listener::Listeners;
pub use page::Page;
use request::Expected;

/// Open at once; of more, the oldest is closed.
const MOST: usize = 64;
/// From its first byte to its last, a connection has this long.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answered browser may take to close its side.
const GOODBYE: Duration = Duration::from_millis(500);
/// The clock that the waiting goes by may be another than the one that poll(2) does, and may jump with a suspend.
const NAP: Duration = Duration::from_secs(1);
/// Accepted in one turn, so that those that are open get theirs.
const AT_ONCE: usize = 16;
/// Where the system has no descriptor for another connection, nobody is let in for this long.
const SHUT: Duration = Duration::from_millis(100);

/// Open for one return.
pub struct Loopback {
    listeners: Listeners,
    expected: Expected,
    /// In the order of their coming.
    connections: Vec<Connection>,
}

/// The browser that came back, waiting for its page.
pub struct Return {
    connection: Connection,
    /// Of the URL that it asked for.
    pub query: Wiped,
}

impl Loopback {
    /// Listens at this address; the result is its whole URL, too.
    pub fn open(address: &Address) -> Result<(Loopback, String)> {
        let (listeners, port) = Listeners::open(address)?;
        let expected = Expected { port, path: address.path.clone() };
        Ok((Loopback { listeners, expected, connections: Vec::new() }, address.redirect_uri(port)))
    }

    /// Waits for the request with a query that is the right one; `None` once the clock shows `until`. Nobody is
    /// listened to from then on.
    pub fn wait(
        mut self,
        is_right: &dyn Fn(&str) -> bool,
        clock: &dyn Fn() -> Duration,
        until: Duration,
        call: &Call,
    ) -> Result<Option<Return>> {
        let mut is_shut = false;
        loop {
            let now = clock();
            if now >= until {
                return Ok(None);
            }
            self.connections.retain(|connection| now < connection.since + PATIENCE);
            let oldest = self.connections.first().map_or(until, |connection| connection.since + PATIENCE);
            let mut patience = NAP.min(oldest.min(until).saturating_sub(now));
            if is_shut {
                patience = patience.min(SHUT);
            }
            let listening = if is_shut { &[] } else { self.listeners.all() };
            let polled = listening.iter().map(|listener| (poll::descriptor(listener), Until::Readable));
            let open = self.connections.iter().map(Connection::polled);
            let ready = match poll::wait(polled.chain(open), Some(patience), call) {
                Ok(ready) => ready,
                Err(Stopped::Call(error)) => return Err(error),
                Err(Stopped::System(error)) => {
                    return Err(Error::new(Reason::Unexpected, format!("waiting: {}", error.kind())));
                }
            };
            let count = listening.len();
            for &place in ready.iter().rev().filter(|&&place| place >= count) {
                if let Some(back) = self.step(place - count, is_right) {
                    return Ok(Some(back));
                }
            }
            is_shut = false;
            for place in ready.into_iter().filter(|&place| place < count) {
                match self.let_in(place, clock(), is_right) {
                    Ok(Some(back)) => return Ok(Some(back)),
                    Ok(None) => {}
                    Err(Full) => is_shut = true,
                }
            }
        }
    }

    /// One step of the connection at this place, which may be its last.
    fn step(&mut self, place: usize, is_right: &dyn Fn(&str) -> bool) -> Option<Return> {
        match self.connections[place].step(&self.expected) {
            Step::Wait => None,
            Step::Gone => {
                self.connections.remove(place);
                None
            }
            Step::Asked(query) if is_right(&query) => {
                Some(Return { connection: self.connections.remove(place), query })
            }
            Step::Asked(_) => {
                // A path that exists only for the one who knows the state.
                self.connections[place].answer(page::refusal(404));
                self.step(place, is_right)
            }
        }
    }

    fn let_in(
        &mut self,
        place: usize,
        now: Duration,
        is_right: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Return>, Full> {
        for _ in 0..AT_ONCE {
            let socket = match self.listeners.all()[place].accept() {
                Ok((socket, _)) => socket,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(None),
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                        continue;
                    }
                    _ => return Err(Full),
                },
            };
            if socket.set_nonblocking(true).is_err() {
                continue;
            }
            if self.connections.len() == MOST {
                self.connections.remove(0);
            }
            self.connections.push(Connection::new(socket, now));
            // Most have sent their request by now.
            if let Some(back) = self.step(self.connections.len() - 1, is_right) {
                return Ok(Some(back));
            }
        }
        Ok(None)
    }
}

/// The system has no descriptor left.
struct Full;

impl Return {
    /// Shows the page, also where the call is over: it then goes out if the browser takes it at once.
    pub fn answer(mut self, page: Page, call: &Call) {
        self.connection.answer(page::answer(page));
        let goodbye =
            Call { deadline: call.deadline.min(crate::clock::Deadline::after(GOODBYE)), ..call.clone() };
        while let Step::Wait = self.connection.go_on() {
            if poll::wait(std::iter::once(self.connection.polled()), None, &goodbye).is_err() {
                return;
            }
        }
    }
}
