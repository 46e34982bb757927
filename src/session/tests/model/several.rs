//! Several clients of one refresh token.

use super::super::*;
use super::*;

/// All clients are gone, and each has the newest refresh token in its store, each set once.
fn check(world: &World, clients: [Client; 2], asked: &[u64]) {
    let stores = clients.each_ref().map(|client| client.store.clone());
    drop(clients);
    assert_eq!((world.asked().as_slice(), world.answers_lost()), (asked, 0));
    let newest = format!("r{}", asked.last().unwrap() + 1);
    for saved in stores.map(|store| store.saved()) {
        assert_eq!(*saved.last().unwrap(), newest);
        assert!(saved.is_sorted_by(|earlier, later| earlier < later), "{saved:?}");
    }
    world.end();
}

#[test]
fn one_renews_for_both() {
    explore("two clients", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let clients = [process.client(), process.client()];
        scope(|scope| {
            let other = scope.spawn(|| clients[1].token(&call()));
            assert_eq!(clients[0].token(&call()).unwrap(), 2);
            assert_eq!(other.join().unwrap().unwrap(), 2);
        });
        check(&world, clients, &[1]);
    });
}

#[test]
fn one_leaves_and_the_other_goes_on() {
    explore("two clients, one leaves", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let clients = [process.client(), process.client()];
        let hasty = call();
        scope(|scope| {
            let leaver = scope.spawn(|| clients[1].token(&hasty));
            scope.spawn(|| hasty.cancel.cancel());
            assert_eq!(clients[0].token(&call()).unwrap(), 2);
            let _ = leaver.join().unwrap().is_err_and(|error| error.status != status::CANCELLED && panic!());
        });
        check(&world, clients, &[1]);
    });
}

#[test]
fn another_scope_is_renewed_with_the_successor() {
    explore("two scopes", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let clients = [process.client(), process.client_of_other_scope()];
        scope(|scope| {
            let other = scope.spawn(|| clients[1].token(&call()).unwrap());
            let tokens = [clients[0].token(&call()).unwrap(), other.join().unwrap()];
            assert!(tokens == [2, 3] || tokens == [3, 2], "{tokens:?}");
        });
        check(&world, clients, &[1, 2]);
    });
}

#[test]
fn another_scope_goes_on_with_what_was_left() {
    explore("two scopes, one leaves", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let clients = [process.client(), process.client_of_other_scope()];
        let hasty = call();
        scope(|scope| {
            let leaver = scope.spawn(|| clients[1].token(&hasty));
            scope.spawn(|| hasty.cancel.cancel());
            clients[0].token(&call()).unwrap();
            let _ = leaver.join().unwrap();
        });
        clients[1].token(&call()).unwrap();
        // What was left for the other scope may have come and be forgotten: only the newest set of a family is kept.
        let asked = world.asked();
        assert!(asked == [1, 2] || asked == [1, 2, 3], "{asked:?}");
        check(&world, clients, &asked);
    });
}

#[test]
fn one_made_of_the_token_from_before_takes_the_newest() {
    explore("a client made late", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let [one, stays] = [process.client(), process.client()];
        scope(|scope| {
            let late = scope.spawn(|| process.client().token(&call()));
            assert_eq!(one.token(&call()).unwrap(), 2);
            drop(one);
            assert_eq!(late.join().unwrap().unwrap(), 2);
        });
        assert_eq!(stays.token(&call()).unwrap(), 2);
        assert_eq!(world.asked(), [1]);
        drop(stays);
        world.end();
    });
}

#[test]
fn two_processes_renew_once() {
    explore("two processes", Effort { interruptions: 2 }, || {
        let world = World::of_one_file(Fault::None);
        let clients = [(); 2].map(|()| Process::new(&world).client());
        scope(|scope| {
            let other = scope.spawn(|| clients[1].token(&call()));
            assert_eq!(clients[0].token(&call()).unwrap(), 2);
            assert_eq!(other.join().unwrap().unwrap(), 2);
        });
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        assert_eq!(clients.each_ref().map(|client| client.saved().len()).iter().sum::<usize>(), 1);
        drop(clients);
        world.end();
    });
}

#[test]
fn a_process_waits_for_what_another_left() {
    explore("two processes, one leaves", Effort { interruptions: 2 }, || {
        let world = World::of_one_file(Fault::None);
        let clients = [(); 2].map(|()| Process::new(&world).client());
        let hasty = call();
        scope(|scope| {
            let waiter = scope.spawn(|| clients[1].token(&call()));
            scope.spawn(|| hasty.cancel.cancel());
            let _ = clients[0].token(&hasty);
            assert_eq!(clients[0].token(&call()).unwrap(), 2);
            assert_eq!(waiter.join().unwrap().unwrap(), 2);
        });
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        drop(clients);
        world.end();
    });
}

#[test]
fn who_missed_a_renewal_gets_past_the_next_one_that_was_left() {
    explore("a left renewal after one that was missed", Effort { interruptions: 3 }, || {
        let (world, process) = world(Fault::None);
        let clients = [process.client(), process.client()];
        assert_eq!(clients[0].token(&call()).unwrap(), 2);
        world.plant(Fault::Late);
        assert_eq!(clients[0].refreshed(&call()).unwrap_err().reason, Reason::Deadline);
        scope(|scope| {
            let other = scope.spawn(|| clients[1].token(&call()));
            for token in [clients[1].token(&call()), other.join().unwrap()] {
                assert!((2..=3).contains(&token.unwrap()));
            }
        });
        check(&world, clients, &[1, 2]);
    });
}
