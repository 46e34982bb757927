//! R in the mode `any`: elsewhere too, and nothing along that says who asks.

use bearer::client::Request;
use bearer::error::Reason;
use bearer::secret::SecretBytes;
use bearer_testserver::{Options, Server};

use crate::asking::{ask, body, client, configured, failure, get, send};
use crate::redirects::leading;
use crate::tls::trusting;
use crate::wire::{Wire, answer, redirect};

const ANY: &str = r#""redirects":"any""#;

/// A read with one header of each sort.
fn laden(method: &str) -> Request {
    let mut request = Request::new(method, "x").unwrap();
    for (name, value) in [
        ("Cookie", "c=SECRET"),
        ("X-API-Key", "SECRET"),
        ("DPoP", "SECRET"),
        ("X-Unknown", "SECRET"),
        ("Referer", "http://SECRET/"),
        ("Content-Type", "text/plain"),
        ("Accept", "text/html"),
        ("Accept-Language", "eo"),
        ("Range", "bytes=0-9"),
        ("User-Agent", "mine"),
    ] {
        request.add_header(name, value).unwrap();
    }
    request
}

#[track_caller]
fn check_bare(request: &str, target: &Wire) {
    let mut names: Vec<_> = request.lines().skip(1).filter_map(|line| line.split_once(':')).collect();
    names.sort_unstable();
    let host = target.address.to_string();
    let names: Vec<_> = names.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    let wanted = [
        ("accept", "text/html"),
        ("accept-language", "eo"),
        ("host", &host),
        ("range", "bytes=0-9"),
        ("user-agent", "mine"),
    ];
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted.map(|(name, value)| (name.to_owned(), value)), "{request}");
}

/// R-1, R-3, R-4.
#[test]
fn r_1_r_3_r_4_another_origin_gets_safe_headers_alone() {
    for status in [301, 302, 303, 307, 308] {
        let target = Wire::answering(answer("200 OK", "elsewhere"));
        let wire = leading(status, &format!("http://{}/y", target.address));
        let client = client(&wire.url(), ANY);
        let response = send(&client, &mut laden("GET")).unwrap();
        assert_eq!(response.url.to_string(), format!("http://{}/y", target.address));
        assert_eq!(body(response).unwrap(), "elsewhere");
        assert!(target.requests()[0].starts_with("GET /y HTTP/1.1\r\n"));
        check_bare(&target.requests()[0], &target);
        assert_eq!(send(&client, &mut laden("HEAD")).unwrap().status, 200);
        assert!(target.requests()[1].starts_with("HEAD /y HTTP/1.1\r\n"));
        check_bare(&target.requests()[1], &target);
    }
}

/// R-4: also where the token's header is one of the safe ones, or has a name of its own.
#[test]
fn r_4_a_token_header_of_another_name() {
    for name in ["x-api-key", "accept", "user-agent"] {
        let target = Wire::answering(answer("200 OK", "elsewhere"));
        let wire = leading(302, &format!("http://{}/y", target.address));
        let client = configured(&format!(
            r#""base_url":"{}","token":{{"access_token":"at-SECRET"}},"header":{{"name":"{name}","scheme":""}},"http":{{{ANY}}}"#,
            wire.url()
        ));
        assert_eq!(get(&client, "x").unwrap(), "elsewhere");
        assert!(wire.requests()[0].contains("at-SECRET"));
        assert!(!target.requests()[0].contains("SECRET"), "{}", target.requests()[0]);
    }
}

/// Back at home after a way through elsewhere, which chose the path: still without the token.
#[test]
fn r_1_a_way_back_brings_no_token_back() {
    let home = Wire::start(|peer| {
        while let Some(request) = peer.request() {
            let lower = request.to_ascii_lowercase();
            match lower.lines().find_map(|line| line.strip_prefix("x-unknown: ")) {
                Some(to) => peer.say(redirect(302, to)),
                None => peer.answer("200 OK", "home"),
            }
        }
    });
    let to = format!("{}/y", home.url());
    let away = Wire::answering(redirect(302, &to));
    let client = client(&home.url(), ANY);
    let mut request = Request::new("GET", "x").unwrap();
    request.add_header("X-Unknown", &away.url()).unwrap();
    let response = send(&client, &mut request);
    assert_eq!(body(response.unwrap()).unwrap(), "home");
    let back = &home.requests()[1];
    assert!(back.starts_with("GET /y ") && !back.contains("SECRET"), "{back}");
}

/// R-9: what had a body becomes a GET without one, and without what described it; or is refused.
#[test]
fn r_9_bodies_are_not_sent_again() {
    let target = Wire::answering(answer("200 OK", "elsewhere"));
    for to in ["/y".to_owned(), format!("http://{}/y", target.address)] {
        for status in [301, 302, 303, 307, 308] {
            let wire = leading(status, &to);
            let client = client(&wire.url(), ANY);
            let mut request = laden("POST");
            request.set_body(SecretBytes::new(b"body-SECRET".to_vec()));
            let outcome = send(&client, &mut request);
            if status >= 307 {
                assert_eq!(failure(outcome), Reason::Redirect);
                assert_eq!(wire.requests().len(), 1);
                continue;
            }
            body(outcome.unwrap()).unwrap();
            let all = [wire.requests(), target.requests()].concat();
            let last = all.last().unwrap().to_ascii_lowercase();
            assert!(last.starts_with("get /y http/1.1\r\n"), "{last}");
            for gone in ["content-", "transfer-", "body-"] {
                assert!(!last.contains(gone), "{last}");
            }
        }
    }
    assert!(target.requests().iter().all(|request| !request.contains("SECRET")));
    assert_eq!(target.requests().len(), 3);
}

/// R-2, R-3: down from https is unsafe, up from http is elsewhere.
#[test]
fn r_2_https_to_http() {
    let server = Server::start(Options::default()).unwrap();
    let target = Wire::answering(answer("200 OK", "elsewhere"));
    let members =
        trusting(&server, server.https_url(), "").replace(r#""http":{"#, &format!(r#""http":{{{ANY},"#));
    let client = configured(&members);
    for status in [301, 302, 303, 307, 308] {
        for to in [target.url(), server.url().to_owned()] {
            let path = format!("api/redirect?to={to}/?code=SECRET&status={status}");
            assert_eq!(failure(ask(&client, "GET", &path)), Reason::Redirect);
        }
    }
    assert_eq!(target.connections(), 0);
    // From http to https goes on, but the token stays behind.
    let members = members.replace(server.https_url(), server.url());
    let path = format!("api/redirect?to={}/api/y&status=302", server.https_url());
    let up = configured(&members);
    assert_eq!(ask(&up, "GET", &path).unwrap().status, 401);
}

/// R-5, R-10, R-11: reasons that show nothing of where it was to lead; `failure` looks for that.
#[test]
fn r_5_r_10_r_11_places_that_are_none() {
    for (to, wanted) in [
        ("file:///etc/passwd?SECRET", Reason::Redirect),
        ("ftp://127.0.0.1/SECRET", Reason::Redirect),
        ("javascript:SECRET", Reason::Redirect),
        ("data:text/html,SECRET", Reason::Redirect),
        ("http://user:SECRET@127.0.0.1/", Reason::Framing),
        ("http://[SECRET", Reason::Framing),
        ("http://127.0.0.1:SECRET/", Reason::Framing),
        ("http:///SECRET", Reason::Framing),
        ("/SECRET \u{e9}", Reason::Framing),
        ("http://SECRET.invalid/SECRET?SECRET", Reason::Dns),
    ] {
        let wire = leading(302, to);
        let outcome = ask(&client(&wire.url(), ANY), "GET", "x");
        if wanted == Reason::Dns {
            // The host's own name may be shown: it is where the failure happened, not a secret.
            assert_eq!(outcome.err().unwrap().reason, wanted);
            continue;
        }
        assert_eq!(failure(outcome), wanted, "{to}");
        assert_eq!(wire.requests().len(), 1, "{to}");
    }
}

/// R-7: in one place, and between two.
#[test]
fn r_7_loops() {
    let wire = Wire::answering(redirect(302, "/x?code=SECRET"));
    let looping = crate::asking::client(&wire.url(), ANY);
    assert_eq!(failure(ask(&looping, "GET", "x")), Reason::Redirect);
    assert_eq!((wire.requests().len(), wire.connections()), (6, 1));
    // A way of five hops has an end.
    let way = Wire::start(|peer| {
        while let Some(request) = peer.request() {
            let hop: u32 = request.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
            match hop {
                0 => peer.answer("200 OK", "there"),
                hop => peer.say(redirect(302, &format!("/{}", hop - 1))),
            }
        }
    });
    let walking = crate::asking::client(&way.url(), ANY);
    assert_eq!(get(&walking, "5").unwrap(), "there");
    assert_eq!(failure(ask(&walking, "GET", "6")), Reason::Redirect);
}

/// A 401 from whom the token was never shown says nothing about it.
#[test]
fn r_1_a_refusal_elsewhere_causes_no_renewal() {
    let tokens = Wire::answering(answer("200 OK", r#"{"access_token":"at-NEW"}"#));
    let target = Wire::answering(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\nContent-Length: 2\r\n\r\nno",
    );
    let wire = leading(302, &target.url());
    let client = configured(&format!(
        r#""base_url":"{}","server":{{"token_endpoint":"{}"}},"http":{{{ANY}}},
           "token":{{"access_token":"at-SECRET","refresh_token":"rt-SECRET"}}"#,
        wire.url(),
        tokens.url()
    ));
    assert_eq!(ask(&client, "GET", "x").unwrap().status, 401);
    assert_eq!((tokens.connections(), target.requests().len()), (0, 1));
    assert_eq!(client.token().unwrap().access_token().unwrap().expose(), "at-SECRET");
}

/// What one of the origins may get directly, it does not get by redirect: it did not come by way of the caller.
#[test]
fn r_1_a_trusted_origin_behind_a_redirect_gets_no_token() {
    let target = Wire::answering(answer("200 OK", "elsewhere"));
    let wire = leading(302, &format!("{}/y", target.url()));
    let client = configured(&format!(
        r#""base_url":"{}","origins":["{}"],"token":{{"access_token":"at-SECRET"}},"http":{{{ANY}}}"#,
        wire.url(),
        target.url()
    ));
    assert_eq!(get(&client, "x").unwrap(), "elsewhere");
    assert!(!target.requests()[0].contains("SECRET"));
}

/// A redirect's own body is not worth waiting for for ever, nor worth more than a little memory.
#[test]
fn r_7_a_redirect_with_an_endless_body() {
    for framing in ["Content-Length: 1000000000\r\n", ""] {
        let wire = Wire::start(move |peer| {
            if peer.number == 1 {
                peer.request();
                peer.say(format!("HTTP/1.1 302 Found\r\nLocation: /y\r\n{framing}\r\n"));
                return peer.flood("x");
            }
            peer.request();
            peer.answer("200 OK", "there");
        });
        assert_eq!(get(&client(&wire.url(), ANY), "x").unwrap(), "there");
        assert_eq!(wire.connections(), 2);
    }
}
