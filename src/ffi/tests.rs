//! A panic inside any export is caught there. Every export is here: the list is compared with the header.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};

use super::client::*;
use super::device::*;
use super::error::*;
use super::hook_request::*;
use super::hook_sign::*;
use super::hooks::*;
use super::identity::*;
use super::library::*;
use super::login::*;
use super::loopback::*;
use super::qr::*;
use super::reply::*;
use super::request::*;
use super::response::*;
use super::server::*;
use super::status::bearer_status_name;
use super::support::fence::injected;
use super::token::*;
use crate::status::INTERNAL;

/// How an export says that it failed inside.
fn check(name: &str, answer: Answer, error: *mut bearer_error) {
    assert!(injected::fired(), "{name} never went through the fence");
    match answer {
        Answer::Status(status) => assert_eq!(status, INTERNAL, "{name}"),
        Answer::StatusAndError(status) => {
            assert_eq!(status, INTERNAL, "{name}");
            // SAFETY: the error was just made, and its text is NUL-terminated.
            let json = unsafe { CStr::from_ptr(bearer_error_json(error)) }.to_str().unwrap();
            assert!(json.contains(r#""reason":"panic""#), "{name}: {json}");
            bearer_error_free(error);
        }
        Answer::Nothing(is_nothing) => assert!(is_nothing, "{name}"),
    }
}

enum Answer {
    /// A status without an error object.
    Status(i32),
    /// A status with one.
    StatusAndError(i32),
    /// Whether the fallback value came.
    Nothing(bool),
}

/// Calls each export once, armed, and returns their names.
fn call_all() -> Vec<&'static str> {
    let mut names = Vec::new();
    let text = CString::new("x").unwrap();
    let t: *const c_char = text.as_ptr();
    let (c, q, p, r) = (
        null_mut::<bearer_client>(),
        null_mut::<bearer_request>(),
        null_mut::<bearer_response>(),
        null_mut::<bearer_reply>(),
    );
    let n: *mut c_void = null_mut();
    macro_rules! status_and_error {
        ($($name:ident($($argument:expr),*);)+) => {$({
            let mut error = null_mut();
            injected::arm();
            // SAFETY: every pointer is NULL or valid, as the header asks for.
            let status = unsafe { $name($($argument,)* &mut error) };
            check(stringify!($name), Answer::StatusAndError(status), error);
            names.push(stringify!($name));
        })+};
    }
    macro_rules! other {
        ($($name:ident($($argument:expr),*) $answer:expr;)+) => {$({
            injected::arm();
            #[allow(unused_unsafe)]
            // SAFETY: as above.
            let returned = unsafe { $name($($argument),*) };
            check(stringify!($name), ($answer)(returned), null_mut());
            names.push(stringify!($name));
        })+};
    }
    status_and_error! {
        bearer_client_new(t, null_mut());
        bearer_client_scope(c, t, null_mut());
        bearer_client_on_access_token(c, None, n, None);
        bearer_client_on_refresh(c, None, n, None);
        bearer_client_on_token(c, None, n, None);
        bearer_client_on_http(c, None, n, None);
        bearer_client_on_lock(c, None, None, None, n, None);
        bearer_client_on_sign(c, None, n, None);
        bearer_client_on_log(c, None, n, None, 1);
        bearer_client_token(c, null_mut());
        bearer_client_id_token(c, null_mut());
        bearer_client_set_token(c, t);
        bearer_client_refresh(c, null_mut());
        bearer_client_authorization(c, t, t, null_mut());
        bearer_client_access_token(c, 0, null_mut(), null_mut());
        bearer_client_access_token_into(c, 0, null_mut(), 0, null_mut(), null_mut());
        bearer_client_feedback(c, t, t, t, 401, t, null_mut());
        bearer_client_stats(c, null_mut());
        bearer_client_send(c, q, null_mut());
        bearer_client_request(c, t, t, n, 0, null_mut());
        bearer_request_new(t, t, null_mut());
        bearer_request_add_query(q, t, t);
        bearer_request_add_header(q, t, t);
        bearer_request_set_body(q, n, 0);
        bearer_request_set_body_from(q, None, n, None, 0);
        bearer_request_set_timeout(q, 1);
        bearer_request_body_read(q, n, 0, null_mut());
        bearer_response_body(p, null_mut(), null_mut());
        bearer_response_read(p, n, 0, null_mut());
        bearer_response_challenge(p, null_mut());
        bearer_percent_encode(t, null_mut());
        bearer_login_begin(c, t, null_mut());
        bearer_login_finish(c, t, t, null_mut());
        bearer_login_loopback(c, t, None, n, null_mut());
        bearer_grant(c, t, null_mut());
        bearer_device_begin(c, t, null_mut());
        bearer_ciba_begin(c, t, null_mut());
        bearer_device_poll(c, t, null_mut());
        bearer_device_wait(c, t, null_mut());
        bearer_discover(c, null_mut());
        bearer_discover_resource(c, null_mut());
        bearer_revoke(c, t);
        bearer_introspect(c, t, null_mut());
        bearer_userinfo(c, null_mut());
        bearer_register(c, t, null_mut());
        bearer_registration_read(c, t, null_mut());
        bearer_registration_update(c, t, t, null_mut());
        bearer_registration_delete(c, t);
        bearer_logout_url(c, t, null_mut());
        bearer_qr_text(t, null_mut());
    }
    other! {
        bearer_client_cancel(c) Answer::Status;
        bearer_reply_token(r, t) Answer::Status;
        bearer_reply_header(r, t, t) Answer::Status;
        bearer_reply_body(r, n, 0) Answer::Status;
        bearer_reply_http(r, 200, n, 0) Answer::Status;
        bearer_reply_done(r) Answer::Status;
        bearer_reply_signature(r, n, 0) Answer::Status;
        bearer_reply_error(r, 20, t) Answer::Status;
        bearer_error_status(null()) Answer::Status;
        bearer_client_free(c) |()| Answer::Nothing(true);
        bearer_request_free(q) |()| Answer::Nothing(true);
        bearer_response_free(p) |()| Answer::Nothing(true);
        bearer_reply_free(r) |()| Answer::Nothing(true);
        bearer_error_free(null_mut()) |()| Answer::Nothing(true);
        bearer_free(null_mut()) |()| Answer::Nothing(true);
        bearer_status_name(0) |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_error_message(null()) |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_error_json(null()) |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_version() |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_build_json() |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_config_schema() |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_request_method(q) |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_request_url(q) |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_request_header_at(q, 0, null_mut(), null_mut()) |found: bool| Answer::Nothing(!found);
        bearer_request_timeout_ms(q) |left: u64| Answer::Nothing(left == 0);
        bearer_response_status(p) |status: u16| Answer::Nothing(status == 0);
        bearer_response_header(p, t) |text: *const c_char| Answer::Nothing(text.is_null());
        bearer_response_header_at(p, 0, null_mut(), null_mut()) |found: bool| Answer::Nothing(!found);
        bearer_response_url(p) |text: *const c_char| Answer::Nothing(text.is_null());
    }
    names
}

#[test]
fn a_panic_inside_any_export_is_caught() {
    let called = call_all();
    let header = include_str!("../../include/bearer.h");
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for line in
        header.lines().filter(|line| !line.starts_with([' ', '*', '/', '#']) && !line.starts_with("typedef"))
    {
        let Some(open) = line.find('(') else { continue };
        let name = line[..open].rsplit(|c| !is_name(c)).next().unwrap();
        if name.starts_with("bearer_") {
            assert!(called.contains(&name), "{name} is not called here");
        }
    }
    assert!(called.len() > 50);
}

#[test]
fn a_panic_poisons_only_what_it_tore() {
    let config = CString::new(r#"{"base_url":"http://127.0.0.1:1","token":{"access_token":"a"}}"#).unwrap();
    let mut client = null_mut();
    // SAFETY: all pointers are valid.
    unsafe {
        assert_eq!(bearer_client_new(config.as_ptr(), &mut client, null_mut()), 0);
        injected::arm();
        assert_eq!(bearer_client_token(client, null_mut(), null_mut()), INTERNAL);
        assert_eq!(bearer_client_token(client, null_mut(), null_mut()), 0, "the client is usable");
        bearer_client_free(client);
    }
}
