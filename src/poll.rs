//! Waiting for sockets with poll(2), which also watches the cancel: no longer than the call may run.

use std::io;
use std::time::Duration;

use crate::call::Call;
use crate::clock::Deadline;
use crate::error::Error;

/// What is waited for.
#[derive(Clone, Copy, PartialEq)]
pub enum Until {
    /// There is something to read, or to accept.
    Readable,
    /// It takes more bytes.
    Writable,
}

/// Why the waiting ended without a socket.
pub enum Stopped {
    /// The call is over.
    Call(Error),
    /// The system refused.
    System(io::Error),
}

/// A socket as poll(2) knows it.
#[cfg(unix)]
pub type Descriptor = std::os::fd::RawFd;

/// The descriptor of a socket.
#[cfg(unix)]
pub fn descriptor(socket: &impl std::os::fd::AsRawFd) -> Descriptor {
    socket.as_raw_fd()
}

/// The sockets that are ready, by their place; none where `patience` ran out first.
#[cfg(unix)]
pub fn wait(
    sockets: impl Iterator<Item = (Descriptor, Until)>,
    patience: Option<Duration>,
    call: &Call,
) -> Result<Vec<usize>, Stopped> {
    // Where the system has no descriptor left for the cancel, we look at it this often.
    const WITHOUT_DESCRIPTOR: Duration = Duration::from_millis(10);
    let cancel = call.cancel.descriptor();
    let patience = patience.map(Deadline::after);
    let mut polled: Vec<_> = sockets
        .map(|(fd, until)| {
            let events = if until == Until::Readable { libc::POLLIN } else { libc::POLLOUT };
            libc::pollfd { fd, events, revents: 0 }
        })
        .collect();
    let count = polled.len();
    // poll(2) passes over negative descriptors.
    polled.push(libc::pollfd { fd: cancel.unwrap_or(-1), events: libc::POLLIN, revents: 0 });
    loop {
        call.check().map_err(Stopped::Call)?;
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
                return Err(Stopped::System(error));
            }
            continue;
        }
        let ready: Vec<usize> = (0..count).filter(|&place| polled[place].revents != 0).collect();
        if !ready.is_empty() && !call.cancel.is_cancelled() {
            return Ok(ready);
        }
    }
}

/// There is none to give.
#[cfg(not(unix))]
pub type Descriptor = ();

/// Without poll(2) there is nothing to know a socket by.
#[cfg(not(unix))]
pub fn descriptor<T>(_: &T) -> Descriptor {}

/// Without poll(2): after a short turn, each of the sockets may be ready, as far as anybody knows.
#[cfg(not(unix))]
pub fn wait(
    sockets: impl Iterator<Item = (Descriptor, Until)>,
    patience: Option<Duration>,
    call: &Call,
) -> Result<Vec<usize>, Stopped> {
    const TURN: Duration = Duration::from_millis(5);
    call.check().map_err(Stopped::Call)?;
    let nap = Deadline::after(patience.map_or(TURN, |patience| patience.min(TURN)));
    std::thread::sleep(nap.min(call.deadline).remaining());
    Ok((0..sockets.count()).collect())
}
