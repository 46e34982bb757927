//! The client's private keys, where the configuration has them or names their files.

use std::sync::Arc;

use crate::config::{Config, PrivateKey};
use crate::error::{Error, Reason, Result};
use crate::secret::Wiped;
use crate::session::Keys;
use crate::signing::{Algorithm, Key};

/// Reads them.
pub(super) fn read(config: &Config) -> Result<Keys> {
    let registration = &config.client;
    if !cfg!(feature = "signing") && registration.binds_to_key {
        return Err(Error::new(
            Reason::NotBuilt,
            "client.dpop_bound_access_tokens: this build has no keys (feature signing)",
        ));
    }
    let client = one("client.private_key", registration.private_key.as_ref())?;
    for (path, wanted) in [
        ("client.token_endpoint_auth_signing_alg", &registration.signing_algorithm),
        ("client.request_object_signing_alg", &registration.request_signing),
    ] {
        let wanted = wanted.as_deref().and_then(Algorithm::parse);
        if let (Some(key), Some(wanted)) = (&client, wanted)
            && !key.algorithms().contains(&wanted)
        {
            let problem = format!("{path}: is of another kind of key than the private key");
            return Err(Error::new(Reason::Conflict, problem));
        }
    }
    let dpop = one("client.dpop_key", registration.dpop_key.as_ref())?.map(Arc::new);
    Ok(Keys { client, dpop })
}

fn one(path: &str, key: Option<&PrivateKey>) -> Result<Option<Key>> {
    let (path, text) = match key {
        None => return Ok(None),
        Some(PrivateKey::Text(text)) => (path.to_owned(), Wiped::new(text.expose().to_owned())),
        Some(PrivateKey::File(file)) => {
            let path = format!("{path}_file");
            match std::fs::read_to_string(file) {
                Ok(text) => (path, Wiped::new(text)),
                Err(error) => return Err(Error::new(Reason::File, format!("{path}: {}", error.kind()))),
            }
        }
    };
    let reason = if cfg!(feature = "signing") { Reason::Member } else { Reason::NotBuilt };
    Key::read(&text).map(Some).map_err(|problem| Error::new(reason, format!("{path}: {problem}")))
}
