//! The cases: what is sent, and which redirects the origin answers with.

/// Begins every secret.
pub const SECRET: &str = "s3cr3t";

pub const POLICIES: [&str; 3] = ["same-origin", "none", "any"];
const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];
const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "DELETE"];
/// `token`, `fixed` and `custom-header` say how the token itself is carried; with the others it is there too.
pub const CARRIERS: [&str; 9] =
    ["token", "fixed", "custom-header", "cookie", "x-api-key", "own-authorization", "two", "body", "query"];

/// Locations, with the authorities filled in: {o} of the origin, {l} of the same under another name, {f} of the
/// foreign listener, {m} of that under another name; {n} is the case. `>` parts several Location headers.
const TARGETS: [&str; 34] = [
    // Straight to it: another port, another name, other spellings.
    "http://{f}/f/{n}",
    "http://{l}/f/{n}",
    "http://{m}/f/{n}",
    "//{f}/f/{n}",
    "//{l}/f/{n}",
    "HTTP://{f}/f/{n}",
    "hTTp://{m}/f/{n}",
    "http://{f}/f/{n}#fragment",
    "http://{f}/f/{n}?q=1",
    "http://{f}?/f/{n}",
    "http://LOCALHOST:{fport}/f/{n}",
    "http://127.0.0.1:0{fport}/f/{n}",
    "http://2130706433:{fport}/f/{n}",
    "http://0x7f.1:{fport}/f/{n}",
    // By way of the origin, back into it, and further on.
    "/in/{n}",
    "in/../../in/{n}",
    "http://{f}/back/{n}",
    "http://{l}/back/{n}",
    "http://{f}/again/{n}",
    "/in-and-back/{n}",
    // Who the host is.
    "http://{o}@{f}/f/{n}",
    "http://{f}@{o}/f/{n}",
    "http://user:pass@{f}/f/{n}",
    "//{o}@{f}/f/{n}",
    "http://{o}#@{f}/f/{n}",
    "http://{o}?@{f}/f/{n}",
    // Paths that some read as hosts.
    "/\\{f}/f/{n}",
    "\\\\{f}\\f\\{n}",
    "http:/{f}/f/{n}",
    "http:{f}/f/{n}",
    "/..//{f}/f/{n}",
    "///{f}/f/{n}",
    "/%2f%2f{f}/f/{n}",
    "/f/{n}>http://{f}/f/{n}",
];

/// What is sent.
#[derive(Clone, Debug)]
pub struct Case {
    pub number: usize,
    pub policy: &'static str,
    pub status: u16,
    pub method: &'static str,
    pub carrier: &'static str,
    pub target: &'static str,
}

/// What the origin answers: a status, and a Location as [`TARGETS`] has it.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub target: &'static str,
}

pub struct Cases {
    pub cases: Vec<Case>,
    pub answers: Vec<Answer>,
}

impl Cases {
    /// The whole product, without a body where the method has none.
    pub fn all() -> Cases {
        let mut cases = Vec::new();
        for policy in POLICIES {
            for status in STATUSES {
                for method in METHODS {
                    for carrier in CARRIERS {
                        if carrier == "body" && !["POST", "DELETE"].contains(&method) {
                            continue;
                        }
                        for target in TARGETS {
                            let number = cases.len();
                            cases.push(Case { number, policy, status, method, carrier, target });
                        }
                    }
                }
            }
        }
        let answers = cases.iter().map(|case| Answer { status: case.status, target: case.target }).collect();
        Cases { cases, answers }
    }
}

impl Case {
    /// The client's configuration; cases with the same one share a client.
    pub fn config(&self, origin: &str) -> String {
        let token = match self.carrier {
            "fixed" => format!(r#""authorization":"Basic {SECRET}-fixed""#),
            "custom-header" | "own-authorization" => format!(
                r#""token":{{"access_token":"{SECRET}-custom"}},"header":{{"name":"X-Token","scheme":""}}"#
            ),
            _ => format!(r#""token":{{"access_token":"{SECRET}-token"}}"#),
        };
        format!(
            r#"{{"base_url":"http://{origin}",{token},"http":{{"redirects":"{}","timeout_s":20}}}}"#,
            self.policy
        )
    }

    pub fn path(&self) -> String {
        let query = if self.carrier == "query" { format!("?q={SECRET}-query") } else { String::new() };
        format!("/go/{}{query}", self.number)
    }

    /// The caller's own headers.
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let mut headers = vec![("Accept", "text/plain"), ("X-Requested-With", "s3cr3t-unknown-header")];
        match self.carrier {
            "cookie" => headers.push(("Cookie", "session=s3cr3t-cookie")),
            "x-api-key" => headers.push(("X-API-Key", "s3cr3t-key")),
            "own-authorization" => headers.push(("aUTHORIZATION", "Basic s3cr3t-own")),
            "two" => headers.extend([("Cookie", "s3cr3t-a"), ("cookie", "s3cr3t-b"), ("DPoP", "s3cr3t-c")]),
            _ => {}
        }
        headers
    }

    pub fn body(&self) -> Option<&'static str> {
        match (self.carrier, self.method) {
            ("body", _) => Some("password=s3cr3t-body"),
            (_, "POST") => Some("name=value"),
            _ => None,
        }
    }

    /// What the library puts in for the token, for a client that is not the library.
    pub fn token_header(&self) -> (&'static str, &'static str) {
        match self.carrier {
            "fixed" => ("Authorization", "Basic s3cr3t-fixed"),
            "custom-header" | "own-authorization" => ("X-Token", "s3cr3t-custom"),
            _ => ("Authorization", "Bearer s3cr3t-token"),
        }
    }
}
