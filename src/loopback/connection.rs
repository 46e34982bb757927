//! One connection: a request is read, an answer is written, and the other side's end is waited for, so that the answer
//! is not lost in a reset.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use zeroize::Zeroizing;

use super::page::refusal;
use super::request::{Expected, LONGEST, Read};
use crate::poll::{self, Descriptor, Until};
use crate::secret::Wiped;

/// Never blocks.
pub(super) struct Connection {
    socket: TcpStream,
    /// When it came, on the clock of who waits.
    pub(super) since: Duration,
    stage: Stage,
}

enum Stage {
    /// A code is among the bytes, so they are wiped.
    Reading {
        buffer: Zeroizing<Vec<u8>>,
        filled: usize,
    },
    Writing {
        answer: Vec<u8>,
        written: usize,
    },
    Ending,
}

/// What a step led to.
pub(super) enum Step {
    /// Nothing more until the socket is ready.
    Wait,
    /// A request that may be the right one, by its query.
    Asked(Wiped),
    /// It has ended.
    Gone,
}

impl Connection {
    pub(super) fn new(socket: TcpStream, since: Duration) -> Connection {
        Connection { socket, since, stage: Stage::Reading { buffer: Zeroizing::default(), filled: 0 } }
    }

    /// What it waits for.
    pub(super) fn polled(&self) -> (Descriptor, Until) {
        let is_writing = matches!(self.stage, Stage::Writing { .. });
        (poll::descriptor(&self.socket), if is_writing { Until::Writable } else { Until::Readable })
    }

    /// From now on it gets this answer.
    pub(super) fn answer(&mut self, answer: Vec<u8>) {
        self.stage = Stage::Writing { answer, written: 0 };
    }

    /// As far as the socket lets it.
    pub(super) fn step(&mut self, expected: &Expected) -> Step {
        while let Stage::Reading { buffer, filled } = &mut self.stage {
            if buffer.is_empty() {
                buffer.resize(LONGEST, 0);
            }
            match self.socket.read(&mut buffer[*filled..]) {
                Ok(0) => return Step::Gone,
                Ok(count) => *filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Step::Gone,
            }
            match expected.read(&buffer[..*filled]) {
                Read::Unfinished => {}
                Read::Asked(query) => return Step::Asked(query),
                Read::Refused(status) => self.answer(refusal(status)),
            }
        }
        self.go_on()
    }

    /// The same once the request was read.
    pub(super) fn go_on(&mut self) -> Step {
        // Drained in small pieces, so that a torrent does not keep the others waiting.
        let mut turns = 16;
        while turns > 0 {
            turns -= 1;
            let done = match &mut self.stage {
                Stage::Reading { .. } => return Step::Wait,
                Stage::Writing { answer, written } => self.socket.write(&answer[*written..]),
                Stage::Ending => self.socket.read(&mut [0; 1024]),
            };
            match (done, &mut self.stage) {
                (Ok(0), _) => return Step::Gone,
                (Ok(count), Stage::Writing { answer, written }) => {
                    *written += count;
                    if *written == answer.len() {
                        if self.socket.shutdown(Shutdown::Write).is_err() {
                            return Step::Gone;
                        }
                        self.stage = Stage::Ending;
                    }
                }
                (Ok(_), _) => {}
                (Err(error), _) if error.kind() == ErrorKind::WouldBlock => return Step::Wait,
                (Err(error), _) if error.kind() == ErrorKind::Interrupted => {}
                (Err(_), _) => return Step::Gone,
            }
        }
        Step::Wait
    }
}
