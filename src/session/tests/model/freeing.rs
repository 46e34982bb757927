//! Sessions that end while renewals are under way.

use super::super::*;
use super::*;

#[test]
fn one_is_freed_while_the_other_renews_and_leaves() {
    explore("free beside a call that leaves", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let (freed, client) = (process.client(), process.client());
        let hasty = call();
        scope(|scope| {
            scope.spawn(move || drop(freed));
            let leaver = scope.spawn(|| client.token(&hasty));
            hasty.cancel.cancel();
            let _ = leaver.join().unwrap();
        });
        let store = client.store.clone();
        drop(client);
        let saved = if world.asked().is_empty() { vec![] } else { vec!["r2".to_owned()] };
        assert_eq!((store.saved(), world.answers_lost()), (saved, 0));
        world.end();
    });
}

#[test]
fn one_that_left_is_freed_while_the_other_goes_on() {
    explore("free of the one that left", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::Late);
        let (freed, client) = (process.client(), process.client());
        assert_eq!(freed.token(&call()).unwrap_err().reason, Reason::Deadline);
        scope(|scope| {
            scope.spawn(move || drop(freed));
            assert_eq!(client.token(&call()).unwrap(), 2);
        });
        assert_eq!(client.saved(), ["r2"]);
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        drop(client);
        world.end();
    });
}

#[test]
fn both_are_freed_while_a_renewal_is_left() {
    explore("two frees of a left renewal", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::Late);
        let clients = [process.client(), process.client()];
        assert_eq!(clients[0].token(&call()).unwrap_err().reason, Reason::Deadline);
        let stores = clients.each_ref().map(|client| client.store.clone());
        scope(|scope| {
            for client in clients {
                scope.spawn(move || drop(client));
            }
        });
        let saved = stores.map(|store| store.saved());
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        assert!(saved.iter().any(|saved| saved == &["r2"]), "{saved:?}");
        world.end();
    });
}

#[test]
fn the_handle_is_freed_while_a_call_runs() {
    explore("free beside the session's own call", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        let (session, store, hasty) = (client.session.clone(), client.store.clone(), call());
        scope(|scope| {
            let hasty = &hasty;
            let leaver = scope.spawn(move || session.valid(Duration::ZERO, hasty).map(drop));
            scope.spawn(move || drop(client));
            hasty.cancel.cancel();
            let _ = leaver.join().unwrap();
        });
        let saved = if world.asked().is_empty() { vec![] } else { vec!["r2".to_owned()] };
        assert_eq!((store.saved(), world.answers_lost()), (saved, 0));
        world.end();
    });
}

#[test]
fn what_comes_too_late_for_the_last_free_lets_the_lock_go() {
    explore("last free gives up", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::Late);
        let clients = [process.client(), process.client()];
        assert_eq!(clients[0].token(&call()).unwrap_err().reason, Reason::Deadline);
        world.plant(Fault::Late);
        scope(|scope| {
            for client in clients {
                scope.spawn(move || drop(client));
            }
        });
        world.end();
    });
}
