//! The library itself.

use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use super::client::bearer_client;
use super::error::bearer_error;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, handle, text};
use crate::config;
use crate::quote::quote;
use crate::secret::Wiped;
use crate::url::percent_encode;

/// The version that runs, "0.1.0"; BEARER_VERSION_MAJOR, _MINOR and _PATCH are what the program was compiled against.
/// Static text.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_version() -> *const c_char {
    fence::value(std::ptr::null(), || concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast())
}

/// How the library was built, as JSON, for bug reports: {"version","features","tls","target","rustc"}. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_build_json() -> *const c_char {
    const FEATURES: [(bool, &str); 5] = [
        (cfg!(feature = "net"), "net"),
        (cfg!(feature = "tls"), "tls"),
        (cfg!(feature = "mozilla-roots"), "mozilla-roots"),
        (cfg!(feature = "qr"), "qr"),
        (cfg!(feature = "signing"), "signing"),
    ];
    const BACKEND: &str = if cfg!(feature = "tls") { "\"rustls (ring)\"" } else { "null" };
    static TEXT: OnceLock<CString> = OnceLock::new();
    fence::value(std::ptr::null(), || {
        let text = TEXT.get_or_init(|| {
            let features: Vec<_> =
                FEATURES.iter().filter(|(is_built, _)| *is_built).map(|(_, name)| quote(name)).collect();
            let features = features.join(",");
            let json = format!(
                r#"{{"version":"{}","features":[{features}],"tls":{BACKEND},"target":"{}","rustc":"{}"}}"#,
                env!("CARGO_PKG_VERSION"),
                env!("BEARER_TARGET"),
                env!("BEARER_RUSTC"),
            );
            CString::new(json).unwrap_or_default()
        });
        text.as_ptr()
    })
}

/// The JSON Schema of the configuration, with every member's default and meaning: editors and bindings complete from
/// it. Static text.
#[unsafe(no_mangle)]
pub extern "C" fn bearer_config_schema() -> *const c_char {
    static TEXT: OnceLock<CString> = OnceLock::new();
    fence::value(std::ptr::null(), || {
        TEXT.get_or_init(|| CString::new(config::schema()).unwrap_or_default()).as_ptr()
    })
}

/// What a client has done since it was made, as JSON: requests, renewals, calls that joined one, retries after a 401,
/// connections... (docs/guarantees.md says what each counts).
///
/// json: gets the counters; free it with bearer_free. May be NULL.
///
/// Does not block. INVALID_HANDLE, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_client_stats(
    client: *mut bearer_client,
    json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(json);
        out.set_text(&handle::get(client)?.client().stats.to_json())
    })
}

/// Encodes text for one segment of a path or one part of a query: everything but letters, digits and - . _ ~
/// (RFC 3986 section 2.1).
///
/// text: what to encode. encoded: gets the result; free it with bearer_free. May be NULL.
///
/// Does not block. INVALID_ARGUMENT, OUT_OF_MEMORY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_percent_encode(
    text: *const c_char,
    encoded: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(encoded);
        let mut result = Wiped::default();
        percent_encode(&mut result, text::required(text, "text")?);
        out.set_text(&result)
    })
}

/// Wipes and frees a text that the library gave away as char *. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_free(text: *mut c_char) {
    // SAFETY: the caller says that the library gave this text away, and that it is freed once.
    fence::value((), || unsafe { text::free_from_caller(text) })
}
