//! P, R-6: http proxies.

use std::ffi::OsStr;

use bearer::client::Request;
use bearer::error::Reason;
use bearer::secret::SecretBytes;
use bearer_testserver::{Options, Server};

use crate::asking::{
    ask, body, check_clean, client, configured, failure, get, is_child, new, renewing, run_child, send,
};
use crate::tls::{address_of, trusting};
use crate::wire::{Peer, Wire, answer, closed_port, redirect};

/// `u:p-SECRET`
const BASIC: &str = "Basic dTpwLVNFQ1JFVA==";

fn through(proxy: &Wire, more: &str) -> String {
    format!(r#""proxy":"http://u:p-SECRET@{}"{more}"#, proxy.address)
}

/// A proxy that makes tunnels to one server, whatever was asked for.
pub fn tunnelling(to: &str) -> Wire {
    let to = address_of(to);
    Wire::start(move |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 Connection established\r\n\r\n");
        peer.tunnel(to);
    })
}

/// A configuration for the test server by TLS through a proxy.
fn by_tls(server: &Server, proxy: &Wire) -> String {
    trusting(server, server.https_url(), "")
        .replace(r#""http":{"#, &format!(r#""http":{{{},"#, through(proxy, "")))
}

#[track_caller]
fn header<'a>(request: &'a str, name: &str) -> Vec<&'a str> {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[test]
fn p_6_p_7_an_http_proxy_reads_the_request() {
    let target = Wire::answering(answer("200 OK", "target"));
    let proxy = Wire::answering(answer("200 OK", "proxy"));
    let client = client(&target.url(), &through(&proxy, ""));
    for method in ["GET", "POST", "GET"] {
        let mut request = Request::new(method, "a/b?c=d").unwrap();
        if method == "POST" {
            request.set_body(SecretBytes::new(b"GET / HTTP/1.1\r\n\r\n".to_vec()));
        }
        assert_eq!(body(send(&client, &mut request).unwrap()).unwrap(), "proxy");
    }
    assert_eq!((target.connections(), proxy.connections()), (0, 1));
    for (method, request) in ["GET", "POST", "GET"].iter().zip(proxy.requests()) {
        let line = format!("{method} {}/a/b?c=d HTTP/1.1", target.url());
        assert_eq!(request.lines().next().unwrap(), line);
        assert_eq!(header(&request, "proxy-authorization"), [BASIC]);
        assert_eq!(header(&request, "host"), [target.address.to_string()]);
        assert_eq!(header(&request, "authorization"), ["Bearer at-SECRET"]);
        assert_eq!(request.ends_with("\r\n\r\nGET / HTTP/1.1\r\n\r\n"), *method == "POST");
    }
}

#[test]
fn p_6_without_credentials_there_is_no_header() {
    let proxy = Wire::answering(answer("200 OK", "proxy"));
    for scheme in ["http://", ""] {
        let http = format!(r#""proxy":"{scheme}{}""#, proxy.address);
        assert_eq!(get(&client("http://target.invalid", &http), "x").unwrap(), "proxy");
    }
    for request in proxy.requests() {
        assert!(
            request.starts_with("GET http://target.invalid:80/x HTTP/1.1\r\n")
                || request.starts_with("GET http://target.invalid/x HTTP/1.1\r\n"),
            "{request}"
        );
        assert_eq!(header(&request, "host"), ["target.invalid"]);
        assert!(header(&request, "proxy-authorization").is_empty());
    }
}

/// The first line grows on its way; nothing that fits without a proxy may fail through one.
#[test]
fn p_7_long_requests() {
    let proxy = Wire::answering(answer("200 OK", "proxy"));
    let client = client("http://target.invalid", &through(&proxy, ""));
    let path = "x".repeat(60_000);
    let mut request = Request::new("PUT", &path).unwrap();
    for number in 0..20 {
        request.add_header(&format!("x-{number}"), &"v".repeat(16_000)).unwrap();
    }
    request.set_body(SecretBytes::new(vec![b'b'; 100_000]));
    assert_eq!(body(send(&client, &mut request).unwrap()).unwrap(), "proxy");
    let seen = &proxy.requests()[0];
    assert!(
        seen.contains(&path)
            && header(seen, "x-19")[0].len() == 16_000
            && seen.ends_with(&"b".repeat(100_000))
    );
    assert_eq!(header(seen, "proxy-authorization").len(), 1);
}

#[test]
fn p_6_connect_shows_the_credentials_to_the_proxy_alone() {
    let server = Server::start(Options::default()).unwrap();
    let proxy = tunnelling(server.https_url());
    let client = configured(&by_tls(&server, &proxy));
    assert!(!get(&client, "api/x").unwrap().contains("proxy"));
    assert!(body(ask(&client, "POST", "api/x").unwrap()).unwrap().contains("POST"));
    let target = server.https_url().strip_prefix("https://").unwrap();
    let wanted =
        format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Authorization: {BASIC}\r\n\r\n");
    assert_eq!(
        proxy.requests(),
        [wanted],
        "one tunnel for both, and nothing in it that the proxy could read"
    );
    let (_, log) = server.control("GET", "/control/log", "");
    assert!(log.contains("/api/x") && !log.to_ascii_lowercase().contains("proxy"), "{log}");
}

/// TLS is with the server, not with whoever made the tunnel.
#[test]
fn p_5_a_tunnel_to_somebody_else() {
    let server = Server::start(Options::default()).unwrap();
    let proxy = tunnelling(&crate::tls::ready(&server, "wrong_name_url"));
    assert_eq!(failure(ask(&configured(&by_tls(&server, &proxy)), "GET", "api/x")), Reason::WrongName);
    assert!(server.control("GET", "/control/state", "").1.contains(r#""api_requests":0"#));
}

/// P-5: what a proxy may say instead.
#[test]
fn p_5_connect_is_refused() {
    let many_lines = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Line: y\r\n".repeat(3000));
    let server = Server::start(Options::default()).unwrap();
    for (text, status) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 6\r\n\r\nSECRET",
            None,
        ),
        ("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", Some(407)),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Some(403)),
        ("HTTP/1.0 502 Bad Gateway\r\n\r\n", Some(502)),
        ("HTTP/1.1 302 Found\r\nLocation: http://evil.invalid/SECRET\r\n\r\n", Some(302)),
        ("HTTP/1.1 200 OK\r\n\r\nSECRET", None),
        ("HTTP/1.1 100 Continue\r\n\r\n", None),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", None),
        ("HTTP/1.1 999 X\r\n\r\n", None),
        ("HTTP/1.1 2\r\n\r\n", None),
        ("HTTP/2.0 200 OK\r\n\r\n", None),
        ("SSH-2.0-SECRET\r\n\r\n", None),
        ("\r\n\r\n", None),
        ("SECRET", None),
        ("", None),
        (many_lines.as_str(), None),
    ] {
        let answer = text.to_owned();
        let proxy = Wire::start(move |peer| {
            peer.request();
            peer.say(&answer);
            peer.finish();
            peer.until_gone();
        });
        let Err(error) = ask(&configured(&by_tls(&server, &proxy)), "GET", "api/x") else { panic!("{text}") };
        check_clean(&error);
        assert_eq!(error.reason, Reason::ProxyFailed, "{text}");
        if status.is_some() {
            assert_eq!(error.http_status, status, "{text}");
        }
        // F-1: a renewal that never left the tunnel is not in doubt.
        let https = renewing(
            "http://127.0.0.1:1",
            "https://target.invalid/token",
            &format!(r#","http":{{{}}}"#, through(&proxy, "")),
        );
        assert_eq!(failure(ask(&https, "GET", "x")), Reason::ProxyFailed, "{text}");
    }
    assert!(server.control("GET", "/control/state", "").1.contains(r#""https":0"#));
}

/// P-5: more than 20 lines, a status line without a reason, a length that means nothing: still a tunnel.
#[test]
fn p_5_odd_but_a_tunnel() {
    let server = Server::start(Options::default()).unwrap();
    let to = address_of(server.https_url());
    for text in [
        format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-Line: y\r\n".repeat(200)),
        "HTTP/1.0 200\r\n\r\n".to_owned(),
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
    ] {
        let proxy = Wire::start(move |peer| {
            peer.request();
            // In two pieces, cut within the empty line.
            let (begin, end) = text.split_at(text.len() - 1);
            peer.say(begin);
            peer.say(end);
            peer.tunnel(to);
        });
        assert!(get(&configured(&by_tls(&server, &proxy)), "api/x").is_ok());
    }
}

/// A proxy that reads requests answers for itself: 407 and the like are answers.
#[test]
fn p_5_http_answers_of_the_proxy() {
    let proxy = Wire::answering(answer("407 Proxy Authentication Required", "who are you"));
    let response = ask(&client("http://target.invalid", &through(&proxy, "")), "GET", "x").unwrap();
    assert_eq!((response.status, body(response).unwrap().as_str()), (407, "who are you"));
    let garbage = Wire::answering("SSH-2.0-SECRET\r\n\r\n");
    assert_eq!(
        failure(ask(&client("http://target.invalid", &through(&garbage, "")), "GET", "x")),
        Reason::Framing
    );
}

/// P-2: never directly.
#[test]
fn p_2_a_proxy_that_is_down() {
    let target = Wire::answering(answer("200 OK", "target"));
    let (_socket, closed) = closed_port();
    for scheme in ["http", "socks5", "socks5h"] {
        for base in [target.url(), format!("https://{}", target.address)] {
            let down = client(&base, &format!(r#""proxy":"{scheme}://u:p-SECRET@{closed}""#));
            assert_eq!(failure(ask(&down, "GET", "x")), Reason::Connect);
            let unknown = client(&base, &format!(r#""proxy":"{scheme}://u:p-SECRET@proxy.invalid:1""#));
            assert_eq!(failure(ask(&unknown, "GET", "x")), Reason::Dns);
        }
    }
    for malformed in
        ["ht!tp://x-SECRET", "https://x", "http://", "http://u:SECRET@", "http://x:0", "socks4://x", " "]
    {
        let outcome = new(&format!(r#""base_url":"{}","http":{{"proxy":"{malformed}"}}"#, target.url()));
        assert_eq!(failure(outcome.map(drop)), Reason::ProxyUrl, "{malformed}");
    }
    assert_eq!(target.connections(), 0);
}

#[test]
fn p_6_no_proxy_goes_directly_and_without_its_credentials() {
    let target = Wire::answering(answer("200 OK", "target"));
    let proxy = Wire::answering(answer("200 OK", "proxy"));
    let port = target.address.port();
    for (list, wanted) in [
        ("127.0.0.1".to_owned(), "target"),
        (format!("x.invalid, 127.0.0.1:{port}"), "target"),
        ("*".to_owned(), "target"),
        ("localhost".to_owned(), "proxy"),
        ("0.0.1".to_owned(), "proxy"),
        ("127.0.0.1:1".to_owned(), "proxy"),
        (String::new(), "proxy"),
    ] {
        let http = through(&proxy, &format!(r#","no_proxy":"{list}""#));
        assert_eq!(get(&client(&target.url(), &http), "x").unwrap(), wanted, "{list}");
    }
    for request in target.requests() {
        assert!(request.starts_with("GET /x HTTP/1.1\r\n"), "{request}");
        assert!(header(&request, "proxy-authorization").is_empty(), "{request}");
    }
}

/// R-6: a redirect stays on the proxy, its credentials stay with it, and the token does not go along.
#[test]
fn r_6_redirects_stay_on_the_proxy() {
    let target = Wire::answering(answer("200 OK", "target"));
    let home = Wire::answering(answer("200 OK", "home"));
    let proxy = {
        let to = format!("{}/y", target.url());
        Wire::start(move |peer: &mut Peer| {
            while let Some(request) = peer.request() {
                match request.contains("/x HTTP/1.1") {
                    true => peer.say(redirect(302, &to)),
                    false => peer.answer("200 OK", "proxy"),
                }
            }
        })
    };
    let client = client(&home.url(), &through(&proxy, r#","redirects":"any""#));
    assert_eq!(get(&client, "x").unwrap(), "proxy");
    let requests = proxy.requests();
    assert!(requests[1].starts_with(&format!("GET {}/y HTTP/1.1\r\n", target.url())), "{}", requests[1]);
    for request in &requests {
        assert_eq!(header(request, "proxy-authorization"), [BASIC]);
    }
    assert!(header(&requests[1], "authorization").is_empty());
    assert_eq!((home.connections(), target.connections()), (0, 0));
}

/// N-4 through a proxy: what is sent once more is written for the proxy too.
#[test]
fn n_4_a_stale_connection_to_a_proxy() {
    let proxy = Wire::start(|peer| {
        peer.request();
        peer.answer("200 OK", "proxy");
        peer.request();
        peer.reset();
    });
    let client = client("http://target.invalid", &through(&proxy, ""));
    assert_eq!(get(&client, "x").unwrap(), "proxy");
    assert_eq!(get(&client, "x").unwrap(), "proxy");
    let requests = proxy.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!((&requests[0], &requests[1]), (&requests[1], &requests[2]));
}

/// Renewals go through the proxy like everything else.
#[test]
fn p_renewals_go_through_the_proxy() {
    let proxy = Wire::start(|peer| {
        while let Some(request) = peer.request() {
            match request.starts_with("POST http://tokens.invalid") {
                true => peer.answer("200 OK", r#"{"access_token":"at-NEW","expires_in":3600}"#),
                false => peer.answer("200 OK", "proxy"),
            }
        }
    });
    let http = format!(r#","http":{{{}}}"#, through(&proxy, ""));
    assert_eq!(get(&renewing("http://api.invalid", "http://tokens.invalid/t", &http), "x").unwrap(), "proxy");
    assert!(proxy.requests()[1].contains("Bearer at-NEW"));
}

/// P-1, P-4: the environment counts only where the configuration says so, each scheme for itself.
#[test]
fn p_1_p_4_the_environment() {
    if !is_child() {
        let proxy = Wire::answering(answer("200 OK", "proxy"));
        let target = Wire::answering(answer("200 OK", "target"));
        let plain = Wire::start(|peer| {
            peer.take(5);
            peer.answer("400 Bad Request", "this is http");
        });
        let (proxy_url, target_url) = (proxy.url(), target.url());
        let plain_url = format!("https://{}", plain.address);
        let environment = [
            ("http_proxy", OsStr::new(&proxy_url)),
            ("no_proxy", OsStr::new("direct.invalid")),
            ("TARGET", OsStr::new(&target_url)),
            ("PLAIN", OsStr::new(&plain_url)),
        ];
        return run_child("proxies::p_1_p_4_the_environment", &environment);
    }
    let target = std::env::var("TARGET").unwrap();
    assert_eq!(get(&client(&target, ""), "x").unwrap(), "target");
    let asks = r#""proxy":"environment""#;
    assert_eq!(get(&client(&target, asks), "x").unwrap(), "proxy");
    assert_eq!(failure(ask(&client("http://direct.invalid", asks), "GET", "x")), Reason::Dns);
    // That server takes no TLS: it was asked directly, for nobody named a proxy for https.
    let plain = client(&std::env::var("PLAIN").unwrap(), asks);
    assert_eq!(failure(ask(&plain, "GET", "x")), Reason::Handshake);
}
