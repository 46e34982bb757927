//! `bearer_login_loopback` with a real browser: what the person sees, and what the browser does with the page.

#![cfg(feature = "net")]

#[path = "browser/devtools.rs"]
mod devtools;
#[path = "support/product.rs"]
mod product;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use bearer::client::Client;
use bearer::clock::{LONGEST, SystemClock};
use bearer::config::Config;
use bearer::error::{Reason, Result};
use bearer::json::Object;
use bearer::token::TokenSet;
use bearer_testserver::{Options, Server};
use serde_json::{Value, json};

use devtools::Browser;
use product::{root, said, scratch};

/// A browser is large: it is installed where this test is run.
fn browser(name: &str) -> Browser {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        said(Command::new(root().join("tests/setup.sh")).arg("chromium=chromium"));
    });
    Browser::start(&scratch(name))
}

/// The port that a browser comes back to is known here, for this test listens there afterwards.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// How a login ended, and who listened at its port from that moment.
type Ended = (Result<TokenSet>, TcpListener);

/// A login on a thread of its own, and the URL that a browser is to open.
fn login(server: &Server, port: u16, parameters: Value) -> (JoinHandle<Ended>, String) {
    let config = json!({
        "base_url": server.url(), "client": {"client_id": "test-client", "client_secret": "test-secret"},
    });
    let client = Client::new(Config::parse(&config.to_string()).unwrap(), Arc::new(SystemClock)).unwrap();
    let parameters = Object::parse(&parameters.to_string()).unwrap();
    let (tell, told) = mpsc::channel();
    let waiting = std::thread::spawn(move || {
        let call = client.call(&client.cancel, None, Some(LONGEST));
        let open = |url: &str| {
            tell.send(url.to_owned()).unwrap();
            Ok(())
        };
        let outcome = client.login_loopback(&parameters, Some(&open), &call);
        (outcome, TcpListener::bind(("127.0.0.1", port)).unwrap())
    });
    (waiting, told.recv().unwrap())
}

/// Opens the URL, follows wherever it leads, and returns where the events of that begin.
fn open(browser: &mut Browser, url: &str) -> usize {
    let from = browser.events.len();
    let answer = browser.ask("Page.navigate", json!({"url": url}));
    assert!(answer["errorText"].is_null(), "{answer}");
    browser.wait_for("Page.loadEventFired", from);
    from
}

#[test]
fn the_person_is_told_and_nothing_else_is_asked_for() {
    let server = Server::start(Options::default()).unwrap();
    let mut browser = browser("told");
    let port = free_port();
    let uri = format!("http://127.0.0.1:{port}/callback");
    let (waiting, url) = login(&server, port, json!({"redirect_uri": uri}));
    let from = open(&mut browser, &url);
    let (outcome, afterwards) = waiting.join().unwrap();
    assert!(outcome.is_ok());

    assert_eq!(browser.evaluate("document.title"), "Signed in");
    assert_eq!(
        browser.evaluate("document.body.innerText.trim().split(/\\n+/)"),
        json!(["Signed in", "You can close this page and go back to the program."])
    );
    assert_eq!(browser.evaluate("document.compatMode"), "CSS1Compat");
    assert_eq!(browser.evaluate("document.scripts.length"), 0);
    for scheme in ["light", "dark"] {
        let feature = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.ask("Emulation.setEmulatedMedia", feature);
        let colour = |browser: &mut Browser, element: &str, property: &str| {
            browser.evaluate(&format!("getComputedStyle(document.querySelector('{element}')).{property}"))
        };
        let background = luminance(&colour(&mut browser, "body", "backgroundColor"));
        assert_eq!(background > 0.5, scheme == "light", "{scheme}: {background}");
        for element in ["h1", "p"] {
            let text = luminance(&colour(&mut browser, element, "color"));
            let contrast = (background.max(text) + 0.05) / (background.min(text) + 0.05);
            println!("{scheme} {element}: contrast {contrast:.1}");
            assert!(contrast >= 4.5, "{scheme} {element}: {contrast}");
        }
    }

    // Browsers ask for /favicon.ico when a page has been shown for a moment.
    browser.evaluate("new Promise(done => setTimeout(done, 1000))");
    afterwards.set_nonblocking(true).unwrap();
    let asked = afterwards.accept().map(|(socket, _)| {
        let mut text = [0; 200];
        let count = std::io::Read::read(&mut &socket, &mut text).unwrap_or(0);
        String::from_utf8_lossy(&text[..count]).into_owned()
    });
    assert!(matches!(&asked, Err(error) if error.kind() == ErrorKind::WouldBlock), "{asked:?}");
    let requests: Vec<&str> = told(&browser, from, "Network.requestWillBeSent")
        .map(|event| event["params"]["request"]["url"].as_str().unwrap())
        .filter(|url| !url.starts_with("data:"))
        .collect();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(requests[0] == url && requests[1].starts_with(&uri), "{requests:?}");
    assert_quiet(&browser, from);
}

#[test]
fn a_no_is_told_as_one() {
    let server = Server::start(Options::default()).unwrap();
    let mut browser = browser("no");
    let port = free_port();
    let uri = format!("http://localhost:{port}/");
    let (waiting, url) = login(&server, port, json!({"redirect_uri": uri, "login_hint": "deny"}));
    let from = open(&mut browser, &url);
    let error = waiting.join().unwrap().0.unwrap_err();
    assert_eq!(error.reason, Reason::Denied);
    assert_eq!(browser.evaluate("document.querySelector('h1').innerText"), "Access denied");
    assert_quiet(&browser, from);
}

fn told<'a>(browser: &'a Browser, from: usize, name: &'a str) -> impl Iterator<Item = &'a Value> {
    browser.events[from..].iter().filter(move |event| event["method"] == name)
}

/// Neither the console nor the policy of the page has anything to say.
fn assert_quiet(browser: &Browser, from: usize) {
    for name in ["Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Audits.issueAdded"]
    {
        assert_eq!(told(browser, from, name).collect::<Vec<_>>(), Vec::<&Value>::new(), "{name}");
    }
}

/// Of a computed colour, `rgb(1, 2, 3)` (WCAG 2 relative luminance).
fn luminance(colour: &Value) -> f64 {
    let text = colour.as_str().unwrap();
    let inner = text.strip_prefix("rgb(").and_then(|text| text.strip_suffix(')'));
    let channels: Vec<f64> = inner
        .unwrap_or_else(|| panic!("{text}"))
        .split(", ")
        .map(|channel| {
            let value = channel.parse::<f64>().unwrap() / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
        .collect();
    0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
}
