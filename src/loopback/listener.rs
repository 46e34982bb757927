//! Listeners on both loopback addresses with one port.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::address::{Address, Host};
use crate::error::{Error, Reason, Result};

/// The system's port may be taken at the other address; then it is asked for another, so often.
const TRIES: usize = 16;

/// One or two.
pub(super) struct Listeners(Vec<TcpListener>);

impl Listeners {
    /// Listens at both addresses where the machine has both; each that the host stands for must be free.
    pub(super) fn open(address: &Address) -> Result<(Listeners, u16)> {
        let (v4, v6) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST));
        let (first, second) = if address.host == Host::V6 { (v6, v4) } else { (v4, v6) };
        let mut tries = if address.port.is_some() { 1 } else { TRIES };
        loop {
            tries -= 1;
            let listener =
                listen(first, address.port.unwrap_or(0)).map_err(|error| failed(address, &error))?;
            let port = listener.local_addr().map_err(|error| failed(address, &error))?.port();
            match listen(second, port) {
                Ok(other) => return Ok((Listeners(vec![listener, other]), port)),
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    if tries == 0 && address.host == Host::Name {
                        // Browsers look at ::1 first, where somebody else would get the code.
                        return Err(failed(address, &error));
                    }
                    if tries == 0 {
                        return Ok((Listeners(vec![listener]), port));
                    }
                }
                // A machine without the other family.
                Err(_) => return Ok((Listeners(vec![listener]), port)),
            }
        }
    }

    pub(super) fn all(&self) -> &[TcpListener] {
        &self.0
    }
}

fn listen(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::new(address, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // A port that served a login a moment ago may serve the next. On Windows it would let others share it.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}

fn failed(address: &Address, error: &io::Error) -> Error {
    let port = address.port.map_or(String::new(), |port| format!(" port {port}"));
    Error::new(Reason::Listen, format!("listening on this machine's loopback{port}: {}", error.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(listeners: &Listeners) -> Vec<SocketAddr> {
        listeners.all().iter().map(|listener| listener.local_addr().unwrap()).collect()
    }

    #[test]
    fn both_addresses_have_one_port() {
        let (listeners, port) = Listeners::open(&Address::default()).unwrap();
        let addresses = ports(&listeners);
        assert!(addresses.iter().all(|address| address.port() == port && address.ip().is_loopback()));
        assert!(addresses[0].is_ipv4());
        assert_eq!(addresses.len(), 1 + usize::from(listen(IpAddr::V6(Ipv6Addr::LOCALHOST), 0).is_ok()));
    }

    #[test]
    fn a_port_that_is_taken_is_an_error_that_names_it() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = |uri: String| Listeners::open(&Address::parse(&uri).unwrap()).err().unwrap();
        let message = error(format!("http://127.0.0.1:{port}/")).message.clone();
        assert!(message.contains(&format!("port {port}")), "{message}");
        assert_eq!(error(format!("http://localhost:{port}/")).reason, Reason::Listen);
    }

    #[test]
    fn localhost_is_not_shared_with_whoever_has_the_other_address() {
        // Of some ports that are free at ::1, 127.0.0.1 has another user already.
        for _ in 0..100 {
            let Ok(taken) = TcpListener::bind("[::1]:0") else { return };
            let port = taken.local_addr().unwrap().port();
            let open =
                |host: &str| Listeners::open(&Address::parse(&format!("http://{host}:{port}/")).unwrap());
            let Ok((listeners, _)) = open("127.0.0.1") else { continue };
            assert_eq!(ports(&listeners).len(), 1);
            drop(listeners);
            assert_eq!(open("localhost").err().unwrap().reason, Reason::Listen);
            return;
        }
        panic!("no port is free");
    }
}
