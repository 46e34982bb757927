//! Proxies: which request goes through which, and what is said to them. A malformed one is an error, never a direct
//! connection; its credentials are shown to it alone.

use std::io::{Read, Write};
use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::base64;
use crate::config::Http;
use crate::error::{Error, Reason, Result};
use crate::secret::{Secret, Wiped};
use crate::url::{Url, percent_decode};

/// The proxies of one client.
pub(super) struct Proxies {
    for_http: Option<Proxy>,
    for_https: Option<Proxy>,
    bypass: Vec<Bypass>,
}

/// One proxy.
#[derive(Clone)]
pub(super) struct Proxy {
    /// How it is spoken to.
    pub(super) kind: Kind,
    /// Its host and port.
    pub(super) url: Url,
    credentials: Option<(Secret, Secret)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Reads http requests, and makes tunnels for https.
    Http,
    /// SOCKS5 (RFC 1928); names are looked up here.
    Socks5,
    /// SOCKS5; names are looked up by the proxy.
    Socks5ByName,
}

/// A host that is reached without the proxy.
enum Bypass {
    All,
    Host { name: String, port: Option<u16> },
}

impl Proxies {
    /// What the configuration says; the environment is read only if that says so, and only now.
    pub(super) fn new(http: &Http) -> Result<Proxies> {
        Proxies::read(http, &|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(http: &Http, environment: &dyn Fn(&str) -> Option<String>) -> Result<Proxies> {
        let (for_http, for_https, from_environment) = match http.proxy.as_deref() {
            None => (None, None, None),
            Some("environment") => {
                let proxy =
                    |names: &[&str]| match names.iter().find_map(|name| Some((*name, environment(name)?))) {
                        Some((name, text)) => Proxy::parse(&text, name).map(Some),
                        None => Ok(None),
                    };
                // In a CGI program anybody can set HTTP_PROXY, by sending a header called Proxy.
                let is_cgi = environment("REQUEST_METHOD").is_some();
                let http_names: &[&str] =
                    if is_cgi { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
                let all = &["all_proxy", "ALL_PROXY"];
                (
                    proxy(&[http_names, all].concat())?,
                    proxy(&[&["https_proxy", "HTTPS_PROXY"], &all[..]].concat())?,
                    environment("no_proxy").or_else(|| environment("NO_PROXY")),
                )
            }
            Some(text) => {
                let proxy = Proxy::parse(text, "http.proxy")?;
                (Some(proxy.clone()), Some(proxy), None)
            }
        };
        let lists = [http.no_proxy.clone(), from_environment];
        let bypass =
            lists.iter().flatten().flat_map(|list| list.split(',')).filter_map(Bypass::parse).collect();
        Ok(Proxies { for_http, for_https, bypass })
    }

    /// The proxy that a URL is reached through.
    pub(super) fn for_url(&self, url: &Url) -> Option<&Proxy> {
        let proxy = if url.is_https() { &self.for_https } else { &self.for_http };
        proxy.as_ref().filter(|_| !self.bypass.iter().any(|bypass| bypass.covers(url)))
    }
}

impl Proxy {
    fn parse(text: &str, source: &str) -> Result<Proxy> {
        // The text is never repeated: it may hold a password.
        let malformed = |problem: &str| Error::new(Reason::ProxyUrl, format!("{source}: {problem}"));
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let kind = match scheme.to_ascii_lowercase().as_str() {
            "http" => Kind::Http,
            "socks5" => Kind::Socks5,
            "socks5h" => Kind::Socks5ByName,
            _ => return Err(malformed("has a scheme other than http, socks5 and socks5h")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, host) = match authority.rsplit_once('@') {
            Some((credentials, host)) => (Some(credentials), host),
            None => (None, authority),
        };
        let default_port = if kind == Kind::Http { 8080 } else { 1080 };
        let has_port =
            host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
        let host = if has_port { host.to_owned() } else { format!("{host}:{default_port}") };
        let url = Url::parse(&format!("http://{host}")).map_err(malformed)?;
        if url.path() != "/" {
            return Err(malformed("has a path"));
        }
        let credentials = match credentials {
            None => None,
            Some(credentials) => {
                let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
                let decode = |text| {
                    percent_decode(text)
                        .filter(|text| text.len() <= 255 && !text.chars().any(char::is_control))
                        .map(|text| Secret::from(text.as_str()))
                        .ok_or_else(|| malformed("has malformed credentials"))
                };
                Some((decode(user)?, decode(password)?))
            }
        };
        Ok(Proxy { kind, url, credentials })
    }

    /// The `proxy-authorization` header's value.
    pub(super) fn authorization(&self) -> Option<Secret> {
        let (user, password) = self.credentials.as_ref()?;
        let pair = Wiped::new(format!("{}:{}", user.expose(), password.expose()));
        Some(Secret::new(format!("Basic {}", *base64::encode(pair.as_bytes()))))
    }

    /// Asks for a tunnel to an https server (RFC 9110 section 9.3.6).
    pub(super) fn open_tunnel(&self, mut wire: impl Read + Write, url: &Url) -> Result<()> {
        let target = format!("{}:{}", url.host(), url.port());
        let authorization = match self.authorization() {
            Some(value) => Wiped::new(format!("Proxy-Authorization: {}\r\n", value.expose())),
            None => Wiped::default(),
        };
        let request =
            Wiped::new(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{}\r\n", *authorization));
        wire.write_all(request.as_bytes()).map_err(broke)?;
        let mut head = Zeroizing::new(Vec::new());
        let mut piece = [0; 1024];
        loop {
            let n = wire.read(&mut piece).map_err(broke)?;
            head.extend_from_slice(&piece[..n]);
            let end = head.windows(4).position(|window| window == b"\r\n\r\n");
            match end {
                // Who asked for a tunnel speaks first in it: anything behind the head is not from the server.
                Some(end) if end + 4 == head.len() => return check_tunnel(&head),
                Some(_) => {
                    return Err(Error::new(Reason::ProxyFailed, "the proxy sent more than its answer"));
                }
                None if n == 0 => {
                    return Err(Error::new(Reason::ProxyFailed, "the proxy closed the connection"));
                }
                None if head.len() > 16 * 1024 => {
                    return Err(Error::new(
                        Reason::ProxyFailed,
                        "the head of the proxy's answer is too large",
                    ));
                }
                None => {}
            }
        }
    }

    /// Asks for a connection through SOCKS5 (RFC 1928, 1929); `address` is what the name was looked up to here.
    pub(super) fn open_socks(
        &self,
        mut wire: impl Read + Write,
        url: &Url,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let refused = |why: &'static str| Error::new(Reason::ProxyFailed, why);
        let greeting: &[u8] = if self.credentials.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        wire.write_all(greeting).map_err(broke)?;
        let mut choice = [0; 2];
        wire.read_exact(&mut choice).map_err(broke)?;
        match (choice, &self.credentials) {
            ([5, 0], _) => {}
            ([5, 2], Some((user, password))) => {
                let (user, password) = (user.expose().as_bytes(), password.expose().as_bytes());
                // Both were held to 255 bytes when they were read.
                let message = Zeroizing::new(
                    [&[1, user.len() as u8], user, &[password.len() as u8], password].concat(),
                );
                wire.write_all(&message).map_err(broke)?;
                let mut verdict = [0; 2];
                wire.read_exact(&mut verdict).map_err(broke)?;
                if verdict[1] != 0 {
                    return Err(refused("the proxy refused the credentials"));
                }
            }
            ([5, 255], _) => return Err(refused("the proxy wants another authentication")),
            _ => return Err(refused("the proxy does not speak SOCKS5")),
        }
        let mut request = vec![5, 1, 0];
        match address {
            Some(IpAddr::V4(ip)) => request.extend([&[1][..], &ip.octets()].concat()),
            Some(IpAddr::V6(ip)) => request.extend([&[4][..], &ip.octets()].concat()),
            // A URL's host has at most 253 characters.
            None => request.extend([&[3, url.host().len() as u8], url.host().as_bytes()].concat()),
        }
        request.extend(url.port().to_be_bytes());
        wire.write_all(&request).map_err(broke)?;
        let mut answer = [0; 4];
        wire.read_exact(&mut answer).map_err(broke)?;
        if answer[0] != 5 || answer[1] != 0 {
            return Err(refused("the proxy could not reach the server"));
        }
        let rest = match answer[3] {
            1 => 4 + 2,
            4 => 16 + 2,
            3 => {
                let mut len = [0];
                wire.read_exact(&mut len).map_err(broke)?;
                usize::from(len[0]) + 2
            }
            _ => return Err(refused("the proxy does not speak SOCKS5")),
        };
        wire.read_exact(&mut [0; 257][..rest]).map_err(broke)
    }
}

fn check_tunnel(head: &[u8]) -> Result<()> {
    let status = head
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok());
    match status {
        Some(200..=299) if head.starts_with(b"HTTP/1.") => Ok(()),
        Some(status @ 300..=599) if head.starts_with(b"HTTP/1.") => {
            let mut error = Error::new(Reason::ProxyFailed, format!("the proxy answered {status}"));
            error.http_status = Some(status);
            Err(error)
        }
        _ => Err(Error::new(Reason::ProxyFailed, "the proxy does not speak HTTP/1.1")),
    }
}

fn broke(_: std::io::Error) -> Error {
    Error::new(Reason::ProxyFailed, "the connection to the proxy broke")
}

impl Bypass {
    fn parse(text: &str) -> Option<Bypass> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('.').unwrap_or(&text);
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Bypass::All);
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !name.ends_with(':') && !name.contains(':') || name.ends_with(']') => {
                (name, port.parse().ok())
            }
            _ => (text, None),
        };
        Some(Bypass::Host { name: name.trim_matches(['[', ']']).to_owned(), port })
    }

    fn covers(&self, url: &Url) -> bool {
        match self {
            Bypass::All => true,
            Bypass::Host { name, port } => {
                let host = url.bare_host();
                if url.ip().is_some() {
                    // An address is below no other.
                    return host == name && port.is_none_or(|port| port == url.port());
                }
                let is_below = host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                is_below && port.is_none_or(|port| port == url.port())
            }
        }
    }
}

#[cfg(test)]
mod tests;
