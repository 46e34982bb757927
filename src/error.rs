//! Errors, and the one list of `reason`s: the stable sub-codes of `bearer_error_json`.

use crate::quote::quote;
use crate::status::{self, Status};

/// Fixed words cost nothing; most messages are.
pub type Message = std::borrow::Cow<'static, str>;

/// How a call of this crate ends.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! reasons {
    ($($variant:ident $name:literal $status:ident $doc:literal;)+) => {
        /// A stable, machine-readable sub-code of a status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Reason { $(#[doc = $doc] $variant),+ }

        impl Reason {
            /// Every reason: its name, its usual status, what it means.
            pub const ALL: &'static [(&'static str, Status, &'static str)] = &[$(($name, status::$status, $doc)),+];

            /// The name that stands in `bearer_error_json`.
            pub fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name),+ }
            }

            /// The status that goes with it, unless a hook chose another.
            pub fn status(self) -> Status {
                match self { $(Reason::$variant => status::$status),+ }
            }
        }
    };
}

reasons! {
    Null "null" INVALID_ARGUMENT "A pointer that must not be NULL is NULL.";
    Utf8 "utf8" INVALID_ARGUMENT "Text is not UTF-8.";
    Json "json" INVALID_ARGUMENT "Text is not the JSON it should be.";
    Member "member" INVALID_ARGUMENT "A JSON member is unknown, given twice, of the wrong type or out of range; the message has its path.";
    Conflict "conflict" INVALID_ARGUMENT "Two settings exclude each other, or one needs another.";
    Value "value" INVALID_ARGUMENT "A parameter is out of range.";
    Url "url" INVALID_ARGUMENT "A URL or path is malformed, or leads out of its base.";
    Header "header" INVALID_ARGUMENT "A header name, header value or token has characters or a length that HTTP does not allow, or is reserved.";
    ProxyUrl "proxy" INVALID_ARGUMENT "The URL of a proxy, in the configuration or the environment, is malformed.";
    Answer "answer" INVALID_ARGUMENT "A reply was answered twice, or in a way this hook does not have.";
    File "file" INVALID_ARGUMENT "A file that the configuration names cannot be read or is not what it should be.";
    Handle "handle" INVALID_HANDLE "The handle was freed, is of another kind, or was never one.";
    Reentered "reentered" WOULD_DEADLOCK "A hook called back into the call that waits for it.";
    NotBuilt "not_built" UNSUPPORTED "This build of the library does not have it.";
    NoBrowser "no_browser" UNSUPPORTED "The system has nothing that opens a browser.";
    NoToken "no_token" LOGIN_REQUIRED "There is no token, and no way to get one without a person.";
    InvalidGrant "invalid_grant" LOGIN_REQUIRED "The authorization server will not renew this session any more.";
    Hook "hook" HOOK_FAILED "A hook failed, or gave this status itself.";
    NotSaved "not_saved" HOOK_FAILED "on_token failed: the new token is kept in memory and offered again before its next use.";
    Unanswered "unanswered" HOOK_FAILED "A hook gave its reply up, or returned without an answer.";
    Dns "dns" UNAVAILABLE "The host name could not be looked up.";
    Connect "connect" UNAVAILABLE "No connection could be made.";
    Connection "connection" UNAVAILABLE "The connection broke before an answer came.";
    Listen "listen" UNAVAILABLE "The port that the browser is to come back to is taken.";
    ProxyFailed "proxy_failed" UNAVAILABLE "The proxy refused, or does not speak as a proxy should.";
    Forked "forked" UNAVAILABLE "The process was forked during the call; its connection belongs to the parent.";
    ServerError "server_error" UNAVAILABLE "The authorization server is overloaded or broken (408, 425, 429 or 5xx).";
    Deadline "deadline" TIMEOUT "The deadline passed.";
    Cancelled "cancelled" CANCELLED "The handle was cancelled.";
    AnswerLost "answer_lost" UNCERTAIN "The connection broke after a renewal was sent: the server may have rotated the refresh token.";
    CertificateExpired "certificate_expired" TLS "The server's certificate has expired.";
    NotYet "not_yet" TLS "The server's certificate is not valid yet; this machine's clock may be wrong.";
    WrongName "wrong_name" TLS "The server's certificate is for another name.";
    UnknownIssuer "unknown_issuer" TLS "The server's certificate was issued by nobody that is trusted here.";
    Certificate "certificate" TLS "The server's certificate is not acceptable.";
    Handshake "handshake" TLS "No secure connection could be agreed on.";
    TokenFormat "token_format" PROTOCOL "The token answer is not what RFC 6749 section 5.1 says.";
    TokenType "token_type" PROTOCOL "The token is of a type that cannot be used.";
    Truncated "truncated" PROTOCOL "The answer ended before it was whole.";
    Framing "framing" PROTOCOL "The answer is not HTTP/1.1 as it should be.";
    Metadata "metadata" PROTOCOL "The server's metadata is not what RFC 8414 says, or cannot be found.";
    NoEndpoint "no_endpoint" UNSUPPORTED "The authorization server has no such endpoint: it is neither configured nor in its metadata.";
    Denied "access_denied" ACCESS_DENIED "The person, or the server for them, said no.";
    LoginExpired "login_expired" EXPIRED "The login, or the device's code, is too old: begin again.";
    State "state" UNSAFE "The callback does not belong to this login, or says two things at once.";
    Issuer "issuer" UNSAFE "The answer comes from another authorization server than was asked.";
    Jwt "jwt" UNSAFE "A JWT is not what it should be.";
    Pkce "pkce" UNSAFE "The server does not know the S256 method of PKCE (RFC 7636).";
    OauthError "oauth_error" REJECTED "The authorization server answered with an OAuth error; oauth_error has it.";
    UnknownError "unknown_error" REJECTED "The authorization server refused without an OAuth error; http_status has what it said.";
    Redirect "redirect" UNSAFE "A redirect that must not be followed.";
    Origin "origin" UNSAFE "The URL is of an origin that must not get the token.";
    BodySize "body_size" TOO_LARGE "The body is larger than the limit.";
    Buffer "buffer" TOO_LARGE "The buffer is too small; len says what it takes.";
    QrSize "qr_size" TOO_LARGE "The text is too long for a QR code.";
    Memory "memory" OUT_OF_MEMORY "No memory.";
    Panic "panic" INTERNAL "A bug in this library was caught at its boundary.";
    Torn "torn" INTERNAL "An earlier bug may have left this object torn; make a new one.";
    Unexpected "unexpected" INTERNAL "The operating system refused something that it should not.";
}

/// Why a call failed. Its text never holds a secret: messages are made of fixed words, names and numbers.
///
/// One pointer wide, because it stands in every `Result`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Parts>);

/// What an [`Error`] is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// What the program should do about it.
    pub status: Status,
    /// The stable sub-code.
    pub reason: Reason,
    /// For people, in English.
    pub message: Message,
    /// The `error` member of an OAuth error response (RFC 6749 section 5.2).
    pub oauth_error: Option<String>,
    /// Its `error_description`, shortened and without control characters.
    pub oauth_error_description: Option<String>,
    /// The HTTP status of the answer that was refused.
    pub http_status: Option<u16>,
    /// Seconds until another try makes sense.
    pub retry_after_s: Option<u64>,
    /// Where it happened, without query.
    pub url: Option<String>,
}

impl std::ops::Deref for Error {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl Error {
    /// An error with the reason's own status.
    pub fn new(reason: Reason, message: impl Into<Message>) -> Error {
        Error::from_message(reason, message.into())
    }

    /// Out of line, for it stands at every place that can fail.
    #[cold]
    #[inline(never)]
    fn from_message(reason: Reason, message: Message) -> Error {
        Error(Box::new(Parts {
            status: reason.status(),
            reason,
            message,
            oauth_error: None,
            oauth_error_description: None,
            http_status: None,
            retry_after_s: None,
            url: None,
        }))
    }

    /// The same error under another status: for hooks, which choose it.
    pub fn with_status(mut self, status: Status) -> Error {
        self.status = status;
        self
    }

    /// Where it happened: an address without query and fragment, for neither may be shown.
    pub fn at(mut self, address: String) -> Error {
        self.url.get_or_insert(address);
        self
    }

    /// Takes secrets out of what a server said: some repeat the token that they refuse.
    pub fn without<'a>(mut self, secrets: impl Iterator<Item = &'a str> + Clone) -> Error {
        let parts = &mut *self.0;
        for text in [&mut parts.oauth_error, &mut parts.oauth_error_description].into_iter().flatten() {
            for secret in secrets.clone().filter(|secret| !secret.is_empty()) {
                *text = text.replace(secret, "…");
            }
        }
        self
    }

    /// `{"status":"login_required","reason":"invalid_grant","message":…}`; members that are unknown are absent.
    pub fn to_json(&self) -> String {
        let mut json = format!(
            r#"{{"status":"{}","reason":"{}","message":{}"#,
            status::json_name(self.status),
            self.reason.name(),
            quote(&self.message)
        );
        for (name, value) in [
            ("oauth_error", &self.oauth_error),
            ("oauth_error_description", &self.oauth_error_description),
            ("url", &self.url),
        ] {
            if let Some(text) = value {
                json.push_str(&format!(",\"{name}\":{}", quote(text)));
            }
        }
        if let Some(code) = self.http_status {
            json.push_str(&format!(",\"http_status\":{code}"));
        }
        if let Some(seconds) = self.retry_after_s {
            json.push_str(&format!(",\"retry_after\":{seconds}"));
        }
        json.push('}');
        json
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", status::json_name(self.status), self.reason.name(), self.message)
    }
}

impl std::error::Error for Error {}

/// A lock whose holder panicked guards state that may be torn: the object answers `INTERNAL` from then on.
impl<T> From<std::sync::PoisonError<T>> for Error {
    fn from(_: std::sync::PoisonError<T>) -> Error {
        Error::new(Reason::Torn, "an earlier internal error left this object unusable")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_what_is_known_and_no_more() {
        let error = Error::new(Reason::Url, "path: has a \"space\"");
        assert_eq!(
            error.to_json(),
            r#"{"status":"invalid_argument","reason":"url","message":"path: has a \"space\""}"#
        );
        let mut error = Error::new(Reason::ServerError, "busy");
        error.http_status = Some(503);
        error.retry_after_s = Some(12);
        assert_eq!(
            error.to_json(),
            r#"{"status":"unavailable","reason":"server_error","message":"busy","http_status":503,"retry_after":12}"#
        );
    }

    #[test]
    fn reason_names_are_unique() {
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.0).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::ALL.len());
    }
}
