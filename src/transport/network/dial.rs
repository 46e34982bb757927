//! Making a TCP connection that a deadline or a cancel can end.

use std::net::{SocketAddr, TcpStream};

use crate::call::Call;
use crate::clock::Deadline;
use crate::error::{Error, Reason, Result};

/// Connects to the first address that answers. Each gets an equal share of what is left of the time.
pub(super) fn connect(addresses: &[SocketAddr], call: &Call) -> Result<TcpStream> {
    let mut last = Error::new(Reason::Connect, "the host name has no address");
    for (index, &address) in addresses.iter().enumerate() {
        call.check()?;
        let share = call.deadline.remaining() / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let turn = Call { deadline: Deadline::after(share), cancel: call.cancel.clone() };
        match connect_one(address, &turn) {
            Ok(stream) => return Ok(stream),
            Err(error) if error.reason == Reason::Cancelled => return Err(error),
            Err(error) => last = error,
        }
    }
    call.check()?;
    Err(last)
}

#[cfg(unix)]
fn connect_one(address: SocketAddr, call: &Call) -> Result<TcpStream> {
    use super::wait::{Until, wait_descriptor};
    use socket2::{Domain, Protocol, Socket, Type};
    use std::os::fd::AsRawFd;

    let refused =
        |error: std::io::Error| Error::new(Reason::Connect, format!("connecting: {}", error.kind()));
    // socket2 sets what keeps SIGPIPE and descriptors of children away.
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP)).map_err(refused)?;
    socket.set_nonblocking(true).map_err(refused)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(libc::EINPROGRESS)
                || error.kind() == std::io::ErrorKind::WouldBlock =>
        {
            wait_descriptor(socket.as_raw_fd(), Until::Writable, call).map_err(|_| over(call))?;
            if let Some(error) = socket.take_error().map_err(refused)? {
                return Err(refused(error));
            }
        }
        Err(error) => return Err(refused(error)),
    }
    socket.set_tcp_nodelay(true).map_err(refused)?;
    Ok(socket.into())
}

#[cfg(not(unix))]
fn connect_one(address: SocketAddr, call: &Call) -> Result<TcpStream> {
    let refused =
        |error: std::io::Error| Error::new(Reason::Connect, format!("connecting: {}", error.kind()));
    let stream = TcpStream::connect_timeout(
        &address,
        call.deadline.remaining().max(std::time::Duration::from_millis(1)),
    )
    .map_err(refused)?;
    stream.set_nodelay(true).map_err(refused)?;
    stream.set_nonblocking(true).map_err(refused)?;
    call.check()?;
    Ok(stream)
}

fn over(call: &Call) -> Error {
    call.check().err().unwrap_or_else(|| Error::new(Reason::Connect, "connecting failed"))
}
