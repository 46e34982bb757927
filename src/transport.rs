//! One blocking exchange: over the network (`net`), or through the caller's own HTTP stack.

#[cfg(feature = "net")]
mod network;

use std::sync::Arc;

use crate::call::Call;
use crate::config::Config;
use crate::error::Result;
#[cfg(not(feature = "net"))]
use crate::error::{Error, Reason};
use crate::hooks::Hooks;
use crate::http::{Failed, Incoming, Outgoing, Transport, Whole};
use crate::parked::Unfinished;
use crate::stats::Stats;

/// The caller's `on_http` where there is one, else the network.
pub struct Switch {
    hooks: Arc<Hooks>,
    #[cfg(feature = "net")]
    network: network::Network,
}

impl Switch {
    /// Files that the configuration names are read now.
    #[cfg(feature = "net")]
    pub fn new(config: &Arc<Config>, hooks: Arc<Hooks>, stats: Arc<Stats>) -> Result<Switch> {
        Ok(Switch { network: network::Network::new(config, stats)?, hooks })
    }

    /// Without network code there is nothing to prepare.
    #[cfg(not(feature = "net"))]
    pub fn new(config: &Arc<Config>, hooks: Arc<Hooks>, _: Arc<Stats>) -> Result<Switch> {
        if config.http.ca_file.is_some() || config.http.client_cert_files.is_some() {
            return Err(Error::new(
                Reason::NotBuilt,
                "http: this build has no TLS, so it takes no certificates",
            ));
        }
        Ok(Switch { hooks })
    }

    #[cfg(feature = "net")]
    fn network(&self, request: Outgoing<'_>, call: &Call) -> std::result::Result<Incoming, Failed> {
        self.network.exchange(request, call)
    }

    #[cfg(not(feature = "net"))]
    fn network(&self, _: Outgoing<'_>, _: &Call) -> std::result::Result<Incoming, Failed> {
        Err(Failed::before_sending(Error::new(
            Reason::NotBuilt,
            "this build has no network code: give it yours with bearer_client_on_http",
        )))
    }
}

impl Transport for Switch {
    fn exchange(&self, request: Outgoing<'_>, call: &Call) -> std::result::Result<Incoming, Failed> {
        call.check().map_err(Failed::before_sending)?;
        match self.hooks.http.get().map_err(Failed::before_sending)? {
            Some(hook) => hook.exchange(request, call),
            None => self.network(request, call),
        }
    }

    fn whole(
        &self,
        request: Outgoing<'_>,
        limit: u64,
        call: &Call,
    ) -> std::result::Result<Whole, Unfinished<Whole>> {
        call.check()?;
        match self.hooks.http.get()? {
            Some(hook) => hook.whole(request, limit, call),
            #[cfg(feature = "net")]
            None => self.network.whole(request, limit, call),
            #[cfg(not(feature = "net"))]
            None => self.network(request, call)?.whole(limit),
        }
    }
}
