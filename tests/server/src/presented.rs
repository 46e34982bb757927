//! Grants for what a client presents: a password (RFC 6749, section 4.3), a SAML assertion
//! (RFC 7522) or a JWT (RFC 7523). None of them is looked into: tests say which is good.

use crate::grants::{Granted, USER};
use crate::issue::DEFAULT_SCOPE;
use crate::response::Response;
use crate::shared::State;
use crate::token::{self, Pairs};

/// The grant types with an assertion.
pub const ASSERTIONS: [&str; 2] =
    ["urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer"];
/// The password of the usual person.
pub const PASSWORD: &str = "test-password";

/// The step of an assertion, which gives no refresh token (RFC 7521, section 4.1).
pub fn assertion(state: &mut State, form: &Pairs, client: &str) -> Response {
    let Some(assertion) = token::value(form, "assertion") else {
        return token::error("invalid_request");
    };
    let is_good = assertion == state.config.assertion;
    grant(state, form, client, is_good, false)
}

/// The step of a password.
pub fn password(state: &mut State, form: &Pairs, client: &str) -> Response {
    let given = ["username", "password"].map(|name| token::value(form, name));
    let [Some(username), Some(password)] = given else {
        return token::error("invalid_request");
    };
    let is_good = username == USER && password == state.config.password;
    grant(state, form, client, is_good, true)
}

fn grant(state: &mut State, form: &Pairs, client: &str, is_good: bool, with_refresh: bool) -> Response {
    if !is_good {
        return token::error("invalid_grant");
    }
    let scope = token::value(form, "scope").unwrap_or(DEFAULT_SCOPE);
    let grant = state.grants.grant(state.with_asked(Granted::new(client, scope)));
    token::success(&state.token_answer(grant, scope, with_refresh))
}
