//! Grants and their tokens and codes: what was handed out and what became of it.

use crate::encoding::base64url;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use std::collections::HashMap;

/// Names a grant: one authorization with all tokens that ever came of it, which is
/// what the standards call the family of a refresh token.
pub type GrantId = usize;

struct Grant {
    client_id: String,
    scope: String,
    revoked: bool,
}

struct Access {
    grant: GrantId,
    expires_ms: i64,
    refused: bool,
}

struct Refresh {
    grant: GrantId,
    refused: bool,
    spent: Option<Spent>,
}

struct Spent {
    at_ms: i64,
    answer: Value,
}

/// An authorization code.
pub struct Code {
    /// The client it was given to.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The PKCE challenge (S256), if there was one.
    pub challenge: Option<String>,
    /// What was granted.
    pub scope: String,
    /// When it stops being good.
    pub expires_ms: i64,
    /// What came of it, once it is used.
    pub grant: Option<GrantId>,
}

/// What is known of a refresh token that somebody presents.
pub enum Presented {
    /// It may be used.
    Live(GrantId),
    /// It was spent a moment ago: this was the answer then.
    InGrace(Value),
    /// It was spent: a replay.
    Replayed(GrantId),
    /// It is unknown, another client's, revoked or refused.
    Bad,
}

/// Everything that was handed out.
#[derive(Default)]
pub struct Grants {
    grants: Vec<Grant>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    codes: HashMap<String, Code>,
}

impl Grants {
    /// Begins a grant.
    pub fn grant(&mut self, client_id: &str, scope: &str) -> GrantId {
        self.grants.push(Grant {
            client_id: client_id.to_string(),
            scope: scope.to_string(),
            revoked: false,
        });
        self.grants.len() - 1
    }

    /// What a grant allows.
    pub fn scope(&self, grant: GrantId) -> String {
        self.grants[grant].scope.clone()
    }

    /// A new access token.
    pub fn access_token(&mut self, grant: GrantId, expires_ms: i64) -> String {
        let token = random("at-");
        let access = Access { grant, expires_ms, refused: false };
        self.access.insert(token.clone(), access);
        token
    }

    /// A new refresh token.
    pub fn refresh_token(&mut self, grant: GrantId) -> String {
        let token = random("rt-");
        let refresh = Refresh { grant, refused: false, spent: None };
        self.refresh.insert(token.clone(), refresh);
        token
    }

    /// A new authorization code.
    pub fn code(&mut self, code: Code) -> String {
        let text = random("code-");
        self.codes.insert(text.clone(), code);
        text
    }

    /// The code of this text.
    pub fn find_code(&mut self, text: &str) -> Option<&mut Code> {
        self.codes.get_mut(text)
    }

    /// Whether the API accepts this access token.
    pub fn is_live(&self, token: &str, now_ms: i64) -> bool {
        self.access.get(token).is_some_and(|access| {
            !access.refused && now_ms < access.expires_ms && !self.grants[access.grant].revoked
        })
    }

    /// What a refresh token is good for. `client_id` is `None` where the way in needs
    /// no client (account linking).
    pub fn present(&self, token: &str, client_id: Option<&str>, now_ms: i64, grace_ms: i64) -> Presented {
        let Some(refresh) = self.refresh.get(token) else {
            return Presented::Bad;
        };
        let grant = &self.grants[refresh.grant];
        if refresh.refused || client_id.is_some_and(|id| id != grant.client_id) {
            return Presented::Bad;
        }
        match &refresh.spent {
            _ if grant.revoked => Presented::Bad,
            None => Presented::Live(refresh.grant),
            Some(spent) if now_ms.saturating_sub(spent.at_ms) < grace_ms => {
                Presented::InGrace(spent.answer.clone())
            }
            Some(_) => Presented::Replayed(refresh.grant),
        }
    }

    /// Marks a refresh token as spent on `answer`.
    pub fn spend(&mut self, token: &str, at_ms: i64, answer: Value) {
        if let Some(refresh) = self.refresh.get_mut(token) {
            refresh.spent = Some(Spent { at_ms, answer });
        }
    }

    /// Ends every token of a grant; whether there was still something to end.
    pub fn revoke(&mut self, grant: GrantId) -> bool {
        !std::mem::replace(&mut self.grants[grant].revoked, true)
    }

    /// RFC 7009: a refresh token takes its whole grant with it, an access token only
    /// itself, and an unknown token is no error.
    pub fn revoke_token(&mut self, token: &str) {
        if let Some(refresh) = self.refresh.get(token) {
            self.revoke(refresh.grant);
        } else {
            self.refuse_access(token);
        }
    }

    /// Refuses one access token from now on; whether it is known.
    pub fn refuse_access(&mut self, token: &str) -> bool {
        match self.access.get_mut(token) {
            Some(access) => {
                access.refused = true;
                true
            }
            None => false,
        }
    }

    /// Refuses one refresh token from now on; whether it is known.
    pub fn refuse_refresh(&mut self, token: &str) -> bool {
        match self.refresh.get_mut(token) {
            Some(refresh) => {
                refresh.refused = true;
                true
            }
            None => false,
        }
    }
}

/// Unguessable text that starts with `prefix`, by which tests find it in a log.
pub fn random(prefix: &str) -> String {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    format!("{prefix}{}", base64url(&bytes))
}
