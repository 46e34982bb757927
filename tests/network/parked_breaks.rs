//! What may become of a renewal that was left, other than its answer: the same as if nobody had left it.

use bearer::client::Client;
use bearer::error::{Error, Reason};
use bearer::secret::Secret;
use rustls::version::TLS13;

use crate::parked::{once_more, places};
use crate::parked_stage::{
    FRAMINGS, Line, Making, Stage, access_token, answered, cancelled, error_of, held, left, left_again, make,
    parked, refresh,
};
use crate::parked_tls::Secured;

/// How a connection breaks; what is left of it lives until the client has seen that.
type End = fn(Line) -> Option<Line>;

fn rst(line: Line) -> Option<Line> {
    drop(line);
    None
}

fn fin(mut line: Line) -> Option<Line> {
    // By TLS without a goodbye.
    line.tls = None;
    line.finish();
    Some(line)
}

const ENDS: [End; 2] = [rst, fin];

const NEVER: &str = r#","refresh":{"retry_lost":"never"}"#;

/// A token endpoint by both ways, with the `http` of its clients.
fn both_ways(test: impl Fn(&Stage, &str)) {
    test(&Stage::new(None), "");
    let secured = Secured::new(&TLS13);
    test(&secured.stage, &secured.trust(""));
}

/// Makes a call, which fails; meanwhile the server does something.
#[track_caller]
fn failing<T>(client: &Client, making: Making, play: impl FnOnce() -> T) -> (Error, T) {
    std::thread::scope(|scope| {
        let calling = scope.spawn(|| make(client, making));
        let played = play();
        (error_of(calling.join().unwrap()), played)
    })
}

/// The old refresh token is still there, and brings a new one.
#[track_caller]
fn works_afterwards(stage: &Stage, client: Client) {
    assert!(held(&client).starts_with("rt-SECRET"));
    let (token, line) = answered(&client, refresh, || {
        let mut line = stage.accept();
        assert!(String::from_utf8(line.request()).unwrap().contains("refresh_token=rt-SECRET"));
        line.say(&FRAMINGS[0].answer(2));
        line
    });
    assert_eq!(token, "at-2");
    once_more_counted(stage, client, line);
}

fn once_more_counted(stage: &Stage, client: Client, line: Line) {
    assert_eq!(client.stats.renewals.get(), 1);
    once_more(stage, &FRAMINGS[0], client, line, Stage::accept);
}

/// A server with a grace period gives the new set once more to the old refresh token.
#[test]
fn a_connection_that_broke_is_a_lost_answer_and_the_old_token_is_tried_once_more() {
    both_ways(|stage, more| {
        let answer = FRAMINGS[0].answer(2);
        for (end, k) in ENDS.into_iter().flat_map(|end| places(&answer).map(|k| (end, k))) {
            let client = stage.client(more);
            let _end = end(parked(stage, &client, &answer[..k]));
            let (token, line) = answered(&client, access_token, || {
                let mut line = stage.accept();
                assert!(String::from_utf8(line.request()).unwrap().contains("refresh_token=rt-SECRET"));
                line.say(&answer);
                line
            });
            assert_eq!((token.as_str(), client.stats.connections.get()), ("at-2", 2));
            once_more_counted(stage, client, line);
        }
    });
}

#[test]
fn a_second_loss_is_uncertain() {
    both_ways(|stage, more| {
        let answer = FRAMINGS[0].answer(2);
        for (end, k) in ENDS.into_iter().flat_map(|end| places(&answer).map(|k| (end, k))) {
            let client = stage.client(more);
            let _end = end(parked(stage, &client, &answer[..k]));
            let (error, _end) = failing(&client, refresh, || {
                let mut line = stage.accept();
                line.request();
                end(line)
            });
            assert_eq!(error.reason, Reason::AnswerLost, "{k}");
            stage.check_nobody_waits();
            works_afterwards(stage, client);
        }
    });
}

/// The same without a second try; what was cut within the answer is called so, as ever.
#[test]
fn a_loss_that_is_not_to_be_retried() {
    both_ways(|stage, more| {
        let answer = FRAMINGS[0].answer(2);
        for (end, k) in ENDS.into_iter().flat_map(|end| places(&answer).map(|k| (end, k))) {
            let client = stage.client(&format!("{more}{NEVER}"));
            let _end = end(parked(stage, &client, &answer[..k]));
            let wanted = if k == 0 { Reason::AnswerLost } else { Reason::Truncated };
            assert_eq!(error_of(make(&client, refresh)).reason, wanted, "{k}");
            stage.check_nobody_waits();
            works_afterwards(stage, client);
        }
    });
}

/// However often calls leave, the old token is tried once more and not twice.
#[test]
fn the_second_try_is_left_as_well() {
    both_ways(|stage, more| {
        for is_answered in [true, false] {
            let answer = FRAMINGS[0].answer(2);
            let client = stage.client(more);
            rst(parked(stage, &client, &answer[..9]));
            let mut line = left(&client, |caller| {
                let mut line = stage.accept();
                line.request();
                line.say(&answer[..50]);
                caller.until_it_waits();
                line
            });
            left_again(&client, |caller| caller.until_it_waits());
            assert_eq!(client.stats.renewals_parked.get(), 3);
            if is_answered {
                line.say(&answer[50..]);
                assert_eq!(make(&client, access_token).unwrap(), "at-2");
                once_more_counted(stage, client, line);
            } else {
                rst(line);
                assert_eq!(error_of(make(&client, refresh)).reason, Reason::Truncated);
                stage.check_nobody_waits();
                works_afterwards(stage, client);
            }
        }
    });
}

/// A gateway that lost the answer says so after the call has left.
#[test]
fn a_gateway_lost_the_answer() {
    both_ways(|stage, more| {
        for status in ["502 Bad Gateway", "504 Gateway Timeout"] {
            let lost = format!("HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nlost");
            for k in [0, 12, lost.len() - 1] {
                let client = stage.client(more);
                let mut line = parked(stage, &client, &lost.as_bytes()[..k]);
                line.say(&lost.as_bytes()[k..]);
                let (token, ()) = answered(&client, access_token, || {
                    line.request();
                    line.say(&FRAMINGS[0].answer(2));
                });
                assert_eq!(token, "at-2");
                once_more_counted(stage, client, line);

                let client = stage.client(more);
                let mut line = parked(stage, &client, &lost.as_bytes()[..k]);
                line.say(&lost.as_bytes()[k..]);
                let (error, ()) = failing(&client, refresh, || {
                    line.request();
                    line.say(lost.as_bytes());
                });
                assert_eq!((error.reason, error.http_status), (Reason::AnswerLost, status[..3].parse().ok()));
                let (token, ()) = answered(&client, refresh, || {
                    line.request();
                    line.say(&FRAMINGS[0].answer(2));
                });
                assert_eq!(token, "at-2");
                once_more_counted(stage, client, line);
            }
        }
    });
}

/// An answer that a call would have failed for fails the one that reads its end, and nothing is tried again.
#[test]
fn an_answer_that_is_none() {
    let large = "x".repeat((1 << 20) + 1);
    let refused = r#"{"error":"invalid_scope"}"#;
    let answers = [
        (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{large}", large.len()), Reason::BodySize),
        (
            format!(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
                large.len()
            ),
            Reason::BodySize,
        ),
        (format!("HTTP/1.1 200 OK\r\n\r\n{large}"), Reason::BodySize),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned(), Reason::TokenFormat),
        (format!("HTTP/1.1 400 X\r\nContent-Length: {}\r\n\r\n{refused}", refused.len()), Reason::OauthError),
        ("HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n".to_owned(), Reason::ServerError),
        ("HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n".to_owned(), Reason::Redirect),
        ("HTTP/1.1 2x0 X\r\nContent-Length: 0\r\n\r\n".to_owned(), Reason::Framing),
        ("HTTP/1.1 200 X\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}".to_owned(), Reason::Framing),
    ];
    both_ways(|stage, more| {
        for (text, reason) in &answers {
            let early = if text.len() < 1000 { 0..=11 } else { text.len() / 2..=text.len() / 2 };
            for k in early.chain([text.len() - 1]) {
                let client = stage.client(&format!("{more}{NEVER}"));
                let (outcome, mut line) = cancelled(&client, refresh, |caller| {
                    let mut line = stage.accept();
                    line.request();
                    line.say(&text.as_bytes()[..k]);
                    caller.until_it_waits();
                    line
                });
                // What is malformed is seen early.
                let mut error = error_of(outcome);
                if error.reason == Reason::Cancelled {
                    line.say(&text.as_bytes()[k..]);
                    error = error_of(make(&client, refresh));
                }
                assert_eq!(error.reason, *reason, "{}, {k}", &text[..30]);
                assert!(held(&client).starts_with("rt-SECRET"));
                stage.check_nobody_waits();
            }
        }
    });
}

/// What was written goes nowhere; the whole request goes to the next connection.
#[test]
fn a_connection_that_broke_in_the_middle_of_the_request() {
    both_ways(|stage, more| {
        stage.reads_little();
        let secret: String = (0..6 << 17).map(|number| format!("{number:07}_")).collect();
        let client = stage.client_with(more, |config| {
            config.client.client_secret = Some(Secret::from(secret.as_str()));
        });
        rst(left(&client, |caller| {
            let mut line = stage.accept();
            line.until_so_much(1000);
            caller.until_it_waits();
            line
        }));
        let (token, line) = answered(&client, access_token, || {
            let mut line = stage.accept();
            assert!(String::from_utf8(line.request()).unwrap().contains(&secret));
            line.say(&FRAMINGS[0].answer(2));
            line
        });
        assert_eq!(token, "at-2");
        drop(client);
        line.check_over();
        stage.check_nobody_waits();
    });
}
