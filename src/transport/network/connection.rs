//! One connection as ureq uses it: a socket that never blocks, TLS or not, and buffers that are wiped.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use super::buffers::WipedBuffers;
use super::exchange::{Shared, fail, fail_io};
use super::wait::{Until, wait};
use crate::call::Call;
#[cfg(feature = "tls")]
use crate::error::{Error, Reason};

pub(super) struct Connection {
    socket: TcpStream,
    #[cfg(feature = "tls")]
    tls: Option<Box<rustls::ClientConnection>>,
    buffers: WipedBuffers,
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
            socket,
            #[cfg(feature = "tls")]
            tls: None,
            buffers: WipedBuffers::default(),
        }
    }

    /// Goes on with TLS, whose handshake is done.
    #[cfg(feature = "tls")]
    pub(super) fn with_tls(mut self, tls: rustls::ClientConnection) -> Connection {
        self.tls = Some(Box::new(tls));
        self
    }

    /// The socket as something that blocks, for the length of a call.
    #[cfg(feature = "tls")]
    pub(super) fn blocking<'a>(&'a self, call: &'a Call) -> Blocking<'a> {
        Blocking { socket: &self.socket, call }
    }

    fn write_all(&mut self, amount: usize, call: &Call) -> io::Result<()> {
        let Connection { socket, buffers, .. } = self;
        let output = &buffers.output()[..amount];
        let mut blocking = Blocking { socket, call };
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            tls.writer().write_all(output)?;
            while tls.wants_write() {
                tls.write_tls(&mut blocking)?;
            }
            return Ok(());
        }
        blocking.write_all(output)
    }

    fn read(&mut self, call: &Call) -> io::Result<usize> {
        let Connection { socket, buffers, .. } = self;
        let room = buffers.input_append_buf();
        let mut blocking = Blocking { socket, call };
        #[cfg(feature = "tls")]
        let read = match &mut self.tls {
            Some(tls) => read_tls(tls, &mut blocking, room),
            None => blocking.read(room),
        };
        #[cfg(not(feature = "tls"))]
        let read = blocking.read(room);
        let n = read?;
        buffers.input_appended(n);
        Ok(n)
    }

    /// Whether the peer has sent or closed anything since the last answer.
    fn is_quiet(&mut self) -> bool {
        match self.socket.peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => true,
            #[cfg(feature = "tls")]
            Ok(1..) => match &mut self.tls {
                // Session tickets may come at any time; anything else was not asked for.
                Some(tls) => {
                    matches!(tls.read_tls(&mut self.socket), Ok(1..))
                        && tls.process_new_packets().is_ok_and(|state| {
                            state.plaintext_bytes_to_read() == 0 && !state.peer_has_closed()
                        })
                }
                None => false,
            },
            _ => false,
        }
    }
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
        if amount > 0 {
            shared.mark_sent();
        }
        self.write_all(amount, &shared.call)?;
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let shared = Shared::current()?;
        let n = self.read(&shared.call)?;
        shared.mark_received(n).map_err(fail)?;
        Ok(n > 0)
    }

    /// Asked before a connection is kept and before it is used again.
    fn is_open(&mut self) -> bool {
        let is_open = self.buffers.is_empty() && self.is_quiet();
        self.buffers.release();
        is_open
    }

    #[cfg(feature = "tls")]
    fn is_tls(&self) -> bool {
        self.tls.is_some()
    }
}

/// A socket that blocks for as long as a call may run.
pub(super) struct Blocking<'a> {
    socket: &'a TcpStream,
    call: &'a Call,
}

impl Blocking<'_> {
    fn until_done(
        &self,
        until: Until,
        mut attempt: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            match attempt(self.socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wait(self.socket, until, self.call)?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let doing = if until == Until::Readable { "receiving" } else { "sending" };
                    return Err(fail_io(error, doing));
                }
                Ok(n) => return Ok(n),
            }
        }
    }
}

impl Read for Blocking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A peer that never stops sending must not keep a call beyond its deadline.
        self.call.check().map_err(fail)?;
        self.until_done(Until::Readable, |mut socket| socket.read(buffer))
    }
}

impl Write for Blocking<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call.check().map_err(fail)?;
        self.until_done(Until::Writable, |mut socket| socket.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
