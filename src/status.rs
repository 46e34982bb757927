//! The statuses of the C ABI: one table, from which build.rs also writes the enum in `include/bearer.h`.

/// What a call returns; an `int32_t` in C, so that a number from a C hook can never be an invalid Rust enum.
pub type Status = i32;

macro_rules! statuses {
    ($($name:ident = $value:literal, $doc:literal;)+) => {
        $(#[doc = $doc] pub const $name: Status = $value;)+

        /// Every status: its name without prefix, its value, what it tells the caller.
        pub const ALL: &[(&str, Status, &str)] = &[$((stringify!($name), $value, $doc)),+];

        /// `"BEARER_LOGIN_REQUIRED\0"` for 20; `"BEARER_UNKNOWN\0"` for a number that is no status.
        pub fn name(status: Status) -> &'static str {
            match status {
                $($value => concat!("BEARER_", stringify!($name), "\0"),)+
                _ => "BEARER_UNKNOWN\0",
            }
        }
    };
}

// Values are never renumbered or reused. The tens say what the program should do about it.
statuses! {
    OK = 0, "Done.";
    PENDING = 1, "Not finished yet: a deferred reply, a device that nobody has approved so far.";
    INVALID_ARGUMENT = 10, "Fix the program: NULL, not UTF-8, bad JSON, unknown member, bad URL, illegal header. Nothing was sent.";
    INVALID_HANDLE = 11, "Fix the program: the handle was freed, is of another kind, or was never one.";
    WOULD_DEADLOCK = 12, "Fix the program: a hook called back into the very call that waits for it.";
    UNSUPPORTED = 13, "This build, or this server, does not offer it.";
    LOGIN_REQUIRED = 20, "A person must sign in: there is no token, or the server will renew it no more.";
    ACCESS_DENIED = 21, "The person said no.";
    EXPIRED = 22, "The login or device code is too old: begin again.";
    UNAVAILABLE = 30, "Try again later: name lookup, connection, or the authorization server failed (429, 5xx).";
    TIMEOUT = 31, "The deadline passed.";
    CANCELLED = 32, "The handle was cancelled.";
    UNCERTAIN = 33, "The answer to a renewal was lost: the server may have rotated the refresh token. The old one is kept.";
    TLS = 40, "The secure connection could not be trusted or set up.";
    PROTOCOL = 41, "The answer is not what the RFC says.";
    REJECTED = 42, "The authorization server answered with an OAuth error.";
    TOO_LARGE = 43, "Larger than the limit, or than the buffer.";
    UNSAFE = 44, "Going on would be unsafe: a token about to leave its origin, a mismatch, a downgrade.";
    HOOK_FAILED = 50, "One of the program's own hooks failed; its words are in the message.";
    OUT_OF_MEMORY = 60, "No memory.";
    INTERNAL = 61, "A bug in this library.";
}

/// `"login_required"` for 20: the name as it stands in `bearer_error_json`.
pub fn json_name(status: Status) -> String {
    let name = name(status);
    name["BEARER_".len()..name.len() - 1].to_ascii_lowercase()
}

/// Statuses that a hook may hand through to the caller as they are.
pub fn is_passed_on(status: Status) -> bool {
    (20..=39).contains(&status)
}
