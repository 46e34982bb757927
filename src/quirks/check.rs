//! What the types of a configuration's members do not say about its `quirks`.

use super::Quirks;
use crate::json::Object;

/// What is wrong with a member: its path below `quirks`, and the problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Unfit(pub String, pub &'static str);

/// The members of answers that the library reads.
pub(super) const OURS: [&str; 8] = [
    "access_token",
    "refresh_token",
    "token_type",
    "expires_in",
    "expires_at",
    "scope",
    "id_token",
    "verification_uri",
];

/// The errors that it knows: of RFC 6749 sections 4.1.2.1 and 5.2, and of RFC 8628 section 3.5.
const ERRORS: [&str; 11] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "temporarily_unavailable",
    "authorization_pending",
    "slow_down",
    "expired_token",
];

/// Parameters that no vendor has a say in.
const SET_BY_THE_LIBRARY: [&str; 8] = [
    "response_type",
    "client_id",
    "client_secret",
    "state",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
];

impl Quirks {
    /// Takes members whose types were checked.
    pub fn new(members: Object) -> Result<Quirks, Unfit> {
        let quirks = Quirks(members);
        for path in ["token_path", "success.member", "error.code", "error.description"] {
            if quirks.text(path).is_some_and(|text| text.split('.').any(str::is_empty)) {
                return Err(Unfit(path.to_owned(), "is not a path: names with dots between them"));
            }
        }
        if quirks.text("success.member").is_some() != quirks.text("success.value").is_some() {
            return Err(Unfit("success".to_owned(), "needs both member and value"));
        }
        for path in ["scope_separator", "requested_scope_separator"] {
            if quirks.text(path).is_some_and(|text| text.is_empty()) {
                return Err(Unfit(path.to_owned(), "is empty"));
            }
        }
        const UNKNOWN: &str = "is nothing that the library reads in an answer";
        const TAKEN: &str = "is set by the library";
        for path in ["members", "error.codes", "authorization_parameters", "token_parameters"] {
            for (name, value) in quirks.table(path).iter() {
                let Some(value) = value.as_str() else { continue };
                let problem = match path {
                    "members" => (!OURS.contains(&name)).then_some(UNKNOWN),
                    "error.codes" => (!ERRORS.contains(&value.as_str())).then_some(UNKNOWN),
                    _ => SET_BY_THE_LIBRARY.contains(&name).then_some(TAKEN),
                };
                if let Some(problem) = problem {
                    return Err(Unfit([path, ".", name].concat(), problem));
                }
            }
        }
        Ok(quirks)
    }
}
