//! A socket as something that blocks.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use super::exchange::{fail, fail_io};
use super::wait::{Until, wait};
use crate::call::Call;

/// A socket that blocks for as long as a call may run.
pub(super) struct Blocking<'a> {
    socket: &'a TcpStream,
    call: &'a Call,
}

impl<'a> Blocking<'a> {
    /// Over a socket that is set to non-blocking.
    pub(super) fn new(socket: &'a TcpStream, call: &'a Call) -> Blocking<'a> {
        Blocking { socket, call }
    }

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
