//! Each preset, driven from a fixture of its vendor: `tests/vendors/` has the requests as they must be sent, the answers as
//! the vendor documents them, and what must come of them.

#[path = "support/product.rs"]
mod product;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bearer::call::Call;
use bearer::client::{Client, Request};
use bearer::clock::Clock;
use bearer::config::Config;
use bearer::error::{Error, Result};
use bearer::http::{Body, Failed, Headers, InMemory, Incoming, Outgoing, Transport};
use bearer::json::Object;
use bearer::oauth::form;
use bearer::oauth::token_response::{self, Answer};
use bearer::quirks::presets;
use bearer::secret::{Secret, SecretBytes};
use bearer::token::TokenSet;
use product::{read, root};
use serde_json::{Value, json};

/// It is always this time.
const NOW: i64 = 1_800_000_000;

struct Standing;

impl Clock for Standing {
    fn wall_s(&self) -> i64 {
        NOW
    }

    fn steady(&self) -> Duration {
        Duration::from_secs(1000)
    }
}

/// What was asked.
#[derive(Debug)]
struct Asked {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A vendor's servers, with the answers that are still to come.
#[derive(Default)]
struct Vendor {
    answers: Mutex<Vec<Value>>,
    asked: Mutex<Vec<Asked>>,
}

impl Transport for Vendor {
    fn exchange(&self, request: Outgoing<'_>, _: &Call) -> std::result::Result<Incoming, Failed> {
        let body = match request.body {
            Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            _ => String::new(),
        };
        self.asked.lock().unwrap().push(Asked {
            method: request.method.to_owned(),
            url: request.url.to_string(),
            headers: request
                .headers
                .iter()
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            body,
        });
        let answer = self.answers.lock().unwrap().remove(0);
        let mut headers = Headers::default();
        let kind = answer["content_type"].as_str().unwrap_or("application/json");
        headers.push("Content-Type", Secret::from(kind));
        if let Some(challenge) = answer["www_authenticate"].as_str() {
            headers.push("WWW-Authenticate", Secret::from(challenge));
        }
        let body = match answer["text"].as_str() {
            Some(text) => text.to_owned(),
            None => answer["body"].to_string(),
        };
        Ok(Incoming {
            status: u16::try_from(answer["status"].as_u64().unwrap()).unwrap(),
            headers,
            body: Box::new(InMemory::new(SecretBytes::new(body.into_bytes()))),
        })
    }
}

/// A client of the fixture's with this token set, and the vendor that it deals with.
struct Scene<'a> {
    fixture: &'a Value,
    client: Client,
    vendor: Arc<Vendor>,
}

impl<'a> Scene<'a> {
    fn new(fixture: &'a Value, token: &Value, answers: &[&Value]) -> Scene<'a> {
        let mut config = fixture["configuration"].clone();
        config["token"] = token.clone();
        let config = Config::parse(&config.to_string()).unwrap();
        let client = Client::new(config, Arc::new(Standing)).unwrap();
        let vendor = Arc::new(Vendor::default());
        vendor.answers.lock().unwrap().extend(answers.iter().map(|answer| (*answer).clone()));
        client.hooks.http.set(Some(vendor.clone())).unwrap();
        Scene { fixture, client, vendor }
    }

    fn call(&self) -> Call {
        self.client.call(&self.client.cancel, None, None)
    }

    /// Gets the first token the way the fixture says.
    fn first(&self) -> Result<TokenSet> {
        let first = &self.fixture["first_token"];
        let object = |value: &Value| Object::parse(&value.to_string()).unwrap();
        if first["grant"].is_object() {
            return self.client.grant(&object(&first["grant"]), &self.call());
        }
        if first["login"].is_null() {
            return self.client.refresh(&self.call());
        }
        let login = self.client.login_begin(&object(&first["login"]), &self.call()).unwrap();
        let text = |name: &str| login.get(name).unwrap().as_str().unwrap().to_string();
        let url = text("authorization_url");
        let (at, query) = url.split_once('?').unwrap();
        assert_eq!(at, first["authorization_url"]);
        let query: BTreeMap<_, _> = form::parse(query).unwrap().into_iter().collect();
        for (name, value) in first["authorization_query"].as_object().unwrap() {
            let sent = query.get(name).map(|value| value.as_str());
            assert_eq!(sent, value.as_str(), "{name} of {url}");
        }
        let callback = format!("https://app.example/callback?code=c0de&state={}", text("state"));
        self.client.login_finish(&login, &callback, &self.call())
    }

    /// The request that was sent last must be this one.
    fn assert_asked(&self, wanted: &Value) {
        let asked = self.vendor.asked.lock().unwrap();
        let asked = asked.last().unwrap();
        assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", wanted["url"].as_str().unwrap()));
        assert_eq!(asked.headers["accept"], "application/json");
        assert_eq!(asked.headers.get("authorization").map(String::as_str), wanted["authorization"].as_str());
        if wanted["json"].is_object() {
            assert_eq!(asked.headers["content-type"], "application/json");
            assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), wanted["json"]);
            return;
        }
        assert_eq!(asked.headers["content-type"], "application/x-www-form-urlencoded");
        let mut sent = serde_json::Map::new();
        for (name, value) in form::parse(&asked.body).unwrap() {
            let value = if wanted["form"][&name] == "*" { "*" } else { value.as_str() };
            assert!(sent.insert(name.clone(), json!(value)).is_none(), "{name} is sent twice");
        }
        assert_eq!(Value::Object(sent), wanted["form"]);
    }
}

fn assert_set(set: &TokenSet, wanted: &Value) {
    assert_eq!(serde_json::from_str::<Value>(&set.to_json()).unwrap(), *wanted);
}

fn assert_error(error: &Error, wanted: &Value, what: &str) {
    let error: Value = serde_json::from_str(&error.to_json()).unwrap();
    for (name, value) in wanted.as_object().unwrap() {
        assert_eq!(error[name], *value, "{what}: {name} of {error}");
    }
}

fn drive(name: &str) {
    let fixture: Value = serde_json::from_str(&read(&format!("tests/vendors/{name}.json"))).unwrap();
    assert_eq!(fixture["configuration"]["preset"], name);
    assert!(fixture["source"].as_str().is_some_and(|source| !source.is_empty()));

    let first = &fixture["first_token"];
    let scene = Scene::new(&fixture, &first["before"], &[&first["answer"]]);
    let set = scene.first().unwrap();
    scene.assert_asked(&first["request"]);
    assert_set(&set, &first["token"]);
    // What is stored is read back as the same set.
    assert_set(&TokenSet::from_stored(&set.to_json()).unwrap(), &first["token"]);
    drop(scene);

    let renewal = &fixture["renewal"];
    let scene = Scene::new(&fixture, &renewal["before"], &[&renewal["answer"]]);
    let set = scene.client.refresh(&scene.call()).unwrap();
    scene.assert_asked(&renewal["request"]);
    assert_set(&set, &renewal["token"]);
    drop(scene);

    let error = &fixture["error"];
    let scene = Scene::new(&fixture, &first["before"], &[&error["answer"]]);
    assert_error(&scene.first().unwrap_err(), &error["error"], "error");
    drop(scene);

    let revoked = &fixture["revoked"];
    let scene = Scene::new(&fixture, &renewal["before"], &[&revoked["api"], &revoked["answer"]]);
    let outcome = scene.client.send(&mut Request::new("GET", "/anything").unwrap(), &scene.call());
    for (header, value) in revoked["api"]["sent"].as_object().unwrap() {
        let asked = scene.vendor.asked.lock().unwrap();
        assert_eq!(asked[0].headers.get(header).map(String::as_str), value.as_str(), "{header}");
    }
    let status = revoked["api"]["status"].as_u64().unwrap();
    let outcome = match outcome {
        // A vendor that refuses with 200 is only understood by the program, which renews then.
        Ok(response) if status == 200 => {
            assert_eq!(response.status, 200);
            scene.client.refresh(&scene.call()).map(drop)
        }
        Ok(response) => panic!("{} went to the program", response.status),
        Err(error) => Err(error),
    };
    assert_error(&outcome.unwrap_err(), &revoked["error"], "revoked");
    assert_eq!(scene.vendor.asked.lock().unwrap().len(), 2);
    let kept = scene.client.token().unwrap();
    assert_eq!(kept.refresh_token().unwrap().expose(), renewal["before"]["refresh_token"], "it is kept");
    drop(scene);

    for more in fixture["more"].as_array().unwrap_or(&Vec::new()) {
        let scene = Scene::new(&fixture, &renewal["before"], &[&more["answer"]]);
        let error = scene.client.refresh(&scene.call()).unwrap_err();
        assert_error(&error, &more["error"], more["what"].as_str().unwrap());
    }

    let device = &fixture["device"];
    if device.is_object() {
        let scene = Scene::new(&fixture, &Value::Null, &[&device["answer"]]);
        let begun = scene.client.device_begin(&Object::default(), &scene.call()).unwrap();
        scene.assert_asked(&device["request"]);
        assert_eq!(serde_json::from_str::<Value>(&begun.to_text()).unwrap(), device["device"]);
    }
}

macro_rules! vendors {
    ($($test:ident $name:literal;)+) => {
        $(#[test]
        fn $test() {
            drive($name);
        })+

        const DRIVEN: &[&str] = &[$($name),+];
    };
}

vendors! {
    home_assistant "home-assistant";
    home_assistant_account_link "home-assistant-account-link";
    github "github";
    google "google";
    microsoft_entra "microsoft-entra";
    slack "slack";
    slack_user "slack-user";
    fitbit "fitbit";
    withings "withings";
    netatmo "netatmo";
    tuya "tuya";
}

/// Commas go out, and everything else goes by the scopes as they are.
#[test]
fn a_vendors_separator_does_not_hide_openid() {
    let config = r#"{"base_url":"https://api.example","client":{"client_id":"c","scope":"a openid"},
        "quirks":{"requested_scope_separator":","}}"#;
    let client = Client::new(Config::parse(config).unwrap(), Arc::new(Standing)).unwrap();
    let call = client.call(&client.cancel, None, None);
    let login = client.login_begin(&Object::default(), &call).unwrap();
    let text = |name: &str| login.get(name).unwrap().as_str().unwrap().to_string();
    assert!(text("authorization_url").contains("scope=a%2Copenid"), "{}", text("authorization_url"));
    assert_eq!(text("scope"), "a openid");
    assert!(text("authorization_url").contains(&format!("nonce={}", text("nonce"))));
}

/// What docs/vendors.md shows is what happens.
#[test]
fn the_vendor_of_the_manual() {
    let page = read("docs/vendors.md");
    let block = |fence: &str, number: usize| {
        page.split(fence).nth(number).unwrap().split_once("```").unwrap().0.to_owned()
    };
    let config = Config::parse(&block("```json\n", 2)).unwrap();
    let console = block("```console\n", 1);
    let (answered, saved) = console.trim().split_once('\n').unwrap();
    let read = |body: &str| {
        let body = body.as_bytes();
        let answer =
            Answer { status: 200, content_type: None, content_encoding: None, retry_after: None, body };
        token_response::read(config.quirks.as_ref(), &answer, false, NOW)
    };
    assert_eq!(*read(answered).unwrap().to_json(), saved);
    let error = read(&answered.replace(r#""a1""#, "7")).unwrap_err();
    assert_eq!(error.message, "data.accessToken is a number, not a string");
    assert!(page.contains(&format!("`{}`", error.message)));
}

#[test]
fn every_preset_has_a_fixture() {
    assert_eq!(presets::NAMES, DRIVEN);
    assert_eq!(presets::text("acme"), None);
    let files = |folder: &str| std::fs::read_dir(root().join(folder)).unwrap().count();
    assert_eq!(files("tests/vendors"), presets::NAMES.len());
    assert_eq!(files("src/quirks/presets"), presets::NAMES.len() + 1, "and sources.json");
}
