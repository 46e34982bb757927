//! What ureq does by itself: what `src/transport/network` leans on, and what it defends against. Each test names the
//! fact's number in the design's list of facts about ureq, so that a new version shows at once what changed.

#![cfg(feature = "net")]

#[path = "ureq_facts/own.rs"]
mod own;
#[path = "network/wire.rs"]
mod wire;

use std::io::{ErrorKind, Read};
use std::sync::mpsc;
use std::time::Duration;

use own::Said;
use ureq::http::{Request, Response};
use ureq::{Agent, Error};
use wire::{Wire, answer, redirect};

fn agent() -> Agent {
    // Everything is the default but the proxy, which the environment of a test could name.
    Agent::config_builder().proxy(None).build().into()
}

fn text(response: Result<Response<ureq::Body>, Error>) -> String {
    response.unwrap().into_body().read_to_string().unwrap()
}

/// Redirects `/x` there, and answers everything else.
fn leading(status: u16, to: &str) -> Wire {
    let to = to.to_owned();
    Wire::start(move |peer| {
        while let Some(request) = peer.request() {
            match request.contains(" /x ") {
                true => peer.say(redirect(status, &to)),
                false => peer.answer("200 OK", "there"),
            }
        }
    })
}

fn loaded(url: &str) -> Result<Response<ureq::Body>, Error> {
    let request = agent().post(url).header("authorization", "a").header("x-api-key", "k");
    request.header("content-type", "text/plain").send("body")
}

#[test]
fn fact_1_a_post_is_redirected_as_a_get_with_its_content_type() {
    for status in [301, 302, 303] {
        let wire = leading(status, "/y");
        assert_eq!(text(loaded(&format!("{}/x", wire.url()))), "there");
        let second = &wire.requests()[1];
        assert!(second.starts_with("GET /y HTTP/1.1\r\n") && second.ends_with("\r\n\r\n"), "{second}");
        assert!(second.contains("content-type: text/plain\r\n") && second.contains("x-api-key: k\r\n"));
        assert!(!second.contains("authorization"), "{second}");
    }
    for status in [307, 308] {
        let wire = leading(status, "/y");
        let outcome = loaded(&format!("{}/x", wire.url()));
        assert!(matches!(outcome, Err(Error::RedirectFailed)), "{outcome:?}");
    }
}

#[test]
fn fact_1_another_origin_gets_every_header_but_a_few() {
    let target = Wire::answering(answer("200 OK", "elsewhere"));
    let wire = leading(302, &target.url());
    let request = agent().get(format!("{}/x", wire.url())).header("x-api-key", "k").header("cookie", "c");
    assert_eq!(text(request.call()), "elsewhere");
    let seen = &target.requests()[0];
    assert!(seen.contains("x-api-key: k\r\n") && !seen.contains("cookie"), "{seen}");
}

#[test]
fn fact_1_ten_redirects_are_followed_and_none_where_we_say_so() {
    let wire = leading(302, "/x");
    let outcome = agent().get(format!("{}/x", wire.url())).call();
    assert!(matches!(outcome, Err(Error::TooManyRedirects)), "{outcome:?}");
    assert_eq!(wire.requests().len(), 11);
    // What we lean on: with 0 and without an error the redirect is the answer.
    let wire = leading(302, "/y");
    let none = Agent::config_builder().proxy(None).max_redirects(0).max_redirects_will_error(false).build();
    let response = none.new_agent().get(format!("{}/x", wire.url())).call();
    assert_eq!(text(response), "away");
    assert_eq!(wire.requests().len(), 1);
}

#[test]
fn fact_1_an_unfinished_head_is_followed() {
    let wire = Wire::start(|peer| {
        if peer.request().unwrap().contains(" /x ") {
            peer.say("HTTP/1.1 302 Found\r\nLocation: /y\r\nX-Half: ");
            peer.finish();
            return peer.until_gone();
        }
        peer.answer("200 OK", "there");
    });
    assert_eq!(text(agent().get(format!("{}/x", wire.url())).call()), "there");
}

#[test]
fn fact_2_statuses_are_errors_unless_switched_off() {
    let wire = Wire::answering(answer("404 Not Found", "no"));
    let outcome = agent().get(wire.url()).call();
    assert!(matches!(outcome, Err(Error::StatusCode(404))), "{outcome:?}");
    let off = Agent::config_builder().proxy(None).http_status_as_error(false).build();
    assert_eq!(text(off.new_agent().get(wire.url()).call()), "no");
}

#[test]
fn fact_3_there_is_no_timeout_by_default() {
    let timeouts = Agent::config_builder().build().timeouts();
    assert_eq!(timeouts.await_100, Some(Duration::from_secs(1)));
    for timeout in [
        timeouts.global,
        timeouts.per_call,
        timeouts.resolve,
        timeouts.connect,
        timeouts.send_request,
        timeouts.send_body,
        timeouts.recv_response,
        timeouts.recv_body,
    ] {
        assert_eq!(timeout, None);
    }
}

#[test]
fn fact_4_fact_5_sizes_by_default() {
    let config = Agent::config_builder().build();
    assert_eq!(config.max_response_header_size(), 64 * 1024);
    assert_eq!((config.input_buffer_size(), config.output_buffer_size()), (128 * 1024, 128 * 1024));
    assert_eq!((config.max_idle_connections(), config.max_idle_connections_per_host()), (10, 3));
    assert_eq!(config.max_idle_age(), Duration::from_secs(15));
}

#[test]
fn fact_4_a_line_must_fit_into_the_output_buffer() {
    let wire = Wire::answering(answer("200 OK", "fine"));
    let small = Agent::config_builder().proxy(None).output_buffer_size(4096).build().new_agent();
    assert!(small.get(wire.url()).header("x-long", "x".repeat(5000)).call().is_err());
    let request = small.get(wire.url()).header("x-a", "x".repeat(3000)).header("x-b", "x".repeat(3000));
    assert_eq!(text(request.call()), "fine");
}

#[test]
fn fact_4_large_heads_are_refused() {
    let wire = Wire::answering(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000)));
    let outcome = agent().get(wire.url()).call();
    assert!(matches!(outcome, Err(Error::LargeResponseHeader(..))), "{outcome:?}");
    let lines = "X: y\r\n".repeat(200);
    let wire = Wire::answering(format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n"));
    assert!(matches!(agent().get(wire.url()).call(), Err(Error::Protocol(_))));
}

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

/// The order in which the traits of `unversioned` are called: is_open before a connection is kept and before it is used
/// again, and nothing in between; the resolver every time.
#[test]
fn fact_5_fact_8_when_the_traits_are_called() {
    let (agent, events) = own::agent(agent().config().clone(), vec![Said::Bytes(FINE), Said::Bytes(FINE)]);
    let first = ["resolve", "connect", "transmit", "await", "is_open"];
    assert_eq!(text(agent.get("http://x.invalid/").call()), "fine");
    assert_eq!(*events.lock().unwrap(), first);
    assert_eq!(text(agent.get("http://x.invalid/").call()), "fine");
    let second = ["resolve", "is_open", "transmit", "await", "is_open"];
    assert_eq!(*events.lock().unwrap(), [first, second].concat());
    drop(agent);
    assert_eq!(events.lock().unwrap().last(), Some(&"close"));
}

#[test]
fn fact_5_an_unread_body_closes_its_connection() {
    let (agent, events) = own::agent(agent().config().clone(), vec![Said::Bytes(FINE)]);
    drop(agent.get("http://x.invalid/").call().unwrap());
    assert_eq!(*events.lock().unwrap(), ["resolve", "connect", "transmit", "await", "close"]);
}

/// An end with no error while the length is not reached, and the errors that ureq takes for the end of a body.
#[test]
fn fact_7_fact_12_what_ends_a_body_until_close() {
    let begin = Said::Bytes("HTTP/1.1 200 OK\r\n\r\nhalf");
    for (last, is_end) in [
        (Said::End, true),
        (Said::Failure(ErrorKind::UnexpectedEof), true),
        (Said::Failure(ErrorKind::ConnectionReset), true),
        (Said::Failure(ErrorKind::ConnectionAborted), true),
        (Said::Failure(ErrorKind::Other), false),
    ] {
        let (agent, _) = own::agent(agent().config().clone(), vec![begin.clone(), last]);
        let mut body = String::new();
        let reading = agent.get("http://x.invalid/").call().unwrap();
        let outcome = reading.into_body().into_reader().read_to_string(&mut body);
        assert_eq!((outcome.is_ok(), body.as_str()), (is_end, "half"), "{outcome:?}");
    }
}

#[test]
fn fact_12_lengths_and_chunks_are_held_to() {
    for begin in [
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        for last in [Said::End, Said::Failure(ErrorKind::ConnectionReset)] {
            let (agent, _) = own::agent(agent().config().clone(), vec![Said::Bytes(begin), last]);
            let outcome = agent.get("http://x.invalid/").call().unwrap().into_body().read_to_string();
            assert!(outcome.is_err(), "{begin}");
        }
    }
}

#[test]
fn fact_12_a_reset_is_taken_for_the_end() {
    let (go, has_read) = mpsc::channel::<()>();
    let has_read = std::sync::Mutex::new(has_read);
    let wire = Wire::start(move |peer| {
        peer.request();
        peer.say("HTTP/1.1 200 OK\r\n\r\nhalf");
        has_read.lock().unwrap().recv().unwrap();
        peer.reset();
    });
    let mut reader = agent().get(wire.url()).call().unwrap().into_body().into_reader();
    let mut buffer = [0; 100];
    assert_eq!(reader.read(&mut buffer).unwrap(), 4);
    go.send(()).unwrap();
    assert_eq!(reader.read(&mut buffer).unwrap(), 0);
}

#[test]
fn fact_6_nothing_is_sent_again() {
    for is_reset in [true, false] {
        let wire = Wire::start(move |peer| {
            peer.request();
            peer.answer("200 OK", "first");
            peer.request();
            match is_reset {
                true => peer.reset(),
                false => peer.finish(),
            }
        });
        let agent = agent();
        assert_eq!(text(agent.get(wire.url()).call()), "first");
        let outcome = agent.get(wire.url()).call();
        assert!(matches!(outcome, Err(Error::Io(_))), "{outcome:?}");
        assert_eq!(wire.connections(), 1);
    }
}

/// In a child process: the environment is everybody's.
#[test]
fn fact_11_the_environment_names_the_proxy() {
    if let Ok(target) = std::env::var("UREQ_FACTS_TARGET") {
        let default: Agent = Agent::config_builder().build().into();
        // CONNECT, also for http.
        let outcome = default.get(&target).call();
        assert!(outcome.is_err(), "{outcome:?}");
        // A malformed one is a direct connection, and so is None.
        assert_eq!(text(agent().get(&target).call()), "target");
        return;
    }
    let target = Wire::answering(answer("200 OK", "target"));
    let proxy = Wire::answering("HTTP/1.1 403 Forbidden\r\n\r\n");
    let this =
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().unwrap() };
    let child = std::process::Command::new(this)
        .args(["--exact", "fact_11_the_environment_names_the_proxy"])
        .env("UREQ_FACTS_TARGET", target.url())
        .env("ALL_PROXY", proxy.url())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    assert!(proxy.requests()[0].starts_with(&format!("CONNECT {} HTTP/1.1\r\n", target.address)));
    assert_eq!(target.connections(), 1);
}

#[test]
fn fact_13_interim_answers_are_passed_over() {
    let wire = Wire::answering(format!("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{FINE}"));
    let response = agent().get(wire.url()).call().unwrap();
    assert!(response.headers().get("link").is_none());
    let wire = Wire::answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n");
    assert_eq!(agent().get(wire.url()).call().unwrap().status(), 101);
}

/// T-22 of the hostile cases: none of these is an error to ureq.
#[test]
fn t_22_ambiguous_lengths_are_accepted() {
    for (lines, body, is) in [
        ("Content-Length: 99\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n", "{}"),
        ("Transfer-Encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n", "{}"),
    ] {
        let wire = Wire::answering(format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}"));
        assert_eq!(text(agent().get(wire.url()).call()), is, "{lines}");
    }
}

#[test]
fn fact_20_names_lose_their_case_and_their_order() {
    let wire =
        Wire::answering("HTTP/1.1 200 OK\r\nB-One: 1\r\nA: 2\r\nb-one: 3\r\nContent-Length: 0\r\n\r\n");
    let response = agent().get(wire.url()).header("X-MiXed", "v").call().unwrap();
    let names: Vec<_> = response.headers().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["b-one", "b-one", "a", "content-length"]);
    assert!(wire.requests()[0].contains("x-mixed: v\r\n"));
}

/// Why `send` gives an empty slice for no body of a POST, PUT or PATCH, and `()` for that of any other method.
#[test]
fn no_body_of_a_post_is_an_empty_chunked_one() {
    let wire = Wire::answering(answer("200 OK", ""));
    let agent = Agent::config_builder().proxy(None).allow_non_standard_methods(true).build().new_agent();
    for (method, without_a_body) in
        [("POST", true), ("PUT", true), ("PATCH", true), ("GET", false), ("DELETE", false), ("LINK", false)]
    {
        let request = || Request::builder().method(method).uri(wire.url());
        agent.run(request().body(()).unwrap()).unwrap();
        agent.run(request().body(&[][..]).unwrap()).unwrap();
        let requests = wire.requests();
        let [.., none, empty] = &requests[..] else { panic!("two requests") };
        assert_eq!(none.contains("transfer-encoding: chunked\r\n"), without_a_body, "{none}");
        assert!(!none.contains("content-length"), "{none}");
        assert!(empty.contains("content-length: 0\r\n"), "{empty}");
    }
}

#[test]
fn fact_21_paths_are_sent_as_they_are() {
    let wire = Wire::answering(answer("200 OK", "fine"));
    for path in ["/../../x", "/%0d%0a", "/a//b"] {
        text(agent().get(format!("{}{path}", wire.url())).call());
        assert!(wire.requests().pop().unwrap().starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{path}");
    }
}

#[test]
fn defaults_that_say_who_asks() {
    let wire = Wire::answering(answer("200 OK", "fine"));
    text(agent().get(wire.url()).call());
    let seen = wire.requests().pop().unwrap();
    assert!(seen.contains("user-agent: ureq/3.") && seen.contains("accept: */*\r\n"), "{seen}");
    let silent = Agent::config_builder().proxy(None).user_agent("").accept("").accept_encoding("").build();
    text(silent.new_agent().get(wire.url()).call());
    assert_eq!(wire.requests().pop().unwrap(), format!("GET / HTTP/1.1\r\nhost: {}\r\n\r\n", wire.address));
}
