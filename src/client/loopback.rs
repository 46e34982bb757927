//! A login in the system's browser, which comes back to this machine: RFC 8252 section 7.3.

#[cfg(feature = "net")]
use {
    crate::browser,
    crate::clock::Deadline,
    crate::fork,
    crate::json::{Kind, Raw},
    crate::loopback::{Address, Loopback, Page},
    crate::oauth::form,
    crate::secret::{Secret, Wiped},
    crate::status,
    std::time::Duration,
};

use super::Client;
use crate::call::Call;
use crate::error::{Error, Reason, Result};
use crate::json::Object;
use crate::token::TokenSet;

/// Opens a URL in a browser.
pub type OpenUrl<'a> = &'a dyn Fn(&str) -> Result<()>;

#[cfg(not(feature = "net"))]
impl Client {
    /// Nobody can come back to a library without network code.
    pub fn login_loopback(&self, _: &Object, _: Option<OpenUrl>, _: &Call) -> Result<TokenSet> {
        Err(Error::new(
            Reason::NotBuilt,
            "this build has no network code: use bearer_login_begin and bearer_login_finish",
        ))
    }
}

#[cfg(feature = "net")]
impl Client {
    /// A whole login: opens the browser, the system's where `open_url` is none, and waits until it comes back.
    pub fn login_loopback(
        &self,
        parameters: &Object,
        open_url: Option<OpenUrl>,
        call: &Call,
    ) -> Result<TokenSet> {
        call.check()?;
        self.check_has_session()?;
        let address = address(parameters)?;
        let (loopback, redirect_uri) = Loopback::open(&address)?;
        let mut parameters = parameters.clone();
        parameters.set("redirect_uri", Raw::from_text(&redirect_uri));
        let step = || Call {
            deadline: call.deadline.min(Deadline::after(self.config.http.timeout)),
            cancel: call.cancel.clone(),
        };
        let login = self.login_begin(&parameters, &step())?;
        let text = |name: &str| login.get(name).and_then(Raw::as_str).unwrap_or_default();
        let until = self.session.steady() + self.time_left(&login);
        let generation = fork::generation();
        open_url.unwrap_or(&browser::open)(&text("authorization_url"))?;
        if fork::generation() != generation {
            return Err(Error::new(Reason::Forked, "the process was forked while it opened the browser"));
        }
        let state = Secret::from(text("state").as_str());
        let is_right = |query: &str| has_state(query, &state);
        let Some(back) = loopback.wait(&is_right, &|| self.session.steady(), until, call)? else {
            return Err(Error::new(Reason::LoginExpired, "nobody came back from the browser: begin again"));
        };
        let callback = Wiped::new(format!("?{}", back.query.as_str()));
        let outcome = self.login_finish(&login, &callback, &step());
        back.answer(page(&outcome), call);
        outcome
    }

    /// How long the login holds from now on.
    fn time_left(&self, login: &Object) -> Duration {
        let expires_at = login.get("expires_at").and_then(Raw::as_thousandths).unwrap_or(0) / 1000;
        let left = expires_at.saturating_sub(self.session.wall_s());
        Duration::from_secs(u64::try_from(left).unwrap_or(0))
    }
}

#[cfg(feature = "net")]
fn address(parameters: &Object) -> Result<Address> {
    let member = |problem: String| Error::new(Reason::Member, format!("params_json.{problem}"));
    if let Some(mode) = parameters.get("response_mode")
        && mode.kind() != Kind::Null
        && mode.as_str().is_none_or(|mode| mode.as_str() != "query")
    {
        return Err(member("response_mode: only a query comes back to this machine".into()));
    }
    match parameters.get("redirect_uri") {
        None => Ok(Address::default()),
        Some(uri) if uri.kind() == Kind::Null => Ok(Address::default()),
        Some(uri) => {
            let uri = uri.as_str().ok_or_else(|| member("redirect_uri: is not a string".into()))?;
            Address::parse(&uri).map_err(|problem| member(format!("redirect_uri: {problem}")))
        }
    }
}

/// Whether a callback belongs to the login. Any page can make a browser ask for another, which must not end the login.
#[cfg(feature = "net")]
fn has_state(query: &str, state: &Secret) -> bool {
    query
        .split('&')
        .filter_map(form::parse)
        .flatten()
        .any(|(name, value)| name == "state" && state.matches(&value))
}

/// What the person is told.
#[cfg(feature = "net")]
fn page(outcome: &Result<TokenSet>) -> Page {
    match outcome {
        Ok(_) => Page::SignedIn,
        Err(error) => match error.status {
            status::ACCESS_DENIED => Page::Denied,
            status::EXPIRED => Page::TooOld,
            status::CANCELLED => Page::GivenUp,
            _ => Page::Failed,
        },
    }
}

#[cfg(all(test, feature = "net"))]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_found_beside_whatever_else() {
        let state = Secret::from("s-1");
        for right in ["state=s-1", "code=%&state=s-1", "state=s-2&state=s-1", "a&state=s%2D1&b"] {
            assert!(has_state(right, &state), "{right}");
        }
        for wrong in ["", "state", "state=", "state=s-2", "State=s-1", "state=s-1x", "code=x#state=s-1"] {
            assert!(!has_state(wrong, &state), "{wrong}");
        }
    }
}
