//! Callbacks that the server signs: JWT Secured Authorization Response Mode (JARM).

use super::Session;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::metadata::Metadata;
use crate::oauth::jwt::Jws;
use crate::oauth::{authorization, id_token};
use crate::secret::Wiped;

impl Session {
    /// The query that such a callback stands for, once its signature is that of the server.
    pub fn open_answer(&self, text: &str, call: &Call) -> Result<Wiped> {
        if !cfg!(feature = "signing") {
            return Err(Error::new(
                Reason::NotBuilt,
                "this build verifies no signed callbacks (feature signing)",
            ));
        }
        let server = self.parts.server(call)?;
        let Some(place) = &server.jwks_uri else {
            return Err(Error::new(
                Reason::Conflict,
                "server.jwks_uri: is not configured, so no signed callback can be verified",
            ));
        };
        let in_its_words = |error: Error| {
            Error::new(error.reason, error.message.replace("the ID token", "the callback's JWT"))
        };
        let jws = Jws::read(text).map_err(in_its_words)?;
        // What a callback may be signed with is any algorithm with public keys.
        let allowed = id_token::algorithms(None, &Metadata::default());
        self.parts.verify(&jws, &allowed, place, call).map_err(|error| match error.reason {
            Reason::Jwt => in_its_words(error),
            _ => error,
        })?;
        let client_id = self.parts.config.client.client_id.as_deref().unwrap_or_default();
        authorization::query_of_claims(&jws.claims, server.issuer.as_deref(), client_id, self.wall_s())
    }
}
