//! An OAuth 2.0 authorization server and protected API for tests.
//!
//! It runs in the test's own process ([`Server::start`]) or as the program
//! `bearer-testserver`, always on 127.0.0.1 and always with fresh ports, keys and
//! tokens. What makes it fit for tests of a client is its control interface: tokens
//! issued on demand, a clock that can be set, faults put in the way of chosen
//! requests, requests held until a test releases them, and a record of everything
//! that arrived. The README lists the routes.
//!
//! It is no authorization server to be used for anything else: it approves every
//! request, compares secrets in plain, and hands tokens to whoever reaches its
//! control interface.

mod api;
mod asked;
mod assertion;
mod authorize;
mod certs;
mod challenge;
mod ciba;
mod client;
mod clients;
mod clock;
mod config;
mod conn;
mod control;
mod device;
mod dpop;
mod encoding;
mod end_session;
mod exchange;
mod fault;
mod grants;
mod hold;
mod id_token;
mod introspect;
mod issue;
mod jar;
mod jws;
mod keys;
mod link;
mod managed;
mod members;
mod metadata;
mod options;
mod presented;
mod published;
mod pushed;
mod registration;
mod request;
mod reset;
mod response;
mod route;
mod send;
mod server;
mod shared;
mod step_up;
mod stream;
mod token;
mod userinfo;
mod waiting;

pub use options::{Command, Options};
pub use server::Server;
