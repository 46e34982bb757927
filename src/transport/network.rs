//! HTTP/1.1 over TCP and TLS. ureq does the framing; connecting, waiting, buffers, TLS and errors are ours, for
//! its defaults break what `bearer.h` promises (docs/architecture.md has the list).

mod blocking;
mod buffers;
mod connection;
mod connector;
mod course;
mod dial;
mod exchange;
mod failure;
mod head;
mod lookup;
mod proxy;
#[cfg(feature = "tls")]
mod tls;
mod wait;
mod whole;

use std::io::Read;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use ureq::http::{HeaderValue, Request, Response, Uri, Version};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Agent, SendBody};

use crate::call::Call;
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::fork;
use crate::http::{Body, Failed, Incoming, Outgoing, Source};
use crate::secret::Wiped;
use crate::stats::Stats;
use crate::url::Url;
use exchange::Exchange;

/// The longest head of an answer (`hostile.md` T-21).
const LONGEST_HEAD: usize = 64 * 1024;

/// One client's connections.
pub(super) struct Network {
    config: Arc<Config>,
    stats: Arc<Stats>,
    first: Pool,
}

/// The connections of one process, and those of the child that came after it: a child starts over, with new locks
/// and without its parent's connections, which it leaves alone.
struct Pool {
    agent: Agent,
    generation: u64,
    next: OnceLock<Box<Pool>>,
}

impl Pool {
    fn new(config: &Arc<Config>, stats: &Arc<Stats>) -> Result<Pool> {
        let idle = config.http.idle_connections;
        let settings = Agent::config_builder()
            // Every default that reads the environment, follows, decodes or turns statuses into errors is off.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .accept("")
            .accept_encoding("")
            .user_agent("")
            .max_response_header_size(LONGEST_HEAD)
            .max_idle_connections(idle)
            .max_idle_connections_per_host(idle)
            .build();
        let connector = connector::OwnConnector::new(config, stats.clone())?;
        let agent = Agent::with_parts(settings, connector, AskedLater);
        Ok(Pool { agent, generation: fork::generation(), next: OnceLock::new() })
    }
}

impl Network {
    pub(super) fn new(config: &Arc<Config>, stats: Arc<Stats>) -> Result<Network> {
        Ok(Network { config: config.clone(), first: Pool::new(config, &stats)?, stats })
    }

    /// The agent of this process.
    fn agent(&self) -> Result<&Agent> {
        let mut pool = &self.first;
        while pool.generation != fork::generation() {
            pool = match pool.next.get() {
                Some(next) => next,
                None => {
                    let next = Box::new(Pool::new(&self.config, &self.stats)?);
                    pool.next.get_or_init(|| next)
                }
            };
        }
        Ok(&pool.agent)
    }

    fn agent_for(&self, request: &Outgoing<'_>) -> Result<&Agent> {
        if cfg!(not(feature = "tls")) && request.url.is_https() {
            return Err(Error::new(Reason::NotBuilt, "this build has no TLS"));
        }
        self.agent()
    }

    pub(super) fn exchange(
        &self,
        mut request: Outgoing<'_>,
        call: &Call,
    ) -> std::result::Result<Incoming, Failed> {
        let agent = self.agent_for(&request).map_err(Failed::before_sending)?;
        // Sent again where a kept connection turned out to be stale, once, and only what does no harm twice (N-4).
        let may_repeat = matches!(request.method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE")
            && !matches!(request.body, Body::Stream { .. });
        let mut wants_fresh = false;
        loop {
            let exchange = Exchange::begin(call, needed_output(&request), wants_fresh);
            match exchange.run(|| send(agent, &mut request)) {
                Ok(response) => return received(response, exchange),
                Err(error) => {
                    let failed =
                        Failed { sent: exchange.was_sent(), error: failure::before_head(error, &exchange) };
                    let was_stale = failed.error.reason == Reason::Connection && exchange.was_stale();
                    if !was_stale || !may_repeat || wants_fresh {
                        return Err(failed);
                    }
                    wants_fresh = true;
                }
            }
        }
    }
}

fn received(response: Response<ureq::Body>, exchange: Exchange) -> std::result::Result<Incoming, Failed> {
    let head = exchange.take_head().and_then(|head| head::read(&head));
    let (status, headers) = head.map_err(|error| Failed { error, sent: true })?;
    let body = ResponseBody { reader: Some(Box::new(response.into_body().into_reader())), exchange };
    Ok(Incoming { status, headers, body: Box::new(body) })
}

fn send(agent: &Agent, request: &mut Outgoing<'_>) -> std::result::Result<Response<ureq::Body>, ureq::Error> {
    let mut builder =
        Request::builder().method(request.method).uri(request.url.to_string()).version(Version::HTTP_11);
    for (name, value) in request.headers.iter() {
        builder = builder.header(name, header_value(value)?);
    }
    match &mut request.body {
        // Without a length ureq would send an empty chunked body.
        Body::Empty if matches!(request.method, "POST" | "PUT" | "PATCH") => {
            agent.run(builder.body(&[][..])?)
        }
        Body::Empty => agent.run(builder.body(())?),
        Body::Bytes(bytes) => agent.run(builder.body(*bytes)?),
        Body::Stream { source, len } => {
            if let Some(len) = *len {
                builder = builder.header("content-length", len);
            }
            let mut reader = SourceReader { source: &mut **source, left: *len };
            agent.run(builder.body(SendBody::from_reader(&mut reader))?)
        }
    }
}

/// A header value that ureq and its map share without copying it, and that is wiped when the last of them drops it.
fn header_value(value: &str) -> std::result::Result<HeaderValue, ureq::http::Error> {
    struct Owner(Wiped);
    impl AsRef<[u8]> for Owner {
        fn as_ref(&self) -> &[u8] {
            self.0.as_bytes()
        }
    }
    let shared = Bytes::from_owner(Owner(Wiped::new(value.to_owned())));
    let mut value = HeaderValue::from_maybe_shared(shared)?;
    value.set_sensitive(true);
    Ok(value)
}

/// What the longest line of the request's head takes: ureq wants room for it in one piece.
fn needed_output(request: &Outgoing<'_>) -> usize {
    let longest = request.headers.iter().map(|(name, value)| name.len() + value.len()).max().unwrap_or(0);
    longest.max(request.url.path().len() + request.method.len()) + 64
}

/// A caller's body as ureq reads it; exactly as long as it was said to be.
struct SourceReader<'a> {
    source: &'a mut dyn Source,
    left: Option<u64>,
}

impl Read for SourceReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let room = self
            .left
            .map_or(buffer.len(), |left| usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len()));
        if room == 0 {
            return Ok(0);
        }
        if exchange::Shared::current()?.is_broken() {
            return self.pretend(room);
        }
        let n = match self.source.read(&mut buffer[..room]) {
            Ok(0) if self.left.is_some() => {
                Err(Error::new(Reason::Hook, "the body ended before the length that was given for it"))
            }
            outcome => outcome,
        };
        match n {
            Ok(n) => {
                self.left = self.left.map(|left| left - n as u64);
                Ok(n)
            }
            Err(error) => Err(exchange::fail(error)),
        }
    }
}

impl SourceReader<'_> {
    /// The peer reads no more. ureq wants to see as many bytes as were announced before it looks for an answer; it is
    /// shown nothing real, and not for a body so long that counting it off takes a second.
    fn pretend(&mut self, room: usize) -> std::io::Result<usize> {
        const LONGEST: u64 = 4 << 30;
        match self.left {
            None => Ok(0),
            Some(left) if left > LONGEST => {
                Err(exchange::fail(Error::new(Reason::Connection, "the server stopped reading the body")))
            }
            Some(left) => {
                self.left = Some(left - room as u64);
                Ok(room)
            }
        }
    }
}

struct ResponseBody {
    reader: Option<Box<dyn Read + Send>>,
    exchange: Exchange,
}

impl Source for ResponseBody {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Some(reader) = &mut self.reader else { return Ok(0) };
        if buffer.is_empty() {
            return Ok(0);
        }
        match self.exchange.run(|| reader.read(buffer)) {
            Ok(0) => {
                self.reader = None;
                Ok(0)
            }
            Ok(n) => Ok(n),
            Err(error) => {
                // Dropping the reader closes the connection: nothing of this answer is left for the next request.
                self.reader = None;
                Err(failure::in_body(error, &self.exchange))
            }
        }
    }
}

/// ureq looks names up before it looks for a kept connection; ours are looked up by the connector, when needed.
#[derive(Debug)]
struct AskedLater;

impl Resolver for AskedLater {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> std::result::Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

/// The URL of a request that ureq hands to the connector.
fn url_of(uri: &Uri) -> Result<Url> {
    Url::parse(&uri.to_string()).map_err(|problem| Error::new(Reason::Url, format!("the URL {problem}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_shared_and_not_copied() {
        let value = header_value("Bearer at-1").unwrap();
        let copy = value.clone();
        assert_eq!(value.as_bytes().as_ptr(), copy.as_bytes().as_ptr());
        assert_eq!(format!("{value:?}"), "Sensitive");
        assert!(header_value("a\r\nb").is_err());
    }
}
