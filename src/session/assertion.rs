//! JWTs that the client signs: the assertion by which it proves who it is, and its authorization requests. The key may be
//! anywhere.

use super::parts::Parts;
use crate::call::Call;
use crate::clock::Clock;
use crate::config::AuthMethod;
use crate::error::{Error, Reason, Result};
use crate::oauth::assertion::{Claims, signing_input};
use crate::oauth::token_request::Parameters;
use crate::oauth::{jws, pushed};
use crate::random;
use crate::secret::Secret;
use crate::signing::{self, Algorithm};

impl Parts {
    /// An assertion for this audience, never used before (RFC 7523 section 3).
    pub(super) fn assertion(&self, method: AuthMethod, audience: &str, call: &Call) -> Result<Secret> {
        let client = &self.config.client;
        let jti = random::id()?;
        let claims = Claims {
            client_id: client.client_id.as_deref().unwrap_or_default(),
            audience,
            now: self.time.wall_s(),
            jti: &jti,
        };
        if method == AuthMethod::SecretJwt {
            let input = signing_input(Algorithm::Hs256.name(), client.key_id.as_deref(), &claims);
            let secret = client.client_secret.as_ref().map_or("", Secret::expose);
            return Ok(jws::compact(&input, &signing::hs256(secret.as_bytes(), input.as_bytes())));
        }
        let (algorithm, name) = self.algorithm(client.signing_algorithm.as_deref());
        let input = signing_input(name, self.key_id(), &claims);
        Ok(jws::compact(&input, &self.sign(algorithm, &input, call)?))
    }

    /// An authorization request as a JWT (RFC 9101).
    pub(super) fn signed_request(
        &self,
        wanted: &str,
        audience: &str,
        parameters: &Parameters,
        call: &Call,
    ) -> Result<Secret> {
        let jti = random::id()?;
        let (algorithm, name) = self.algorithm(Some(wanted));
        let now = self.time.wall_s();
        let input = pushed::signing_input(name, self.key_id(), audience, parameters, now, &jti);
        Ok(jws::compact(&input, &self.sign(algorithm, &input, call)?))
    }

    /// What to sign with, and the name that the server knows it by.
    fn algorithm<'a>(&self, wanted: Option<&'a str>) -> (Algorithm, &'a str) {
        let of_key = self.keys.client.as_ref().map(|key| key.default_algorithm());
        // A key that only the hook has may be of any kind; most are on this curve.
        let algorithm = wanted.and_then(Algorithm::parse).or(of_key).unwrap_or(Algorithm::Es256);
        (algorithm, wanted.unwrap_or(algorithm.name()))
    }

    fn key_id(&self) -> Option<&str> {
        let of_key = self.keys.client.as_ref().and_then(|key| key.kid());
        self.config.client.key_id.as_deref().or(of_key)
    }

    fn sign(&self, algorithm: Algorithm, input: &str, call: &Call) -> Result<Vec<u8>> {
        match (self.hooks.sign.get()?, &self.keys.client) {
            (Some(hook), _) => of_hook(algorithm, hook.sign(algorithm.name(), input, call)?),
            (None, Some(key)) => key.sign(algorithm, input.as_bytes()),
            (None, None) => Err(Error::new(
                Reason::Conflict,
                "client: signing needs client.private_key, client.private_key_file or bearer_client_on_sign",
            )),
        }
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
