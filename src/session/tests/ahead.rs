//! Renewal in the background, driven by hand: the thread does what these do.

use super::*;

const AHEAD: &str = r#""refresh":{"ahead":true}"#;
const FRESH: &str = r#"{"access_token":"a1","refresh_token":"r1","expires_in":3600,"expires_at":4600}"#;

fn ahead(token: &str, answers: &[std::result::Result<(u16, &'static str), bool>]) -> Fixture {
    fixture(&format!(r#""token":{token},{AHEAD}"#), answers)
}

impl Fixture {
    fn due_s(&self) -> Option<u64> {
        self.session.ahead_in().unwrap().map(|left| left.as_secs())
    }
}

#[test]
fn it_renews_after_two_fifths_to_seven_tenths_of_the_life_and_nobody_waits() {
    let fixture = ahead(FRESH, &[Ok((200, RENEWED)), Ok((200, RENEWED))]);
    for _ in 0..2 {
        let due = fixture.due_s().unwrap();
        assert!((1440..=2520).contains(&due), "{due}");
        fixture.clock.pass(due as i64 + 1);
        assert_eq!(fixture.due_s(), Some(0));
        fixture.session.renew_ahead(&call()).unwrap();
    }
    assert_eq!((fixture.token().unwrap().as_str(), fixture.endpoint.asked().len()), ("a2", 2));
    assert_eq!(fixture.store.saved.lock().unwrap().len(), 2);
}

#[test]
fn a_fleet_is_spread() {
    let clock = Arc::new(TestClock::at(1000));
    let families = Families::apart(5);
    let members = format!(r#""token":{FRESH},{AHEAD}"#);
    let due: Vec<_> = (0..1000)
        .map(|_| among(families, &members, Endpoint::new(&[]), clock.clone()).due_s().unwrap())
        .collect();
    for start in (1440..2520).step_by(108) {
        let share = due.iter().filter(|due| (start..start + 108).contains(*due)).count();
        assert!((50..150).contains(&share), "{share} of 1000 in a tenth of the time");
    }
}

#[test]
fn it_has_nothing_to_do_without_a_lifetime_or_without_being_asked() {
    assert_eq!(ahead(r#"{"access_token":"a1","refresh_token":"r1"}"#, &[]).due_s(), None);
    assert_eq!(with_token(FRESH, &[]).due_s(), None);
}

#[test]
fn while_it_fails_the_token_is_used_as_long_as_it_lasts_and_tries_become_rare() {
    let down: Vec<_> = (0..40).map(|_| Ok((503, ""))).collect();
    let fixture = ahead(FRESH, &down);
    fixture.clock.pass(2520);
    for _ in 0..1079 {
        if fixture.due_s() == Some(0) {
            fixture.session.renew_ahead(&call()).unwrap_err();
        }
        assert_eq!(fixture.token().unwrap(), "a1");
        fixture.clock.pass(1);
    }
    let tries = fixture.endpoint.asked().len();
    assert!((2..=4).contains(&tries), "{tries}");
    // Whoever needs a token now asks once, whatever the background plans.
    fixture.clock.pass(1);
    for _ in 0..3 {
        fixture.token().unwrap_err();
        assert_eq!(fixture.endpoint.asked().len(), tries + 1);
    }
}

#[test]
fn it_leaves_a_dead_refresh_token_alone_until_there_is_another() {
    let fixture = ahead(FRESH, &[Ok((400, r#"{"error":"invalid_grant"}"#))]);
    fixture.clock.pass(2700);
    fixture.session.renew_ahead(&call()).unwrap_err();
    assert_eq!(fixture.due_s(), None);
    let other = r#"{"access_token":"a9","refresh_token":"r9","expires_in":100,"expires_at":3800}"#;
    fixture.session.set_token(TokenSet::from_stored(other).unwrap()).unwrap();
    assert!(fixture.due_s().is_some());
}
