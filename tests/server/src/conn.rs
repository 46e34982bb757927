//! Connections: which are open, and what each of their threads does.

use crate::control;
use crate::request::{ReadError, Request, Wire};
use crate::response::Response;
use crate::route;
use crate::send::{Next, send};
use crate::shared::{Kind, LISTENERS, Shared};
use crate::stream::{End, Stream};
use rustls::{ServerConfig, ServerConnection};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

/// The connections of a server.
#[derive(Default)]
pub struct Connections(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    next: u64,
    open: HashMap<u64, Open>,
    accepted: [u64; LISTENERS.len()],
}

struct Open {
    tcp: Arc<TcpStream>,
    thread: JoinHandle<()>,
    is_control: bool,
}

impl Connections {
    /// How many connections were accepted, by listener, and how many are open.
    pub fn to_json(&self) -> (Value, usize) {
        let registry = self.lock();
        let named = LISTENERS.iter().zip(registry.accepted);
        let accepted: Map<_, _> = named.map(|(n, count)| (n.to_string(), count.into())).collect();
        let open = registry.open.values().filter(|open| !open.is_control);
        (Value::Object(accepted), open.count())
    }

    /// Counts from 0 again.
    pub fn reset(&self) {
        self.lock().accepted = [0; LISTENERS.len()];
    }

    /// Shuts every connection and waits for its thread.
    pub fn stop(&self) {
        let open: Vec<Open> = self.lock().open.drain().map(|(_, open)| open).collect();
        for connection in &open {
            // An error means that it is closed already.
            let _ = connection.tcp.shutdown(Shutdown::Both);
        }
        for connection in open {
            drop(connection.tcp);
            // A thread that panicked has said so on standard error.
            let _ = connection.thread.join();
        }
    }

    /// A connection turns out to be one of the control interface, which does not count.
    fn exempt(&self, id: u64) {
        let mut registry = self.lock();
        if let Some(open) = registry.open.get_mut(&id) {
            open.is_control = true;
            let http = &mut registry.accepted[Kind::Http.index()];
            *http = http.saturating_sub(1);
        }
    }

    fn remove(&self, id: u64) {
        self.lock().open.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves an accepted connection on a thread of its own.
pub fn begin(shared: &Arc<Shared>, kind: Kind, tls: Option<Arc<ServerConfig>>, tcp: TcpStream) {
    // Without it only some answers would come later.
    let _ = tcp.set_nodelay(true);
    let tls = match tls.map(ServerConnection::new).transpose() {
        Ok(tls) => tls.map(Box::new),
        Err(_) => return,
    };
    let tcp = Arc::new(tcp);
    let stream = Stream::new(Arc::clone(&tcp), tls);
    let its_shared = Arc::clone(shared);
    // The thread's first look at the registry waits until it is entered there.
    let mut registry = shared.connections.lock();
    registry.next += 1;
    let id = registry.next;
    let thread = Builder::new().stack_size(512 * 1024).spawn(move || {
        let shared = its_shared;
        let mut wire = Wire::new(stream);
        let end = serve(&shared, kind, id, &mut wire);
        // First, so that a client which sees the end finds the count right.
        shared.connections.remove(id);
        wire.stream.end(end);
    });
    if let Ok(thread) = thread {
        registry.accepted[kind.index()] += 1;
        let is_control = false;
        registry.open.insert(id, Open { tcp, thread, is_control });
    }
}

fn serve(shared: &Arc<Shared>, kind: Kind, id: u64, wire: &mut Wire) -> End {
    let is_control: fn(&Request) -> bool = match kind {
        Kind::Http => |request| control::is_control(request.path()),
        _ => |_| false,
    };
    let mut first = true;
    loop {
        let request = match wire.read_request(is_control) {
            Ok(Some(request)) => request,
            Ok(None) => return End::Close,
            // A handshake that failed has an alert on its way.
            Err(ReadError::Io) => return End::Linger,
            Err(ReadError::Refused(status, received)) => {
                shared.lock().log.push(malformed(kind, &received));
                let answer = Response::text(status, "this request cannot be served\n");
                // The connection ends in any case.
                let _ = answer.write(&mut wire.stream, false, true);
                return End::Linger;
            }
        };
        let next = if is_control(&request) {
            if first {
                shared.connections.exempt(id);
            }
            send(shared, wire, &request, None, || {
                control::answer(shared, &request.method, request.origin_form(), &request.body)
            })
        } else {
            exchange(shared, kind, wire, &request)
        };
        first = false;
        match next {
            Next::Keep if !shared.is_stopping() => {}
            Next::Keep => return End::Close,
            Next::End(end) => return end,
        }
    }
}

/// One request that is not a control request, from its record to its answer.
fn exchange(shared: &Shared, kind: Kind, wire: &mut Wire, request: &Request) -> Next {
    let target = request.origin_form();
    let (hold, effect) = {
        let mut state = shared.lock();
        state.log.push(record(kind, request));
        if kind != Kind::Other {
            route::count(&mut state.counters, request.path());
        }
        (state.holds.enter(target), state.faults.take(target))
    };
    if let Some(id) = hold {
        shared.stay_held(id);
    }
    if shared.is_stopping() {
        return Next::End(End::Close);
    }
    send(shared, wire, request, effect, || route::answer(shared, kind, request))
}

fn record(kind: Kind, request: &Request) -> Value {
    json!({
        "listener": kind.name(),
        "method": request.method,
        "path": request.target,
        "headers": request.headers,
        "body_text": request.body_text(),
        "body_length": request.body_length,
    })
}

/// What could not be read as a request is recorded too: it may hold a secret.
fn malformed(kind: Kind, received: &[u8]) -> Value {
    let shown = &received[..received.len().min(64 * 1024)];
    json!({
        "listener": kind.name(),
        "method": "",
        "path": "",
        "headers": [],
        "body_text": String::from_utf8_lossy(shown),
        "body_length": received.len(),
    })
}
