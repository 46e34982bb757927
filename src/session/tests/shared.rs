//! Several clients of a process that hold the same refresh token.

use super::*;
use crate::parked::Parked;

const SCOPED: &str = r#""client":{"client_id":"c","scope":"read"}"#;

struct Pair {
    one: Fixture,
    other: Fixture,
}

/// Two clients, one endpoint.
fn pair(one: &str, other: &str, answers: &[std::result::Result<(u16, &'static str), bool>]) -> Pair {
    let (families, endpoint, clock) =
        (Families::apart(1), Endpoint::new(answers), Arc::new(TestClock::at(1000)));
    let make = |members: &str| among(families, members, endpoint.clone(), clock.clone());
    Pair { one: make(one), other: make(other) }
}

fn expired(more: &str) -> String {
    format!(r#""token":{EXPIRED}{more}"#)
}

#[test]
fn f_6_what_one_renewed_the_other_takes_over_and_saves() {
    let Pair { one, other } = pair(&expired(""), &expired(""), &[Ok((200, RENEWED))]);
    assert_eq!(one.token().unwrap(), "a2");
    assert_eq!(other.token().unwrap(), "a2");
    assert_eq!(one.endpoint.asked().len(), 1);
    assert_eq!(*one.store.saved.lock().unwrap(), *other.store.saved.lock().unwrap());
}

#[test]
fn other_scopes_need_a_renewal_of_their_own_with_the_rotated_refresh_token() {
    let third = r#"{"access_token":"a3","refresh_token":"r3","expires_in":3600}"#;
    let client = r#","client":{"client_id":"c"}"#;
    let Pair { one, other } = pair(
        &expired(client),
        &expired(&format!(",{SCOPED}")),
        &[Ok((200, RENEWED)), Ok((200, third)), Ok((200, r#"{"access_token":"a4","expires_in":3600}"#))],
    );
    assert_eq!(one.token().unwrap(), "a2");
    assert_eq!(other.token().unwrap(), "a3", "an access token of another scope is not shared");
    assert!(one.endpoint.asked()[1].contains("refresh_token=r2"), "{:?}", one.endpoint.asked());
    let saved = other.store.saved.lock().unwrap().clone();
    assert!(saved[0].contains("\"r2\"") && saved[1].contains("\"r3\""), "{saved:?}");
    // The first one's refresh token was spent by the second; it knows the successor.
    one.clock.pass(3600);
    assert_eq!(one.token().unwrap(), "a4");
    assert!(one.endpoint.asked()[2].contains("refresh_token=r3"), "{:?}", one.endpoint.asked());
}

#[test]
fn other_client_ids_and_endpoints_share_nothing() {
    for (one, other) in [
        (r#","client":{"client_id":"c"}"#, r#","client":{"client_id":"d"}"#),
        ("", r#","server":{"token_endpoint":"http://as.example/token"}"#),
    ] {
        let Pair { one, other } =
            pair(&expired(one), &expired(other), &[Ok((200, RENEWED)), Ok((200, RENEWED))]);
        one.token().unwrap();
        other.token().unwrap();
        assert_eq!(one.endpoint.asked().len(), 2);
    }
}

#[test]
fn a_client_made_of_a_token_stored_before_takes_the_newest() {
    let Pair { one, other } = pair(&expired(""), &expired(""), &[Ok((200, RENEWED))]);
    one.token().unwrap();
    drop(other);
    let late = among(one.session.families, &expired(""), one.endpoint.clone(), one.clock.clone());
    assert_eq!(late.token().unwrap(), "a2");
    assert!(late.held().contains("r2"));
}

#[test]
fn e_1_clients_made_one_after_the_other_of_a_dead_token_ask_once() {
    let families = Families::apart(1);
    let dead = Ok((400, r#"{"error":"invalid_grant"}"#));
    let (endpoint, clock) = (Endpoint::new(&[dead, Ok((200, RENEWED))]), Arc::new(TestClock::at(1000)));
    let make = || among(families, &expired(""), endpoint.clone(), clock.clone());
    for _ in 0..10 {
        assert_eq!(make().token().unwrap_err().reason, Reason::InvalidGrant);
    }
    assert_eq!(endpoint.asked().len(), 1);
    clock.pass(3600);
    assert_eq!(make().token().unwrap(), "a2", "an hour later it may try again");
}

#[test]
fn a_free_of_a_client_whose_token_was_rotated_by_another_saves_the_newest() {
    let Pair { one, other } = pair(&expired(""), &expired(""), &[Ok((200, RENEWED))]);
    one.token().unwrap();
    let store = other.store.clone();
    drop(other);
    assert!(store.saved.lock().unwrap()[0].contains("r2"));
}

#[test]
fn a_hook_that_asks_another_client_for_the_token_being_renewed_is_told_so() {
    let Pair { one, other } = pair(&expired(""), &expired(""), &[]);
    let asked = other.session.clone();
    let hook = Told(move |_: Option<&TokenSet>, _: &Call| {
        assert_eq!(
            asked.valid(Duration::ZERO, &call()).map(|_| ()).unwrap_err().status,
            status::WOULD_DEADLOCK
        );
        Ok(bare("a2"))
    });
    one.hooks.refresh.set(Some(Arc::new(hook))).unwrap();
    assert_eq!(one.token().unwrap(), "a2");
}

#[test]
fn what_one_cannot_save_the_other_saves_and_uses() {
    let Pair { one, other } = pair(&expired(""), &expired(""), &[]);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (at, open) = (arrived.clone(), gate.clone());
    let hook = Told(move |_: Option<&TokenSet>, call: &Call| {
        at.signal();
        call.wait(&open)?;
        Ok(bare("a2"))
    });
    one.hooks.refresh.set(Some(Arc::new(hook))).unwrap();
    one.store.failures.store(1, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| one.token());
        call().wait(&arrived).unwrap();
        let joiner = scope.spawn(|| other.token());
        while other.session.parts.stats.renewals_joined.get() < 1 {
            std::thread::yield_now();
        }
        gate.signal();
        assert_eq!(leader.join().unwrap().unwrap_err().reason, Reason::NotSaved);
        assert_eq!(joiner.join().unwrap().unwrap(), "a2");
    });
}

#[test]
fn a_refused_token_of_another_scope_is_not_used_again_with_the_new_refresh_token() {
    let client = r#","client":{"client_id":"c"}"#;
    let third = r#"{"access_token":"a3","refresh_token":"r3"}"#;
    let Pair { one, other } =
        pair(&expired(client), &expired(&format!(",{SCOPED}")), &[Ok((200, RENEWED)), Ok((200, third))]);
    one.token().unwrap();
    let refused = other.session.token().unwrap().unwrap().generation;
    let replaced = other.session.after_refusal(refused, &call()).unwrap();
    assert_eq!(replaced.set.access_token().unwrap().expose(), "a3");
}

#[test]
fn a_renewal_is_known_to_its_family_though_its_client_got_another_token_meanwhile() {
    let one = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    let (session, endpoint, clock) = (one.session.clone(), one.endpoint.clone(), one.clock.clone());
    let hook = Told(move |_: Option<&TokenSet>, _: &Call| {
        session.set_token(bare("mine"))?;
        let late = among(session.families, &expired(""), endpoint.clone(), clock.clone());
        assert_eq!(late.token().unwrap_err().status, status::WOULD_DEADLOCK, "it is being renewed");
        Ok(bare("a2"))
    });
    one.hooks.refresh.set(Some(Arc::new(hook))).unwrap();
    assert_eq!(one.token().unwrap(), "mine");
    assert!(one.endpoint.asked().is_empty());
}

#[test]
fn who_waits_beside_a_hook_that_asked_for_the_token_being_renewed_gets_it() {
    /// Is slow to write.
    struct Slow(Arc<Event>, Arc<Event>);
    impl TokenHook for Slow {
        fn save(&self, _: &TokenSet, call: &Call) -> Result<()> {
            self.0.signal();
            call.wait(&self.1)
        }
    }
    let Pair { one, other } = pair(&expired(""), &expired(""), &[Ok((200, RENEWED))]);
    other.store.failures.store(1, Ordering::SeqCst);
    assert_eq!(other.token().unwrap_err().reason, Reason::NotSaved);
    one.clock.pass(3600);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    other.hooks.token.set(Some(Arc::new(Slow(arrived.clone(), gate.clone())))).unwrap();
    let asked = other.session.clone();
    let hook = Told(move |_: Option<&TokenSet>, call: &Call| {
        let outcome = asked.valid(Duration::ZERO, call).map(drop);
        assert_eq!(outcome.unwrap_err().status, status::WOULD_DEADLOCK);
        Ok(bare("a3"))
    });
    one.hooks.refresh.set(Some(Arc::new(hook))).unwrap();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| one.token());
        call().wait(&arrived).unwrap();
        let waiter = scope.spawn(|| other.token());
        while other.session.parts.stats.renewals_joined.get() < 1 {
            std::thread::yield_now();
        }
        gate.signal();
        assert_eq!(leader.join().unwrap().unwrap(), "a3");
        assert_eq!(waiter.join().unwrap().unwrap(), "a3");
    });
}

/// A lock that is had once in a process, as a file's is.
#[derive(Default)]
struct Exclusive(std::sync::atomic::AtomicBool);

impl LockHook for Exclusive {
    fn lock(&self, _: Option<&TokenSet>, _: &Call) -> Result<()> {
        assert!(!self.0.swap(true, Ordering::SeqCst), "this process would wait for itself");
        Ok(())
    }

    fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn unlock(&self, _: Option<&TokenSet>, _: Status) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[test]
fn a_renewal_that_was_left_keeps_no_client_from_the_lock() {
    struct Answer;
    impl Parked<TokenSet> for Answer {
        fn resume(self: Box<Self>, _: &Call) -> Result<TokenSet, Unfinished<TokenSet>> {
            Ok(bare("a3"))
        }
    }
    struct Leaves(AtomicI64);
    impl RefreshHook for Leaves {
        fn refresh(&self, _: Option<&TokenSet>, _: &Call) -> Result<TokenSet, Unfinished<TokenSet>> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => Ok(bare("a2")),
                _ => {
                    let error = Error::new(Reason::Deadline, "late");
                    Err(Unfinished { error, sent: true, parked: Some(Box::new(Answer)) })
                }
            }
        }
    }
    let Pair { one, other } = pair(&expired(""), &expired(""), &[]);
    let lock = Arc::new(Exclusive::default());
    for client in [&one, &other] {
        client.hooks.lock.set(Some(lock.clone())).unwrap();
    }
    one.hooks.refresh.set(Some(Arc::new(Leaves(AtomicI64::new(0))))).unwrap();
    assert_eq!(one.token().unwrap(), "a2");
    assert_eq!(one.session.refresh(&call()).map(drop).unwrap_err().reason, Reason::Deadline);
    assert_eq!(other.token().unwrap(), "a3");
}

#[test]
fn who_ends_while_another_renews_saves_what_comes_of_it() {
    let Pair { one, other } = pair(&expired(""), &expired(""), &[]);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (at, open) = (arrived.clone(), gate.clone());
    let hook = Told(move |_: Option<&TokenSet>, call: &Call| {
        at.signal();
        call.wait(&open)?;
        Ok(TokenSet::from_stored(RENEWED).unwrap())
    });
    one.hooks.refresh.set(Some(Arc::new(hook))).unwrap();
    let store = other.store.clone();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| one.token());
        call().wait(&arrived).unwrap();
        let stats = other.session.parts.stats.clone();
        let end = scope.spawn(move || drop(other));
        while stats.renewals_joined.get() < 1 {
            assert!(!end.is_finished(), "nobody told it");
            std::thread::yield_now();
        }
        gate.signal();
        assert_eq!(leader.join().unwrap().unwrap(), "a2");
        end.join().unwrap();
    });
    assert!(store.saved.lock().unwrap()[0].contains("r2"));
}

#[test]
fn who_ends_inside_on_token_of_another_saves_the_same() {
    struct Ends(Mutex<Option<Fixture>>, Arc<Store>);
    impl TokenHook for Ends {
        fn save(&self, token: &TokenSet, call: &Call) -> Result<()> {
            drop(self.0.lock().unwrap().take());
            self.1.save(token, call)
        }
    }
    let Pair { one, other } = pair(&expired(""), &expired(""), &[Ok((200, RENEWED))]);
    let (store, lock) = (other.store.clone(), Arc::new(Exclusive::default()));
    for client in [&one, &other] {
        client.hooks.lock.set(Some(lock.clone())).unwrap();
    }
    let ends = Ends(Mutex::new(Some(other)), one.store.clone());
    one.hooks.token.set(Some(Arc::new(ends))).unwrap();
    assert_eq!(one.token().unwrap(), "a2");
    assert_eq!(*store.saved.lock().unwrap(), *one.store.saved.lock().unwrap());
    assert_eq!(one.endpoint.asked().len(), 1);
}
