//! Waiting for sockets, no longer than the call may run.

use std::io;
use std::net::TcpStream;
#[cfg(unix)]
use std::time::Duration;

use super::exchange::{fail, fail_io};
use crate::call::Call;
pub(super) use crate::poll::Until;

/// Returns once the socket may be ready; fails once the call is over.
#[cfg(unix)]
pub(super) fn wait(socket: &TcpStream, until: Until, call: &Call) -> io::Result<()> {
    wait_any(&[crate::poll::descriptor(socket)], until, None, call).map(drop)
}

/// The sockets that are ready, by their place; none where `patience` ran out first.
#[cfg(unix)]
pub(super) fn wait_any(
    sockets: &[crate::poll::Descriptor],
    until: Until,
    patience: Option<Duration>,
    call: &Call,
) -> io::Result<Vec<usize>> {
    use crate::poll::{self, Stopped};
    poll::wait(sockets.iter().map(|&socket| (socket, until)), patience, call).map_err(|stopped| match stopped
    {
        Stopped::Call(error) => fail(error),
        Stopped::System(error) => fail_io(error, "waiting"),
    })
}

/// Without poll(2) the socket's own timeouts serve, in short turns so that a cancel is seen.
#[cfg(not(unix))]
pub(super) fn wait(socket: &TcpStream, until: Until, call: &Call) -> io::Result<()> {
    const TURN: Duration = Duration::from_millis(5);
    call.check().map_err(fail)?;
    if until == Until::Writable {
        std::thread::sleep(TURN);
        return Ok(());
    }
    socket.set_nonblocking(false)?;
    socket.set_read_timeout(Some(TURN))?;
    let peeked = socket.peek(&mut [0]);
    socket.set_nonblocking(true)?;
    match peeked {
        Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            Err(fail_io(error, "waiting"))
        }
        _ => Ok(()),
    }
}
