//! An exchange to its end, which somebody else may go on with after its call has ended.

use ureq::Agent;

use super::exchange::{Exchange, Left};
use super::{Network, failure, needed_output, received, send};
use crate::call::Call;
use crate::error::{Error, Reason};
use crate::fork;
use crate::http::{Body, Headers, Outgoing, Whole};
use crate::parked::{Parked, Unfinished};
use crate::secret::SecretBytes;
use crate::url::Url;

/// Everything that it takes to go on.
struct Request {
    agent: Agent,
    method: String,
    url: Url,
    headers: Headers,
    body: SecretBytes,
    limit: u64,
}

/// A request on a connection that its call has left.
struct ParkedExchange {
    request: Request,
    left: Left,
    /// Of the process that the connection belongs to.
    generation: u64,
}

impl Network {
    pub(in crate::transport) fn whole(
        &self,
        request: Outgoing<'_>,
        limit: u64,
        call: &Call,
    ) -> Result<Whole, Unfinished<Whole>> {
        let agent = self.agent_for(&request)?.clone();
        let body = match request.body {
            Body::Empty => &[],
            Body::Bytes(bytes) => bytes,
            Body::Stream { .. } => {
                return Err(Error::new(Reason::Unexpected, "a stream cannot be parked").into());
            }
        };
        let request = Request {
            agent,
            method: request.method.to_owned(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: SecretBytes::new(body.to_vec()),
            limit,
        };
        request.run(None, call)
    }
}

impl Request {
    fn run(self, left: Option<Left>, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        let mut outgoing = Outgoing {
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: Body::Bytes(self.body.expose()),
        };
        let was_under_way = left.is_some();
        let exchange = Exchange::begin_parkable(call, needed_output(&outgoing), left);
        let outcome = match exchange.run(|| send(&self.agent, &mut outgoing)) {
            Ok(response) => received(response, exchange.clone())
                .map_err(Unfinished::from)
                .and_then(|incoming| incoming.whole(self.limit)),
            Err(error) => {
                Err(Unfinished::failed(failure::before_head(error, &exchange), exchange.was_sent()))
            }
        };
        outcome.map_err(|unfinished| match exchange.take_left() {
            Some(left) if was_under_way || exchange.was_sent() => {
                let parked = ParkedExchange { request: self, left, generation: fork::generation() };
                Unfinished { parked: Some(Box::new(parked)), sent: true, ..unfinished }
            }
            _ => unfinished,
        })
    }
}

impl Parked<Whole> for ParkedExchange {
    fn resume(self: Box<Self>, call: &Call) -> Result<Whole, Unfinished<Whole>> {
        if self.generation != fork::generation() {
            let error = Error::new(
                Reason::Forked,
                "the answer is awaited by the process that this one was forked from",
            );
            return Err(Unfinished::failed(error, true));
        }
        self.request.run(Some(self.left), call)
    }
}
