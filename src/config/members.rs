//! Every member of a configuration, its type, default and meaning: checked, read and documented from here.

/// What a member may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    /// An object whose members stand in this table.
    Object,
    /// An object in the RFCs' own terms: members that are not in this table are kept as they are.
    Open,
    /// Text.
    Text,
    /// A URL; relative ones are resolved against `base_url`.
    Url,
    /// `true` or `false`.
    Bool,
    /// Seconds, also with a fraction, within these bounds in milliseconds.
    Seconds(i64, i64),
    /// A whole number within these bounds.
    Count(i64, i64),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of HTTP statuses.
    Statuses,
    /// A list of URLs.
    Urls,
    /// A list of texts.
    Texts,
    /// An object of texts, whose names are free.
    Table,
    /// Text, a number, or `true` or `false`.
    Scalar,
}

/// One member.
pub struct Member {
    /// Its path from the top, with dots.
    pub path: &'static str,
    /// What it may be.
    pub kind: Type,
    /// The default as JSON text; empty where there is none.
    pub default: &'static str,
    /// What it means.
    pub doc: &'static str,
}

macro_rules! members {
    ($($path:literal $kind:expr, $default:literal, $doc:literal;)+) => {
        &[$(Member { path: $path, kind: $kind, default: $default, doc: $doc }),+]
    };
}

use Type::{Bool, Choice, Count, Object, Open, Scalar, Seconds, Statuses, Table, Text, Texts, Urls};

use crate::quirks::presets;

const DAY: i64 = 24 * 3600 * 1000;

/// All of them, in the order of the manual. `null` always means the default.
pub const MEMBERS: &[Member] = members! {
    "preset" Choice(presets::NAMES), "", "A vendor whose endpoints and quirks are known: a partial configuration, whose members count less than those here.";
    "base_url" Type::Url, "", "Where this API is served; the token never leaves this origin. Needed for requests and for relative endpoints.";
    "origins" Urls, "[]", "Further origins that may get the token.";
    "authorization" Text, "", "A fixed value of the authorization header, sent verbatim. Excludes token, grant and client.";
    "token" Open, "", "A token set, if there is one yet: RFC 6749 section 5.1 plus expires_at. Members that the library does not know are kept.";
    "issuer" Type::Url, "", "The authorization server, whose metadata is discovered when first needed (RFC 8414, then OpenID Connect Discovery); members of server count more than what it says.";
    "server" Open, "", "The authorization server's metadata (RFC 8414); further members are kept.";
    "server.token_endpoint" Type::Url, "\"{base_url}/auth/token\"", "Where tokens are had.";
    "server.authorization_endpoint" Type::Url, "\"{base_url}/auth/authorize\"", "Where a person signs in.";
    "server.device_authorization_endpoint" Type::Url, "", "Where a login on another device begins (RFC 8628).";
    "server.revocation_endpoint" Type::Url, "", "Where tokens are revoked (RFC 7009).";
    "server.introspection_endpoint" Type::Url, "", "Where the server says what a token is (RFC 7662).";
    "server.userinfo_endpoint" Type::Url, "", "Where the server says who signed in (OpenID Connect Core section 5.3).";
    "server.registration_endpoint" Type::Url, "", "Where clients are registered (RFC 7591).";
    "server.backchannel_authentication_endpoint" Type::Url, "", "Where a login on a person's own device begins (CIBA).";
    "server.pushed_authorization_request_endpoint" Type::Url, "", "Where a login's parameters are pushed to (RFC 9126).";
    "server.end_session_endpoint" Type::Url, "", "Where a person signs out (OpenID Connect RP-Initiated Logout).";
    "server.jwks_uri" Type::Url, "", "Where the server's public keys are: signatures of ID tokens are verified by them.";
    "server.mtls_endpoint_aliases" Open, "", "Endpoints for a client that shows a certificate (RFC 8705 section 5).";
    "server.issuer" Text, "", "The server's issuer identifier; a callback from another is refused (RFC 9207).";
    "server.authorization_response_iss_parameter_supported" Bool, "false", "Whether a callback without iss is refused (RFC 9207 section 3).";
    "client" Open, "", "The client's registration (RFC 7591).";
    "client.client_id" Text, "", "The client identifier.";
    "client.client_secret" Text, "", "The client secret; none for a public client.";
    "client.token_endpoint_auth_method" Choice(&["client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "none"]), "", "How the client authenticates (RFC 7591 section 2). Without it: private_key_jwt where there is a key; with a secret client_secret_post, unless the server's metadata lists others only; else none. The tls methods (RFC 8705) need http.client_cert_file.";
    "client.token_endpoint_auth_signing_alg" Choice(&["ES256", "RS256", "PS256", "EdDSA", "Ed25519"]), "", "What private_key_jwt signs with; the default is the key's own: ES256, RS256 or EdDSA.";
    "client.private_key" Text, "", "The client's private key for private_key_jwt: PEM (PKCS #8, SEC 1, PKCS #1) or a JWK, as text. bearer_client_on_sign does without.";
    "client.private_key_file" Text, "", "A file of the same, read when the client is made.";
    "client.key_id" Text, "", "The name by which the server knows the key (kid, RFC 7515 section 4.1.4); a JWK's own by default.";
    "client.dpop_bound_access_tokens" Bool, "false", "Whether access tokens are bound to a key (DPoP, RFC 9449). A bearer token in answer is refused then.";
    "client.dpop_key" Text, "", "That key, as private_key. Without it the library makes one for each login, which the token set keeps as dpop_key: it is as secret as the tokens.";
    "client.dpop_key_file" Text, "", "A file of the same.";
    "client.require_pushed_authorization_requests" Bool, "false", "Whether a login's parameters go to the server first, and its URL has a reference to them only (PAR, RFC 9126); also where the server's metadata requires it.";
    "client.request_object_signing_alg" Choice(&["ES256", "RS256", "PS256", "EdDSA", "Ed25519"]), "", "Sign a login's parameters with the client's private key (JAR, RFC 9101).";
    "client.tls_client_certificate_bound_access_tokens" Bool, "false", "Whether tokens are bound to http.client_cert_file (RFC 8705 section 3.4): the server's mtls_endpoint_aliases are used then.";
    "client.id_token_signed_response_alg" Choice(&["RS256", "ES256", "PS256", "EdDSA", "Ed25519", "HS256"]), "", "What ID tokens for this client are signed with; without it any of these that the server lists, except HS256, which is by client_secret.";
    "client.scope" Text, "", "The scopes asked for, with spaces between them; the grant's default.";
    "grant" Open, "", "How a token is had with nobody present, by the RFCs' parameter names; used whenever there is none.";
    "grant.grant_type" Text, "", "The grant type, client_credentials for example (RFC 6749 section 4.4). Every other member is sent as a parameter.";
    "refresh" Object, "", "How tokens are renewed.";
    "refresh.leeway_s" Seconds(0, DAY), "30", "Renew this long before expiry, at most 10 % of the lifetime.";
    "refresh.ahead" Bool, "false", "Renew in the background before anyone waits.";
    "refresh.retry_lost" Choice(&["once", "never"]), "\"once\"", "Whether a renewal whose answer was lost is tried once more with the same refresh token.";
    "refresh.endpoint" Type::Url, "", "An external service that renews: it is sent the refresh token alone, without client authentication (account linking).";
    "refresh.body" Choice(&["form", "json"]), "\"form\"", "How refresh.endpoint wants its body.";
    "header" Object, "", "For APIs with a header of their own.";
    "header.name" Text, "\"authorization\"", "The header's name.";
    "header.scheme" Text, "\"Bearer\"", "The word before the token; empty for the token alone.";
    "header.token_charset" Choice(&["b64token", "visible"]), "\"b64token\"", "Which characters a token may have: those of RFC 6750, or all of visible ASCII.";
    "http" Object, "", "How requests are made.";
    "http.timeout_s" Seconds(1, DAY), "30", "How long a call may take in all, renewal included.";
    "http.connect_timeout_s" Seconds(1, DAY), "10", "How long name lookup, connecting and the TLS handshake may take of it.";
    "http.max_response_bytes" Count(1, 1 << 40), "67108864", "The longest body that bearer_response_body gathers; streaming is unbounded.";
    "http.redirects" Choice(&["same-origin", "none", "any"]), "\"same-origin\"", "Which redirects of the API are followed: those of a GET or HEAD inside the origin; none; or any, where another origin gets neither the token nor headers that say who asks. What is not followed is handed over as the answer it is.";
    "http.proxy" Text, "", "http://, socks5:// or socks5h:// URL of a proxy, with its credentials; or environment, to read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY once, when the client is made.";
    "http.no_proxy" Text, "", "Hosts that are reached without the proxy, with commas between them: names (with their subdomains), addresses, host:port, or * for all.";
    "http.unauthorized" Statuses, "[401]", "The API's statuses that mean: this token is not valid.";
    "http.user_agent" Text, "\"libbearer/{version}\"", "The user-agent header, unless a request has its own.";
    "http.roots" Choice(&["system", "mozilla"]), "\"system\"", "Whose certificate authorities are trusted: this system's, or Mozilla's as built in.";
    "http.ca_file" Text, "", "A PEM file of the only authorities to trust, in place of roots.";
    "http.client_cert_file" Text, "", "A PEM file with the client's certificate chain (RFC 8705); needs client_key_file.";
    "http.client_key_file" Text, "", "A PEM file with the private key of client_cert_file.";
    "http.idle_connections" Count(0, 1024), "4", "How many connections are kept for the next request.";
    "quirks" Object, "", "What the authorization server does instead of the RFCs.";
    "quirks.token_path" Text, "", "Names with dots between them that lead to the object with the token members, in an answer that has it (slack-user, withings, tuya). What stands around it is kept in the token set as vendor_answer.";
    "quirks.members" Table, "", "The server's names of access_token, refresh_token, token_type, expires_in, expires_at, scope, id_token and verification_uri, by these (google, tuya).";
    "quirks.expires_in_unit" Choice(&["s", "ms"]), "\"s\"", "The unit of expires_in. No preset: for vendors of your own.";
    "quirks.expires_at_unit" Choice(&["s", "ms"]), "\"s\"", "The unit of expires_at, since 1970. No preset: for vendors of your own.";
    "quirks.token_types" Texts, "[]", "Values of token_type that mean Bearer (slack, slack-user); kept in the token set as vendor_token_type.";
    "quirks.success" Object, "", "What says that a token request succeeded; anything else is an error, whatever the HTTP status.";
    "quirks.success.member" Text, "", "The path of the member that says so (slack, slack-user, withings, tuya).";
    "quirks.success.value" Scalar, "", "What it is then (slack, slack-user, withings, tuya).";
    "quirks.error" Object, "", "What an error looks like.";
    "quirks.error.code" Text, "\"error\"", "The path of its code; a number counts in an array (fitbit, withings, tuya).";
    "quirks.error.description" Text, "\"error_description\"", "The path of its description (fitbit, withings, tuya).";
    "quirks.error.codes" Table, "", "Which error of the RFCs a code, or a description, means (github, microsoft-entra, slack, slack-user, withings, tuya). temporarily_unavailable is BEARER_UNAVAILABLE.";
    "quirks.scope_separator" Text, "\" \"", "What stands between the scopes of an answer (github, slack, slack-user, withings).";
    "quirks.requested_scope_separator" Text, "\" \"", "What stands between the scopes of a request (slack, slack-user, withings).";
    "quirks.scope_on_refresh" Choice(&["omit", "granted", "requested"]), "\"omit\"", "Which scopes a renewal names: none, those of the token set, or those of client.scope (microsoft-entra).";
    "quirks.authorization_parameters" Table, "", "Further parameters of an authorization request (google).";
    "quirks.token_parameters" Table, "", "Further parameters of every request to the token endpoint (withings).";
};

/// Milliseconds as a number of seconds.
pub fn as_seconds(milliseconds: i64) -> String {
    match milliseconds % 1000 {
        0 => (milliseconds / 1000).to_string(),
        rest => format!("{}.{rest:03}", milliseconds / 1000),
    }
}

/// The member at a path.
pub fn find(path: &str) -> Option<&'static Member> {
    MEMBERS.iter().find(|member| member.path == path)
}

/// The names of the members of the object at a path (empty for the top).
pub fn names_in(path: &str) -> impl Iterator<Item = &'static str> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    MEMBERS
        .iter()
        .filter_map(move |member| member.path.strip_prefix(&prefix).filter(|rest| !rest.contains('.')))
}

/// The known name that was probably meant, if one is near.
pub fn nearest(path: &str, name: &str) -> Option<&'static str> {
    names_in(path)
        .map(|known| (distance(known, name), known))
        .min()
        .filter(|&(distance, known)| distance <= 2.max(known.len() / 3))
        .map(|(_, known)| known)
}

/// Edits from one word to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parent_stands_in_the_table_and_paths_are_unique() {
        for (i, member) in MEMBERS.iter().enumerate() {
            if let Some((parent, _)) = member.path.rsplit_once('.') {
                assert!(matches!(find(parent).unwrap().kind, Object | Open), "{}", member.path);
            }
            assert!(MEMBERS[..i].iter().all(|other| other.path != member.path), "{}", member.path);
        }
    }

    #[test]
    fn nearest_names() {
        assert_eq!(nearest("http", "timout_s"), Some("timeout_s"));
        assert_eq!(nearest("http", "timeout"), Some("timeout_s"));
        assert_eq!(nearest("", "baseurl"), Some("base_url"));
        assert_eq!(nearest("", "tokens"), Some("token"));
        assert_eq!(nearest("", "completely_other"), None);
    }
}
