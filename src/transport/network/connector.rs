//! Opens connections for ureq: lookup, TCP, TLS, all within the time for connecting.

use std::net::SocketAddr;
use std::sync::Arc;

use ureq::unversioned::transport::{ConnectionDetails, Connector};

use super::connection::{Connection, Via};
use super::exchange::{Shared, fail};
use super::proxy::{Kind, Proxies, Proxy};
use super::{dial, lookup, url_of};
use crate::call::Call;
use crate::clock::Deadline;
use crate::config::Config;
use crate::error::{Error, Reason, Result};
use crate::stats::Stats;
use crate::url::Url;

pub(super) struct OwnConnector {
    config: Arc<Config>,
    stats: Arc<Stats>,
    proxies: Proxies,
    #[cfg(feature = "tls")]
    tls: super::tls::Tls,
}

impl std::fmt::Debug for OwnConnector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnConnector")
    }
}

impl OwnConnector {
    pub(super) fn new(config: &Arc<Config>, stats: Arc<Stats>) -> Result<OwnConnector> {
        Ok(OwnConnector {
            #[cfg(feature = "tls")]
            tls: super::tls::Tls::new(&config.http)?,
            proxies: Proxies::new(&config.http)?,
            config: config.clone(),
            stats,
        })
    }

    fn open(&self, details: &ConnectionDetails<'_>, call: &Call) -> Result<Connection> {
        let url = url_of(details.uri)?;
        // The time for connecting is part of the call's, so running out of it first is a failure to connect.
        let turn = Call {
            deadline: call.deadline.min(Deadline::after(self.config.http.connect_timeout)),
            cancel: call.cancel.clone(),
        };
        let connection = self.open_within(&url, &turn);
        match connection {
            Err(error) if error.reason == Reason::Deadline && call.check().is_ok() => {
                Err(Error::new(Reason::Connect, "connecting took longer than http.connect_timeout_s"))
            }
            outcome => outcome,
        }
    }

    fn open_within(&self, url: &Url, turn: &Call) -> Result<Connection> {
        let proxy = self.proxies.for_url(url);
        let addresses = lookup::addresses(proxy.map_or(url, |proxy| &proxy.url), turn)?;
        let connection = Connection::plain(dial::connect(&addresses, turn)?);
        self.stats.connections.add();
        let connection = match proxy {
            Some(proxy) => introduce(connection, proxy, url, turn)?,
            None => connection,
        };
        #[cfg(feature = "tls")]
        if url.is_https() {
            return self.tls.wrap(connection, url, turn);
        }
        Ok(connection)
    }
}

/// Tells the proxy where to.
fn introduce(connection: Connection, proxy: &Proxy, url: &Url, turn: &Call) -> Result<Connection> {
    let outcome = match proxy.kind {
        Kind::Http if url.is_https() => proxy.open_tunnel(connection.blocking(turn), url),
        Kind::Http => {
            let via = Via { origin: url.origin().to_string(), authorization: proxy.authorization() };
            return Ok(connection.through(via));
        }
        Kind::Socks5ByName => proxy.open_socks(connection.blocking(turn), url, url.ip()),
        Kind::Socks5 => {
            let address = lookup::addresses(url, turn)?.first().map(SocketAddr::ip);
            proxy.open_socks(connection.blocking(turn), url, address)
        }
    };
    // A call that is over keeps its own status.
    outcome.map_err(|error| turn.check().err().unwrap_or(error)).map(|()| connection)
}

impl Connector for OwnConnector {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> std::result::Result<Option<Connection>, ureq::Error> {
        let shared = Shared::current()?;
        if let Some(Ok(left)) = shared.take_left().map(|left| left.downcast::<Connection>()) {
            return Ok(Some(*left));
        }
        self.open(details, &shared.call).map(Some).map_err(|error| fail(error).into())
    }
}
