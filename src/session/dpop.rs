//! The keys that a session's tokens are bound to (RFC 9449), and the nonces that servers want in proofs.

use std::sync::Arc;

use super::parts::Parts;
use super::state::Current;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::fork::Lock;
use crate::http::Headers;
use crate::json::Object;
use crate::oauth::dpop::{self, Proof};
use crate::oauth::jws;
use crate::random;
use crate::secret::Secret;
use crate::signing::Key;
use crate::token::TokenSet;
use crate::url::{Origin, Url};

/// Servers of a client are few; of more the oldest is forgotten.
const ORIGINS: usize = 16;

/// The nonce that each server gave last (section 8.2). An authorization server and an API may share an origin.
#[derive(Default)]
pub(super) struct Nonces(Lock<Vec<(Origin, Role, String)>>);

/// What a server is to the client.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    Authorization,
    Api,
}

/// The key for a new token.
#[derive(Clone)]
pub struct Binding {
    pub(super) key: Arc<Key>,
    /// Its private JWK, where nobody else keeps it.
    pub(super) kept: Option<Secret>,
}

impl Binding {
    /// What an authorization request says of it (section 10).
    pub fn thumbprint(&self) -> String {
        dpop::thumbprint(&self.key.public_jwk())
    }

    /// What a login keeps of it for its other half.
    pub fn kept(&self) -> Option<&Secret> {
        self.kept.as_ref()
    }
}

impl Parts {
    /// The key for a new token: the configured one, else the one that is kept already, else a new one. `None` where the
    /// client does not bind its tokens.
    pub(super) fn binding(&self, kept: Option<&str>) -> Result<Option<Binding>> {
        if !self.config.client.binds_to_key {
            return Ok(None);
        }
        if let Some(key) = &self.keys.dpop {
            return Ok(Some(Binding { key: key.clone(), kept: None }));
        }
        let (key, jwk) = match kept {
            Some(jwk) => (read(jwk)?, Secret::from(jwk)),
            None => Key::generate()?,
        };
        Ok(Some(Binding { key: Arc::new(key), kept: Some(jwk) }))
    }

    /// The key that the set's access token, which is bound to one, goes with.
    pub(super) fn key_of(&self, set: &TokenSet) -> Result<Arc<Key>> {
        match (set.member(dpop::KEY), &self.keys.dpop) {
            (Some(jwk), _) => read(jwk.text()).map(Arc::new),
            (None, Some(key)) => Ok(key.clone()),
            (None, None) => Err(Error::new(
                Reason::TokenType,
                "the access token is bound to a key (DPoP), which is neither in the token set nor in client.dpop_key",
            )),
        }
    }

    /// A proof for one request.
    pub(super) fn proof(
        &self,
        key: &Key,
        method: &str,
        url: &Url,
        access_token: Option<&Secret>,
    ) -> Result<Secret> {
        let jti = random::id()?;
        let role = if access_token.is_some() { Role::Api } else { Role::Authorization };
        let nonce = self.nonces.of(url.origin(), role)?;
        let algorithm = key.default_algorithm();
        let now = self.time.wall_s();
        let proof = Proof { method, url, access_token, nonce: nonce.as_deref(), now, jti: &jti };
        let input = dpop::signing_input(algorithm.name(), &key.public_jwk(), &proof);
        Ok(jws::compact(&input, &key.sign(algorithm, input.as_bytes())?))
    }
}

impl Nonces {
    /// Learns from an answer.
    pub(super) fn learn(&self, url: &Url, role: Role, answer: &Headers) {
        // Section 8.1: what a nonce may be made of; and none is kept that no header could take.
        let fits = |nonce: &&str| {
            !nonce.is_empty()
                && nonce.len() <= 4096
                && nonce.bytes().all(|b| (0x21..=0x7e).contains(&b) && !b"\"\\".contains(&b))
        };
        let Some(nonce) = answer.get("dpop-nonce").filter(fits) else { return };
        let Ok(mut nonces) = self.0.lock() else { return };
        match nonces.iter_mut().find(|(origin, known, _)| origin == url.origin() && *known == role) {
            Some((.., old)) => nonce.clone_into(old),
            None => {
                if nonces.len() == ORIGINS {
                    nonces.remove(0);
                }
                nonces.push((url.origin().clone(), role, nonce.to_owned()));
            }
        }
    }

    fn of(&self, origin: &Origin, role: Role) -> Result<Option<String>> {
        let nonces = self.0.lock()?;
        let known = nonces.iter().find(|(known, its_role, _)| known == origin && *its_role == role);
        Ok(known.map(|(.., nonce)| nonce.clone()))
    }
}

impl super::Session {
    /// The key that a new login's tokens are to be bound to.
    pub fn binding(&self, kept: Option<&str>) -> Result<Option<Binding>> {
        self.parts.binding(kept)
    }

    /// The proof that goes with a request that this token goes with; `None` for a bearer token.
    pub fn proof(&self, current: &Current, method: &str, url: &Url) -> Result<Option<Secret>> {
        match current.key(&self.parts)? {
            Some(key) => self.parts.proof(&key, method, url, current.set.access_token()).map(Some),
            None => Ok(None),
        }
    }

    /// Learns the nonce that an API wants in proofs.
    pub fn learn_nonce(&self, url: &Url, answer: &Headers) {
        self.parts.nonces.learn(url, Role::Api, answer);
    }
}

fn read(jwk: &str) -> Result<Key> {
    // A set without a key has been through a program that keeps what it knows only.
    Object::parse(jwk)
        .map_err(|malformed| malformed.0)
        .and_then(|_| Key::read(jwk))
        .map_err(|problem| Error::new(Reason::Member, format!("{}: {problem}", dpop::KEY)))
}
