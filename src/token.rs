//! The token set: RFC 6749 section 5.1 plus `expires_at`, with every other member kept as it came.

use crate::calendar;
use crate::decimal;
use crate::json::{Kind, Malformed, Object, Raw};
use crate::secret::{Secret, Wiped};

/// No token lives longer than this; larger numbers mean this one (`hostile.md` T-9).
pub const LONGEST_S: i64 = 10 * 366 * 24 * 3600;

/// Why a text is no token set: the member, and what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfit {
    /// The member's name; empty where the whole text is meant.
    pub member: String,
    /// What is wrong, ready for a message.
    pub problem: String,
}

impl From<Malformed> for Unfit {
    fn from(malformed: Malformed) -> Unfit {
        Unfit { member: String::new(), problem: malformed.0 }
    }
}

fn unfit<T>(member: &str, problem: impl Into<String>) -> Result<T, Unfit> {
    Err(Unfit { member: member.to_owned(), problem: problem.into() })
}

/// A token set as the caller stores it.
#[derive(Clone, Debug)]
pub struct TokenSet {
    members: Object,
    access_token: Option<Secret>,
    refresh_token: Option<Secret>,
    expires_at: Option<i64>,
    expires_in: Option<i64>,
}

impl TokenSet {
    /// Reads what a caller stored: our own JSON, Home Assistant's and requests-oauthlib's (`expires_at` may be a
    /// float), golang/oauth2's (`expiry` in RFC 3339). Either an access token or a refresh token must be there.
    pub fn from_stored(text: &str) -> Result<TokenSet, Unfit> {
        TokenSet::from_members(Object::parse(text)?)
    }

    /// The same from members that were read already.
    pub fn from_members(members: Object) -> Result<TokenSet, Unfit> {
        let token = |name| match members.get(name).map(|raw| (raw.kind(), raw.as_str())) {
            None | Some((Kind::Null, _)) => Ok(None),
            Some((_, Some(text))) if text.is_empty() => Ok(None),
            Some((_, Some(text))) if !text.bytes().all(|b| b.is_ascii_graphic()) => {
                unfit(name, "has characters that no header can carry")
            }
            Some((_, Some(text))) => Ok(Some(Secret::from(text.as_str()))),
            Some((kind, None)) => unfit(name, format!("is {}, not a string", kind.name())),
        };
        let (access_token, refresh_token) = (token("access_token")?, token("refresh_token")?);
        if access_token.is_none() && refresh_token.is_none() {
            return unfit("access_token", "is missing, and there is no refresh_token either");
        }
        if let Some(raw) = members.get("token_type")
            && !matches!(raw.kind(), Kind::String | Kind::Null)
        {
            return unfit("token_type", format!("is {}, not a string", raw.kind().name()));
        }
        let expires_in = seconds(&members, "expires_in")?;
        let expires_at = match seconds(&members, "expires_at")? {
            Some(at) => Some(at),
            None => expiry(&members)?,
        };
        Ok(TokenSet { access_token, refresh_token, expires_at, expires_in, members })
    }

    /// A token set that is a bare access token: used until the API refuses it.
    pub fn from_access_token(token: &str) -> Result<TokenSet, Unfit> {
        let mut members = Object::default();
        members.set("access_token", Raw::from_text(token));
        TokenSet::from_members(members)
    }

    /// The access token, unless there is only a refresh token.
    pub fn access_token(&self) -> Option<&Secret> {
        self.access_token.as_ref()
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh_token.as_ref()
    }

    /// When the access token expires, in seconds since 1970.
    pub fn expires_at(&self) -> Option<i64> {
        self.expires_at
    }

    /// How long the access token lived when it was issued, in seconds.
    pub fn expires_in(&self) -> Option<i64> {
        self.expires_in
    }

    /// The type as the server gave it; RFC 6749 wants one, some servers leave it out.
    pub fn token_type(&self) -> Option<Wiped> {
        self.members.get("token_type").and_then(Raw::as_str)
    }

    /// Any member, as the server sent it.
    pub fn member(&self, name: &str) -> Option<&Raw> {
        self.members.get(name)
    }

    /// The JSON that the caller stores.
    pub fn to_json(&self) -> Wiped {
        self.members.to_text()
    }

    /// This set as the successor of `old`, received for a request that was started at `now` (seconds since 1970):
    /// `{**old, **new}`, the old refresh token kept where there is no new one, and no lifetime left over from the old.
    pub fn succeed(self, old: Option<&TokenSet>, now: i64) -> TokenSet {
        let expires_at = self.expires_at.or(self.expires_in.map(|s| now.saturating_add(s)));
        let expiry_was_told = old.is_some_and(|old| old.members.get("expiry").is_some())
            || self.members.get("expiry").is_some();
        let mut members = old.map(|old| old.members.clone()).unwrap_or_default();
        for stale in ["expires_in", "expires_at", "expiry"] {
            if self.members.get(stale).is_none() {
                members.remove(stale);
            }
        }
        for (name, value) in self.members.iter() {
            let kept = name == "refresh_token" && self.refresh_token.is_none() && members.get(name).is_some();
            if !kept {
                members.set(name, value.clone());
            }
        }
        if let Some(at) = expires_at {
            members.set("expires_at", Raw::from_integer(at));
            if expiry_was_told {
                // golang/oauth2 reads this member and no other.
                members.set("expiry", Raw::from_text(&calendar::to_rfc3339(at)));
            }
        }
        let refresh_token = self.refresh_token.or_else(|| old.and_then(|old| old.refresh_token.clone()));
        TokenSet {
            members,
            access_token: self.access_token,
            refresh_token,
            expires_at,
            expires_in: self.expires_in,
        }
    }

    /// The same set with another refresh token.
    pub fn with_refresh_token(mut self, token: &Secret) -> TokenSet {
        self.members.set("refresh_token", Raw::from_text(token.expose()));
        self.refresh_token = Some(token.clone());
        self
    }

    /// The same set with this member, of which nothing else here is made.
    pub fn with_member(mut self, name: &str, value: Raw) -> TokenSet {
        self.members.set(name, value);
        self
    }

    /// The same set with `scope` as RFC 6749 section 3.3 writes it, where the server sent an array (T-10).
    pub fn with_scope_as_text(mut self) -> Result<TokenSet, Unfit> {
        let Some(raw) = self.members.get("scope") else { return Ok(self) };
        let Some(scopes) = raw.as_array() else {
            return match raw.kind() {
                Kind::String | Kind::Null => Ok(self),
                kind => unfit("scope", format!("is {}, not a string", kind.name())),
            };
        };
        let mut text = String::new();
        for scope in scopes {
            let Some(scope) = scope.as_str() else {
                return unfit("scope", "has an element that is no string");
            };
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(&scope);
        }
        self.members.set("scope", Raw::from_text(&text));
        Ok(self)
    }
}

/// A number of seconds, also as text (`"3600"`) and with a fraction; clamped to what a clock can count.
fn seconds(members: &Object, name: &str) -> Result<Option<i64>, Unfit> {
    let Some(raw) = members.get(name) else { return Ok(None) };
    let thousandths = match raw.kind() {
        Kind::Null => return Ok(None),
        Kind::Number => raw.as_thousandths(),
        Kind::String => raw.as_str().and_then(|text| match text.trim() {
            // What some languages write for a number that got out of hand.
            "NaN" | "nan" | "Infinity" | "inf" => Some(i64::MAX),
            text => decimal::thousandths(text),
        }),
        _ => None,
    };
    let Some(thousandths) = thousandths else {
        return unfit(name, format!("is {}, not a number of seconds", raw.kind().name()));
    };
    let seconds = thousandths.div_euclid(1000);
    Ok(Some(if name == "expires_in" { seconds.clamp(-LONGEST_S, LONGEST_S) } else { seconds }))
}

/// golang/oauth2's `expiry`; its zero time means that the token does not expire.
fn expiry(members: &Object) -> Result<Option<i64>, Unfit> {
    let Some(raw) = members.get("expiry") else { return Ok(None) };
    match raw.as_str() {
        Some(text) if text.starts_with("0001-01-01T00:00:00") => Ok(None),
        Some(text) => match calendar::from_rfc3339(&text) {
            Some(at) => Ok(Some(at)),
            None => unfit("expiry", "is not a time in RFC 3339"),
        },
        // Other programs may keep something of their own under this name.
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests;
