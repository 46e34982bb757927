//! Calls that are cancelled at any moment: what they began is brought to its end by others.

use super::super::*;
use super::*;

/// The token, unless the call was cancelled before.
fn or_left(token: Result<u64>) {
    match token {
        Ok(token) => assert_eq!(token, 2),
        Err(error) => assert_eq!(error.status, status::CANCELLED, "{error:?}"),
    }
}

#[test]
fn a_waiter_goes_on() {
    explore("leader leaves, waiter goes on", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        let hasty = call();
        scope(|scope| {
            let leaver = scope.spawn(|| client.token(&hasty));
            scope.spawn(|| hasty.cancel.cancel());
            assert_eq!(client.token(&call()).unwrap(), 2);
            or_left(leaver.join().unwrap());
        });
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        assert_eq!(client.saved(), ["r2"]);
        drop(client);
        world.end();
    });
}

#[test]
fn the_next_call_goes_on() {
    explore("all leave, next call goes on", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        let hasty = call();
        scope(|scope| {
            let leavers = [(); 2].map(|()| scope.spawn(|| client.token(&hasty)));
            hasty.cancel.cancel();
            leavers.into_iter().for_each(|leaver| or_left(leaver.join().unwrap()));
        });
        assert_eq!(client.token(&call()).unwrap(), 2);
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        assert_eq!(client.saved(), ["r2"]);
        drop(client);
        world.end();
    });
}

#[test]
fn the_last_free_goes_on() {
    explore("all leave, the free goes on", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::None);
        let client = process.client();
        let hasty = call();
        scope(|scope| {
            let leavers = [(); 2].map(|()| scope.spawn(|| client.token(&hasty)));
            hasty.cancel.cancel();
            leavers.into_iter().for_each(|leaver| or_left(leaver.join().unwrap()));
        });
        let store = client.store.clone();
        drop(client);
        let saved = if world.asked().is_empty() { vec![] } else { vec!["r2".to_owned()] };
        assert_eq!((store.saved(), world.answers_lost()), (saved, 0));
        world.end();
    });
}

#[test]
fn on_token_is_left_and_asked_again() {
    explore("on_token is left", Effort { interruptions: 2 }, || {
        let (world, process) = world(Fault::SaveLeft);
        let client = process.client();
        let hasty = call();
        scope(|scope| {
            let leaver = scope.spawn(|| client.token(&hasty));
            scope.spawn(|| hasty.cancel.cancel());
            assert_eq!(client.token(&call()).unwrap(), 2);
            or_left(leaver.join().unwrap());
        });
        assert_eq!(client.token(&call()).unwrap(), 2);
        assert_eq!((world.asked(), world.answers_lost()), (vec![1], 0));
        assert_eq!(client.saved(), ["r2"]);
        drop(client);
        world.end();
    });
}
