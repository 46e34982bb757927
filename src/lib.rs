//! libbearer: get an access token, keep it valid, make requests with it, behind a C header.
//!
//! This file is a map of the house; docs/architecture.md walks through it. A room only uses rooms of lower floors.
//!
//! | floor | room | what it knows |
//! |---|---|---|
//! | 5 | [`ffi`] | C: handles, strings, error objects, hooks, the panic fence |
//! | 4 | [`client`] | a request: token, send, 401, renew, once more |
//! | 3 | [`session`] | which token now, who renews it, who waits |
//! | 2 | [`oauth`] | the protocol, pure: builds requests, reads answers |
//! | 2 | [`redirect`] | which redirects are followed, and what goes along |
//! | 2 | [`transport`] | one blocking exchange: the network (ureq), or the caller's own HTTP stack |
//! | 2 | [`loopback`] | a browser that comes back to this machine: listeners, what may knock there, the page |
//! | 1 | [`config`], [`http`], [`hooks`], [`call`], [`parked`], [`stats`], [`poll`], [`quirks`] | what a client is made of, what an exchange is, what hooks and callers may ask, what outlives a call, what vendors do instead |
//! | 0 | [`error`], [`status`], [`fork`], [`json`], [`token`], [`secret`], [`clock`], [`base64`], [`calendar`], [`decimal`], [`quote`], [`metadata`], [`cancel`], [`url`], [`random`], [`digest`], [`thread`], [`sync`], [`signing`], [`verifying`], [`qr`], [`browser`] | the ground |

#![deny(unsafe_code)]

pub mod base64;
#[cfg(feature = "net")]
pub mod browser;
pub mod calendar;
pub mod cancel;
pub mod clock;
pub mod decimal;
pub mod digest;
pub mod error;
pub mod fork;
pub mod json;
pub mod metadata;
pub mod qr;
pub mod quote;
pub mod random;
pub mod secret;
pub mod signing;
pub mod status;
pub mod sync;
pub mod thread;
pub mod token;
pub mod url;
pub mod verifying;

pub mod call;
pub mod config;
pub mod hooks;
pub mod http;
pub mod parked;
#[cfg(feature = "net")]
pub mod poll;
pub mod quirks;
pub mod stats;

#[cfg(feature = "net")]
pub mod loopback;
pub mod oauth;
pub mod redirect;
pub mod transport;

pub mod session;

pub mod client;

pub mod ffi;
