//! Sending an answer, whole or with a fault's effect on it.

use crate::fault::Effect;
use crate::request::{Request, Wire};
use crate::response::Response;
use crate::shared::Shared;
use crate::stream::End;
use std::io::{self, ErrorKind, Write};
use std::time::Duration;

/// What becomes of the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next request.
    Keep,
    /// It ends.
    End(End),
}

/// Answers a request. `process` gives it its effect and the real answer.
pub fn send(
    shared: &Shared,
    wire: &mut Wire,
    request: &Request,
    effect: Option<Effect>,
    process: impl FnOnce() -> Response,
) -> Next {
    let close = !request.keep_alive || !shared.lock().config.keep_alive;
    let to_head = request.method == "HEAD";
    let mut whole = |response: Response| after(response.write(&mut wire.stream, to_head, close), close);
    match effect {
        None => whole(process()),
        Some(Effect::Delay(time)) => {
            shared.pause(time);
            if shared.is_stopping() {
                return Next::End(End::Close);
            }
            whole(process())
        }
        Some(Effect::ContentType(text)) => whole(process().content_type(&text)),
        Some(Effect::Canned { response, process: really }) => {
            if really {
                process();
            }
            whole(response)
        }
        Some(Effect::Cut { at, end }) => {
            let out = &mut wire.stream;
            let mut limited = Limited { out, left: at };
            // An error is the end that was asked for, or the client's.
            let _ = process().write(&mut limited, to_head, close);
            let _ = wire.stream.flush();
            Next::End(end)
        }
        Some(Effect::Drip(gap)) => {
            let out = &mut wire.stream;
            let mut dripping = Dripping { shared, out, gap };
            after(process().write(&mut dripping, to_head, close), close)
        }
        Some(Effect::Silent) => {
            wire.wait_for_close();
            Next::End(End::Close)
        }
        Some(Effect::Raw { bytes, keep, process: really }) => {
            if really {
                process();
            }
            let written = wire.stream.write_all(&bytes);
            after(written.and_then(|()| wire.stream.flush()), !keep)
        }
    }
}

fn after(written: io::Result<()>, close: bool) -> Next {
    match written {
        Ok(()) if !close => Next::Keep,
        _ => Next::End(End::Close),
    }
}

/// Passes on so many bytes and fails at the next.
struct Limited<'a> {
    out: &'a mut dyn Write,
    left: u64,
}

impl Write for Limited<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        if room == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WriteZero.into());
        }
        let written = self.out.write(&bytes[..room.min(bytes.len())])?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Passes on a byte at a time, each after a pause.
struct Dripping<'a> {
    shared: &'a Shared,
    out: &'a mut dyn Write,
    gap: Duration,
}

impl Write for Dripping<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(first) = bytes.get(..1) else {
            return Ok(0);
        };
        self.shared.pause(self.gap);
        if self.shared.is_stopping() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        self.out.write_all(first)?;
        self.out.flush()?;
        Ok(1)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
