//! The one request that counts, read strictly: whoever comes back is a browser, and browsers write HTTP well.

use crate::secret::Wiped;

/// The longest head.
pub(super) const LONGEST: usize = 8 * 1024;

/// What the browser was told to ask for.
pub(super) struct Expected {
    pub(super) port: u16,
    pub(super) path: String,
}

/// What the bytes so far are.
#[derive(Debug, PartialEq)]
pub(super) enum Read {
    /// The beginning of a request, as far as anybody can say.
    Unfinished,
    /// A GET of the right path at the right host: its query.
    Asked(Wiped),
    /// Anything else, and the HTTP status for it.
    Refused(u16),
}

impl Expected {
    /// Reads the head; what comes after it does not matter, for the connection closes.
    pub(super) fn read(&self, bytes: &[u8]) -> Read {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        match end {
            Some(end) => self.whole(&bytes[..end]).map_or_else(Read::Refused, Read::Asked),
            None if bytes.len() >= LONGEST => Read::Refused(431),
            // What cannot become a request any more is not waited for.
            None if !begins_well(bytes) => Read::Refused(400),
            None => Read::Unfinished,
        }
    }

    fn whole(&self, head: &[u8]) -> Result<Wiped, u16> {
        let is_text = |b: &u8| matches!(b, b'\r' | b'\n' | b'\t' | b' '..=b'~' | 128..);
        let text = std::str::from_utf8(head).ok().filter(|_| head.iter().all(is_text)).ok_or(400u16)?;
        let mut lines = text.split("\r\n");
        let request_line = lines.next().unwrap_or_default();
        let [method, target, version] = request_line.split(' ').collect::<Vec<_>>()[..] else {
            return Err(400);
        };
        let mut host = None;
        for line in lines {
            let (name, value) = line.split_once(':').ok_or(400u16)?;
            let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if name.is_empty() || !name.bytes().all(is_token) || value.contains(['\r', '\n']) {
                return Err(400);
            }
            if name.eq_ignore_ascii_case("host") && host.replace(value.trim_matches([' ', '\t'])).is_some() {
                return Err(400);
            }
        }
        match version {
            "HTTP/1.1" | "HTTP/1.0" => {}
            _ if version.starts_with("HTTP/") => return Err(505),
            _ => return Err(400),
        }
        // Before all else: a page whose name somebody has pointed at this machine learns nothing here.
        if !self.is_host(host.ok_or(400u16)?) {
            return Err(421);
        }
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(400);
        }
        if !target.starts_with('/') || !target.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(400);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if path != self.path {
            return Err(404);
        }
        if method != "GET" {
            return Err(405);
        }
        Ok(Wiped::new(query.to_owned()))
    }

    /// Whether it is a name of this machine, with the port (`hostile.md` A-7: DNS rebinding).
    fn is_host(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        let is_port = match port {
            Some(port) => port == self.port.to_string(),
            None => self.port == 80,
        };
        is_port && (name == "127.0.0.1" || name == "[::1]" || name.eq_ignore_ascii_case("localhost"))
    }
}

/// Whether these may be the first bytes of a request: a method, of letters.
fn begins_well(bytes: &[u8]) -> bool {
    let method = bytes.split(|&b| b == b' ').next().unwrap_or_default();
    let is_fit = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    bytes.is_empty() || !method.is_empty() && method.len() <= 32 && method.iter().all(is_fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Read {
        read_bytes(head.as_bytes())
    }

    fn read_bytes(head: &[u8]) -> Read {
        Expected { port: 7, path: "/callback".into() }.read(head)
    }

    const GOOD: &str = "GET /callback?code=x&state=y HTTP/1.1\r\nHost: 127.0.0.1:7\r\nAccept: */*\r\n\r\n";

    fn asked(query: &str) -> Read {
        Read::Asked(Wiped::new(query.to_owned()))
    }

    #[test]
    fn the_right_request_is_read_however_it_is_cut() {
        for end in 0..GOOD.len() {
            assert_eq!(read(&GOOD[..end]), Read::Unfinished, "{end}");
        }
        assert_eq!(read(GOOD), asked("code=x&state=y"));
        assert_eq!(
            read(&format!("{GOOD}GET / HTTP/1.1\r\n")),
            asked("code=x&state=y"),
            "what follows is nothing"
        );
        assert_eq!(read("GET /callback HTTP/1.0\r\nhOsT:\t[::1]:7 \r\n\r\n"), asked(""));
        assert_eq!(read("GET /callback? HTTP/1.1\r\nHost: LOCALHOST:7\r\n\r\n"), asked(""));
        assert_eq!(
            read("GET /callback?a?b HTTP/1.1\r\nX: \u{e4}\r\nHost: localhost:7\r\n\r\n"),
            asked("a?b")
        );
    }

    #[test]
    fn a_7_hosts_that_are_not_this_machine() {
        for host in [
            "evil.example:7",
            "127.0.0.1",
            "127.0.0.1:8",
            "127.0.0.1:07",
            "127.0.0.1:7.evil.example",
            "127.0.0.1.evil.example:7",
            "[::1]",
            "::1:7",
            "127.0.0.1:7, evil.example",
            "localhost.:7",
            "user@127.0.0.1:7",
            "",
        ] {
            assert_eq!(read(&GOOD.replace("127.0.0.1:7", host)), Read::Refused(421), "{host}");
        }
        let port_80 = Expected { port: 80, path: "/callback".into() };
        let head = |host: &str| GOOD.replace("127.0.0.1:7", host);
        assert_eq!(port_80.read(head("127.0.0.1").as_bytes()), asked("code=x&state=y"));
        assert_eq!(port_80.read(head("[::1]").as_bytes()), asked("code=x&state=y"));
        assert_eq!(port_80.read(head("localhost:80").as_bytes()), asked("code=x&state=y"));
    }

    #[test]
    fn a_7_anything_else_is_refused() {
        for (status, from, to) in [
            (400, "Host: 127.0.0.1:7\r\n", ""),
            (400, "Accept: */*", "Host: 127.0.0.1:7"),
            (400, "Accept: */*", "host: evil.example"),
            (400, "Accept: */*", " folded"),
            (400, "Accept: */*", "no colon"),
            (400, "Accept: */*", "Accept : */*"),
            (400, "Accept: */*", ": empty"),
            (400, "Accept: */*", "X: a\nHost: b"),
            (400, "Accept: */*", "X: a\rb"),
            (400, "Accept: */*", "X: \0"),
            (400, "GET /callback", "GET  /callback"),
            (400, "GET /callback", "GET http://127.0.0.1:7/callback"),
            (400, "GET /callback", "GET callback"),
            (400, "HTTP/1.1\r\nHost", "HTTP/1.1 \r\nHost"),
            (400, "HTTP/1.1\r\nHost", "ICY\r\nHost"),
            (505, "HTTP/1.1\r\nHost", "HTTP/2.0\r\nHost"),
            (404, "/callback?", "/Callback?"),
            (404, "/callback?", "/callback/?"),
            (404, "/callback?", "//callback?"),
            (404, "/callback?", "/c%61llback?"),
            (404, "/callback?code=x&state=y", "/favicon.ico"),
            (404, "GET /callback?", "POST /?"),
            (405, "GET ", "HEAD "),
            (405, "GET ", "POST "),
            (405, "GET ", "OPTIONS "),
            (405, "GET ", "get "),
        ] {
            let head = GOOD.replacen(from, to, 1);
            assert_ne!(head, GOOD, "{from}");
            assert_eq!(read(&head), Read::Refused(status), "{to}");
        }
    }

    #[test]
    fn garbage_is_not_waited_for() {
        assert_eq!(read_bytes(b"\x16\x03\x01\x02\x00\x01\x00"), Read::Refused(400), "a TLS hello");
        assert_eq!(read_bytes(b"\r\n"), Read::Refused(400));
        assert_eq!(read_bytes(b" "), Read::Refused(400));
        assert_eq!(read_bytes(&[b'A'; 33]), Read::Refused(400));
        assert_eq!(read_bytes(b"GET /\xff HTTP/1.1\r\n\r\n"), Read::Refused(400));
    }

    #[test]
    fn a_7_the_head_has_8_kilobytes() {
        let filled = |len: usize| {
            let mut head = GOOD.trim_end().to_owned() + "\r\nX: ";
            head.push_str(&"a".repeat(len - head.len() - 4));
            head + "\r\n\r\n"
        };
        assert_eq!(read(&filled(LONGEST)), asked("code=x&state=y"));
        assert_eq!(read(&filled(LONGEST + 1)[..LONGEST]), Read::Refused(431));
    }
}
