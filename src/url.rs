//! URLs, read strictly: what browsers repair is refused here, for a token goes where the URL says.
//!
//! Not the `url` crate: it follows WHATWG, which turns `\` into `/` and repairs much else, and it would add the
//! Unicode tables of IDNA to the library.

use std::fmt;
use std::net::IpAddr;

use zeroize::Zeroizing;

use crate::secret::Wiped;

/// The longest URL or path with query, in bytes (`hostile.md` U-10); a little less than what HTTP stacks can take.
const LONGEST: usize = 64_000;

/// Scheme, host and port, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: u16,
}

/// An absolute http or https URL in its one normal form: host in lower case, no default port, no fragment, no dot
/// segments, never a user name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    origin: Origin,
    /// Begins with a slash; includes the query.
    path: String,
}

/// What is wrong, ready for a message after the parameter's name.
pub type Problem = &'static str;

impl Url {
    /// Reads an absolute URL (RFC 3986).
    pub fn parse(text: &str) -> Result<Url, Problem> {
        check_characters(text)?;
        let (scheme, rest) = text.split_once("://").ok_or("is not an absolute http:// or https:// URL")?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("has a scheme other than http and https"),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = split_authority(authority)?;
        let origin = Origin { https, host, port: port.unwrap_or(if https { 443 } else { 80 }) };
        let path = without_fragment(path);
        let path =
            if path.starts_with('/') { normalise(path, 0)? } else { normalise(&format!("/{path}"), 0)? };
        Ok(Url { origin, path })
    }

    /// Its scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.origin.https
    }

    /// The host as it is written in a URL: IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        &self.origin.host
    }

    /// The host without the brackets of an IPv6 address, as it is looked up and as certificates have it.
    pub fn bare_host(&self) -> &str {
        self.origin.host.trim_matches(['[', ']'])
    }

    /// The address that the host is, where it is no name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.bare_host().parse().ok()
    }

    /// The port, also where it is the scheme's own.
    pub fn port(&self) -> u16 {
        self.origin.port
    }

    /// Path and query, as they stand in a request line.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What may be shown of it: no query, for queries hold codes and tokens.
    pub fn without_query(&self) -> String {
        format!("{}{}", self.origin, self.path.split('?').next().unwrap_or_default())
    }

    /// `{self}/{path}` with exactly one slash between them, as the base URL of an API joins a request's path. The
    /// result never leaves the origin or the path of the base (U-1 to U-5). An absolute URL is taken as it is:
    /// whoever asks must look at its origin.
    pub fn join(&self, path: &str) -> Result<Url, Problem> {
        check_characters(path)?;
        let scheme = path.split("://").next().unwrap_or_default();
        if scheme.len() < path.len()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            return Url::parse(path);
        }
        if path.starts_with("//") {
            return Err("begins with two slashes: that would name another host");
        }
        let base = self.path.split('?').next().unwrap_or_default().trim_end_matches('/');
        let path = without_fragment(path);
        let path = path.strip_prefix('/').unwrap_or(path);
        let joined = if path.starts_with('?') || path.is_empty() && !base.is_empty() {
            format!("{base}{path}")
        } else {
            format!("{base}/{path}")
        };
        let joined = if joined.starts_with('/') { joined } else { format!("/{joined}") };
        Ok(Url { origin: self.origin.clone(), path: normalise(&joined, base.len())? })
    }

    /// A reference as it stands in metadata or a Location header (RFC 3986 section 5.3): absolute, or relative to this URL.
    pub fn resolve(&self, reference: &str) -> Result<Url, Problem> {
        check_characters(reference)?;
        let scheme_end = reference.find([':', '/', '?', '#']).filter(|&at| reference.as_bytes()[at] == b':');
        if scheme_end.is_some() {
            return Url::parse(reference);
        }
        if let Some(authority) = reference.strip_prefix("//") {
            return Url::parse(&format!("{}://{authority}", self.origin.scheme()));
        }
        let own_path = self.path.split('?').next().unwrap_or_default();
        let reference = without_fragment(reference);
        let path = match reference.as_bytes().first() {
            None => self.path.clone(),
            Some(b'/') => reference.to_owned(),
            Some(b'?') => format!("{own_path}{reference}"),
            Some(_) => format!("{}{reference}", &own_path[..=own_path.rfind('/').unwrap_or(0)]),
        };
        Ok(Url { origin: self.origin.clone(), path: normalise(&path, 0)? })
    }

    /// The same origin with this path, which begins with a slash and is in its normal form.
    pub fn at_path(&self, path: &str) -> Url {
        Url { origin: self.origin.clone(), path: path.to_owned() }
    }

    /// Appends a query parameter to a path, encoded; a fragment, which is never sent, goes.
    pub fn add_query(path: &mut String, name: &str, value: &str) {
        path.truncate(without_fragment(path).len());
        path.push(if path.contains('?') { '&' } else { '?' });
        percent_encode(path, name);
        path.push('=');
        percent_encode(path, value);
    }
}

impl Origin {
    fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme(), self.host)?;
        if self.port != if self.https { 443 } else { 80 } {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

/// Appends the text with everything but unreserved characters encoded (RFC 3986 section 2.1).
pub fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// The text with its percent-encoded bytes decoded; `None` where they are malformed or no UTF-8.
pub fn percent_decode(text: &str) -> Option<Wiped> {
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut digit = || (bytes.next()? as char).to_digit(16);
        out.push(if byte == b'%' { (digit()? * 16 + digit()?) as u8 } else { byte });
    }
    std::str::from_utf8(&out).ok().map(|text| Wiped::new(text.to_owned()))
}

fn check_characters(text: &str) -> Result<(), Problem> {
    if text.len() > LONGEST {
        return Err("is longer than 64000 bytes");
    }
    for byte in text.bytes() {
        match byte {
            b'\\' => return Err("has a backslash"),
            b' ' => return Err("has a space: percent-encode it"),
            0..=31 | 127 => return Err("has a control character"),
            128.. => return Err("has characters outside ASCII: percent-encode them"),
            b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                return Err("has a character that URLs do not allow: percent-encode it");
            }
            _ => {}
        }
    }
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&b| b == b'%') {
        match rest.get(at + 1..at + 3) {
            Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest = &rest[at + 3..]
            }
            _ => return Err("has a % that is not followed by two hexadecimal digits"),
        }
    }
    Ok(())
}

fn without_fragment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default()
}

fn split_authority(authority: &str) -> Result<(String, Option<u16>), Problem> {
    if authority.contains('@') {
        return Err("has a user name: credentials belong into the configuration, not into a URL");
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or("has an IPv6 address without ]")?;
            let address: std::net::Ipv6Addr = address.parse().map_err(|_| "has a malformed IPv6 address")?;
            let port = match after.strip_prefix(':') {
                Some(port) => Some(port),
                None if after.is_empty() => None,
                None => return Err("has text after its IPv6 address"),
            };
            (format!("[{address}]"), port)
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (check_host(host)?, Some(port)),
            None => (check_host(authority)?, None),
        },
    };
    let port = match port {
        None | Some("") => None,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => match digits.parse() {
            Ok(0) | Err(_) => return Err("has a port that is not 1 to 65535"),
            Ok(port) => Some(port),
        },
        Some(_) => return Err("has a port that is not a number"),
    };
    Ok((host, port))
}

fn check_host(host: &str) -> Result<String, Problem> {
    if host.is_empty() {
        return Err("has no host");
    }
    if host.len() > 253 {
        return Err("has a host longer than 253 characters");
    }
    if host.ends_with('.') {
        return Err("has a host that ends with a dot");
    }
    // Underscores are no DNS host names, yet mDNS and container networks use them.
    let label_is_fit = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if !host.split('.').all(label_is_fit) {
        return Err("has a malformed host (international names: write them in their xn-- form)");
    }
    Ok(host.to_ascii_lowercase())
}

/// Removes dot segments, also percent-encoded ones; fails where they would climb above the first `base` bytes.
fn normalise(path: &str, base: usize) -> Result<String, Problem> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let mut out = path[..base].to_owned();
    let mut segments = path[base..].split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let dots = segment.replace("%2e", ".").replace("%2E", ".");
        match dots.as_str() {
            "." => {}
            ".." => {
                let cut = out[base..].rfind('/').ok_or("climbs out of its base with ..")?;
                out.truncate(base + cut);
            }
            _ => {
                out.push('/');
                out.push_str(segment);
                continue;
            }
        }
        if segments.peek().is_none() {
            out.push('/');
        }
    }
    if out.is_empty() {
        out.push('/');
    }
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
