//! What the browser is shown: fixed words in a page that needs nothing else, and says nothing of the request.

use crate::base64;
use crate::digest;

/// How the login ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Page {
    /// There is a token.
    SignedIn,
    /// The person, or the server, said no.
    Denied,
    /// It took too long.
    TooOld,
    /// Nobody waits for it any more.
    GivenUp,
    /// Anything else; the program knows what.
    Failed,
}

impl Page {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Page::SignedIn => ("Signed in", "You can close this page and go back to the program."),
            Page::Denied => ("Access denied", "Nobody was signed in. You can close this page."),
            Page::TooOld => ("Not signed in", "It took too long. Go back to the program and begin again."),
            Page::GivenUp => {
                ("Not signed in", "The program has given up waiting. Go back to it and begin again.")
            }
            Page::Failed => ("Not signed in", "It did not work. Go back to the program: it knows why."),
        }
    }
}

const STYLE: &str = ":root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-content:center;padding:1rem;box-sizing:border-box;\
text-align:center;font:1.125rem/1.5 system-ui,sans-serif;background:#ffffff;color:#1f2328}\
h1{margin:0 0 .5rem;font-size:1.75rem}p{margin:0;color:#4d5762}\
@media(prefers-color-scheme:dark){body{background:#14171c;color:#f0f3f6}p{color:#b3bac2}}";

/// The whole answer with this page.
pub(super) fn answer(page: Page) -> Vec<u8> {
    let (title, text) = page.words();
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <main><h1>{title}</h1><p>{text}</p></main>\n</html>\n"
    );
    let style = base64::encode(&digest::sha256(STYLE.as_bytes()));
    // The empty picture keeps browsers from asking for /favicon.ico.
    let policy = format!("style-src 'sha256-{}'; img-src data:; ", &**style);
    whole("200 OK", &policy, "Content-Type: text/html; charset=utf-8\r\n", &body)
}

/// An answer without a page.
pub(super) fn refusal(status: u16) -> Vec<u8> {
    let line = match status {
        404 => "404 Not Found",
        405 => "405 Method Not Allowed",
        421 => "421 Misdirected Request",
        431 => "431 Request Header Fields Too Large",
        505 => "505 HTTP Version Not Supported",
        _ => "400 Bad Request",
    };
    whole(line, "", if status == 405 { "Allow: GET\r\n" } else { "" }, "")
}

fn whole(status_line: &str, policy: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status_line}\r\n{headers}Content-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; {policy}base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
