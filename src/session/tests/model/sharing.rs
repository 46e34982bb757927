//! Callers of one session: one renews, all get the new token.

use super::super::*;
use super::*;

/// So many sets were asked for, and saved once each, in order.
fn check(world: &World, client: Client, at_most: u64) {
    let asked = world.asked();
    assert!((1..=at_most).contains(&(asked.len() as u64)), "{asked:?}");
    let successors: Vec<_> = asked.iter().map(|token| format!("r{}", token + 1)).collect();
    assert_eq!(client.saved(), successors);
    drop(client);
    world.end();
}

#[test]
fn two_callers() {
    explore("two callers", Effort { interruptions: 3 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        scope(|scope| {
            let other = scope.spawn(|| client.token(&call()));
            assert_eq!(client.token(&call()).unwrap(), 2);
            assert_eq!(other.join().unwrap().unwrap(), 2);
        });
        check(&world, client, 1);
    });
}

#[test]
fn three_callers_of_whom_one_was_refused() {
    explore("three callers", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        scope(|scope| {
            let other = scope.spawn(|| client.token(&call()));
            let refused = scope.spawn(|| client.after_refusal_of(1, &call()));
            assert_eq!(client.token(&call()).unwrap(), 2);
            assert_eq!(other.join().unwrap().unwrap(), 2);
            assert_eq!(refused.join().unwrap().unwrap(), 2);
        });
        check(&world, client, 1);
    });
}

#[test]
fn four_callers_of_whom_one_asks_by_name() {
    explore("four callers", Effort { interruptions: 1 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        scope(|scope| {
            let by_name = scope.spawn(|| client.refreshed(&call()));
            let refused = scope.spawn(|| client.after_refusal_of(1, &call()));
            let other = scope.spawn(|| client.token(&call()));
            let tokens = [
                client.token(&call()),
                other.join().unwrap(),
                refused.join().unwrap(),
                by_name.join().unwrap(),
            ];
            for token in tokens.map(|token| token.unwrap()) {
                assert!((2..=world.asked().len() as u64 + 1).contains(&token));
            }
        });
        check(&world, client, 2);
    });
}

#[test]
fn the_background_beside_callers() {
    explore("background", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        scope(|scope| {
            let ahead = scope.spawn(|| client.session.renew_ahead(&call()));
            let refused = scope.spawn(|| client.after_refusal_of(1, &call()));
            for token in [client.token(&call()), refused.join().unwrap()] {
                assert!((2..=3).contains(&token.unwrap()));
            }
            ahead.join().unwrap().unwrap();
        });
        check(&world, client, 2);
    });
}

#[test]
fn a_dead_refresh_token_is_presented_once() {
    explore("dead refresh token", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::Dead);
        let clients = [process.client(), process.client()];
        let fails = |client: &Client| {
            assert_eq!(client.token(&call()).unwrap_err().reason, Reason::InvalidGrant);
        };
        scope(|scope| {
            scope.spawn(|| fails(&clients[0]));
            scope.spawn(|| fails(&clients[0]));
            fails(&clients[1]);
        });
        assert_eq!(world.asked(), [1]);
        drop(clients);
        world.end();
    });
}

#[test]
fn whoever_asks_from_inside_is_told_so() {
    for (name, asked) in [("its own client", 0), ("another client", 1)] {
        explore(&format!("a renewal asks {name}"), Effort { interruptions: 2 }, move || {
            let (world, process) = world(Fault::None);
            let clients = [process.client(), process.client()];
            world.reenter(&clients[asked].session);
            scope(|scope| {
                let other = scope.spawn(|| clients[1].token(&call()));
                let another = scope.spawn(|| clients[0].token(&call()));
                assert_eq!(clients[0].token(&call()).unwrap(), 2);
                assert_eq!(another.join().unwrap().unwrap(), 2);
                assert_eq!(other.join().unwrap().unwrap(), 2);
            });
            assert_eq!(world.asked(), [1]);
            drop(clients);
            world.end();
        });
    }
}
