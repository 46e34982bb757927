//! What failed is tried again, ever more slowly.

use super::*;

const DOWN: std::result::Result<(u16, &'static str), bool> = Ok((503, ""));

#[test]
fn failures_are_retried_with_growing_delays_and_never_given_up() {
    let answers: Vec<_> = std::iter::repeat_n(DOWN, 40).chain([Ok((200, RENEWED))]).collect();
    let fixture = with_token(EXPIRED, &answers);
    let mut seconds_between = vec![0];
    while let Err(error) = fixture.token() {
        assert_eq!(error.reason, Reason::ServerError);
        let tries = fixture.endpoint.asked().len();
        if tries == seconds_between.len() {
            fixture.clock.pass(1);
            *seconds_between.last_mut().unwrap() += 1;
        } else {
            seconds_between.resize(tries, 0);
        }
    }
    assert_eq!(fixture.endpoint.asked().len(), 41);
    let late = &seconds_between[9..40];
    assert!(late.iter().all(|gap| (360..=601).contains(gap)), "{seconds_between:?}");
    assert!(seconds_between[..4].iter().all(|gap| *gap <= 15), "{seconds_between:?}");
    let stats = &fixture.session.parts.stats;
    assert!(stats.renewals_held_back.get() > 1000 && stats.renewal_failures.get() == 40);
}

#[test]
fn whoever_asks_too_early_is_told_when_to_come_again() {
    let fixture = with_token(EXPIRED, &[DOWN, DOWN]);
    fixture.token().unwrap_err();
    fixture.token().unwrap_err();
    let error = fixture.token().unwrap_err();
    assert_eq!((error.status, error.retry_after_s), (status::UNAVAILABLE, Some(1)));
    assert!(error.message.contains("not tried again yet"), "{}", error.message);
}

#[test]
fn a_caller_who_asks_by_name_does_not_wait_for_our_delays() {
    let fixture = with_token(EXPIRED, &[DOWN, DOWN, DOWN, Ok((200, RENEWED))]);
    for _ in 0..3 {
        fixture.session.refresh(&call()).map(drop).unwrap_err();
    }
    fixture.session.refresh(&call()).unwrap();
}

#[test]
fn e_4_retry_after_holds_for_the_server_whoever_asks() {
    let families = Families::apart(1);
    let (clock, endpoint) =
        (Arc::new(TestClock::at(1000)), Endpoint::new(&[Ok((429, "")), Ok((200, RENEWED))]));
    *endpoint.retry_after.lock().unwrap() = Some("120");
    let other_token = r#""token":{"access_token":"b1","refresh_token":"s1","expires_at":900}"#;
    let one = among(families, &format!(r#""token":{EXPIRED}"#), endpoint.clone(), clock.clone());
    let other = among(families, other_token, endpoint.clone(), clock.clone());
    assert_eq!(one.token().unwrap_err().retry_after_s, Some(120));
    clock.pass(100);
    assert_eq!(other.token().unwrap_err().retry_after_s, Some(20));
    assert_eq!(other.session.refresh(&call()).map(drop).unwrap_err().retry_after_s, Some(20));
    assert_eq!(endpoint.asked().len(), 1);
    clock.pass(20);
    assert_eq!(other.token().unwrap(), "a2");
}

#[test]
fn e_5_a_gateways_error_is_a_lost_answer() {
    let fixture = with_token(EXPIRED, &[Ok((502, "<html>")), Ok((200, RENEWED))]);
    assert_eq!(fixture.token().unwrap(), "a2");
    let fixture = with_token(EXPIRED, &[Ok((504, "")), Ok((502, ""))]);
    let error = fixture.token().unwrap_err();
    assert_eq!((error.status, error.http_status), (status::UNCERTAIN, Some(502)));
    assert!(fixture.held().contains("r1"));
}

#[test]
fn a_renewal_that_fails_early_leaves_the_token_in_use_as_long_as_it_lasts() {
    let token = r#"{"access_token":"a1","refresh_token":"r1","expires_at":1010}"#;
    let fixture = with_token(token, &[DOWN, DOWN, DOWN]);
    assert_eq!(fixture.token().unwrap(), "a1");
    assert_eq!(fixture.endpoint.asked().len(), 1);
    let longer = fixture.session.valid(Duration::from_secs(20), &call()).map(drop);
    assert_eq!(longer.unwrap_err().reason, Reason::ServerError, "it does not last that long");
    fixture.clock.pass(10);
    assert_eq!(fixture.token().unwrap_err().reason, Reason::ServerError);
}

#[test]
fn f_9_an_api_that_refuses_every_token_makes_no_storm() {
    let answers: Vec<_> = (0..30).map(|_| Ok((200, RENEWED))).collect();
    let fixture = with_token(r#"{"access_token":"a1","refresh_token":"r1"}"#, &answers);
    for _ in 0..600 {
        let refused = fixture.session.valid(Duration::ZERO, &call()).unwrap().generation;
        if fixture.session.may_replace(refused).unwrap() {
            fixture.session.after_refusal(refused, &call()).unwrap();
        }
        fixture.clock.pass(1);
    }
    let renewals = fixture.endpoint.asked().len();
    assert!((8..=12).contains(&renewals), "{renewals} in ten minutes");
    fixture.session.mark_accepted().unwrap();
    let refused = fixture.session.valid(Duration::ZERO, &call()).unwrap().generation;
    assert!(fixture.session.may_replace(refused).unwrap(), "a token that was taken ends the row");
}

#[test]
fn a_grant_that_is_refused_is_tried_again_ever_more_slowly() {
    let refused: Vec<_> = (0..20).map(|_| Ok((400, r#"{"error":"invalid_grant"}"#))).collect();
    let fixture = fixture(r#""grant":{"grant_type":"password","username":"u","password":"p"}"#, &refused);
    for _ in 0..600 {
        assert_eq!(fixture.token().unwrap_err().reason, Reason::InvalidGrant);
        fixture.clock.pass(1);
    }
    let tries = fixture.endpoint.asked().len();
    assert!((6..=10).contains(&tries), "{tries} in ten minutes");
}
