//! Where the browser is to come back to, as a redirect URI says it.

use crate::url::{Problem, Url};

/// A host of this machine, a port or none, and a path.
#[derive(Debug, PartialEq)]
pub struct Address {
    pub(super) host: Host,
    /// The system chooses where there is none.
    pub(super) port: Option<u16>,
    /// As it stands in the request line.
    pub(super) path: String,
    /// Path and query as the caller wrote them: servers compare redirect URIs letter by letter.
    written: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Host {
    V4,
    V6,
    Name,
}

impl Default for Address {
    fn default() -> Address {
        let path = "/callback".to_owned();
        Address { host: Host::V4, port: None, written: path.clone(), path }
    }
}

impl Address {
    /// Of a redirect URI of this machine (RFC 8252 section 7.3).
    pub fn parse(redirect_uri: &str) -> Result<Address, Problem> {
        let url = Url::parse(redirect_uri)?;
        let host = match url.host() {
            "127.0.0.1" => Host::V4,
            "[::1]" => Host::V6,
            "localhost" => Host::Name,
            _ => {
                return Err(
                    "must be a URL of this machine: http://127.0.0.1, http://[::1] or http://localhost",
                );
            }
        };
        if url.is_https() {
            return Err("must begin with http: nobody has a certificate for this machine's loopback");
        }
        if redirect_uri.contains('#') {
            return Err("must not have a fragment (RFC 6749 section 3.1.2)");
        }
        let rest = redirect_uri.split_once("://").map_or("", |(_, rest)| rest);
        let (authority, written) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
        let path = url.path().split('?').next().unwrap_or_default().to_owned();
        Ok(Address { host, port: has_port.then(|| url.port()), path, written: written.to_owned() })
    }

    /// The redirect URI with this port.
    pub(super) fn redirect_uri(&self, port: u16) -> String {
        let host = match self.host {
            Host::V4 => "127.0.0.1",
            Host::V6 => "[::1]",
            Host::Name => "localhost",
        };
        format!("http://{host}:{port}{}", self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(redirect_uri: &str) -> String {
        let address = Address::parse(redirect_uri).unwrap();
        format!("{} {:?} {}", address.redirect_uri(7), address.port, address.path)
    }

    #[test]
    fn rfc_8252_section_7_3_the_port_is_filled_in() {
        assert_eq!(Address::default(), Address::parse("http://127.0.0.1/callback").unwrap());
        assert_eq!(whole("http://127.0.0.1"), "http://127.0.0.1:7 None /");
        assert_eq!(whole("http://127.0.0.1:/a"), "http://127.0.0.1:7/a None /a");
        assert_eq!(whole("http://[::1]/a?b=c"), "http://[::1]:7/a?b=c None /a");
        assert_eq!(whole("http://[0:0:0:0:0:0:0:1]:80/a"), "http://[::1]:7/a Some(80) /a");
        assert_eq!(whole("http://localhost:8080/a/b"), "http://localhost:7/a/b Some(8080) /a/b");
        assert_eq!(whole("HTTP://LocalHost?x"), "http://localhost:7?x None /");
    }

    #[test]
    fn other_places_are_refused() {
        for other in [
            "https://127.0.0.1/",
            "http://127.0.0.2/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://example.com/",
            "http://localhost.example.com/",
            "http://127.0.0.1@example.com/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.1/#x",
            "http://127.1/",
            "com.example.app:/callback",
            "/callback",
            "",
        ] {
            assert!(Address::parse(other).is_err(), "{other}");
        }
    }
}
