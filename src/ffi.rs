//! The only room that knows C. A file for each object of `include/bearer.h`, in the header's order; the files under
//! `support` are what they share.
//!
//! Comments written with `///` here are the C manual: cbindgen copies them into the header.

// Every export reads and writes through pointers that C handed in; what each needs is in its comment for C.
#![allow(unsafe_code, clippy::missing_safety_doc)]
#![allow(non_camel_case_types)]

mod support;

pub mod status;

pub mod error;

pub mod client;

pub mod hooks;

pub mod reply;

pub mod hook_request;
pub mod hook_sign;
mod hook_transport;

pub mod token;

pub mod request;

pub mod response;

pub mod login;

pub mod loopback;

pub mod device;

pub mod qr;
pub mod server;

pub mod identity;

pub mod library;

#[cfg(test)]
mod tests;
