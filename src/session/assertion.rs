//! The signed assertion by which a client proves who it is; the key may be anywhere.

use super::parts::Parts;
use crate::call::Call;
use crate::clock::Clock;
use crate::config::AuthMethod;
use crate::error::{Error, Reason, Result};
use crate::oauth::assertion::{Claims, compact, signing_input};
use crate::random;
use crate::secret::Secret;
use crate::signing::{self, Algorithm};

impl Parts {
    /// One for this audience, never used before (RFC 7523 section 3).
    pub(super) fn assertion(&self, method: AuthMethod, audience: &str, call: &Call) -> Result<Secret> {
        let client = &self.config.client;
        let mut jti = [0; 16];
        random::fill(&mut jti)?;
        let signer = match method {
            AuthMethod::SecretJwt => None,
            _ => self.hooks.sign.get()?,
        };
        let wanted = client.signing_algorithm.as_deref();
        let algorithm = match (method, wanted.and_then(Algorithm::parse), &self.key) {
            (AuthMethod::SecretJwt, ..) => Algorithm::Hs256,
            (_, Some(wanted), _) => wanted,
            (_, None, Some(key)) => key.default_algorithm(),
            // A key that only the hook has may be of any kind; most are on this curve.
            (_, None, None) => Algorithm::Es256,
        };
        let name = wanted.filter(|_| method != AuthMethod::SecretJwt).unwrap_or(algorithm.name());
        let claims = Claims {
            client_id: client.client_id.as_deref().unwrap_or_default(),
            audience,
            now: self.time.wall_s(),
            jti: &jti,
        };
        let key_id = client.key_id.as_deref().or(self.key.as_ref().and_then(|key| key.kid()));
        let input = signing_input(name, key_id, &claims);
        let bytes = input.as_bytes();
        let signature = match (&signer, &self.key) {
            (Some(hook), _) => of_hook(algorithm, hook.sign(algorithm.name(), &input, call)?)?,
            _ if method == AuthMethod::SecretJwt => {
                let secret = client.client_secret.as_ref().map_or("", Secret::expose);
                signing::hs256(secret.as_bytes(), bytes).to_vec()
            }
            (None, Some(key)) => key.sign(algorithm, bytes)?,
            (None, None) => {
                return Err(Error::new(
                    Reason::Conflict,
                    "client.token_endpoint_auth_method: private_key_jwt needs client.private_key, \
                     client.private_key_file or bearer_client_on_sign",
                ));
            }
        };
        Ok(compact(&input, &signature))
    }
}

/// A signature as JWTs have it: OpenSSL and TPMs write those of elliptic curves otherwise.
fn of_hook(algorithm: Algorithm, signature: Vec<u8>) -> Result<Vec<u8>> {
    match algorithm {
        Algorithm::Es256 => match signing::raw_ecdsa(&signature) {
            Some(raw) => Ok(raw.to_vec()),
            None => Err(Error::new(Reason::Hook, "on_sign: the answer is no signature of ES256")),
        },
        _ => Ok(signature),
    }
}
