//! Waiting for a socket, no longer than the call may run.

use std::io;
use std::net::TcpStream;

use super::exchange::fail;
use crate::call::Call;

/// What is waited for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Until {
    Readable,
    Writable,
}

/// Returns once the socket may be ready; fails once the call is over.
#[cfg(unix)]
pub(super) fn wait(socket: &TcpStream, until: Until, call: &Call) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    wait_descriptor(socket.as_raw_fd(), until, call)
}

/// The same for a socket that is still connecting.
#[cfg(unix)]
pub(super) fn wait_descriptor(socket: std::os::fd::RawFd, until: Until, call: &Call) -> io::Result<()> {
    // Where the system has no descriptor left for the cancel, we look at it this often.
    const WITHOUT_DESCRIPTOR_MS: u128 = 10;
    let cancel = call.cancel.descriptor();
    loop {
        call.check().map_err(fail)?;
        let events = if until == Until::Readable { libc::POLLIN } else { libc::POLLOUT };
        let mut polled = [
            libc::pollfd { fd: socket, events, revents: 0 },
            // poll(2) passes over negative descriptors.
            libc::pollfd { fd: cancel.unwrap_or(-1), events: libc::POLLIN, revents: 0 },
        ];
        // Rounded up, so that the last turn does not spin.
        let left_ms = call.deadline.remaining().as_nanos().div_ceil(1_000_000);
        let turn_ms = if cancel.is_some() { left_ms } else { left_ms.min(WITHOUT_DESCRIPTOR_MS) };
        // SAFETY: `polled` is an array of two valid pollfd, which lives through the call.
        #[allow(unsafe_code)]
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), 2, i32::try_from(turn_ms).unwrap_or(i32::MAX)) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(super::exchange::fail_io(error, "waiting"));
            }
        } else if polled[0].revents != 0 && polled[1].revents == 0 {
            return Ok(());
        }
    }
}

/// Without poll(2) the socket's own timeouts serve, in short turns so that a cancel is seen.
#[cfg(not(unix))]
pub(super) fn wait(socket: &TcpStream, until: Until, call: &Call) -> io::Result<()> {
    use std::time::Duration;
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
            Err(super::exchange::fail_io(error, "waiting"))
        }
        _ => Ok(()),
    }
}
