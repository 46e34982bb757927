//! One connection as ureq uses it: a socket that never blocks, TLS or not, and buffers that are wiped.

#[cfg(feature = "tls")]
use std::io::Write;
use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use zeroize::Zeroizing;

use super::blocking::Blocking;
use super::buffers::WipedBuffers;
use super::course::Course;
use super::exchange::{Shared, fail};
use super::wait::{Until, wait};
use crate::call::Call;
use crate::error::{Error, Reason};
use crate::fork;
use crate::secret::{Secret, Wiped};

pub(super) struct Connection {
    socket: Arc<TcpStream>,
    #[cfg(feature = "tls")]
    tls: Option<Box<rustls::ClientConnection>>,
    buffers: WipedBuffers,
    /// Of the process that made it: its child closes it without a word.
    generation: u64,
    /// Whether it has carried an exchange.
    has_served: bool,
    /// Nothing can have come yet: looking before waiting would be a system call for nothing.
    awaits_answer: bool,
    /// What a request line becomes on its way through a proxy.
    via: Option<Via>,
    course: Course,
}

/// How requests to a plain http server are written for its proxy (RFC 9112 section 3.2.2).
pub(super) struct Via {
    /// Stands before the path: `http://host:port`.
    pub(super) origin: String,
    /// The `proxy-authorization` header's value.
    pub(super) authorization: Option<Secret>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Connection {
    /// Over a socket that is set to non-blocking.
    pub(super) fn plain(socket: TcpStream) -> Connection {
        Connection {
            socket: Arc::new(socket),
            #[cfg(feature = "tls")]
            tls: None,
            buffers: WipedBuffers::default(),
            generation: fork::generation(),
            has_served: false,
            awaits_answer: false,
            via: None,
            course: Course::default(),
        }
    }

    /// Requests go through a proxy that reads them.
    pub(super) fn through(mut self, via: Via) -> Connection {
        self.via = Some(via);
        self
    }

    /// Goes on with TLS, whose handshake is done.
    #[cfg(feature = "tls")]
    pub(super) fn with_tls(mut self, tls: rustls::ClientConnection) -> Connection {
        self.tls = Some(Box::new(tls));
        self
    }

    /// The socket as something that blocks, for the length of a call.
    pub(super) fn blocking<'a>(&'a self, call: &'a Call) -> Blocking<'a> {
        Blocking::new(&self.socket, call)
    }

    /// This connection as somebody else goes on with it; what is left here is of no use any more.
    fn leave(&mut self) -> Connection {
        Connection {
            socket: self.socket.clone(),
            #[cfg(feature = "tls")]
            tls: self.tls.take(),
            buffers: WipedBuffers::default(),
            generation: self.generation,
            has_served: self.has_served,
            awaits_answer: false,
            via: self.via.take(),
            course: std::mem::take(&mut self.course).again(),
        }
    }

    /// Keeps the connection for whoever goes on, where only the call has ended.
    fn leave_if_over<T>(&mut self, outcome: io::Result<T>, shared: &Shared) -> io::Result<T> {
        if outcome.is_err() && self.course.has_begun() && shared.is_left_by_its_call() {
            shared.keep(Box::new(self.leave()));
        }
        outcome
    }

    /// Takes bytes of ureq's over and writes them.
    fn transmit(&mut self, amount: usize, is_first: bool, call: &Call) -> io::Result<()> {
        let Connection { socket, buffers, via, course, .. } = self;
        let repeated = course.repeated.min(amount);
        let output = &buffers.output()[repeated..amount];
        course.taken += amount;
        course.repeated -= repeated;
        let mut blocking = Blocking::new(socket, call);
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            tls.writer().write_all(output)?;
            while tls.wants_write() {
                tls.write_tls(&mut blocking)?;
            }
            return Ok(());
        }
        let unsent = std::mem::take(&mut course.unsent);
        course.write(&unsent, &mut blocking)?;
        match via {
            Some(via) if is_first && !output.is_empty() => course.write(&via.rewrite(output), &mut blocking),
            _ => course.write(output, &mut blocking),
        }
    }

    fn read(&mut self, keeps: bool, call: &Call) -> io::Result<usize> {
        let Connection { socket, buffers, course, .. } = self;
        let room = buffers.input_append_buf();
        if room.is_empty() {
            return Err(fail(Error::new(Reason::Framing, "the answer has a head or a line without end")));
        }
        let again = &course.received.expose()[course.shown..];
        if !again.is_empty() {
            let n = again.len().min(room.len());
            room[..n].copy_from_slice(&again[..n]);
            course.shown += n;
            buffers.input_appended(n);
            return Ok(n);
        }
        let mut blocking = Blocking::new(socket, call);
        #[cfg(feature = "tls")]
        let has_more = self.tls.as_mut().is_some_and(|tls| !is_read_up(tls));
        #[cfg(not(feature = "tls"))]
        let has_more = false;
        if std::mem::take(&mut self.awaits_answer) && !has_more {
            wait(socket, Until::Readable, call)?;
        }
        #[cfg(feature = "tls")]
        let read = match &mut self.tls {
            Some(tls) => read_tls(tls, &mut blocking, room),
            None => blocking.read(room),
        };
        #[cfg(not(feature = "tls"))]
        let read = blocking.read(room);
        let n = read?;
        if keeps {
            course.received.extend(&room[..n]).map_err(fail)?;
            course.shown += n;
        }
        buffers.input_appended(n);
        Ok(n)
    }

    /// Whether the peer has neither sent nor closed anything since the last answer.
    fn is_quiet(&mut self) -> bool {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return is_read_up(tls)
                && match self.socket.peek(&mut [0]) {
                    // Session tickets may come at any time; anything else was not asked for.
                    Ok(1..) => matches!(tls.read_tls(&mut &*self.socket), Ok(1..)) && is_read_up(tls),
                    Err(error) => error.kind() == io::ErrorKind::WouldBlock,
                    Ok(0) => false,
                };
        }
        matches!(self.socket.peek(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// Whether everything that has left the socket was read from TLS too: one record may hold more than was asked for.
#[cfg(feature = "tls")]
fn is_read_up(tls: &mut rustls::ClientConnection) -> bool {
    tls.process_new_packets()
        .is_ok_and(|state| state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed())
}

#[cfg(feature = "tls")]
fn read_tls(
    tls: &mut rustls::ClientConnection,
    blocking: &mut Blocking<'_>,
    room: &mut [u8],
) -> io::Result<usize> {
    loop {
        match tls.reader().read(room) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            // Whoever cuts the wire can end a TCP connection, but not say goodbye in TLS.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(fail(Error::new(
                    Reason::Truncated,
                    "the TLS connection was cut without close_notify",
                )));
            }
            outcome => return outcome,
        }
        tls.read_tls(blocking)?;
        if let Err(error) = tls.process_new_packets() {
            // Says to the peer what was wrong, where that is still possible.
            let _ = tls.write_tls(blocking);
            return Err(fail(super::tls::describe(&error)));
        }
        while tls.wants_write() {
            tls.write_tls(blocking)?;
        }
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let shared = Shared::current()?;
        let check = shared.check().map_err(fail);
        self.leave_if_over(check, &shared)?;
        if shared.is_broken() {
            return Ok(());
        }
        let is_first = !shared.is_sent();
        shared.mark_sent(self.has_served);
        self.awaits_answer = true;
        match self.transmit(amount, is_first, &shared.call) {
            Err(_) if shared.put_off_failure() => Ok(()),
            outcome => Ok(self.leave_if_over(outcome, &shared)?),
        }
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let shared = Shared::current()?;
        let read = match shared.check() {
            Ok(()) => self.read(shared.may_be_parked, &shared.call),
            Err(error) => Err(fail(error)),
        };
        let n = self.leave_if_over(read, &shared)?;
        shared.mark_received(n).map_err(fail)?;
        Ok(n > 0)
    }

    /// Asked before a connection is kept, and before it is used again. What comes between the two is seen at the
    /// second look, so the first makes no system call.
    fn is_open(&mut self) -> bool {
        let Ok(shared) = Shared::current() else { return false };
        if self.generation != fork::generation() || !self.buffers.is_empty() {
            return false;
        }
        self.buffers.release();
        self.course = Course::default();
        if shared.is_sent() {
            self.has_served = true;
            return shared.has_sound_head();
        }
        !shared.wants_fresh && self.is_quiet()
    }

    #[cfg(feature = "tls")]
    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

impl Via {
    /// The request's first bytes, which hold its first line, with the origin before the path and the proxy's header
    /// behind the line.
    fn rewrite(&self, output: &[u8]) -> Zeroizing<Vec<u8>> {
        let path = output.iter().position(|&byte| byte == b' ').map_or(0, |space| space + 1);
        let line = output.iter().position(|&byte| byte == b'\n').map_or(output.len(), |newline| newline + 1);
        let header = match &self.authorization {
            Some(value) => Wiped::new(format!("proxy-authorization: {}\r\n", value.expose())),
            None => Wiped::default(),
        };
        let mut rewritten =
            Zeroizing::new(Vec::with_capacity(output.len() + self.origin.len() + header.len()));
        for part in
            [&output[..path], self.origin.as_bytes(), &output[path..line], header.as_bytes(), &output[line..]]
        {
            rewritten.extend_from_slice(part);
        }
        rewritten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p_7_a_request_for_a_proxy_has_the_absolute_form() {
        let via = |authorization: Option<&str>| Via {
            origin: "http://h:81".into(),
            authorization: authorization.map(Secret::from),
        };
        let request = b"GET /a?b HTTP/1.1\r\nhost: h:81\r\n\r\n";
        assert_eq!(*via(None).rewrite(request), b"GET http://h:81/a?b HTTP/1.1\r\nhost: h:81\r\n\r\n");
        assert_eq!(
            *via(Some("Basic eA==")).rewrite(request),
            b"GET http://h:81/a?b HTTP/1.1\r\nproxy-authorization: Basic eA==\r\nhost: h:81\r\n\r\n"
        );
    }
}
