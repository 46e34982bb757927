//! A renewal that is left while its request is only partly written: whoever goes on writes the rest, and the server gets
//! it whole, once, and as it would have been.

use bearer::client::Client;
use bearer::secret::Secret;
use rustls::version::TLS13;

use crate::parked::once_more;
use crate::parked_stage::{FRAMINGS, Line, Stage, access_token, answered, left, left_again, refresh};
use crate::parked_tls::Secured;

/// Larger than what the systems of both sides take before anybody reads.
const LONG: usize = 6 << 20;

/// One whose client secret makes the request that long. It would be read from a configuration once for each of its
/// members.
fn client(stage: &Stage, more: &str) -> Client {
    // So that a piece in another place is another text.
    let secret: String = (0..LONG / 8).map(|number| format!("{number:07}_")).collect();
    stage.client_with(more, |config| config.client.client_secret = Some(Secret::new(secret)))
}

/// The request of a renewal that nobody leaves.
fn undisturbed(stage: &Stage, more: &str, accept: fn(&Stage) -> Line) -> Vec<u8> {
    stage.reads_little();
    let client = client(stage, more);
    let (token, request) = answered(&client, refresh, || {
        let mut line = accept(stage);
        let request = line.request();
        line.say(&FRAMINGS[0].answer(2));
        request
    });
    assert_eq!(token, "at-2");
    assert!(request.len() > LONG);
    request
}

/// The server reads so much, then no more until the call is left; so again and again, and then the rest.
fn in_pieces(stage: &Stage, more: &str, wanted: &[u8], pieces: &[usize], accept: fn(&Stage) -> Line) {
    let client = client(stage, more);
    let mut line = left(&client, |caller| {
        let mut line = accept(stage);
        line.until_so_much(pieces[0]);
        caller.until_it_waits();
        line
    });
    for piece in &pieces[1..] {
        left_again(&client, |caller| {
            line.until_so_much(line.waiting() + piece);
            caller.until_it_waits();
        });
    }
    line.all_on_the_way();
    assert!(line.waiting() < wanted.len(), "the systems take it all: nothing is left to write");
    let (token, ()) = answered(&client, access_token, || {
        let request = line.request();
        assert!(request == wanted, "another request: {} bytes for {}", request.len(), wanted.len());
        line.say(&FRAMINGS[0].answer(2));
    });
    assert_eq!((token.as_str(), client.stats.renewals_resumed.get()), ("at-2", pieces.len() as u64));
    once_more(stage, &FRAMINGS[0], client, line, accept);
}

/// How much the server reads more before each leave.
const PIECES: [&[usize]; 2] = [&[0], &[200_000, 0, 100_000, 7]];

#[test]
fn left_while_the_request_is_written() {
    let stage = Stage::new(None);
    let wanted = undisturbed(&stage, "", Stage::accept);
    for pieces in PIECES {
        in_pieces(&stage, "", &wanted, pieces, Stage::accept);
    }
}

/// The head grows on its way.
#[test]
fn left_while_the_request_is_written_to_a_proxy() {
    let stage = Stage::new(None);
    let more = format!(r#","http":{{"proxy":"http://u:p-SECRET@{}"}}"#, stage.address());
    let wanted = undisturbed(&stage, &more, Stage::accept);
    assert!(wanted.starts_with(b"POST http://127.0.0.1:"));
    for pieces in PIECES {
        in_pieces(&stage, &more, &wanted, pieces, Stage::accept);
    }
}

#[test]
fn left_while_the_request_is_written_by_tls() {
    let secured = Secured::new(&TLS13);
    let stage = &secured.stage;
    let more = secured.trust("");
    let wanted = undisturbed(stage, &more, Stage::accept);
    for pieces in PIECES {
        in_pieces(stage, &more, &wanted, pieces, Stage::accept);
    }
}
