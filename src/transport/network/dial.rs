//! Making a TCP connection that a deadline or a cancel can end, to whichever of a name's addresses answers first.

use std::net::{SocketAddr, TcpStream};

use crate::call::Call;
use crate::error::{Error, Reason, Result};

/// How long an address is waited for before the next one is tried beside it (RFC 8305 section 5).
#[cfg(unix)]
const HEAD_START: std::time::Duration = std::time::Duration::from_millis(250);

/// Connects to the first address that answers: one after the other, a little apart, IPv6 and IPv4 in turn.
pub(super) fn connect(addresses: &[SocketAddr], call: &Call) -> Result<TcpStream> {
    let stream = race(interleave(addresses), call)?;
    stream.set_nodelay(true).map_err(refused)?;
    Ok(stream)
}

/// The families in turn, beginning with the one that the system prefers (RFC 8305 section 4).
fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(first) = addresses.first() else { return Vec::new() };
    let (mut same, mut other): (Vec<_>, Vec<_>) = (Vec::new(), Vec::new());
    for &address in addresses {
        if address.is_ipv4() == first.is_ipv4() { same.push(address) } else { other.push(address) }
    }
    let rounds = same.len().max(other.len());
    (0..rounds)
        .flat_map(|round| same.get(round).copied().into_iter().chain(other.get(round).copied()))
        .collect()
}

fn refused(error: std::io::Error) -> Error {
    Error::new(Reason::Connect, format!("connecting: {}", error.kind()))
}

#[cfg(unix)]
fn race(addresses: Vec<SocketAddr>, call: &Call) -> Result<TcpStream> {
    use super::wait::{Until, wait_any};
    use socket2::Socket;
    use std::os::fd::AsRawFd;

    let mut last = Error::new(Reason::Connect, "the host name has no address");
    let mut to_come = addresses.into_iter();
    let mut running: Vec<Socket> = Vec::new();
    let mut may_start = true;
    loop {
        call.check()?;
        if may_start && let Some(address) = to_come.next() {
            match begin(address) {
                Ok((socket, true)) => return Ok(socket.into()),
                Ok((socket, false)) => running.push(socket),
                // Refused on the spot: the next one need not wait.
                Err(error) => {
                    last = refused(error);
                    continue;
                }
            }
        }
        if running.is_empty() {
            if to_come.len() == 0 {
                return Err(last);
            }
            continue;
        }
        let descriptors: Vec<_> = running.iter().map(AsRawFd::as_raw_fd).collect();
        let patience = (to_come.len() > 0).then_some(HEAD_START);
        let ready = wait_any(&descriptors, Until::Writable, patience, call).map_err(|_| {
            call.check().err().unwrap_or_else(|| Error::new(Reason::Connect, "connecting failed"))
        })?;
        may_start = true;
        for place in ready.into_iter().rev() {
            let socket = running.swap_remove(place);
            match socket.take_error() {
                Ok(None) => return Ok(socket.into()),
                Ok(Some(error)) | Err(error) => last = refused(error),
            }
        }
    }
}

/// A socket that has begun to connect, and whether it has done so already.
#[cfg(unix)]
fn begin(address: SocketAddr) -> std::io::Result<(socket2::Socket, bool)> {
    use socket2::{Domain, Protocol, Socket, Type};
    // socket2 sets what keeps SIGPIPE and the descriptors of children away.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => Ok((socket, true)),
        Err(error)
            if error.raw_os_error() == Some(libc::EINPROGRESS)
                || error.kind() == std::io::ErrorKind::WouldBlock =>
        {
            Ok((socket, false))
        }
        Err(error) => Err(error),
    }
}

/// One after the other, each with an equal share of the time.
#[cfg(not(unix))]
fn race(addresses: Vec<SocketAddr>, call: &Call) -> Result<TcpStream> {
    let mut last = Error::new(Reason::Connect, "the host name has no address");
    for (index, address) in addresses.iter().enumerate() {
        call.check()?;
        let share = call.deadline.remaining() / u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        match TcpStream::connect_timeout(address, share.max(std::time::Duration::from_millis(1))) {
            Ok(stream) => {
                stream.set_nonblocking(true).map_err(refused)?;
                return Ok(stream);
            }
            Err(error) => last = refused(error),
        }
    }
    call.check()?;
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn rfc_8305_families_take_turns() {
        let mixed = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "1.1.1.2:1"]);
        let wanted = addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "1.1.1.2:1", "[::3]:1"]);
        assert_eq!(interleave(&mixed), wanted);
        assert_eq!(interleave(&mixed[3..]), mixed[3..]);
        assert_eq!(interleave(&[]), []);
    }
}
