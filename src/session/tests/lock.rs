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
