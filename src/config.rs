//! What a client is made of: its configuration, read strictly from JSON.

mod members;
mod preset;
mod reader;
mod registration;
mod schema;

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Reason, Result};
use crate::http;
use crate::json::{Kind, Object};
use crate::metadata::{Endpoint, Metadata};
use crate::quirks::Quirks;
use crate::secret::Secret;
use crate::token::TokenSet;
use crate::url::{Origin, Url};
use reader::{Reader, refused};

pub use members::{MEMBERS, Member, Type};
pub use registration::{AuthMethod, ClientRegistration, PrivateKey};
pub use schema::schema;

/// A client's configuration.
#[derive(Debug)]
pub struct Config {
    /// Where the API is served.
    pub base_url: Option<Url>,
    /// Further origins that may get the token.
    pub origins: Vec<Origin>,
    /// A fixed value of the authorization header.
    pub authorization: Option<Secret>,
    /// The token set to begin with.
    pub token: Option<TokenSet>,
    /// The authorization server whose metadata is to be discovered.
    pub issuer: Option<Issuer>,
    /// The server's metadata, as far as it is configured.
    pub server: Arc<Metadata>,
    /// The client's registration.
    pub client: ClientRegistration,
    /// Parameters of the grant that needs no person.
    pub grant: Option<Vec<(String, Secret)>>,
    /// How tokens are renewed.
    pub refresh: Refresh,
    /// Which header carries the token.
    pub header: TokenHeader,
    /// How requests are made.
    pub http: Http,
    /// What the authorization server does instead of the RFCs.
    pub quirks: Option<Quirks>,
}

/// An issuer identifier: a URL that is compared as text (RFC 8414 section 3.3).
#[derive(Debug)]
pub struct Issuer {
    /// Where it is.
    pub url: Url,
    /// As it is configured.
    pub text: String,
}

/// How tokens are renewed.
#[derive(Debug)]
pub struct Refresh {
    /// How long before expiry.
    pub leeway: Duration,
    /// Whether in the background, before anybody waits.
    pub ahead: bool,
    /// Whether a renewal whose answer was lost is tried once more with the same refresh token.
    pub retry_lost: bool,
    /// An external service that renews.
    pub endpoint: Option<Url>,
    /// Whether it wants JSON rather than a form.
    pub json_body: bool,
}

/// Which header carries the token, and how.
#[derive(Clone, Debug)]
pub struct TokenHeader {
    /// The header's name.
    pub name: String,
    /// The word before the token; empty for none.
    pub scheme: String,
    /// Whether tokens are held to the alphabet of RFC 6750.
    pub only_b64token: bool,
}

/// How requests are made.
#[derive(Debug)]
pub struct Http {
    /// How long a call may take in all.
    pub timeout: Duration,
    /// How long connecting may take of it.
    pub connect_timeout: Duration,
    /// The longest body that is gathered.
    pub max_response_bytes: u64,
    /// The API's statuses that mean: this token is not valid.
    pub unauthorized: Vec<u16>,
    /// Which redirects of the API are followed.
    pub redirects: Redirects,
    /// Through whom connections are made.
    pub proxy: Option<String>,
    /// Who is reached without it.
    pub no_proxy: Option<String>,
    /// The user-agent header.
    pub user_agent: String,
    /// Whether Mozilla's authorities are trusted rather than the system's.
    pub mozilla_roots: bool,
    /// The only authorities to trust.
    pub ca_file: Option<String>,
    /// The client's certificate chain and its key.
    pub client_cert_files: Option<(String, String)>,
    /// How many connections are kept.
    pub idle_connections: usize,
}

/// Which redirects of the API are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// None.
    None,
    /// Those of a GET or HEAD that stay inside the origin.
    SameOrigin,
    /// Others too, without the token and without headers that say who asks.
    Any,
}

impl Config {
    /// Reads a configuration; whatever does not fit is refused with its path.
    pub fn parse(text: &str) -> Result<Config> {
        let reader = Reader::new(text)?;
        let base_url = reader.url("base_url", None)?;
        let issuer = issuer(&reader)?;
        let config = Config {
            origins: origins(&reader)?,
            authorization: authorization(&reader)?,
            token: token(&reader)?,
            server: Arc::new(server(
                &reader,
                base_url.as_ref().filter(|_| issuer.is_none()),
                base_url.as_ref(),
            )?),
            issuer,
            client: registration::read(&reader)?,
            grant: grant(&reader)?,
            refresh: Refresh {
                leeway: reader.duration("refresh.leeway_s", 30),
                ahead: reader.bool("refresh.ahead", false),
                retry_lost: reader.text("refresh.retry_lost").is_none_or(|policy| *policy == "once"),
                endpoint: reader.url("refresh.endpoint", base_url.as_ref())?,
                json_body: reader.text("refresh.body").is_some_and(|body| *body == "json"),
            },
            header: header(&reader)?,
            http: read_http(&reader)?,
            quirks: preset::quirks(&reader)?,
            base_url,
        };
        let has_no_endpoint = config.issuer.is_none() && config.server.endpoint(Endpoint::Token).is_none();
        if config.grant.is_some() && has_no_endpoint {
            return Err(Error::new(
                Reason::Conflict,
                "grant: needs issuer, server.token_endpoint or base_url",
            ));
        }
        Ok(config)
    }

    /// Whether the token may go there.
    pub fn trusts(&self, origin: &Origin) -> bool {
        self.base_url.as_ref().is_some_and(|base| base.origin() == origin) || self.origins.contains(origin)
    }
}

fn origins(reader: &Reader) -> Result<Vec<Origin>> {
    let mut origins = Vec::new();
    for (index, raw) in reader.array("origins").unwrap_or_default().iter().enumerate() {
        let text = raw.as_str().unwrap_or_default();
        let url = Url::parse(&text)
            .map_err(|problem| Error::new(Reason::Url, format!("origins[{index}]: {problem}")))?;
        if url.path() != "/" {
            return Err(Error::new(Reason::Url, format!("origins[{index}]: an origin has no path")));
        }
        origins.push(url.origin().clone());
    }
    Ok(origins)
}

fn authorization(reader: &Reader) -> Result<Option<Secret>> {
    let Some(value) = reader.text("authorization") else { return Ok(None) };
    for other in ["token", "grant", "client"] {
        if reader.raw(other).is_some() {
            return Err(Error::new(Reason::Conflict, format!("authorization: excludes {other}")));
        }
    }
    if value.is_empty() {
        return Err(refused("authorization", "is empty"));
    }
    http::check_header("authorization", &value)?;
    Ok(Some(Secret::from(value.as_str())))
}

fn token(reader: &Reader) -> Result<Option<TokenSet>> {
    let Some(members) = reader.object("token") else { return Ok(None) };
    let set = TokenSet::from_members(members).map_err(|unfit| {
        let path =
            if unfit.member.is_empty() { "token".to_owned() } else { format!("token.{}", unfit.member) };
        refused(&path, unfit.problem)
    })?;
    Ok(Some(set))
}

fn issuer(reader: &Reader) -> Result<Option<Issuer>> {
    let Some(url) = reader.url("issuer", None)? else { return Ok(None) };
    if url.path().contains('?') {
        return Err(Error::new(Reason::Url, "issuer: has a query"));
    }
    let text = reader.text("issuer").map(|text| text.to_string()).unwrap_or_default();
    Ok(Some(Issuer { url, text }))
}

/// The server as far as it is configured; `home` is where Home Assistant would be.
fn server(reader: &Reader, home: Option<&Url>, base_url: Option<&Url>) -> Result<Metadata> {
    let members = reader.object("server").unwrap_or_default();
    let mut server = Metadata::read(members, base_url)
        .map_err(|unfit| Error::new(Reason::Url, format!("server.{}: {}", unfit.0, unfit.1)))?;
    for (endpoint, path) in [(Endpoint::Authorization, "auth/authorize"), (Endpoint::Token, "auth/token")] {
        // `join` of a fixed path onto a base that parsed cannot fail.
        server.default_endpoint(endpoint, home.and_then(|home| home.join(path).ok()));
    }
    Ok(server)
}

fn grant(reader: &Reader) -> Result<Option<Vec<(String, Secret)>>> {
    let Some(members) = reader.object("grant") else { return Ok(None) };
    grant_parameters(&members, "grant").map(Some)
}

/// A grant's parameters by their RFC names; `object` is what errors call it.
pub fn grant_parameters(members: &Object, object: &str) -> Result<Vec<(String, Secret)>> {
    if members.get("grant_type").and_then(|raw| raw.as_str()).is_none_or(|text| text.is_empty()) {
        return Err(refused(&format!("{object}.grant_type"), "is missing"));
    }
    let mut parameters = Vec::new();
    for (name, value) in members.iter() {
        let path = format!("{object}.{name}");
        match value.kind() {
            Kind::Null => {}
            Kind::String => {
                parameters.push((name.to_owned(), Secret::from(value.as_str().unwrap_or_default().as_str())))
            }
            Kind::Number | Kind::Bool => parameters.push((name.to_owned(), Secret::from(value.text()))),
            kind => return Err(refused(&path, format!("is {}, not a string", kind.name()))),
        }
    }
    Ok(parameters)
}

fn header(reader: &Reader) -> Result<TokenHeader> {
    let name = reader.text("header.name").map_or("authorization".to_owned(), |name| name.to_string());
    if !http::is_token(&name) || is_reserved(&name) {
        return Err(refused("header.name", "is not the name of a header that a request may set"));
    }
    let scheme = reader.text("header.scheme").map_or("Bearer".to_owned(), |scheme| scheme.to_string());
    if !scheme.is_empty() && !http::is_token(&scheme) {
        return Err(refused("header.scheme", "is not an authentication scheme (RFC 9110 section 11.1)"));
    }
    let only_b64token = reader.text("header.token_charset").is_none_or(|charset| *charset == "b64token");
    Ok(TokenHeader { name, scheme, only_b64token })
}

fn read_http(reader: &Reader) -> Result<Http> {
    let text = |path| reader.text(path).map(|text| text.to_string());
    let user_agent = text("http.user_agent")
        .unwrap_or_else(|| concat!("libbearer/", env!("CARGO_PKG_VERSION")).to_owned());
    if !http::is_header_value(&user_agent) || user_agent.len() > 1024 {
        return Err(refused("http.user_agent", "is not a header value"));
    }
    let client_cert_files = match (text("http.client_cert_file"), text("http.client_key_file")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            return Err(Error::new(Reason::Conflict, "http.client_cert_file: needs http.client_key_file"));
        }
        (None, Some(_)) => {
            return Err(Error::new(Reason::Conflict, "http.client_key_file: needs http.client_cert_file"));
        }
    };
    let unauthorized = match reader.array("http.unauthorized") {
        Some(list) => {
            list.iter().filter_map(|raw| raw.as_thousandths()).map(|number| (number / 1000) as u16).collect()
        }
        None => vec![401],
    };
    Ok(Http {
        timeout: reader.duration("http.timeout_s", 30),
        connect_timeout: reader.duration("http.connect_timeout_s", 10),
        max_response_bytes: reader.count("http.max_response_bytes", 64 << 20),
        unauthorized,
        redirects: match text("http.redirects").as_deref() {
            Some("none") => Redirects::None,
            Some("any") => Redirects::Any,
            _ => Redirects::SameOrigin,
        },
        proxy: text("http.proxy"),
        no_proxy: text("http.no_proxy"),
        user_agent,
        mozilla_roots: reader.text("http.roots").is_some_and(|roots| *roots == "mozilla"),
        ca_file: text("http.ca_file"),
        client_cert_files,
        idle_connections: reader.count("http.idle_connections", 4) as usize,
    })
}

/// Headers that belong to the framing or to a proxy: nobody sets them from outside (`hostile.md` H-3).
pub fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 9] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "expect",
        "te",
        "trailer",
        "upgrade",
        "keep-alive",
    ];
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        || name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("proxy-"))
}

#[cfg(test)]
mod tests;
