//! A connection's byte stream, plain or TLS, and the ways to end it.

use rustls::ServerConnection;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an ending connection is given to take what was sent.
const LINGER: Duration = Duration::from_secs(2);

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order: close_notify where there is TLS, then FIN.
    Close,
    /// FIN, without close_notify.
    Abrupt,
    /// In order, while the peer may still be sending. Closing at once would answer
    /// that with RST, and RST would take our last bytes from the peer.
    Linger,
    /// RST.
    Reset,
}

/// The byte stream.
pub struct Stream {
    tcp: Arc<TcpStream>,
    tls: Option<Box<ServerConnection>>,
}

impl Stream {
    /// Wraps an accepted connection.
    pub fn new(tcp: Arc<TcpStream>, tls: Option<Box<ServerConnection>>) -> Self {
        Self { tcp, tls }
    }

    /// The certificate that the client showed.
    pub fn certificate(&self) -> Option<&[u8]> {
        Some(self.tls.as_ref()?.peer_certificates()?.first()?)
    }

    /// Ends the connection. Nobody else may own the socket any more, since the last
    /// owner is the one that closes it.
    pub fn end(mut self, end: End) {
        if end == End::Reset {
            reset_on_close(&self.tcp);
            return;
        }
        // None of these can be helped, or matter, once the peer is gone.
        let _ = self.tcp.set_write_timeout(Some(LINGER));
        let _ = self.tcp.set_read_timeout(Some(LINGER));
        if let Some(tls) = self.tls.as_mut().filter(|_| end != End::Abrupt) {
            tls.send_close_notify();
            while tls.wants_write() {
                if tls.write_tls(&mut &*self.tcp).is_err() {
                    break;
                }
            }
        }
        let _ = self.tcp.shutdown(Shutdown::Write);
        if end != End::Linger && self.tcp.set_nonblocking(true).is_err() {
            return;
        }
        self.discard_input();
    }

    /// Reads and forgets what the peer still sends, for it would turn FIN into RST.
    fn discard_input(&self) {
        let deadline = Instant::now() + LINGER;
        let mut scratch = [0; 16 * 1024];
        while Instant::now() < deadline {
            match (&*self.tcp).read(&mut scratch) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut tcp = &*self.tcp;
        match &mut self.tls {
            None => tcp.read(buffer),
            Some(tls) => match rustls::Stream::new(tls.as_mut(), &mut tcp).read(buffer) {
                // The peer left without close_notify; a server need not mind.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
                read => read,
            },
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut tcp = &*self.tcp;
        match &mut self.tls {
            None => tcp.write(bytes),
            Some(tls) => rustls::Stream::new(tls.as_mut(), &mut tcp).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut tcp = &*self.tcp;
        match &mut self.tls {
            None => tcp.flush(),
            Some(tls) => rustls::Stream::new(tls.as_mut(), &mut tcp).flush(),
        }
    }
}

/// Makes the close of a socket send RST in place of FIN, by lingering for no time.
#[cfg(unix)]
fn reset_on_close(tcp: &TcpStream) {
    use std::ffi::{c_int, c_void};
    use std::os::fd::AsRawFd;

    #[repr(C)]
    struct Linger {
        on: c_int,
        seconds: c_int,
    }

    // The standard library has this only as an unstable method, and one call is no
    // reason for one more dependency; the numbers are part of each system's ABI.
    const LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));
    const SOL_SOCKET: c_int = if LINUX { 1 } else { 0xffff };
    const SO_LINGER: c_int = if LINUX { 13 } else { 0x80 };

    unsafe extern "C" {
        fn setsockopt(fd: c_int, level: c_int, name: c_int, value: *const c_void, len: u32) -> c_int;
    }

    let linger = Linger { on: 1, seconds: 0 };
    let value: *const c_void = (&raw const linger).cast();
    let length = size_of::<Linger>() as u32;
    // SAFETY: the descriptor is open for as long as `tcp` is borrowed, and `value`
    // points to `length` readable bytes, which the call does not keep.
    // A failure leaves the socket as it was, and the peer sees FIN.
    unsafe { setsockopt(tcp.as_raw_fd(), SOL_SOCKET, SO_LINGER, value, length) };
}

/// Elsewhere there is no way to ask for RST, and the peer sees FIN.
#[cfg(not(unix))]
fn reset_on_close(_tcp: &TcpStream) {}
