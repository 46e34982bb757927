//! R in the default mode `same-origin`, in `none`, and at the token endpoint.

use bearer::client::Request;
use bearer::error::Reason;
use bearer::secret::SecretBytes;
use bearer::token::TokenSet;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, body, client, configured, failure, get, renewing, send};
use crate::tls::trusting;
use crate::wire::{Wire, answer, redirect};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

/// Redirects `/x` there, and answers everything else.
pub fn leading(status: u16, to: &str) -> Wire {
    let to = to.to_owned();
    Wire::start(move |peer| {
        while let Some(request) = peer.request() {
            let whole = match request.split(' ').nth(1).unwrap() {
                "/x" => redirect(status, &to),
                path => answer("200 OK", path),
            };
            let head_end = whole.find("\r\n\r\n").unwrap() + 4;
            peer.say(if request.starts_with("HEAD ") { &whole[..head_end] } else { &whole });
        }
    })
}

#[test]
fn r_inside_the_origin_reads_are_followed_with_the_token() {
    for status in STATUSES {
        let wire = leading(status, "/y?z");
        let client = client(&wire.url(), "");
        let mut request = Request::new("GET", "x").unwrap();
        request.add_header("X-Own", "kept").unwrap();
        let response = send(&client, &mut request).unwrap();
        assert_eq!((response.status, response.url.to_string()), (200, format!("{}/y?z", wire.url())));
        assert_eq!(body(response).unwrap(), "/y?z");
        let second = &wire.requests()[1];
        assert!(second.to_ascii_lowercase().contains("authorization: bearer at-secret\r\n"), "{second}");
        assert!(second.to_ascii_lowercase().contains("x-own: kept\r\n"), "{second}");
        let head = ask(&client, "HEAD", "x").unwrap();
        assert_eq!((head.status, wire.connections()), (200, 1), "one connection serves them all");
        assert!(wire.requests()[3].starts_with("HEAD /y?z HTTP/1.1\r\n"));
    }
    for (to, path) in [
        ("./y", "/y"),
        ("y", "/y"),
        ("//HOST/y", "/y"),
        ("http://HOST/y", "/y"),
        ("HTTP://HOST/y", "/y"),
        ("/a/../y", "/y"),
        ("/y#fragment", "/y"),
        ("?q", "/first?q"),
    ] {
        let wire = Wire::start(move |peer| {
            while let Some(request) = peer.request() {
                let to = to.replace("HOST", &peer.stream().local_addr().unwrap().to_string());
                match request.split(' ').nth(1).unwrap() {
                    "/first" => peer.say(redirect(302, &to)),
                    path => peer.answer("200 OK", path),
                }
            }
        });
        assert_eq!(get(&client(&wire.url(), ""), "first").unwrap(), path, "{to}");
    }
}

/// R-9: what has a body, and what changes something, is handed over as the redirect that it is.
#[test]
fn r_9_what_is_no_read_is_handed_over() {
    for status in STATUSES {
        let wire = leading(status, "/y");
        let client = client(&wire.url(), "");
        for method in ["POST", "PUT", "DELETE", "PATCH", "LINK", "OPTIONS"] {
            let response = ask(&client, method, "x").unwrap();
            assert_eq!((response.status, response.headers.get("location")), (status, Some("/y")), "{method}");
            assert_eq!(body(response).unwrap(), "away");
        }
        let mut request = Request::new("GET", "x").unwrap();
        request.set_body(SecretBytes::new(b"query".to_vec()));
        assert_eq!(send(&client, &mut request).unwrap().status, status);
        assert_eq!((wire.requests().len(), wire.connections()), (7, 1));
    }
}

/// R-1 to R-3, R-5, R-10: nothing but the redirect itself, however it is written, and nobody elsewhere is asked.
#[test]
fn r_1_r_5_r_10_elsewhere_is_handed_over() {
    let target = Wire::answering(answer("200 OK", "elsewhere"));
    let port = target.address.port();
    for to in [
        &format!("http://127.0.0.1:{port}/?code=SECRET"),
        &format!("//127.0.0.1:{port}/"),
        &format!("http://localhost:{port}/"),
        &format!("/\\127.0.0.1:{port}/"),
        &format!("http:127.0.0.1:{port}"),
        &format!("https://127.0.0.1:{port}/"),
        &format!("http://user@127.0.0.1:{port}/"),
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "http://[::1",
        "/\u{e9}",
        "/a b",
        "/%zz",
    ] {
        let wire = leading(302, to);
        let response = ask(&client(&wire.url(), ""), "GET", "x").unwrap();
        assert_eq!((response.status, response.headers.get("location")), (302, Some(to.trim())), "{to}");
        assert_eq!(wire.requests().len(), 1, "{to}");
    }
    assert_eq!(target.connections(), 0);
}

/// R-10: a redirect that names no place, or two.
#[test]
fn r_10_not_exactly_one_location() {
    for lines in ["", "Location: /y\r\nLocation: /z\r\n", "Location: /y\r\nlocation: /y\r\n"] {
        let wire = Wire::answering(format!("HTTP/1.1 302 Found\r\n{lines}Content-Length: 0\r\n\r\n"));
        assert_eq!(ask(&client(&wire.url(), ""), "GET", "x").unwrap().status, 302);
        let any = client(&wire.url(), r#""redirects":"any""#);
        assert_eq!(failure(ask(&any, "GET", "x")), Reason::Framing, "{lines}");
        assert_eq!(wire.requests().len(), 2);
    }
    // An empty one is this very place, for ever.
    let wire = Wire::answering("HTTP/1.1 302 Found\r\nLocation:\r\nContent-Length: 0\r\n\r\n");
    let outcome = ask(&client(&wire.url(), r#""redirects":"any""#), "GET", "x");
    assert!(matches!(failure(outcome), Reason::Redirect | Reason::Framing));
}

/// R-10: ureq by itself follows a head that has not ended yet.
#[test]
fn r_10_an_unfinished_head_leads_nowhere() {
    for mode in ["same-origin", "none", "any"] {
        let wire = Wire::start(|peer| {
            peer.request();
            peer.say("HTTP/1.1 302 Found\r\nLocation: /y\r\nX-Half: ");
            peer.finish();
            peer.until_gone();
        });
        let client = client(&wire.url(), &format!(r#""redirects":"{mode}""#));
        assert_eq!(failure(ask(&client, "GET", "x")), Reason::Truncated);
        assert_eq!(wire.requests().len(), 1);
    }
}

#[test]
fn r_10_a_location_of_a_megabyte() {
    for mode in ["same-origin", "any"] {
        for (bytes, wanted) in [(1 << 20, Some(Reason::Framing)), (60_000, None)] {
            let wire = leading(302, &format!("/{}", "y".repeat(bytes)));
            let client = client(&wire.url(), &format!(r#""redirects":"{mode}""#));
            match wanted {
                Some(reason) => assert_eq!(failure(ask(&client, "GET", "x")), reason),
                None => assert_eq!(get(&client, "x").unwrap().len(), bytes + 1),
            }
        }
    }
}

#[test]
fn r_7_a_loop_is_handed_over_in_the_end() {
    let wire = leading(302, "/x");
    let client = client(&wire.url(), "");
    let response = ask(&client, "GET", "x").unwrap();
    assert_eq!((response.status, body(response).unwrap().as_str()), (302, "away"));
    assert_eq!((wire.requests().len(), wire.connections()), (6, 1));
}

#[test]
fn r_none_hands_everything_over() {
    for status in STATUSES {
        let wire = leading(status, "/y");
        let client = client(&wire.url(), r#""redirects":"none""#);
        assert_eq!(body(ask(&client, "GET", "x").unwrap()).unwrap(), "away");
        assert_eq!(ask(&client, "GET", "x").unwrap().status, status);
        assert_eq!(wire.requests().len(), 2);
    }
}

/// By TLS too, where another port is another origin.
#[test]
fn r_3_tls() {
    let server = Server::start(Options::default()).unwrap();
    let target = Wire::answering(answer("200 OK", "elsewhere"));
    let client = configured(&trusting(&server, server.https_url(), ""));
    let path = |to: &str| format!("api/redirect?to={to}&status=302");
    assert!(get(&client, &path("/api/y")).unwrap().contains("/api/y"));
    assert_eq!(ask(&client, "GET", &path(&format!("{}/api/y", server.url()))).unwrap().status, 302);
    assert_eq!(ask(&client, "GET", &path(&format!("https://{}/y", target.address))).unwrap().status, 302);
    assert_eq!(target.connections(), 0);
}

/// A 401 behind a redirect inside the origin: another token, and the whole way once more.
#[test]
fn r_a_refusal_behind_a_redirect_renews_once() {
    let api = Wire::start(|peer| {
        while let Some(request) = peer.request() {
            match (request.starts_with("GET /x "), request.contains("Bearer at-NEW")) {
                (true, _) => peer.say(redirect(307, "/y")),
                (_, true) => peer.answer("200 OK", "fine"),
                _ => peer.answer("401 Unauthorized", "no"),
            }
        }
    });
    let tokens = Wire::answering(answer("200 OK", r#"{"access_token":"at-NEW","expires_in":3600}"#));
    let client = renewing(&api.url(), &tokens.url(), "");
    let set = TokenSet::from_stored(r#"{"access_token":"at-SECRET","refresh_token":"rt-SECRET"}"#);
    client.set_token(set.unwrap()).unwrap();
    assert_eq!(get(&client, "x").unwrap(), "fine");
    let paths: Vec<_> = api.requests().iter().map(|request| request[..6].to_owned()).collect();
    assert_eq!(paths, ["GET /x", "GET /y", "GET /x", "GET /y"]);
    assert_eq!(tokens.requests().len(), 1);
}

/// R-8: the token endpoint leads nobody anywhere, in any mode, and what was to go there is not sent.
#[test]
fn r_8_the_token_endpoint() {
    let target = Wire::answering(answer("200 OK", r#"{"access_token":"at-EVIL"}"#));
    for status in STATUSES {
        for to in [format!("http://{}/?code=SECRET", target.address), "/elsewhere?SECRET".to_owned()] {
            for mode in ["same-origin", "none", "any"] {
                // One for each mode: what an endpoint has failed at is not tried at it again at once.
                let tokens = leading(status, &to);
                let endpoint = format!("{}/x", tokens.url());
                let http = format!(r#","http":{{"redirects":"{mode}"}}"#);
                let client = renewing("http://127.0.0.1:1", &endpoint, &http);
                assert_eq!(failure(ask(&client, "GET", "x")), Reason::Redirect);
                assert_eq!(client.token().unwrap().refresh_token().unwrap().expose(), "rt-SECRET");
                let link = configured(&format!(
                    r#""base_url":"http://127.0.0.1:1","refresh":{{"endpoint":"{endpoint}"}},
                       "token":{{"access_token":"at-SECRET","refresh_token":"rt-SECRET","expires_at":1}}{http}"#
                ));
                assert_eq!(failure(ask(&link, "GET", "x")), Reason::Redirect);
                assert_eq!(tokens.requests().len(), 2);
            }
        }
    }
    assert_eq!(target.connections(), 0);
}
