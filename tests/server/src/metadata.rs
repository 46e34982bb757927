//! The server's description of itself (RFC 8414).

use crate::response::Response;
use crate::route::{AUTHORIZE, DEVICE, REVOKE, TOKEN};
use serde_json::json;

/// The metadata for the issuer `base`, which is the listener that was asked.
pub fn answer(base: &str) -> Response {
    let metadata = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}{AUTHORIZE}"),
        "token_endpoint": format!("{base}{TOKEN}"),
        "device_authorization_endpoint": format!("{base}{DEVICE}"),
        "revocation_endpoint": format!("{base}{REVOKE}"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported":
            ["client_secret_basic", "client_secret_post", "none"],
        "authorization_response_iss_parameter_supported": true,
    });
    Response::json(200, &metadata)
}
