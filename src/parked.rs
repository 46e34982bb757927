//! Something under way whose caller left before it ended, and which must not be lost for that: a renewal, after
//! which the old refresh token may be worth nothing.

use crate::call::Call;
use crate::error::Error;

/// Waits for somebody who brings it to its end.
pub trait Parked<T>: Send {
    /// Goes on where it was left, under the deadline and the cancel of another call.
    fn resume(self: Box<Self>, call: &Call) -> Result<T, Unfinished<T>>;
}

/// Why there is no outcome, or none yet.
pub struct Unfinished<T> {
    /// What happened.
    pub error: Error,
    /// Whether a byte of the request may have reached the server: only if not, sending it again is always safe.
    pub sent: bool,
    /// What is still under way, where only the call ended.
    pub parked: Option<Box<dyn Parked<T>>>,
}

impl<T> Unfinished<T> {
    /// Over, and nothing is under way any more.
    pub fn failed(error: Error, sent: bool) -> Unfinished<T> {
        Unfinished { error, sent, parked: None }
    }
}

/// Of something that reached no server.
impl<T> From<Error> for Unfinished<T> {
    fn from(error: Error) -> Unfinished<T> {
        Unfinished::failed(error, false)
    }
}
