//! Builds without private keys: `on_sign` still signs by the caller's.

use super::Algorithm;
use crate::error::{Error, Reason, Result};
use crate::secret::Secret;

/// There is none.
#[derive(Debug)]
pub enum Key {}

impl Key {
    /// Says so.
    pub fn read(_: &str) -> Result<Key, String> {
        Err("this build takes no private keys: sign with bearer_client_on_sign".to_owned())
    }

    /// What it can sign with.
    pub fn algorithms(&self) -> &'static [Algorithm] {
        match *self {}
    }

    /// What it signs with where nothing else was agreed on.
    pub fn default_algorithm(&self) -> Algorithm {
        match *self {}
    }

    /// The name that a JWK gives itself.
    pub fn kid(&self) -> Option<&str> {
        match *self {}
    }

    /// The public half.
    pub fn public_jwk(&self) -> String {
        match *self {}
    }

    /// A new one.
    pub fn generate() -> Result<(Key, Secret)> {
        Err(Error::new(Reason::NotBuilt, "this build has no keys (feature signing)"))
    }

    /// A signature.
    pub fn sign(&self, _: Algorithm, _: &[u8]) -> Result<Vec<u8>> {
        match *self {}
    }
}
