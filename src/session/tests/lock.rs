//! A lock around the renewal, and a store that others write to.

use super::*;

/// A lock whose store a test fills.
#[derive(Default)]
struct Shared {
    log: Mutex<Vec<String>>,
    stored: Mutex<Vec<Option<&'static str>>>,
}

impl LockHook for Shared {
    fn lock(&self, _: Option<&TokenSet>, _: &Call) -> Result<()> {
        self.log.lock().unwrap().push("lock".into());
        Ok(())
    }

    fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
        self.log.lock().unwrap().push("reload".into());
        let stored = self.stored.lock().unwrap().pop().flatten();
        Ok(stored.map(|json| TokenSet::from_stored(json).unwrap()))
    }

    fn unlock(&self, _: Option<&TokenSet>, outcome: Status) {
        self.log.lock().unwrap().push(format!("unlock {outcome}"));
    }
}

fn locked(
    stored: &[Option<&'static str>],
    answers: &[std::result::Result<(u16, &'static str), bool>],
) -> (Fixture, Arc<Shared>) {
    let fixture = with_token(EXPIRED, answers);
    let shared = Arc::new(Shared::default());
    shared.stored.lock().unwrap().extend(stored.iter().rev());
    fixture.hooks.lock.set(Some(shared.clone())).unwrap();
    (fixture, shared)
}

#[test]
fn a_renewal_is_locked_reloaded_sent_and_unlocked() {
    let (fixture, shared) = locked(&[Some(EXPIRED)], &[Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "unlock 0"]);
}

#[test]
fn what_another_process_stored_is_adopted_and_nothing_is_sent() {
    let newer = r#"{"access_token":"a5","refresh_token":"r5","expires_at":2000}"#;
    let (fixture, shared) = locked(&[Some(newer)], &[]);
    assert_eq!(fixture.token().unwrap(), "a5");
    assert!(fixture.store.saved.lock().unwrap().is_empty(), "somebody else has saved it");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "unlock 0"]);
}

#[test]
fn what_another_process_stored_and_let_expire_is_renewed() {
    let newer = r#"{"access_token":"a5","refresh_token":"r5","expires_at":950}"#;
    let (fixture, _) = locked(&[Some(newer)], &[Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    assert_eq!(fixture.endpoint.asked(), ["grant_type=refresh_token&refresh_token=r5"]);
}

#[test]
fn after_invalid_grant_the_store_is_asked_once_more() {
    let newer = r#"{"access_token":"a5","refresh_token":"r5","expires_at":2000}"#;
    let (fixture, shared) = locked(&[None, Some(newer)], &[Ok((400, r#"{"error":"invalid_grant"}"#))]);
    assert_eq!(fixture.token().unwrap(), "a5");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "reload", "unlock 0"]);
}

#[test]
fn the_lock_is_let_go_also_after_a_failure() {
    let (fixture, shared) = locked(&[None], &[Ok((503, ""))]);
    assert_eq!(fixture.token().unwrap_err().status, status::UNAVAILABLE);
    assert_eq!(shared.log.lock().unwrap().last().unwrap(), "unlock 30");
}

#[test]
fn a_late_client_of_the_process_looks_at_the_store_before_it_saves() {
    let families = Families::apart(1);
    let (endpoint, clock) = (Endpoint::new(&[Ok((200, RENEWED))]), Arc::new(TestClock::at(1000)));
    let make = || among(families, &format!(r#""token":{EXPIRED}"#), endpoint.clone(), clock.clone());
    let (one, late) = (make(), make());
    one.token().unwrap();
    // Meanwhile another process has renewed once more.
    const NEWEST: &str = r#"{"access_token":"a3","refresh_token":"r3","expires_in":3600,"expires_at":4600}"#;
    let shared = Arc::new(Shared::default());
    *shared.stored.lock().unwrap() = vec![Some(NEWEST)];
    late.hooks.lock.set(Some(shared.clone())).unwrap();
    assert_eq!(late.token().unwrap(), "a3");
    assert!(late.store.saved.lock().unwrap().is_empty(), "the store has it already");
    assert_eq!(*shared.log.lock().unwrap(), ["lock", "reload", "unlock 0"]);
    // Where its store knows of neither, it is told of the newest.
    let other = make();
    other.hooks.lock.set(Some(Arc::new(Shared::default()))).unwrap();
    assert_eq!(other.token().unwrap(), "a3");
    assert!(other.store.saved.lock().unwrap()[0].contains("r3"));
}
