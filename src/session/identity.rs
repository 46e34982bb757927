//! Who signed in: ID tokens are validated when they are received (OpenID Connect Core sections 3.1.3.7 and 12.2), by the
//! keys that the server publishes.

use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::exchange::Way;
use super::parts::Parts;
use crate::call::Call;
use crate::clock::Clock;
use crate::error::{Error, Reason, Result};
use crate::fork::Lock;
use crate::hooks;
use crate::json::Object;
use crate::metadata::Metadata;
use crate::oauth::id_token::{self, Expected};
use crate::oauth::jwt::{self, Jws, Keys};
use crate::oauth::token_response::{Answer, server_error};
use crate::quote::quote;
use crate::secret::Secret;
use crate::signing::Algorithm;
use crate::status;
use crate::token::TokenSet;
use crate::url::Url;

/// How long keys are used before they are looked at again.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long a key that is not among them is not asked for once more (`hostile.md` J-6).
const PATIENCE: Duration = Duration::from_secs(60);

/// The server's keys, once they were needed.
#[derive(Default)]
pub(super) struct KnownKeys(Lock<Option<Known>>);

#[derive(Clone)]
struct Known {
    place: Url,
    keys: Arc<Keys>,
    /// When they came, on the steady clock.
    since: Duration,
    /// When they were last asked for, whatever came of it.
    asked: Duration,
}

/// What a login asked an ID token to say; nothing where none was asked for.
#[derive(Default)]
pub struct Asked<'a> {
    /// Whether an ID token must come.
    pub is_wanted: bool,
    /// The login's nonce.
    pub nonce: Option<&'a Secret>,
    /// The login's code.
    pub code: Option<&'a Secret>,
    /// How long ago the person may have proved who they are.
    pub max_age_s: Option<i64>,
}

impl Session {
    /// Gets the keys that a login will need before its code is spent: where they cannot be had, the login can be
    /// finished later.
    pub fn prepare_identity(&self, asked: &Asked<'_>, call: &Call) -> Result<()> {
        let server = self.parts.server(call)?;
        match self.parts.place_of_keys(&server) {
            Some(place) if asked.is_wanted => self.parts.keys(place, call).map(drop),
            _ => Ok(()),
        }
    }

    /// Whether the ID token of a set that was just received is right, where there is one.
    pub fn check_identity(&self, set: &TokenSet, asked: &Asked<'_>, call: &Call) -> Result<()> {
        self.parts.check_identity(set, asked, false, call)
    }

    /// What the ID token says. It was validated when it was received; one that the caller stored is believed as much as
    /// the tokens beside it.
    pub fn identity(&self) -> Result<Object> {
        let none = || Error::new(Reason::NoToken, "there is no ID token: scope must have openid");
        let current = self.token()?.ok_or_else(none)?;
        let text = id_token::of(&current.set).ok_or_else(none)?;
        Ok(Jws::read(&text)?.claims)
    }
}

impl Parts {
    fn check_identity(&self, set: &TokenSet, asked: &Asked<'_>, renews: bool, call: &Call) -> Result<()> {
        let server = self.server(call)?;
        let Some(text) = id_token::of(set) else {
            return self.check_may_be_missing(set, asked, &server);
        };
        let jws = Jws::read(&text)?;
        self.check_signature(&jws, &server, renews, call)?;
        let expected = Expected {
            issuer: server.issuer.as_deref().or(self
                .config
                .issuer
                .as_ref()
                .map(|issuer| issuer.text.as_str())),
            client_id: self.config.client.client_id.as_deref(),
            nonce: asked.nonce,
            code: asked.code,
            access_token: set.access_token(),
            max_age_s: asked.max_age_s,
            now: self.time.wall_s(),
        };
        id_token::check_claims(&jws, &expected)
    }

    /// A provider of ID tokens that was asked for one must give it (section 3.1.3.3), unless it says that it did not
    /// grant it.
    fn check_may_be_missing(&self, set: &TokenSet, asked: &Asked<'_>, server: &Metadata) -> Result<()> {
        let granted = set.member("scope").and_then(|raw| raw.as_str());
        let is_granted = granted.is_none_or(|scope| id_token::is_asked_for(&scope));
        if asked.is_wanted && is_granted && server.jwks_uri.is_some() {
            return Err(jwt::wrong("is missing"));
        }
        Ok(())
    }

    /// Whether the set that a renewal brought is about the same person. Whatever keeps the keys away does not keep it
    /// from being used, for it may have the only copy of a rotated refresh token.
    pub(super) fn check_renewed(
        &self,
        set: &TokenSet,
        way: &Way,
        old: Option<&TokenSet>,
        call: &Call,
    ) -> Result<()> {
        let Some(new) = id_token::of(set) else { return Ok(()) };
        let old = old.filter(|_| way.is_by_refresh_token()).and_then(id_token::of);
        // Some servers repeat the one of the login, which is old by now.
        if matches!(way, Way::Hook(_)) || old.as_ref() == Some(&new) {
            return Ok(());
        }
        let outcome = self.check_renewed_text(&new, old.as_ref().map(|old| old.as_str()), set, way, call);
        if let Err(error) = &outcome {
            // What is lost with it stands in the log, for only the server knows whose it is.
            self.hooks.log(hooks::ERROR, "renewal_refused", || {
                let mut members = vec![("error", error.to_json())];
                for (name, token) in [
                    ("access_token_sha256", set.access_token()),
                    ("refresh_token_sha256", set.refresh_token()),
                ] {
                    members.extend(token.map(|token| (name, quote(&token.fingerprint()))));
                }
                members
            });
        }
        outcome
    }

    fn check_renewed_text(
        &self,
        new: &str,
        old: Option<&str>,
        set: &TokenSet,
        way: &Way,
        call: &Call,
    ) -> Result<()> {
        let old = old.and_then(id_token::claims);
        let new = match Jws::read(new) {
            Ok(new) => new,
            // Encrypted from the first on: nobody here ever knew who it was about.
            Err(error) if error.reason == Reason::NotBuilt && old.is_none() => return Ok(()),
            Err(error) => return Err(error),
        };
        if let Some(old) = &old {
            id_token::check_continues(old, &new.claims)?;
        }
        match way {
            // Of another client than this one, by a service between.
            Way::Link(_) => Ok(()),
            _ => self.check_identity(set, &Asked::default(), true, call),
        }
    }

    fn place_of_keys<'a>(&self, server: &'a Metadata) -> Option<&'a Url> {
        let by_secret = self.config.client.id_token_algorithm == Some(Algorithm::Hs256);
        server.jwks_uri.as_ref().filter(|_| cfg!(feature = "signing") && !by_secret)
    }

    /// Section 3.1.3.7, items 6 to 8. Without published keys, the connection that it came through stands for its
    /// signature.
    fn check_signature(&self, jws: &Jws<'_>, server: &Metadata, renews: bool, call: &Call) -> Result<()> {
        let client = &self.config.client;
        if let (Some(Algorithm::Hs256), Some(secret)) = (client.id_token_algorithm, &client.client_secret) {
            return jws.verify_by_secret(secret);
        }
        let allowed = id_token::algorithms(client.id_token_algorithm, server);
        let Some(place) = self.place_of_keys(server) else {
            return client.id_token_algorithm.map_or(Ok(()), |_| jws.allowed(&allowed).map(drop));
        };
        jws.allowed(&allowed)?;
        let keys = match self.keys(place, call) {
            Ok(known) => known,
            Err(error) if error.status == status::UNSAFE && !renews => return Err(error),
            Err(error) => {
                self.hooks.log(hooks::WARN, "id_token_not_verified", || vec![("error", error.to_json())]);
                return Ok(());
            }
        };
        self.verify_by(&keys, jws, &allowed, call)
    }

    /// Whether it is signed by a key that the server publishes there.
    pub(super) fn verify(
        &self,
        jws: &Jws<'_>,
        allowed: &[Algorithm],
        place: &Url,
        call: &Call,
    ) -> Result<()> {
        jws.allowed(allowed)?;
        self.verify_by(&self.keys(place, call)?, jws, allowed, call)
    }

    fn verify_by(&self, known: &Known, jws: &Jws<'_>, allowed: &[Algorithm], call: &Call) -> Result<()> {
        if jws.verify(&known.keys, allowed)?.is_some() {
            return Ok(());
        }
        match self.newer_keys(known, call) {
            Some(newer) if jws.verify(&newer.keys, allowed)?.is_some() => Ok(()),
            _ => Err(jwt::wrong("is signed by a key that the server does not publish")),
        }
    }

    fn keys(&self, place: &Url, call: &Call) -> Result<Known> {
        let known = self.known_keys.0.lock()?.clone().filter(|known| known.place == *place);
        match known {
            Some(known) if self.time.steady().saturating_sub(known.since) < KEPT => Ok(known),
            Some(old) => Ok(self.newer_keys(&old, call).unwrap_or(old)),
            None => self.fetch_keys(place, call),
        }
    }

    /// The keys as they are now, unless they were asked for just before.
    fn newer_keys(&self, old: &Known, call: &Call) -> Option<Known> {
        let now = self.time.steady();
        if now.saturating_sub(old.asked) < PATIENCE {
            return None;
        }
        // Before they are: a server that is down is not asked all the time.
        *self.known_keys.0.lock().ok()? = Some(Known { asked: now, ..old.clone() });
        self.fetch_keys(&old.place, call).ok()
    }

    fn fetch_keys(&self, place: &Url, call: &Call) -> Result<Known> {
        let now = self.time.steady();
        let keys = self.read_keys(place, call).map_err(|error| error.at(place.without_query()))?;
        let known = Known { place: place.clone(), keys: Arc::new(keys), since: now, asked: now };
        *self.known_keys.0.lock()? = Some(known.clone());
        Ok(known)
    }

    fn read_keys(&self, place: &Url, call: &Call) -> Result<Keys> {
        let whole = self.get(place, jwt::LONGEST_KEYS, call).map_err(|error| match error.reason {
            Reason::BodySize => unfit("is longer than 1 MiB"),
            _ => error,
        })?;
        match whole.status {
            200..=299 => Keys::read(whole.body.expose()).map_err(unfit),
            408 | 425 | 429 | 500.. => {
                Err(server_error(&Answer::from(&whole), "jwks_uri", self.time.wall_s()))
            }
            status => Err(Error::new(Reason::Metadata, format!("jwks_uri answered {status}"))),
        }
    }
}

fn unfit(problem: &str) -> Error {
    Error::new(Reason::Jwt, format!("the document at jwks_uri {problem}"))
}
