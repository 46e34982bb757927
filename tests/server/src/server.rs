//! Starting and stopping a server.

use crate::certs::{CertFiles, Certs};
use crate::clients::{CLIENT_ID, CLIENT_SECRET};
use crate::config::Config;
use crate::conn;
use crate::control;
use crate::options::Options;
use crate::response::Body;
use crate::shared::{Kind, Shared};
use rustls::ServerConfig;
use serde_json::json;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

/// A running server. It stops, and removes its files, when it is dropped.
pub struct Server {
    shared: Arc<Shared>,
    accepting: Vec<(SocketAddr, JoinHandle<()>)>,
    files: CertFiles,
}

impl Server {
    /// Starts a server on 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When a port is taken, or certificates cannot be made or written.
    pub fn start(options: Options) -> io::Result<Self> {
        let certs = Certs::create()?;
        let mut listeners = Vec::new();
        let mut urls = Vec::new();
        for kind in Kind::ALL {
            let port = if kind == Kind::Http { options.port } else { 0 };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
            let address = listener.local_addr()?;
            urls.push(kind.url(address.port()));
            listeners.push((kind, certs.tls(kind)?, listener, address));
        }
        let shared = Arc::new(Shared::new(Config::new(&options), certs.client_sha256, urls));
        let mut server = Self { shared, accepting: Vec::new(), files: certs.files };
        for (kind, tls, listener, address) in listeners {
            let shared = Arc::clone(&server.shared);
            let thread = Builder::new().spawn(move || accept(&shared, kind, tls, &listener))?;
            server.accepting.push((address, thread));
        }
        Ok(server)
    }

    /// Base URL of the plain listener, without a slash at its end.
    pub fn url(&self) -> &str {
        self.base(Kind::Http)
    }

    /// Base URL of the TLS listener.
    pub fn https_url(&self) -> &str {
        self.base(Kind::Https)
    }

    /// Base URL of the second plain origin, for tests of what leaks there.
    pub fn other_url(&self) -> &str {
        self.base(Kind::Other)
    }

    /// The file with the certificate of the authority that signed the TLS
    /// listener's, in PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.files.ca()
    }

    /// All that a test has to know, as one line of JSON: the line that the program
    /// prints when it is ready.
    pub fn ready_json(&self) -> String {
        json!({
            "url": self.url(),
            "https_url": self.https_url(),
            "other_url": self.other_url(),
            "wrong_name_url": self.base(Kind::WrongName),
            "expired_url": self.base(Kind::Expired),
            "not_yet_url": self.base(Kind::NotYet),
            "unknown_ca_url": self.base(Kind::UnknownCa),
            "mtls_url": self.base(Kind::Mtls),
            "ca_file": self.files.ca(),
            "client_cert_file": self.files.client_cert(),
            "client_key_file": self.files.client_key(),
            "client_cert_sha256": self.shared.certificate,
            "control": format!("{}/control", self.url()),
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "pid": std::process::id(),
        })
        .to_string()
    }

    /// Carries out a control request without a connection: `target` is for example
    /// `/control/state`, the answer is a status and JSON.
    pub fn control(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        let response = control::answer(&self.shared, method, target, body.as_bytes());
        let body = match response.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Body::Pattern { .. } => String::new(),
        };
        (response.status, body)
    }

    fn base(&self, kind: Kind) -> &str {
        &self.shared.urls[kind.index()]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop();
        for (address, thread) in self.accepting.drain(..) {
            // The connection is what wakes the thread from accept. Where there can be
            // none (no descriptor left), the thread is left alone rather than awaited.
            if TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok() {
                let _ = thread.join();
            }
        }
        self.shared.connections.stop();
    }
}

fn accept(shared: &Arc<Shared>, kind: Kind, tls: Option<Arc<ServerConfig>>, listener: &TcpListener) {
    while !shared.is_stopping() {
        match listener.accept() {
            Ok(_) if shared.is_stopping() => return,
            Ok((tcp, _)) => conn::begin(shared, kind, tls.clone(), tcp),
            // Most likely there is no descriptor left; trying without a pause would
            // only keep a processor busy until there is one.
            Err(_) => shared.pause(Duration::from_millis(10)),
        }
    }
}
