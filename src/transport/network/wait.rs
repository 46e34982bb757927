//! Waiting for sockets, no longer than the call may run.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use super::exchange::{fail, fail_io};
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
    wait_any(&[socket.as_raw_fd()], until, None, call).map(drop)
}

/// The sockets that are ready, by their place; none where `patience` ran out first.
#[cfg(unix)]
pub(super) fn wait_any(
    sockets: &[std::os::fd::RawFd],
    until: Until,
    patience: Option<Duration>,
    call: &Call,
) -> io::Result<Vec<usize>> {
    use crate::clock::Deadline;
    // Where the system has no descriptor left for the cancel, we look at it this often.
    const WITHOUT_DESCRIPTOR: Duration = Duration::from_millis(10);
    let events = if until == Until::Readable { libc::POLLIN } else { libc::POLLOUT };
    let cancel = call.cancel.descriptor();
    let patience = patience.map(Deadline::after);
    let mut polled: Vec<_> = sockets.iter().map(|&fd| libc::pollfd { fd, events, revents: 0 }).collect();
    // poll(2) passes over negative descriptors.
    polled.push(libc::pollfd { fd: cancel.unwrap_or(-1), events: libc::POLLIN, revents: 0 });
    loop {
        call.check().map_err(fail)?;
        let mut turn = patience.map_or(call.deadline, |patience| patience.min(call.deadline)).remaining();
        if patience.is_some() && turn.is_zero() {
            return Ok(Vec::new());
        }
        if cancel.is_none() {
            turn = turn.min(WITHOUT_DESCRIPTOR);
        }
        // Rounded up, so that the last turn does not spin.
        let turn_ms = i32::try_from(turn.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX);
        // SAFETY: the pointer and the count are those of a vector that lives through the call.
        #[allow(unsafe_code)]
        let ready = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, turn_ms) };
        if ready < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(fail_io(error, "waiting"));
            }
            continue;
        }
        let ready: Vec<usize> = (0..sockets.len()).filter(|&place| polled[place].revents != 0).collect();
        if !ready.is_empty() && !call.cancel.is_cancelled() {
            return Ok(ready);
        }
    }
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
