use super::*;
use crate::config::Config;

fn read(members: &str, environment: &[(&str, &str)]) -> Result<Proxies> {
    let config = Config::parse(&format!(r#"{{"base_url":"http://x","http":{{{members}}}}}"#)).unwrap();
    let lookup =
        |name: &str| environment.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
    Proxies::read(&config.http, &lookup)
}

fn through(proxies: &Proxies, url: &str) -> Option<String> {
    proxies.for_url(&Url::parse(url).unwrap()).map(|proxy| format!("{:?} {}", proxy.kind, proxy.url.origin()))
}

#[test]
fn p_1_the_environment_is_read_only_if_asked() {
    let environment = [("http_proxy", "http://e:1"), ("ALL_PROXY", "http://e:2")];
    assert_eq!(through(&read("", &environment).unwrap(), "http://a/"), None);
    let proxies = read(r#""proxy":"environment""#, &environment).unwrap();
    assert_eq!(through(&proxies, "http://a/").unwrap(), "Http http://e:1");
    assert_eq!(through(&proxies, "https://a/").unwrap(), "Http http://e:2");
}

#[test]
fn p_2_a_malformed_proxy_is_an_error_that_shows_no_password() {
    for bad in [
        "ht!tp://x",
        "ftp://x",
        "https://x",
        "http://",
        "http://user:SECRET@",
        "http://user:SECRET@h:0",
        "http://h/path",
        "http://u:%zz@h",
        "http://u:%0d@h",
        "http://a b",
    ] {
        let error = read(&format!(r#""proxy":"{bad}""#), &[]).err().unwrap();
        assert_eq!((error.status, error.reason.name()), (crate::status::INVALID_ARGUMENT, "proxy"), "{bad}");
        assert!(
            error.message.starts_with("http.proxy: ") && !error.message.contains("SECRET"),
            "{}",
            error.message
        );
        let error = read(r#""proxy":"environment""#, &[("ALL_PROXY", bad)]).err().unwrap();
        assert!(error.message.starts_with("ALL_PROXY: "), "{}", error.message);
    }
}

#[test]
fn p_3_http_proxy_is_ignored_in_cgi_programs() {
    let environment = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")];
    let proxies = read(r#""proxy":"environment""#, &environment).unwrap();
    assert_eq!(through(&proxies, "http://a/"), None);
}

#[test]
fn p_4_each_scheme_has_its_own() {
    let proxies = read(r#""proxy":"environment""#, &[("HTTP_PROXY", "http://p:1")]).unwrap();
    assert_eq!(through(&proxies, "http://a/").unwrap(), "Http http://p:1");
    assert_eq!(through(&proxies, "https://a/"), None);
    let proxies = read(r#""proxy":"environment""#, &[("HTTPS_PROXY", "socks5h://p:2")]).unwrap();
    assert_eq!(through(&proxies, "http://a/"), None);
    assert_eq!(through(&proxies, "https://a/").unwrap(), "Socks5ByName http://p:2");
}

#[test]
fn ports_and_credentials() {
    let proxy = |text: &str| Proxy::parse(text, "test").unwrap();
    assert_eq!(proxy("h").url.port(), 8080);
    assert_eq!(proxy("h:3128").url.port(), 3128);
    assert_eq!(proxy("socks5://h").url.port(), 1080);
    assert_eq!(proxy("http://[::1]:3128/").url.host(), "[::1]");
    assert!(proxy("http://h").authorization().is_none());
    // base64("us@r:p:w")
    assert_eq!(proxy("http://us%40r:p:w@h").authorization().unwrap().expose(), "Basic dXNAcjpwOnc=");
}

#[test]
fn no_proxy_lists() {
    let proxies =
        read(r#""proxy":"http://p:1","no_proxy":"localhost, .Example.com ,10.0.0.1,0.0.1,[::1],b:81,""#, &[])
            .unwrap();
    for direct in [
        "http://localhost/",
        "https://localhost:8443/",
        "http://example.com/",
        "http://a.example.com/",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://b:81/",
    ] {
        assert_eq!(through(&proxies, direct), None, "{direct}");
    }
    for proxied in [
        "http://notexample.com/",
        "http://b/",
        "http://10.0.0.12/",
        "http://110.0.0.1/",
        "http://localhost.evil/",
        "http://127.0.0.1/",
    ] {
        assert!(through(&proxies, proxied).is_some(), "{proxied}");
    }
    let all = read(r#""proxy":"environment""#, &[("ALL_PROXY", "http://p:1"), ("NO_PROXY", "*")]).unwrap();
    assert_eq!(through(&all, "http://a/"), None);
}

/// A wire with an answer, which remembers what was written.
struct Wire<'a>(&'a [u8], &'a mut Vec<u8>);

impl Read for Wire<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.1.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn p_5_p_6_tunnels() {
    let target = Url::parse("https://api.example/x").unwrap();
    let proxy = Proxy::parse("http://u:p@h", "test").unwrap();
    let open = |answer: &[u8]| {
        let mut written = Vec::new();
        let outcome = proxy.open_tunnel(Wire(answer, &mut written), &target);
        (outcome, String::from_utf8(written).unwrap())
    };
    let (outcome, written) = open(b"HTTP/1.1 200 Connection established\r\n\r\n");
    outcome.unwrap();
    assert_eq!(
        written,
        "CONNECT api.example:443 HTTP/1.1\r\nHost: api.example:443\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
    );
    let many_lines = format!("HTTP/1.0 200 OK\r\n{}\r\n", "X-Line: 1\r\n".repeat(100));
    open(many_lines.as_bytes()).0.unwrap();
    let error = open(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").0.unwrap_err();
    assert_eq!((error.reason, error.http_status), (Reason::ProxyFailed, Some(407)));
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "X-Line: 1\r\n".repeat(5000));
    for bad in [
        &b"HTTP/1.1 200 OK\r\n\r\ngarbage"[..],
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/1.1 2",
        b"",
        endless.as_bytes(),
    ] {
        assert_eq!(open(bad).0.unwrap_err().reason, Reason::ProxyFailed);
    }
}

#[test]
fn rfc_1928_socks5() {
    let target = Url::parse("http://api.example:81/x").unwrap();
    let open = |proxy: &str, address: Option<&str>, answer: &[u8]| {
        let mut written = Vec::new();
        let address = address.map(|address| address.parse().unwrap());
        let outcome =
            Proxy::parse(proxy, "test").unwrap().open_socks(Wire(answer, &mut written), &target, address);
        (outcome, written)
    };
    let granted = [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let (outcome, written) = open("socks5h://h", None, &granted);
    outcome.unwrap();
    assert_eq!(written, [&[5, 1, 0, 5, 1, 0, 3, 11][..], b"api.example", &[0, 81]].concat());
    let (outcome, written) = open("socks5://h", Some("10.1.2.3"), &granted);
    outcome.unwrap();
    assert_eq!(written, [5, 1, 0, 5, 1, 0, 1, 10, 1, 2, 3, 0, 81]);
    let with_password = [5, 2, 1, 0, 5, 0, 0, 3, 1, b'x', 0, 0];
    let (outcome, written) = open("socks5h://us:pw@h", None, &with_password);
    outcome.unwrap();
    assert_eq!(written[..11], [5, 2, 0, 2, 1, 2, b'u', b's', 2, b'p', b'w']);
    for bad in [&[5, 255][..], &[4, 0], &[5, 2, 1, 1], &[5, 0, 5, 1, 0, 1], &[5, 0, 5, 0, 0, 9], &[5]] {
        let proxy = if bad.starts_with(&[5, 2]) { "socks5h://u:p@h" } else { "socks5h://h" };
        assert_eq!(open(proxy, None, bad).0.unwrap_err().reason, Reason::ProxyFailed, "{bad:?}");
    }
}
