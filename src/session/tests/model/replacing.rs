//! `set_token` while renewals are under way.

use super::super::*;
use super::*;

fn old_or_mine(token: Result<u64>) {
    let token = token.unwrap();
    assert!(token == 2 || token == 100, "{token}");
}

/// The token that the caller set is in force, and in the store when the session ends.
fn check(world: &World, client: Client) {
    assert_eq!(client.token(&call()).unwrap(), 100);
    let store = client.store.clone();
    drop(client);
    assert_eq!(store.saved().last().unwrap(), "r100", "{:?}", store.saved());
    world.end();
}

#[test]
fn a_renewal_does_not_undo_it() {
    explore("set_token beside a renewal", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        scope(|scope| {
            let callers = [(); 2].map(|()| scope.spawn(|| client.token(&call())));
            client.set_token();
            assert_eq!(client.token(&call()).unwrap(), 100);
            callers.into_iter().for_each(|caller| old_or_mine(caller.join().unwrap()));
        });
        assert!(world.asked().len() <= 1);
        check(&world, client);
    });
}

#[test]
fn what_was_left_does_not_undo_it() {
    explore("set_token beside a left renewal", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::Late);
        let client = process.client();
        assert_eq!(client.token(&call()).unwrap_err().reason, Reason::Deadline);
        scope(|scope| {
            let callers = [(); 2].map(|()| scope.spawn(|| client.token(&call())));
            client.set_token();
            assert_eq!(client.token(&call()).unwrap(), 100);
            callers.into_iter().for_each(|caller| old_or_mine(caller.join().unwrap()));
        });
        check(&world, client);
    });
}

#[test]
fn what_on_token_failed_to_save_does_not_undo_it() {
    explore("set_token beside a failing on_token", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::NotSaved);
        let client = process.client();
        assert_eq!(client.token(&call()).unwrap_err().reason, Reason::NotSaved);
        scope(|scope| {
            let caller = scope.spawn(|| client.token(&call()));
            client.set_token();
            old_or_mine(caller.join().unwrap());
        });
        check(&world, client);
    });
}

#[test]
fn the_other_client_keeps_the_family() {
    explore("set_token on one of two clients", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::Late);
        let [one, other] = [process.client(), process.client()];
        assert_eq!(one.token(&call()).unwrap_err().reason, Reason::Deadline);
        scope(|scope| {
            let caller = scope.spawn(|| other.token(&call()));
            one.set_token();
            assert_eq!(caller.join().unwrap().unwrap(), 2);
        });
        assert_eq!(other.saved(), ["r2"]);
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        drop(other);
        check(&world, one);
    });
}
