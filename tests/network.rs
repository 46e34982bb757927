//! What the network can do to a client, by the numbers of the design's list of hostile cases: N network, L TLS, P proxy,
//! R redirects, C state mixing, T answers. The C programs of `tests/c` have what can be said through a test server; here
//! are servers of raw bytes.

#![cfg(feature = "tls")]

#[path = "network/answers.rs"]
mod answers;
#[path = "network/apart.rs"]
mod apart;
#[path = "network/asking.rs"]
mod asking;
#[path = "network/body_end.rs"]
mod body_end;
#[path = "network/cancel.rs"]
mod cancel;
#[path = "network/connecting.rs"]
mod connecting;
#[path = "network/deadline.rs"]
mod deadline;
#[path = "network/descriptors.rs"]
mod descriptors;
#[path = "network/framings.rs"]
mod framings;
#[path = "network/kept.rs"]
mod kept;
#[path = "network/lookup.rs"]
mod lookup;
#[path = "network/parked.rs"]
mod parked;
#[path = "network/parked_breaks.rs"]
mod parked_breaks;
#[path = "network/parked_free.rs"]
mod parked_free;
#[path = "network/parked_race.rs"]
mod parked_race;
#[path = "network/parked_request.rs"]
mod parked_request;
#[path = "network/parked_stage.rs"]
mod parked_stage;
#[path = "network/parked_tls.rs"]
mod parked_tls;
#[path = "network/phases.rs"]
mod phases;
#[path = "network/proxies.rs"]
mod proxies;
#[path = "network/redirects.rs"]
mod redirects;
#[path = "network/redirects_any.rs"]
mod redirects_any;
#[path = "network/socks.rs"]
mod socks;
#[path = "network/tls.rs"]
mod tls;
#[path = "network/wire.rs"]
mod wire;
