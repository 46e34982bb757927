//! What an authorization server does beside the token endpoint.

use std::ffi::c_char;

use super::client::bearer_client;
use super::error::bearer_error;
use super::login::object;
use super::status::bearer_status;
use super::support::out::Out;
use super::support::{fence, handle, text};
use crate::client::Management;
use crate::error::Result;
use crate::json::Object;

/// Tells the authorization server's metadata as the client uses it: discovered from "issuer" (RFC 8414, then OpenID
/// Connect Discovery) the first time it is needed, and then kept; or as "server" says.
///
/// server_json: gets the document, with absolute URLs; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. UNSAFE (issuer) where the document is another issuer's, or leads from https to
/// http; PROTOCOL (metadata) where there is none; UNAVAILABLE, TIMEOUT, CANCELLED, TLS, TOO_LARGE, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_discover(
    client: *mut bearer_client,
    server_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(server_json);
        let client = handle::get(client)?;
        out.set_text(&client.client().discover(&client.call(None))?)
    })
}

/// Tells what the API at base_url says of itself (RFC 9728): "authorization_servers" lists the issuers that a client
/// for it may have.
///
/// resource_json: gets the document as it came; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. UNSAFE (issuer) where the document is another resource's; PROTOCOL (metadata)
/// where there is none; INVALID_ARGUMENT without base_url; UNAVAILABLE, TIMEOUT, CANCELLED, TLS, TOO_LARGE,
/// INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_discover_resource(
    client: *mut bearer_client,
    resource_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(resource_json);
        let client = handle::get(client)?;
        out.set_text(&client.client().discover_resource(&client.call(None))?.to_text())
    })
}

/// Revokes the client's tokens (RFC 7009), and forgets them once the server has.
///
/// token_type_hint: "access_token", after which the refresh token still gets another; "refresh_token" or NULL for both,
///   after which a person must sign in again.
///
/// Blocks, at most until the timeout. UNCERTAIN where the answer was lost twice: the tokens are forgotten then, too.
/// UNSUPPORTED (no_endpoint); LOGIN_REQUIRED (no_token) where there is none; INVALID_ARGUMENT, INVALID_HANDLE, REJECTED,
/// UNAVAILABLE, TIMEOUT, CANCELLED, TLS: the tokens are kept.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_revoke(
    client: *mut bearer_client,
    token_type_hint: *const c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let client = handle::get(client)?;
        let hint = text::optional(token_type_hint, "token_type_hint")?;
        client.client().revoke(hint, &client.call(None))
    })
}

/// Asks the server what a token is (RFC 7662): {"active":true,...}.
///
/// token: the token to ask about; NULL: the client's own access token, as it is.
/// json: gets the answer as it came; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. UNSUPPORTED (no_endpoint); LOGIN_REQUIRED (no_token) for NULL without a token;
/// REJECTED where the client may not ask; PROTOCOL, UNAVAILABLE, TIMEOUT, CANCELLED, TLS, TOO_LARGE, INVALID_HANDLE,
/// INVALID_ARGUMENT.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_introspect(
    client: *mut bearer_client,
    token: *const c_char,
    json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(json);
        let client = handle::get(client)?;
        let token = text::optional(token, "token")?;
        out.set_text(&client.client().introspect(token, &client.call(None))?.to_text())
    })
}

/// Asks the server who signed in (OpenID Connect Core section 5.3), with a valid token, which goes to the userinfo
/// endpoint although it is not of base_url. Where the token set has an ID token, both must be of the same "sub".
///
/// json: gets the claims as they came; free it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. UNSUPPORTED (no_endpoint; not_built for an answer that is a JWT); UNSAFE (jwt) for
/// somebody else's claims; REJECTED where the token may not; otherwise as bearer_client_send.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_userinfo(
    client: *mut bearer_client,
    json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(json);
        let client = handle::get(client)?;
        out.set_text(&client.client().userinfo(&client.call(None))?.to_text())
    })
}

/// Registers a client (RFC 7591). A fixed "authorization" of this client is sent along, for servers that want an initial
/// access token; nothing else of it is.
///
/// metadata_json: the client's metadata, {"redirect_uris":[...],...}.
/// client_json: gets the answer, which is a "client" for a configuration; it may hold a secret. Free it with
///   bearer_free. May be NULL.
///
/// Blocks, at most until the timeout; sends once. UNSUPPORTED (no_endpoint); REJECTED, where oauth_error says why;
/// UNCERTAIN, UNAVAILABLE, TIMEOUT, CANCELLED, PROTOCOL, TLS, TOO_LARGE, INVALID_ARGUMENT, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_register(
    client: *mut bearer_client,
    metadata_json: *const c_char,
    client_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(client_json);
        let client = handle::get(client)?;
        let metadata = object(text::required(metadata_json, "metadata_json")?, "metadata_json")?;
        out.set_text(&client.client().register(&metadata, &client.call(None))?.to_text())
    })
}

/// Sees a client's registration (RFC 7592 section 2.1).
///
/// registration_json: what bearer_register gave, with "registration_client_uri" and "registration_access_token".
/// client_json: gets the registration as it is now, whose "registration_access_token" may be a new one: store it. Free
///   it with bearer_free. May be NULL.
///
/// Blocks, at most until the timeout. REJECTED; UNAVAILABLE, TIMEOUT, CANCELLED, PROTOCOL, TLS, TOO_LARGE,
/// INVALID_ARGUMENT, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_registration_read(
    client: *mut bearer_client,
    registration_json: *const c_char,
    client_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(client_json);
        out.set_text(&manage(client, registration_json, &Management::Read)?.to_text())
    })
}

/// Replaces a client's registration (RFC 7592 section 2.2).
///
/// registration_json: what bearer_register gave. metadata_json: all of the new metadata; what is left out the server may
///   forget. "client_id" and "client_secret" are added where they are missing.
/// client_json: as with bearer_registration_read.
///
/// Blocks, at most until the timeout; sends once. As bearer_registration_read.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_registration_update(
    client: *mut bearer_client,
    registration_json: *const c_char,
    metadata_json: *const c_char,
    client_json: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(client_json);
        let metadata = object(text::required(metadata_json, "metadata_json")?, "metadata_json")?;
        out.set_text(&manage(client, registration_json, &Management::Update(&metadata))?.to_text())
    })
}

/// Ends a client's registration, and its tokens with it (RFC 7592 section 2.3).
///
/// registration_json: what bearer_register gave.
///
/// Blocks, at most until the timeout. As bearer_registration_read.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_registration_delete(
    client: *mut bearer_client,
    registration_json: *const c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || manage(client, registration_json, &Management::Delete).map(drop))
}

fn manage(
    client: *mut bearer_client,
    registration_json: *const c_char,
    what: &Management<'_>,
) -> Result<Object> {
    let client = handle::get(client)?;
    let registration = object(text::required(registration_json, "registration_json")?, "registration_json")?;
    client.client().manage_registration(&registration, what, &client.call(None))
}

/// Where a person signs out at the server (OpenID Connect RP-Initiated Logout): open it in a browser, and free the
/// client's tokens or bearer_revoke them.
///
/// params_json: "post_logout_redirect_uri", "state" and others by their names there; may be NULL. "id_token_hint" and
///   "client_id" are added where the client has them: the URL is as secret as the ID token.
/// url: gets the URL; free it with bearer_free. May be NULL.
///
/// Does not block, unless "issuer" is to be discovered first: then as bearer_discover. UNSUPPORTED (no_endpoint),
/// INVALID_ARGUMENT, INVALID_HANDLE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn bearer_logout_url(
    client: *mut bearer_client,
    params_json: *const c_char,
    url: *mut *mut c_char,
    error: *mut *mut bearer_error,
) -> bearer_status {
    fence::call(error, || {
        let out = Out::pointer(url);
        let client = handle::get(client)?;
        let parameters = match text::optional(params_json, "params_json")? {
            Some(text) => object(text, "params_json")?,
            None => Object::default(),
        };
        out.set_text(&client.client().logout_url(&parameters, &client.call(None))?)
    })
}
