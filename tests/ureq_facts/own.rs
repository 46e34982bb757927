//! A transport that reads from a script, through the traits of `ureq::unversioned`.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Agent, config::Config};

/// What the other side says next: bytes, the end, or a failure.
#[derive(Clone)]
pub enum Said {
    Bytes(&'static str),
    End,
    Failure(io::ErrorKind),
}

/// What ureq did, in order.
pub type Events = Arc<Mutex<Vec<&'static str>>>;

/// An agent whose every connection follows the script.
pub fn agent(config: Config, script: Vec<Said>) -> (Agent, Events) {
    let events = Events::default();
    let connector = Scripted { script, events: events.clone() };
    (Agent::with_parts(config, connector, NoAddress(events.clone())), events)
}

#[derive(Clone)]
struct Scripted {
    script: Vec<Said>,
    events: Events,
}

struct Connection {
    script: VecDeque<Said>,
    events: Events,
    buffers: LazyBuffers,
}

impl Connection {
    fn note(&self, event: &'static str) {
        self.events.lock().unwrap().push(event);
    }
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl Connector for Scripted {
    type Out = Connection;

    fn connect(&self, _: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Connection>, ureq::Error> {
        self.events.lock().unwrap().push("connect");
        Ok(Some(Connection {
            script: self.script.clone().into(),
            events: self.events.clone(),
            buffers: LazyBuffers::new(8192, 8192),
        }))
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.note("transmit");
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.note("await");
        match self.script.pop_front() {
            Some(Said::Bytes(bytes)) => {
                self.buffers.input_append_buf()[..bytes.len()].copy_from_slice(bytes.as_bytes());
                self.buffers.input_appended(bytes.len());
                Ok(true)
            }
            Some(Said::Failure(kind)) => Err(io::Error::from(kind).into()),
            Some(Said::End) | None => {
                self.buffers.input_append_buf();
                self.buffers.input_appended(0);
                Ok(false)
            }
        }
    }

    fn is_open(&mut self) -> bool {
        self.note("is_open");
        true
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.note("close");
    }
}

/// Finds no address, and says so.
#[derive(Debug)]
struct NoAddress(Events);

impl Resolver for NoAddress {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        self.0.lock().unwrap().push("resolve");
        Ok(self.empty())
    }
}
