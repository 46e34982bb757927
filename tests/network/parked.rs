//! A renewal outlives its caller: it is left at every byte of its answer, and the next call reads the rest.

use std::time::Duration;

use bearer::client::{Client, Request};
use bearer::error::Reason;
use bearer::url::Url;

use crate::asking::body;
use crate::parked_stage::{
    AFTER_INTERIM, CALLS, FRAMINGS, Framing, Line, Making, Stage, access_token, answered, cancelled,
    error_of, held, left, left_again, make, parked, refresh,
};

/// A renewal after the one that was left, and left as well: over the same connection where the framing allows. Then the
/// client goes.
pub fn once_more(stage: &Stage, framing: &Framing, client: Client, line: Line, accept: fn(&Stage) -> Line) {
    let connections = client.stats.connections.get() + u64::from(!framing.keeps());
    let answer = framing.answer(3);
    let (first, second) = answer.split_at(answer.len() / 3);
    let kept = if framing.keeps() {
        Some(line)
    } else {
        line.check_over();
        None
    };
    let mut line = left(&client, |caller| {
        let mut line = kept.unwrap_or_else(|| accept(stage));
        assert!(String::from_utf8(line.request()).unwrap().contains("refresh_token=rt-2"));
        line.say(first);
        caller.until_it_waits();
        line
    });
    framing.finish(&mut line, second);
    assert_eq!(make(&client, refresh).unwrap(), "at-3");
    assert_eq!((client.stats.renewals.get(), client.stats.connections.get()), (2, connections));
    drop(client);
    line.check_over();
    stage.check_nobody_waits();
}

/// Left after each number of bytes of the answer, which by TLS come in a record each.
pub fn at_every_byte(stage: &Stage, framing: &Framing, more: &str, accept: fn(&Stage) -> Line) {
    let answer = framing.answer(2);
    let mut undisturbed = None;
    for k in 0..=answer.len() {
        let client = stage.client(more);
        let (outcome, mut line) = cancelled(&client, CALLS[k / 2 % 2], |caller| {
            let mut line = accept(stage);
            let request = line.request();
            assert_eq!(*undisturbed.get_or_insert(request.clone()), request);
            match line.tls {
                None => line.say(&answer[..k]),
                Some(_) => answer[..k].iter().for_each(|byte| line.say(&[*byte])),
            }
            caller.until_it_waits();
            line
        });
        let was_left = match outcome {
            // It may have had it all before the cancel came.
            Ok(token) => {
                assert!(token == "at-2" && k == answer.len() && framing.keeps(), "{}, {k}", framing.name);
                0
            }
            outcome => {
                assert_eq!(error_of(outcome).reason, Reason::Cancelled, "{}, {k}", framing.name);
                assert!(held(&client).starts_with("rt-SECRET"));
                1
            }
        };
        framing.finish(&mut line, &answer[k..]);
        // A call that found its token good would prove nothing.
        let making = if was_left == 1 { CALLS[k % 2] } else { access_token };
        assert_eq!(make(&client, making).unwrap(), "at-2", "{}, {k}", framing.name);
        let stats = &client.stats;
        assert_eq!(
            (stats.renewals_parked.get(), stats.renewals_resumed.get(), stats.renewals.get()),
            (was_left, was_left, 1)
        );
        assert_eq!((stats.connections.get(), held(&client).as_str()), (1, "rt-2"));
        once_more(stage, framing, client, line, accept);
    }
}

#[test]
fn left_at_every_byte_of_the_answer() {
    let stage = Stage::new(None);
    for framing in &FRAMINGS {
        at_every_byte(&stage, framing, "", Stage::accept);
    }
}

#[test]
fn left_at_every_byte_of_interim_answers() {
    let stage = Stage::new(None);
    for framing in &AFTER_INTERIM {
        at_every_byte(&stage, framing, "", Stage::accept);
    }
}

#[test]
fn left_at_every_byte_that_comes_through_a_proxy() {
    let stage = Stage::new(None);
    let more = format!(r#","http":{{"proxy":"http://u:p-SECRET@{}"}}"#, stage.address());
    for framing in &FRAMINGS {
        at_every_byte(&stage, framing, &more, |stage| {
            let line = stage.accept();
            let mut begin = [0; 12];
            assert_eq!(line.socket.peek(&mut begin).unwrap(), begin.len());
            assert_eq!(&begin, b"POST http://");
            line
        });
    }
}

/// Places in an answer where what reads it is at something else.
pub fn places(answer: &[u8]) -> [usize; 7] {
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    [0, 1, head - 1, head, head + 1, head + 30, answer.len() - 1]
}

/// Left there, one after the other.
pub fn at_several(stage: &Stage, framing: &Framing, places: &[usize], accept: fn(&Stage) -> Line) {
    let answer = framing.answer(2);
    let client = stage.client("");
    let mut line = left(&client, |caller| {
        let mut line = accept(stage);
        line.request();
        line.say(&answer[..places[0]]);
        caller.until_it_waits();
        line
    });
    for from_to in places.windows(2) {
        left_again(&client, |caller| {
            line.say(&answer[from_to[0]..from_to[1]]);
            caller.until_it_waits();
        });
    }
    framing.finish(&mut line, &answer[*places.last().unwrap()..]);
    assert_eq!(make(&client, access_token).unwrap(), "at-2", "{}, {places:?}", framing.name);
    let times = places.len() as u64;
    assert_eq!((client.stats.renewals_parked.get(), client.stats.renewals_resumed.get()), (times, times));
    once_more(stage, framing, client, line, accept);
}

#[test]
fn left_twice_and_three_times() {
    let stage = Stage::new(None);
    for framing in FRAMINGS.iter().chain(&AFTER_INTERIM) {
        let places = places(&framing.answer(2));
        for (i, first) in places.into_iter().enumerate() {
            for (j, second) in places.into_iter().enumerate().skip(i) {
                at_several(&stage, framing, &[first, second], Stage::accept);
                // Of every third place, for there are many.
                for third in places.into_iter().skip(j + (i + j) % 3).step_by(3) {
                    at_several(&stage, framing, &[first, second, third], Stage::accept);
                }
            }
        }
    }
}

/// By the deadlines of those that go on. (`tests/c/outliving.c` has the first call's.)
#[test]
fn left_by_deadlines() {
    let stage = Stage::new(None);
    for framing in &FRAMINGS {
        let answer = framing.answer(2);
        let client = stage.client("");
        let mut line = parked(&stage, &client, &answer[..30]);
        let mut said = 30;
        for milliseconds in [0, 1, 2, 3, 20] {
            let before = client.stats.renewals_parked.get();
            loop {
                let turn = Duration::from_millis(milliseconds);
                let call = client.call(&client.cancel, None, Some(turn));
                assert_eq!(error_of(access_token(&client, &call)).reason, Reason::Deadline);
                // A busy machine may take longer than that to go on at all.
                if milliseconds < 20 || client.stats.renewals_parked.get() > before {
                    break;
                }
            }
            line.say(&answer[said..said + 10]);
            said += 10;
        }
        framing.finish(&mut line, &answer[said..]);
        assert_eq!(make(&client, access_token).unwrap(), "at-2");
        once_more(&stage, framing, client, line, Stage::accept);
    }
}

/// What is under way is the session's: another client of the same refresh token goes on, and each has the token.
#[test]
fn another_client_goes_on() {
    let stage = Stage::new(None);
    for framing in &FRAMINGS {
        let answer = framing.answer(2);
        for k in places(&answer) {
            let (one, other) = (stage.client(""), stage.client(""));
            let mut line = parked(&stage, &one, &answer[..k]);
            framing.finish(&mut line, &answer[k..]);
            assert_eq!(make(&other, access_token).unwrap(), "at-2");
            assert_eq!((other.stats.renewals_resumed.get(), other.stats.connections.get()), (1, 0));
            assert_eq!(make(&one, access_token).unwrap(), "at-2");
            assert_eq!((held(&one), held(&other)), ("rt-2".to_owned(), "rt-2".to_owned()));
            // The connection is that of the client whose call was left.
            drop(other);
            once_more(&stage, framing, one, line, Stage::accept);
        }
    }
}

/// The connection that was left is gone on with, whatever lies idle beside it.
#[test]
fn beside_an_idle_connection() {
    let stage = Stage::new(None);
    let answer = FRAMINGS[0].answer(2);
    let client = stage.client_with("", |config| config.base_url = Url::parse(&stage.url()).ok());
    let (_, mut line) = answered(&client, refresh, || {
        let mut line = stage.accept();
        line.request();
        line.say(&FRAMINGS[0].answer(1));
        line
    });
    left(&client, |caller| {
        line.request();
        line.say(&answer[..20]);
        caller.until_it_waits();
    });
    let get: Making = |client, call| client.send(&mut Request::new("GET", "x")?, call).and_then(body);
    let (text, mut idle) = answered(&client, get, || {
        let mut idle = stage.accept();
        idle.request();
        idle.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nidle");
        idle
    });
    assert_eq!(text, "idle");
    line.say(&answer[20..]);
    assert_eq!(make(&client, refresh).unwrap(), "at-2");
    idle.finish();
    drop(client);
    line.check_over();
    idle.check_over();
}
