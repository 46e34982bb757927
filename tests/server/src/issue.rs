//! Token answers: what the token endpoint, account linking and the control interface
//! all hand out.

use crate::dpop;
use crate::grants::{Access, GrantId, Presented};
use crate::published::merge;
use crate::shared::State;
use serde_json::{Value, json};

/// The scope of a grant for which nobody asked for one.
pub const DEFAULT_SCOPE: &str = "read write";

/// Why there is no renewal.
#[derive(Debug, PartialEq, Eq)]
pub enum NotRenewed {
    /// The refresh token is not good (any more).
    InvalidGrant,
    /// More was asked for than was granted.
    InvalidScope,
    /// The same of resources or details; the error code.
    TooMuch(&'static str),
}

impl State {
    /// The issuer at a listener.
    pub fn issuer(&self, base: &str) -> String {
        format!("{base}{}", self.config.issuer_path)
    }

    /// A token answer for a grant, as of now and with the configured lifetime.
    pub fn token_answer(&mut self, grant: GrantId, scope: &str, with_refresh: bool) -> Value {
        let now_ms = self.clock.now_ms();
        self.token_answer_at(now_ms, grant, scope, with_refresh, self.config.access_ttl_s)
    }

    /// A token answer as of some time and with some lifetime.
    pub fn token_answer_at(
        &mut self,
        issued_ms: i64,
        grant: GrantId,
        scope: &str,
        with_refresh: bool,
        ttl_s: u64,
    ) -> Value {
        let ttl_ms = i64::try_from(ttl_s).unwrap_or(i64::MAX).saturating_mul(1000);
        let expires_ms = issued_ms.saturating_add(ttl_ms);
        let jkt = self.asked.jkt.clone();
        let granted = self.grants.granted(grant);
        let resources = match self.asked.resources.is_empty() {
            true => granted.resources.clone(),
            false => self.asked.resources.clone(),
        };
        let details = self.asked.details.clone().or_else(|| granted.details.clone());
        let access = Access {
            scope: scope.to_string(),
            issued_ms,
            expires_ms,
            jkt: jkt.clone(),
            resources,
            details: details.clone(),
            ..Access::of(grant)
        };
        let mut answer = json!({
            "access_token": self.grants.access_token(access),
            "token_type": if jkt.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": ttl_s,
            "scope": scope,
        });
        if with_refresh {
            // RFC 9449, section 5: those of clients that can prove who they are, are bound to them.
            let client = &self.grants.granted(grant).client_id;
            let jkt = jkt.filter(|_| !self.clients.is_confidential(client));
            answer["refresh_token"] = Value::String(self.grants.refresh_token(grant, jkt));
        }
        if with_refresh || self.asked.is_renewal {
            let token = answer["access_token"].as_str().unwrap_or_default();
            if let Some(id_token) = self.id_token(grant, scope, token) {
                answer["id_token"] = id_token.into();
            }
        }
        if let Some(details) = details {
            answer["authorization_details"] = details;
        }
        merge(&mut answer, &self.config.token_members);
        answer
    }

    /// Renews with a refresh token, by a client or (account linking) by anybody.
    pub fn renew(
        &mut self,
        token: &str,
        client_id: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Value, NotRenewed> {
        let now_ms = self.clock.now_ms();
        let grace_ms = i64::try_from(self.config.grace_s).unwrap_or(i64::MAX).saturating_mul(1000);
        let grant = match self.grants.present(token, client_id, now_ms, grace_ms) {
            Presented::Live(grant) => grant,
            Presented::InGrace(answer) => return Ok(answer),
            Presented::Replayed(grant) => {
                self.end_family(grant);
                return Err(NotRenewed::InvalidGrant);
            }
            Presented::Bad => return Err(NotRenewed::InvalidGrant),
        };
        if let Some(bound) = self.grants.refresh_jkt(token)
            && self.asked.jkt.as_deref() != Some(bound)
        {
            dpop::count_refusal(self, if self.asked.jkt.is_some() { "binding" } else { "missing" });
            return Err(NotRenewed::InvalidGrant);
        }
        let granted = self.grants.granted(grant);
        self.asked.fits(granted).map_err(NotRenewed::TooMuch)?;
        let granted = granted.scope.clone();
        let scope = match scope {
            Some(asked) if !is_within(asked, &granted) => return Err(NotRenewed::InvalidScope),
            Some(asked) => asked.to_string(),
            None => granted,
        };
        self.asked.is_renewal = true;
        let rotate = self.config.rotate;
        let answer = self.token_answer(grant, &scope, rotate);
        if rotate {
            self.grants.spend(token, now_ms, answer.clone());
        }
        Ok(answer)
    }

    /// Ends a grant because something of it was used twice.
    pub fn end_family(&mut self, grant: GrantId) {
        if self.grants.revoke(grant) {
            self.counters.families_revoked += 1;
        }
    }
}

/// Whether a scope is part of another.
pub fn is_within(asked: &str, granted: &str) -> bool {
    asked.split_ascii_whitespace().all(|scope| granted.split_ascii_whitespace().any(|has| has == scope))
}
