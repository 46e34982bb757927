use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn location(values: &[&str]) -> Headers {
    let mut headers = Headers::default();
    values.iter().for_each(|value| headers.push("Location", (*value).into()));
    headers
}

fn decide(policy: Redirects, method: &str, from: &str, status: u16, to: &[&str], hops: u32) -> Result<Step> {
    let asked = Asked { method, had_body: method == "POST", url: &url(from), hops };
    next(policy, &asked, status, &location(to))
}

fn follow(to: &str, method: &str, leaves_origin: bool) -> Step {
    Step::Follow { url: url(to), method: method.into(), leaves_origin }
}

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

#[test]
fn by_default_reads_are_followed_inside_the_origin_and_all_else_is_handed_over() {
    let decide = |method, status, to: &[&str], hops| {
        decide(Redirects::SameOrigin, method, "https://a/x", status, to, hops).unwrap()
    };
    for status in STATUSES {
        assert_eq!(decide("GET", status, &["/y"], 0), follow("https://a/y", "GET", false));
        assert_eq!(decide("HEAD", status, &["https://a:443/y"], 4), follow("https://a/y", "HEAD", false));
        for (method, to, hops) in [
            ("GET", "https://b/", 0),
            ("GET", "http://a/", 0),
            ("GET", "https://a:444/", 0),
            ("GET", "//b/", 0),
            ("GET", "javascript:alert(1)", 0),
            ("GET", "\u{e9}", 0),
            ("GET", "/y", 5),
            ("POST", "/y", 0),
            ("DELETE", "/y", 0),
        ] {
            assert_eq!(decide(method, status, &[to], hops), Step::Answer, "{method} {to}");
        }
        assert_eq!(decide("GET", status, &[], 0), Step::Answer);
        assert_eq!(decide("GET", status, &["/y", "/z"], 0), Step::Answer);
    }
    for status in [200, 300, 304, 305, 306, 399] {
        assert_eq!(decide("GET", status, &["/y"], 0), Step::Answer);
    }
}

#[test]
fn none_hands_everything_over() {
    assert_eq!(decide(Redirects::None, "GET", "https://a/", 302, &["/y"], 0).unwrap(), Step::Answer);
}

#[test]
fn r_1_r_3_any_goes_elsewhere_and_says_so() {
    for (to, leaves) in [
        ("https://b/", true),
        ("https://a:444/", true),
        ("//b/", true),
        ("/y", false),
        ("https://a:443/y", false),
    ] {
        let Step::Follow { leaves_origin, .. } =
            decide(Redirects::Any, "GET", "https://a/x", 302, &[to], 0).unwrap()
        else {
            panic!("{to}");
        };
        assert_eq!(leaves_origin, leaves, "{to}");
    }
    assert_eq!(
        decide(Redirects::Any, "GET", "http://a/", 302, &["https://a/"], 0).unwrap(),
        follow("https://a/", "GET", true)
    );
}

#[test]
fn r_2_r_5_r_7_r_9_r_10_any_refuses_what_is_unsafe_or_malformed() {
    for status in STATUSES {
        for (method, from, to, hops, wanted) in [
            ("GET", "https://a/", "http://a/", 0, Reason::Redirect),
            ("GET", "https://a/", "file:///etc/passwd", 0, Reason::Redirect),
            ("GET", "https://a/", "ftp://a/", 0, Reason::Redirect),
            ("GET", "https://a/", "javascript:alert(1)", 0, Reason::Redirect),
            ("GET", "https://a/", "data:text/html,x", 0, Reason::Redirect),
            ("GET", "https://a/", "/y", 5, Reason::Redirect),
            ("GET", "https://a/", "/\u{e9}", 0, Reason::Framing),
            ("GET", "https://a/", "https://u:p@b/", 0, Reason::Framing),
            ("GET", "https://a/", "https://a\\@b/", 0, Reason::Framing),
        ] {
            let error = decide(Redirects::Any, method, from, status, &[to], hops).unwrap_err();
            assert_eq!(error.reason, wanted, "{status} {to}");
        }
        for locations in [&[][..], &["/y", "/z"][..]] {
            let error = decide(Redirects::Any, "GET", "https://a/", status, locations, 0).unwrap_err();
            assert_eq!(error.reason, Reason::Framing);
        }
    }
    for status in [307, 308] {
        let error = decide(Redirects::Any, "POST", "https://a/", status, &["/y"], 0).unwrap_err();
        assert_eq!(error.reason, Reason::Redirect);
    }
    for status in [301, 302, 303] {
        assert_eq!(
            decide(Redirects::Any, "POST", "https://a/", status, &["/y"], 0).unwrap(),
            follow("https://a/y", "GET", false)
        );
    }
}

#[test]
fn r_11_no_error_shows_where_it_was_to_lead() {
    let error = decide(Redirects::Any, "GET", "https://a/x?q=SECRET", 302, &["http://a/?code=SECRET"], 0)
        .unwrap_err();
    assert!(!error.to_json().contains("SECRET"), "{}", error.to_json());
}

#[test]
fn r_1_r_4_another_origin_gets_safe_headers_alone() {
    let mut headers = Headers::default();
    for name in [
        "Authorization",
        "Cookie",
        "DPoP",
        "Proxy-Authorization",
        "X-API-Key",
        "Content-Type",
        "Accept",
        "USER-AGENT",
        "Range",
    ] {
        headers.push(name, "v".into());
    }
    let names = |headers: &Headers| headers.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&headers_for(&headers, true, true)), ["Accept", "USER-AGENT", "Range"]);
    assert_eq!(names(&headers_for(&headers, false, false)).len(), 8, "all but Content-Type");
    assert_eq!(names(&headers_for(&headers, true, false)).len(), 9);
}
