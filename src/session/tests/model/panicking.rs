//! Hooks, or the network, that panic: nobody hangs, nothing is torn.

use super::super::*;
use super::*;

fn or_failed_inside(token: Result<u64>) {
    match token {
        Ok(token) => assert_eq!(token, 2),
        Err(error) => assert_eq!(error.status, status::INTERNAL, "{error:?}"),
    }
}

fn panics_at(place: &'static str) {
    explore(&format!("two callers, panic in {place}"), Effort { interruptions: 2 }, move || {
        let (world, process) = world(Fault::Panic(place));
        let client = process.client();
        scope(|scope| {
            let other = scope.spawn(|| client.token(&call()));
            or_failed_inside(client.token(&call()));
            or_failed_inside(other.join().unwrap());
        });
        assert_eq!(client.token(&call()).unwrap(), 2);
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        assert_eq!(client.saved(), ["r2"]);
        drop(client);
        world.end();
    });
    explore(&format!("two clients, panic in {place}"), Effort { interruptions: 2 }, move || {
        let (world, process) = world(Fault::Panic(place));
        let clients = [process.client(), process.client()];
        scope(|scope| {
            let other = scope.spawn(|| clients[1].token(&call()));
            or_failed_inside(clients[0].token(&call()));
            or_failed_inside(other.join().unwrap());
        });
        for client in &clients {
            assert_eq!(client.token(&call()).unwrap(), 2);
            assert_eq!(client.saved(), ["r2"]);
        }
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        drop(clients);
        world.end();
    });
}

#[test]
fn in_lock() {
    panics_at("lock");
}

#[test]
fn in_reload() {
    panics_at("reload");
}

#[test]
fn in_the_exchange() {
    panics_at("exchange");
}

#[test]
fn in_on_token() {
    panics_at("on_token");
}

#[test]
fn in_unlock() {
    panics_at("unlock");
}
