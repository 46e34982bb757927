//! Left at any moment of an answer that comes all at once: with a bit of it read, or all but a bit.

use rustls::version::TLS13;

use crate::parked_stage::{FRAMINGS, Stage, access_token, cancelled, left_again, make, parked};
use crate::parked_tls::Secured;

/// Leaves about when the answer is read: later where the last call was left, earlier where it had its answer.
fn left_while_it_comes(stage: &Stage, more: &str, length: usize) {
    const ROUNDS: i32 = 400;
    let filler = "x".repeat(length);
    let body =
        format!(r#"{{"access_token":"at-2","refresh_token":"rt-2","expires_in":3600,"x":"{filler}"}}"#);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let mut turns = 0;
    for round in 0..ROUNDS {
        let client = stage.client(more);
        let (outcome, line) = cancelled(&client, access_token, |caller| {
            let mut line = stage.accept();
            line.request();
            let wire = line.records(answer.as_bytes());
            caller.until_it_waits();
            line.say_raw(&wire);
            (0..turns).for_each(|_| std::hint::spin_loop());
            line
        });
        turns = (turns + if outcome.is_ok() { -300 } else { 300 }).max(0);
        // The server keeps the connection, and says no more.
        assert_eq!(make(&client, access_token).unwrap(), "at-2", "{length} bytes, round {round}");
        assert_eq!((client.stats.renewals.get(), client.stats.connections.get()), (1, 1));
        drop(client);
        line.check_over();
    }
}

#[test]
fn left_while_an_answer_comes() {
    let stage = Stage::new(None);
    for length in [0, 100_000] {
        left_while_it_comes(&stage, r#","http":{"timeout_s":10}"#, length);
    }
}

#[test]
fn left_while_an_answer_comes_by_tls() {
    let secured = Secured::new(&TLS13);
    for length in [0, 5000] {
        left_while_it_comes(&secured.stage, &secured.trust(r#","timeout_s":10"#), length);
    }
}

/// Gone on with, and left before anything is done about it.
#[test]
fn left_at_once() {
    let secured = Secured::new(&TLS13);
    for (stage, more) in [(&Stage::new(None), String::new()), (&secured.stage, secured.trust(""))] {
        let answer = FRAMINGS[0].answer(2);
        let client = stage.client(&more);
        let mut line = parked(stage, &client, &answer[..20]);
        for _ in 0..300 {
            left_again(&client, |_| ());
        }
        line.say(&answer[20..]);
        assert_eq!(make(&client, access_token).unwrap(), "at-2");
        drop(client);
        line.check_over();
        stage.check_nobody_waits();
    }
}

/// More than a connection takes from TLS at a time.
#[test]
fn left_while_a_long_answer_comes_by_tls() {
    let secured = Secured::new(&TLS13);
    left_while_it_comes(&secured.stage, &secured.trust(r#","timeout_s":10"#), 15_000);
}
