//! The leak matrix (`hostile.md` ): every redirect policy, status, method, kind of target and carrier of a
//! secret, through the real client. Whoever is not the API's origin sees no secret byte, and nothing at all unless
//! the policy is `any`. A client that does leak shows that the judge would see it.

#[path = "leaks/cases.rs"]
mod cases;
#[path = "leaks/naive.rs"]
mod naive;
#[path = "leaks/servers.rs"]
mod servers;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bearer::client::{Client, Request};
use bearer::clock::SystemClock;
use bearer::config::Config;
use bearer::error::{Error, Reason};
use bearer::secret::SecretBytes;

use cases::{Case, Cases, POLICIES, SECRET};
use servers::{Record, Servers};

/// The cases whose secrets somebody saw who is not the origin, and what was seen.
fn leaks(cases: &[Case], records: &[Record]) -> BTreeMap<usize, String> {
    let mut found = BTreeMap::new();
    for record in records {
        let text = String::from_utf8_lossy(&record.bytes);
        if text.contains(SECRET) {
            let what = record.case.map(|number| format!("{:?}", cases[number])).unwrap_or_default();
            found.insert(record.case.unwrap_or(usize::MAX), format!("{what}\n{text}"));
        }
    }
    found
}

/// What one thread keeps: a client for each policy and carrier of the token, and so their connections.
#[derive(Default)]
struct Clients(HashMap<String, Client>);

impl Clients {
    fn send(&mut self, case: &Case, servers: &Servers) -> Result<u16, Error> {
        let config = case.config(&servers.origin);
        let client = self
            .0
            .entry(config.clone())
            .or_insert_with(|| Client::new(Config::parse(&config).unwrap(), Arc::new(SystemClock)).unwrap());
        let mut request = Request::new(case.method, &case.path())?;
        for (name, value) in case.headers() {
            request.add_header(name, value)?;
        }
        if let Some(body) = case.body() {
            request.set_body(SecretBytes::new(body.as_bytes().to_vec()));
        }
        let call = client.call(&client.cancel, None, None);
        let mut response = client.send(&mut request, &call)?;
        response.read_rest()?;
        Ok(response.status)
    }
}

/// Sends them all, shared out among threads.
fn drive(cases: &[Case], servers: &Servers) {
    const THREADS: usize = 2;
    std::thread::scope(|scope| {
        for first in 0..THREADS {
            scope.spawn(move || {
                let mut clients = Clients::default();
                for case in cases.iter().skip(first).step_by(THREADS) {
                    match clients.send(case, servers) {
                        Ok(_) => {}
                        Err(error) if matches!(error.reason, Reason::Redirect | Reason::Framing) => {
                            assert_eq!(case.policy, "any", "{case:?}: {error}");
                        }
                        Err(error) => panic!("{case:?}: {error}"),
                    }
                }
            });
        }
    });
}

#[test]
fn no_redirect_shows_a_secret_to_another_origin() {
    let Cases { cases, answers } = Cases::all();
    let servers = Servers::start(answers);
    drive(&cases, &servers);
    let records = servers.records();
    let leaks = leaks(&cases, &records);
    let some: Vec<_> = leaks.values().take(3).collect();
    assert!(leaks.is_empty(), "{} of {} cases leak, for example {some:#?}", leaks.len(), cases.len());

    let mut reached = BTreeSet::new();
    for record in &records {
        let number = record.case.unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&record.bytes)));
        assert_eq!(cases[number].policy, "any", "another origin was asked: {:?}", cases[number]);
        reached.insert(number);
    }
    // Or else nothing was tried.
    let of_policy_any = cases.iter().filter(|case| case.policy == "any").count();
    assert!(reached.len() * 3 > of_policy_any, "only {} of {of_policy_any} left the origin", reached.len());
    println!("{} cases, {} of them led to another origin", cases.len(), reached.len());
    assert!(cases.len() >= 1000);
}

/// A sample, of every kind of target: this client makes a connection for every request.
#[test]
fn a_client_that_forwards_everything_is_caught() {
    let Cases { cases, answers } = Cases::all();
    let servers = Servers::start(answers);
    let sample: Vec<_> = cases.iter().step_by(13).collect();
    for case in &sample {
        naive::send(case, &servers.origin);
    }
    let leaks = leaks(&cases, &servers.records());
    println!("{} of {} leaks found", leaks.len(), sample.len());
    assert!(leaks.len() * 2 > sample.len(), "{} of {}", leaks.len(), sample.len());
    for policy in POLICIES {
        assert!(leaks.keys().any(|&number| cases[number].policy == policy), "{policy}");
    }
    for carrier in cases::CARRIERS.iter().filter(|carrier| **carrier != "query") {
        assert!(leaks.keys().any(|&number| cases[number].carrier == *carrier), "{carrier}");
    }
}
