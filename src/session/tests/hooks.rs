//! Hooks that override, save, call back, wait, leave and panic.

use super::*;

#[test]
fn s_26_the_override_wins_and_its_bare_token_keeps_the_refresh_token() {
    let fixture = with_token(EXPIRED, &[]);
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(|old: Option<&TokenSet>, _: &Call| {
            assert_eq!(old.unwrap().refresh_token().unwrap().expose(), "r1");
            Ok(bare("a2"))
        }))))
        .unwrap();
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.held(), r#"{"access_token":"a2","refresh_token":"r1"}"#);
}

#[test]
fn a_renewal_that_asks_for_the_token_it_renews_is_told_so() {
    let fixture = with_token(EXPIRED, &[]);
    let session = Arc::downgrade(&fixture.session);
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, _: &Call| {
            let session = session.upgrade().unwrap();
            assert!(session.token().unwrap().is_some(), "what is held can be asked for");
            let error = session.valid(Duration::ZERO, &call()).map(|_| ()).unwrap_err();
            assert_eq!(error.status, status::WOULD_DEADLOCK);
            Ok(bare("a2"))
        }))))
        .unwrap();
    assert_eq!(fixture.token().unwrap(), "a2");
}

#[test]
fn f_6_f_7_sixteen_threads_share_one_renewal_and_a_leader_that_leaves_is_followed() {
    let fixture = with_token(EXPIRED, &[]);
    let (first, renewals) = (call(), Arc::new(AtomicI64::new(0)));
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (counted, open, at) = (renewals.clone(), gate.clone(), arrived.clone());
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, call: &Call| {
            counted.fetch_add(1, Ordering::SeqCst);
            at.signal();
            call.wait(&open)?;
            Ok(bare("a2"))
        }))))
        .unwrap();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| fixture.session.valid(Duration::ZERO, &first).map(|_| ()));
        call().wait(&arrived).unwrap();
        let others: Vec<_> = (0..15).map(|_| scope.spawn(|| fixture.token())).collect();
        while fixture.session.parts.stats.renewals_joined.get() < 15 {
            std::thread::yield_now();
        }
        first.cancel.cancel();
        assert_eq!(leader.join().unwrap().unwrap_err().status, status::CANCELLED);
        gate.signal();
        for other in others {
            assert_eq!(other.join().unwrap().unwrap(), "a2");
        }
    });
    assert_eq!(renewals.load(Ordering::SeqCst), 2, "the one that was left, and one for all the others");
}

#[test]
fn f_7_a_waiter_keeps_its_own_deadline() {
    let fixture = with_token(EXPIRED, &[]);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (open, at) = (gate.clone(), arrived.clone());
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, call: &Call| {
            at.signal();
            call.wait(&open)?;
            Ok(bare("a2"))
        }))))
        .unwrap();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| fixture.token());
        call().wait(&arrived).unwrap();
        let hasty = Call {
            deadline: crate::clock::Deadline::after(Duration::from_millis(1)),
            cancel: Arc::default(),
        };
        let error = fixture.session.valid(Duration::ZERO, &hasty).map(|_| ()).unwrap_err();
        assert_eq!(error.status, status::TIMEOUT);
        gate.signal();
        assert_eq!(leader.join().unwrap().unwrap(), "a2");
    });
}

#[test]
fn f_7_a_leader_that_panics_wakes_its_waiters() {
    let fixture = with_token(EXPIRED, &[]);
    let (arrived, gate) = (Arc::new(Event::default()), Arc::new(Event::default()));
    let (open, at) = (gate.clone(), arrived.clone());
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, call: &Call| {
            at.signal();
            call.wait(&open)?;
            panic!("a bug");
        }))))
        .unwrap();
    std::thread::scope(|scope| {
        let leader =
            scope.spawn(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fixture.token())));
        call().wait(&arrived).unwrap();
        let waiter = scope.spawn(|| fixture.token());
        while fixture.session.parts.stats.renewals_joined.get() < 1 {
            std::thread::yield_now();
        }
        gate.signal();
        assert!(leader.join().unwrap().is_err());
        assert_eq!(waiter.join().unwrap().unwrap_err().status, status::INTERNAL);
    });
    fixture.hooks.refresh.set(Some(Arc::new(Told(|_: Option<&TokenSet>, _: &Call| Ok(bare("a3")))))).unwrap();
    assert_eq!(fixture.token().unwrap(), "a3", "the session is usable afterwards");
}

/// Sets another token while the renewed one is being saved.
struct SetsAnother(std::sync::Weak<Session>);

impl TokenHook for SetsAnother {
    fn save(&self, _: &TokenSet, _: &Call) -> Result<()> {
        let session = self.0.upgrade().unwrap();
        assert!(session.token()?.is_some(), "no lock is held while the hook runs");
        session.set_token(bare("mine"))
    }
}

#[test]
fn a_token_set_while_the_renewed_one_is_saved_wins() {
    let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    fixture.hooks.token.set(Some(Arc::new(SetsAnother(Arc::downgrade(&fixture.session))))).unwrap();
    assert_eq!(fixture.token().unwrap(), "mine");
    assert_eq!(fixture.token().unwrap(), "mine");
}

#[test]
fn a_token_set_meanwhile_wins_over_the_renewal() {
    let fixture = with_token(EXPIRED, &[]);
    let session = Arc::downgrade(&fixture.session);
    fixture
        .hooks
        .refresh
        .set(Some(Arc::new(Told(move |_: Option<&TokenSet>, _: &Call| {
            session.upgrade().unwrap().set_token(bare("mine"))?;
            Ok(bare("a2"))
        }))))
        .unwrap();
    assert_eq!(fixture.token().unwrap(), "mine");
    assert!(fixture.store.saved.lock().unwrap().is_empty());
}

/// Is slow to write; another token is set meanwhile, by another thread.
struct Slow {
    session: std::sync::Weak<Session>,
    store: Arc<Store>,
}

impl TokenHook for Slow {
    fn save(&self, token: &TokenSet, call: &Call) -> Result<()> {
        if token.refresh_token().is_some() {
            let session = self.session.upgrade().unwrap();
            std::thread::spawn(move || session.set_token(bare("mine"))).join().unwrap()?;
        }
        self.store.save(token, call)
    }
}

#[test]
fn a_store_that_is_written_while_another_token_is_set_ends_with_that_one() {
    for failures in [0, 1] {
        let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
        fixture.store.failures.store(failures, Ordering::SeqCst);
        let slow = Slow { session: Arc::downgrade(&fixture.session), store: fixture.store.clone() };
        fixture.hooks.token.set(Some(Arc::new(slow))).unwrap();
        assert_eq!(fixture.token().unwrap(), "mine");
        assert_eq!(fixture.token().unwrap(), "mine");
        assert!(fixture.store.saved.lock().unwrap().last().unwrap().contains("mine"));
    }
}

#[test]
fn a_store_that_is_written_again_while_another_token_is_set_ends_with_that_one() {
    let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    fixture.store.failures.store(1, Ordering::SeqCst);
    assert_eq!(fixture.token().unwrap_err().reason, Reason::NotSaved);
    let slow = Slow { session: Arc::downgrade(&fixture.session), store: fixture.store.clone() };
    fixture.hooks.token.set(Some(Arc::new(slow))).unwrap();
    assert_eq!(fixture.token().unwrap(), "mine");
    assert!(fixture.store.saved.lock().unwrap().last().unwrap().contains("mine"));
}

#[test]
fn who_waits_for_a_call_that_leaves_on_token_offers_the_set_again() {
    struct Slow(Arc<Event>, Arc<Event>);
    impl TokenHook for Slow {
        fn save(&self, _: &TokenSet, call: &Call) -> Result<()> {
            self.0.signal();
            call.wait(&self.1)
        }
    }
    let fixture = with_token(EXPIRED, &[Ok((200, RENEWED))]);
    let (arrived, gate, hasty) = (Arc::new(Event::default()), Arc::new(Event::default()), call());
    fixture.hooks.token.set(Some(Arc::new(Slow(arrived.clone(), gate.clone())))).unwrap();
    std::thread::scope(|scope| {
        let leader = scope.spawn(|| fixture.session.valid(Duration::ZERO, &hasty).map(drop));
        call().wait(&arrived).unwrap();
        let waiter = scope.spawn(|| fixture.token());
        while fixture.session.parts.stats.renewals_joined.get() < 1 {
            std::thread::yield_now();
        }
        hasty.cancel.cancel();
        assert_eq!(leader.join().unwrap().unwrap_err().status, status::CANCELLED);
        gate.signal();
        assert_eq!(waiter.join().unwrap().unwrap(), "a2");
    });
}
