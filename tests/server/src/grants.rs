//! Grants and their tokens and codes: what was handed out and what became of it.

use crate::encoding::base64url;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use std::collections::HashMap;

/// Names a grant: one authorization with all tokens that ever came of it, which is
/// what the standards call the family of a refresh token.
pub type GrantId = usize;

/// The person who grants.
pub const USER: &str = "test-user";

/// What was granted to whom by whom.
#[derive(Clone)]
pub struct Granted {
    /// The client.
    pub client_id: String,
    /// What it may do.
    pub scope: String,
    /// The person, or the client itself.
    pub sub: String,
    /// How the person proved who it is, if it is known (RFC 9470).
    pub acr: Option<String>,
    /// When it did.
    pub auth_ms: Option<i64>,
    /// The `nonce` of the request (OpenID Connect Core, section 3.1.2.1).
    pub nonce: Option<String>,
    /// Who acts for the person (RFC 8693, section 4.1).
    pub actor: Option<String>,
    /// Where its tokens are for (RFC 8707); anywhere, if nobody said.
    pub resources: Vec<String>,
    /// What they are for (RFC 9396).
    pub details: Option<Value>,
}

struct Grant {
    granted: Granted,
    revoked: bool,
}

/// An access token.
pub struct Access {
    /// What it came from.
    pub grant: GrantId,
    /// What it allows.
    pub scope: String,
    /// When it was issued.
    pub issued_ms: i64,
    /// When it stops being good.
    pub expires_ms: i64,
    /// The thumbprint of the key it is bound to.
    pub jkt: Option<String>,
    /// Where it is for.
    pub resources: Vec<String>,
    /// What it is for.
    pub details: Option<Value>,
    /// Whether it is refused, whatever it says.
    pub refused: bool,
}

impl Access {
    /// One that allows nothing.
    pub fn of(grant: GrantId) -> Self {
        Self {
            grant,
            scope: String::new(),
            issued_ms: 0,
            expires_ms: 0,
            jkt: None,
            resources: Vec::new(),
            details: None,
            refused: false,
        }
    }
}

/// An access token that is good now.
pub struct Live<'a> {
    /// What it came from.
    pub granted: &'a Granted,
    /// What it is itself, which may be for less.
    pub access: &'a Access,
}

struct Refresh {
    grant: GrantId,
    jkt: Option<String>,
    refused: bool,
    spent: Option<Spent>,
}

struct Spent {
    at_ms: i64,
    answer: Value,
}

/// An authorization code.
pub struct Code {
    /// What comes of it.
    pub granted: Granted,
    /// Where it was sent.
    pub redirect_uri: String,
    /// The PKCE challenge (S256), if there was one.
    pub challenge: Option<String>,
    /// The thumbprint of the key it is bound to (RFC 9449, section 10).
    pub jkt: Option<String>,
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

impl Granted {
    /// A grant by the usual person.
    pub fn new(client_id: &str, scope: &str) -> Self {
        Self {
            client_id: client_id.to_string(),
            scope: scope.to_string(),
            sub: USER.to_string(),
            acr: None,
            auth_ms: None,
            nonce: None,
            actor: None,
            resources: Vec::new(),
            details: None,
        }
    }

    /// The same by another.
    pub fn by(mut self, sub: &str) -> Self {
        self.sub = sub.to_string();
        self
    }
}

impl Grants {
    /// Begins a grant.
    pub fn grant(&mut self, granted: Granted) -> GrantId {
        self.grants.push(Grant { granted, revoked: false });
        self.grants.len() - 1
    }

    /// What was granted.
    pub fn granted(&self, grant: GrantId) -> &Granted {
        &self.grants[grant].granted
    }

    /// A new access token.
    pub fn access_token(&mut self, access: Access) -> String {
        let token = random("at-");
        self.access.insert(token.clone(), access);
        token
    }

    /// A new refresh token.
    pub fn refresh_token(&mut self, grant: GrantId, jkt: Option<String>) -> String {
        let token = random("rt-");
        let refresh = Refresh { grant, jkt, refused: false, spent: None };
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

    /// An access token, where it is good.
    pub fn live(&self, token: &str, now_ms: i64) -> Option<Live<'_>> {
        let access = self.access.get(token)?;
        let grant = &self.grants[access.grant];
        let is_live = !access.refused && now_ms < access.expires_ms && !grant.revoked;
        is_live.then_some(Live { granted: &grant.granted, access })
    }

    /// The thumbprint of the key that a refresh token is bound to.
    pub fn refresh_jkt(&self, token: &str) -> Option<&str> {
        self.refresh.get(token)?.jkt.as_deref()
    }

    /// What a refresh token came from, where it can be used.
    pub fn live_refresh(&self, token: &str) -> Option<&Granted> {
        let refresh = self.refresh.get(token)?;
        let grant = &self.grants[refresh.grant];
        let is_live = !refresh.refused && refresh.spent.is_none() && !grant.revoked;
        is_live.then_some(&grant.granted)
    }

    /// What kind of token this is, in the words of RFC 7009.
    pub fn kind(&self, token: &str) -> Option<&'static str> {
        if self.access.contains_key(token) {
            return Some("access_token");
        }
        self.refresh.contains_key(token).then_some("refresh_token")
    }

    /// What a refresh token is good for. `client_id` is `None` where the way in needs
    /// no client (account linking).
    pub fn present(&self, token: &str, client_id: Option<&str>, now_ms: i64, grace_ms: i64) -> Presented {
        let Some(refresh) = self.refresh.get(token) else {
            return Presented::Bad;
        };
        let grant = &self.grants[refresh.grant];
        if refresh.refused || client_id.is_some_and(|id| id != grant.granted.client_id) {
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

    /// Ends every token of a client.
    pub fn revoke_client(&mut self, id: &str) {
        for grant in self.grants.iter_mut().filter(|grant| grant.granted.client_id == id) {
            grant.revoked = true;
        }
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
