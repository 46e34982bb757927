//! The protocol: values in, values out. No socket, no lock, no clock, no randomness; so every example of an RFC is a test.

pub mod assertion;
pub mod authorization;
pub mod bearer;
pub mod challenge;
pub mod ciba;
pub mod client_auth;
pub mod device;
pub mod discovery;
pub mod dpop;
pub mod form;
pub mod grant;
pub mod id_token;
pub mod jws;
pub mod jwt;
pub mod link;
pub mod pushed;
pub mod refresh;
pub mod resource;
pub mod retry_after;
pub mod token_request;
pub mod token_response;
