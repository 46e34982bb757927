//! What the server says of itself: RFC 8414, OpenID Connect Discovery and RFC 9728.

use crate::authorize::MODES;
use crate::client::METHODS;
use crate::config::Config;
use crate::dpop;
use crate::exchange::GRANT;
use crate::jws::ALGORITHMS;
use crate::keys;
use crate::presented::ASSERTIONS;
use crate::route::{
    AUTHORIZE, CIBA, DEVICE, END_SESSION, INTROSPECT, JWKS, PAR, REGISTER, REVOKE, TOKEN, USERINFO,
};
use crate::shared::{Kind, Shared};
use serde_json::{Value, json};

/// One of the documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// `oauth-authorization-server`.
    Oauth,
    /// `openid-configuration`.
    Openid,
    /// `oauth-protected-resource`.
    Resource,
}

impl Document {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Oauth, Self::Openid, Self::Resource];

    /// The name, which is the last part of its well-known path.
    pub fn name(self) -> &'static str {
        match self {
            Self::Oauth => "oauth-authorization-server",
            Self::Openid => "openid-configuration",
            Self::Resource => "oauth-protected-resource",
        }
    }

    /// Which document a path names, and the path of the resource that it is about.
    /// RFC 8414 and RFC 9728 put the well-known part before a path of the issuer or of
    /// the resource, OpenID Connect behind it.
    pub fn at<'a>(path: &'a str, issuer_path: &str) -> Option<(Self, &'a str)> {
        if let Some(rest) = path.strip_prefix(issuer_path)
            && rest == "/.well-known/openid-configuration"
        {
            return Some((Self::Openid, ""));
        }
        let rest = path.strip_prefix("/.well-known/")?;
        if let Some(rest) = rest.strip_prefix(Self::Oauth.name()) {
            return (rest == issuer_path).then_some((Self::Oauth, ""));
        }
        let rest = rest.strip_prefix(Self::Resource.name())?;
        (rest.is_empty() || rest.starts_with('/')).then_some((Self::Resource, rest))
    }
}

/// A document as it is before a test alters it. `base` is the listener that was asked.
pub fn document(
    shared: &Shared,
    config: &Config,
    which: Document,
    base: &str,
    issuer: &str,
    resource: &str,
) -> Value {
    match which {
        Document::Oauth => server(shared, config, base, issuer),
        Document::Openid => {
            let mut document = server(shared, config, base, issuer);
            document["subject_types_supported"] = json!(["public"]);
            document["id_token_signing_alg_values_supported"] = json!(keys::ALGORITHMS);
            document["scopes_supported"] = json!(["openid", "read", "write"]);
            document
        }
        Document::Resource => json!({
            "resource": format!("{base}{resource}"),
            "authorization_servers": [issuer],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["read", "write"],
            "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
        }),
    }
}

fn server(shared: &Shared, config: &Config, base: &str, issuer: &str) -> Value {
    let at = |path: &str| Value::String(format!("{base}{path}"));
    let mtls = &shared.urls[Kind::Mtls.index()];
    let alias = |path: &str| Value::String(format!("{mtls}{path}"));
    json!({
        "issuer": issuer,
        "authorization_endpoint": at(AUTHORIZE),
        "token_endpoint": at(TOKEN),
        "jwks_uri": at(JWKS),
        "pushed_authorization_request_endpoint": at(PAR),
        "require_pushed_authorization_requests": config.require_pushed,
        "request_parameter_supported": true,
        "request_uri_parameter_supported": false,
        "require_signed_request_object": config.require_signed,
        "request_object_signing_alg_values_supported": keys::ALGORITHMS,
        "response_modes_supported": MODES,
        "authorization_signing_alg_values_supported": keys::ALGORITHMS,
        "authorization_details_types_supported": config.asked.types(),
        "device_authorization_endpoint": at(DEVICE),
        "backchannel_authentication_endpoint": at(CIBA),
        "backchannel_token_delivery_modes_supported": ["poll"],
        "backchannel_user_code_parameter_supported": false,
        "end_session_endpoint": at(END_SESSION),
        "revocation_endpoint": at(REVOKE),
        "introspection_endpoint": at(INTROSPECT),
        "userinfo_endpoint": at(USERINFO),
        "registration_endpoint": at(REGISTER),
        "mtls_endpoint_aliases": {
            "token_endpoint": alias(TOKEN),
            "pushed_authorization_request_endpoint": alias(PAR),
            "device_authorization_endpoint": alias(DEVICE),
            "backchannel_authentication_endpoint": alias(CIBA),
            "revocation_endpoint": alias(REVOKE),
            "introspection_endpoint": alias(INTROSPECT),
        },
        "response_types_supported": ["code"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:openid:params:grant-type:ciba",
            "password",
            GRANT,
            ASSERTIONS[0],
            ASSERTIONS[1],
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": ALGORITHMS,
        "authorization_response_iss_parameter_supported": true,
        "dpop_signing_alg_values_supported": dpop::ALGORITHMS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_part_stands_where_each_standard_has_it() {
        let at = Document::at;
        assert_eq!(at("/.well-known/openid-configuration", ""), Some((Document::Openid, "")));
        assert_eq!(at("/.well-known/oauth-authorization-server", ""), Some((Document::Oauth, "")));
        assert_eq!(at("/t/.well-known/openid-configuration", "/t"), Some((Document::Openid, "")));
        assert_eq!(at("/.well-known/oauth-authorization-server/t", "/t"), Some((Document::Oauth, "")));
        assert_eq!(at("/.well-known/oauth-protected-resource", "/t"), Some((Document::Resource, "")));
        let path = "/.well-known/oauth-protected-resource/api/x";
        assert_eq!(at(path, "/t"), Some((Document::Resource, "/api/x")));
        for (path, issuer_path) in [
            ("/.well-known/openid-configuration", "/t"),
            ("/.well-known/openid-configuration/t", "/t"),
            ("/.well-known/oauth-authorization-server", "/t"),
            ("/t/.well-known/oauth-authorization-server", "/t"),
            ("/.well-known/oauth-authorization-server/", ""),
            ("/t/.well-known/openid-configuration", ""),
            ("/x/t/.well-known/openid-configuration", "/t"),
            ("/t/x/.well-known/openid-configuration", "/t"),
            ("/.well-known/oauth-protected-resources", ""),
            ("/.well-known/", ""),
        ] {
            assert_eq!(at(path, issuer_path), None, "{path}");
        }
    }
}
