//! The client's private key, where the configuration has it or names its file.

use crate::config::{Config, PrivateKey};
use crate::error::{Error, Reason, Result};
use crate::secret::Wiped;
use crate::signing::{Algorithm, Key};

/// Reads it, where there is one.
pub(super) fn read(config: &Config) -> Result<Option<Key>> {
    let (path, text) = match &config.client.private_key {
        None => return Ok(None),
        Some(PrivateKey::Text(text)) => ("client.private_key", Wiped::new(text.expose().to_owned())),
        Some(PrivateKey::File(path)) => match std::fs::read_to_string(path) {
            Ok(text) => ("client.private_key_file", Wiped::new(text)),
            Err(error) => {
                return Err(Error::new(Reason::File, format!("client.private_key_file: {}", error.kind())));
            }
        },
    };
    let reason = if cfg!(feature = "signing") { Reason::Member } else { Reason::NotBuilt };
    let key = Key::read(&text).map_err(|problem| Error::new(reason, format!("{path}: {problem}")))?;
    let wanted = config.client.signing_algorithm.as_deref();
    if wanted.and_then(Algorithm::parse).is_some_and(|wanted| !key.algorithms().contains(&wanted)) {
        let problem =
            "client.token_endpoint_auth_signing_alg: is of another kind of key than the private key";
        return Err(Error::new(Reason::Conflict, problem));
    }
    Ok(Some(key))
}
