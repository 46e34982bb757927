//! An `on_token` that fails once: the set is offered again, and in order.

use super::super::*;
use super::*;

fn or_not_saved(token: Result<u64>) {
    match token {
        Ok(token) => assert_eq!(token, 2),
        Err(error) => assert_eq!(error.reason, Reason::NotSaved, "{error:?}"),
    }
}

#[test]
fn the_next_call_offers_it_again() {
    explore("on_token fails", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::NotSaved);
        let client = process.client();
        scope(|scope| {
            let others = [(); 2].map(|()| scope.spawn(|| client.token(&call())));
            or_not_saved(client.token(&call()));
            others.into_iter().for_each(|other| or_not_saved(other.join().unwrap()));
        });
        assert_eq!(client.token(&call()).unwrap(), 2);
        assert_eq!((world.asked(), client.saved()), (vec![1], vec!["r2".to_owned()]));
        drop(client);
        world.end();
    });
}

#[test]
fn the_other_client_saves_for_itself() {
    explore("on_token of one client fails", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::NotSaved);
        let clients = [process.client(), process.client()];
        let stores = clients.each_ref().map(|client| client.store.clone());
        scope(|scope| {
            let other = scope.spawn(|| clients[1].token(&call()));
            let tokens = [clients[0].token(&call()), other.join().unwrap()];
            assert!(tokens.iter().any(|token| token.is_ok()), "only one of them failed to save");
            tokens.into_iter().for_each(or_not_saved);
        });
        drop(clients);
        assert_eq!(stores.map(|store| store.saved()), [["r2"], ["r2"]]);
        assert_eq!(world.asked(), [1]);
        world.end();
    });
}

#[test]
fn a_renewal_by_name_comes_after_it() {
    explore("on_token fails beside a renewal by name", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::NotSaved);
        let client = process.client();
        let store = client.store.clone();
        scope(|scope| {
            let by_name = scope.spawn(|| client.refreshed(&call()));
            let _ = client.token(&call());
            let _ = by_name.join().unwrap();
        });
        drop(client);
        let newest = world.asked().len() + 1;
        let saved = store.saved();
        assert_eq!(*saved.last().unwrap(), format!("r{newest}"));
        assert!(saved.is_sorted_by(|earlier, later| earlier < later), "{saved:?}");
        world.end();
    });
}
