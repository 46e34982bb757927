//! What the end of a client does about a renewal that was left: it reads it to its end, for as long as that is no
//! matter to whoever frees it, and saves what it brings.

use std::sync::{Arc, Mutex};

use bearer::call::Call;
use bearer::client::Client;
use bearer::error::{Reason, Result};
use bearer::hooks::{LockHook, TokenHook};
use bearer::status::{self, Status};
use bearer::token::TokenSet;

use crate::parked::places;
use crate::parked_stage::{
    CALLS, FRAMINGS, Line, Stage, access_token, cancelled, error_of, held, make, parked, refresh, until,
};

/// The hooks of a client, and what they were told.
#[derive(Default)]
struct Told {
    saved: Mutex<Vec<String>>,
    locked: Mutex<usize>,
    unlocked: Mutex<Vec<Status>>,
}

impl TokenHook for Told {
    fn save(&self, token: &TokenSet, _: &Call) -> Result<()> {
        let token = token.refresh_token().unwrap().expose().to_owned();
        self.saved.lock().unwrap().push(token);
        Ok(())
    }
}

impl LockHook for Told {
    fn lock(&self, _: Option<&TokenSet>, _: &Call) -> Result<()> {
        *self.locked.lock().unwrap() += 1;
        Ok(())
    }

    fn reload(&self, _: Option<&TokenSet>, _: &Call) -> Result<Option<TokenSet>> {
        Ok(None)
    }

    fn unlock(&self, _: Option<&TokenSet>, outcome: Status) {
        self.unlocked.lock().unwrap().push(outcome);
    }
}

impl Told {
    fn by(client: &Client) -> Arc<Told> {
        let told = Arc::new(Told::default());
        client.hooks.token.set(Some(told.clone())).unwrap();
        client.hooks.lock.set(Some(told.clone())).unwrap();
        told
    }

    /// How often the lock was granted, how it was let go, and what was saved.
    #[track_caller]
    fn check(&self, locked: usize, unlocked: &[Status], saved: &[&str]) {
        assert_eq!(*self.locked.lock().unwrap(), locked);
        assert_eq!(*self.unlocked.lock().unwrap(), unlocked);
        assert_eq!(*self.saved.lock().unwrap(), saved);
    }
}

#[test]
fn an_answer_that_is_there_is_saved() {
    let stage = Stage::new(None);
    for framing in &FRAMINGS {
        let answer = framing.answer(2);
        for k in places(&answer) {
            for is_cancelled in [false, true] {
                let client = stage.client("");
                let told = Told::by(&client);
                let mut line = parked(&stage, &client, &answer[..k]);
                told.check(1, &[], &[]);
                framing.finish(&mut line, &answer[k..]);
                if is_cancelled {
                    client.cancel.cancel();
                    assert_eq!(error_of(make(&client, refresh)).reason, Reason::Cancelled);
                    told.check(1, &[], &[]);
                }
                drop(client);
                told.check(1, &[status::OK], &["rt-2"]);
                line.check_over();
                stage.check_nobody_waits();
            }
        }
    }
}

/// Frees a client on a thread of its own, and plays the server meanwhile.
fn freed<T>(client: Client, play: impl FnOnce() -> T) -> T {
    let stats = client.stats.clone();
    std::thread::scope(|scope| {
        let freeing = scope.spawn(move || drop(client));
        until(|| stats.renewals_resumed.get() == 1);
        let played = play();
        freeing.join().unwrap();
        played
    })
}

#[test]
fn an_answer_that_comes_is_waited_for() {
    let stage = Stage::new(None);
    let answer = FRAMINGS[0].answer(2);
    for k in places(&answer) {
        let client = stage.client("");
        let told = Told::by(&client);
        let mut line = parked(&stage, &client, &answer[..k]);
        freed(client, || {
            told.check(1, &[], &[]);
            line.say(&answer[k..]);
        });
        told.check(1, &[status::OK], &["rt-2"]);
        line.check_over();
    }
}

#[test]
fn an_answer_that_is_lost_is_asked_for_once_more() {
    let stage = Stage::new(None);
    let answer = FRAMINGS[0].answer(2);
    for is_lost_again in [false, true] {
        let client = stage.client("");
        let told = Told::by(&client);
        drop(parked(&stage, &client, &answer[..9]));
        freed(client, || {
            let mut line = stage.accept();
            line.request();
            if !is_lost_again {
                line.say(&answer);
            }
        });
        match is_lost_again {
            false => told.check(1, &[status::OK], &["rt-2"]),
            true => told.check(1, &[status::UNCERTAIN], &[]),
        }
        stage.check_nobody_waits();
    }
}

/// The call is the last that holds the client: it reads the end itself.
#[test]
fn freed_while_a_call_runs() {
    let stage = Stage::new(None);
    let answer = FRAMINGS[0].answer(2);
    for k in places(&answer) {
        let client = stage.client("");
        let (told, stats, cancel) = (Told::by(&client), client.stats.clone(), client.cancel.clone());
        std::thread::scope(|scope| {
            let calling = scope.spawn(move || {
                let outcome = make(&client, CALLS[k % 2]);
                drop(client);
                outcome
            });
            let mut line = stage.accept();
            line.request();
            line.say(&answer[..k]);
            cancel.cancel();
            until(|| stats.renewals_resumed.get() == 1);
            told.check(1, &[], &[]);
            line.say(&answer[k..]);
            assert_eq!(error_of(calling.join().unwrap()).reason, Reason::Cancelled);
            told.check(1, &[status::OK], &["rt-2"]);
            line.check_over();
        });
    }
}

/// That it ends is all that is asserted: after a time, and with the lock let go.
#[test]
fn a_server_that_stays_silent() {
    let alone = || {
        let stage = Stage::new(None);
        let client = stage.client("");
        let told = Told::by(&client);
        let line = parked(&stage, &client, b"HTTP/1.1 200 OK\r\n");
        drop(client);
        assert_eq!((told.unlocked.lock().unwrap().len(), told.saved.lock().unwrap().len()), (1, 0));
        line.check_over();
        stage.check_nobody_waits();
    };
    // Another client lives, and may still have what comes: so it stays under way, and under the lock.
    let together = || {
        let stage = Stage::new(None);
        let answer = FRAMINGS[0].answer(2);
        let (one, other) = (stage.client(""), stage.client(""));
        let (told, other_told) = (Told::by(&one), Told::by(&other));
        let mut line = parked(&stage, &one, &answer[..20]);
        drop(one);
        told.check(1, &[], &[]);
        line.say(&answer[20..]);
        assert_eq!(make(&other, access_token).unwrap(), "at-2");
        assert_eq!(held(&other), "rt-2");
        told.check(1, &[status::OK], &[]);
        other_told.check(0, &[], &["rt-2"]);
        drop(other);
        line.check_over();
    };
    std::thread::scope(|scope| {
        scope.spawn(alone);
        scope.spawn(together);
    });
}

/// Every call that was left has its end in the one free.
#[test]
fn left_by_many() {
    let stage = Stage::new(None);
    let answer = FRAMINGS[1].answer(2);
    let client = stage.client("");
    let told = Told::by(&client);
    let mut line: Option<Line> = None;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let (outcome, ()) = cancelled(&client, access_token, |_| {
                    until(|| client.stats.renewals_joined.get() >= 7);
                });
                assert_eq!(error_of(outcome).reason, Reason::Cancelled);
            });
        }
        let mut first = stage.accept();
        first.request();
        first.say(&answer[..40]);
        line = Some(first);
    });
    let mut line = line.unwrap();
    line.say(&answer[40..]);
    drop(client);
    told.check(1, &[status::OK], &["rt-2"]);
    line.check_over();
    stage.check_nobody_waits();
}
