use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn joined(base: &str, path: &str) -> String {
    url(base).join(path).unwrap().to_string()
}

#[test]
fn u_9_one_normal_form() {
    for (text, wanted) in [
        ("http://example.com", "http://example.com/"),
        ("HTTP://EXAMPLE.com:80/A", "http://example.com/A"),
        ("https://example.com:443", "https://example.com/"),
        ("https://example.com:", "https://example.com/"),
        ("http://127.0.0.1:8123/api", "http://127.0.0.1:8123/api"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("http://[0:0::0:1]:81", "http://[::1]:81/"),
        ("http://homeassistant.local:8123?x=1", "http://homeassistant.local:8123/?x=1"),
        ("http://a/b/../c/./d#frag", "http://a/c/d"),
        ("http://a/b?next=../x", "http://a/b?next=../x"),
    ] {
        assert_eq!(url(text).to_string(), wanted, "{text}");
    }
    assert_eq!(url("HTTPS://Example.COM").origin(), url("https://example.com:443/x").origin());
    assert_ne!(url("http://a:443").origin(), url("https://a").origin());
}

#[test]
fn u_6_u_7_u_9_what_is_refused() {
    for bad in [
        "",
        "example.com",
        "/path",
        "ftp://a/",
        "javascript:alert(1)",
        "http:///x",
        "http://user@a/",
        "http://user:pw@a/",
        "http://a:b@c/",
        "http://a:0/",
        "http://a:99999/",
        "http://a:8o/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://[1.2.3.4]/",
        "http://a./",
        "http://a..b/",
        "http://ü.example/",
        "http://a\\b/",
        "http://a/\r\nx",
        "http://a/ b",
        "http://a/\tb",
        "http://a/\u{7f}",
        "http://a/é",
        "http://a/%",
        "http://a/%zz",
        "http://a/../b",
        "http://a/%2e%2E/b",
    ] {
        assert!(Url::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn paths_join_with_exactly_one_slash() {
    for base in ["http://h/api", "http://h/api/"] {
        assert_eq!(joined(base, "lights"), "http://h/api/lights");
        assert_eq!(joined(base, "/lights"), "http://h/api/lights");
        assert_eq!(joined(base, "lights/?a=b/../c"), "http://h/api/lights/?a=b/../c");
        assert_eq!(joined(base, ""), "http://h/api");
        assert_eq!(joined(base, "?a=1"), "http://h/api?a=1");
    }
    assert_eq!(joined("http://h", "lights"), "http://h/lights");
    assert_eq!(joined("http://h/?drop=me", "/x"), "http://h/x");
    assert_eq!(joined("http://h", ""), "http://h/");
    assert_eq!(joined("http://h", "?a=1"), "http://h/?a=1");
    assert_eq!(joined("http://h/api", "x#fragment"), "http://h/api/x");
}

#[test]
fn u_1_to_u_4_no_path_changes_the_host() {
    // An absolute URL stays one: its origin is compared by whoever sends the token.
    assert_ne!(url("http://h/api").join("http://evil/").unwrap().origin(), url("http://h").origin());
    for refused in ["//evil/x", "\\\\evil", "/\\evil", "file:///etc/passwd", "ftp://h/x"] {
        assert!(url("http://h/api").join(refused).is_err(), "{refused}");
    }
    for path in [
        "@evil/",
        ":80@evil/",
        "a:b@evil",
        "evil.example:80/",
        "javascript:alert(1)",
        "/@evil",
        "x?u=http://evil/",
    ] {
        let joined = url("http://h:81/api").join(path).unwrap();
        assert_eq!(joined.origin(), url("http://h:81").origin(), "{path}");
        assert!(joined.path().starts_with("/api/"), "{path}");
    }
}

#[test]
fn u_5_no_path_climbs_out_of_its_base() {
    for refused in ["..", "../x", "/../../x", "%2e%2e/x", ".%2E", "a/../../b", "./../x"] {
        assert!(url("http://h/api").join(refused).is_err(), "{refused}");
    }
    assert_eq!(joined("http://h/api", "a/../b"), "http://h/api/b");
    assert_eq!(joined("http://h/api", "a/%2e%2e/b"), "http://h/api/b");
    assert_eq!(joined("http://h/api", "./b/."), "http://h/api/b/");
    assert_eq!(joined("http://h/api", "a/.."), "http://h/api/");
    assert_eq!(joined("http://h/api", "...x/..y"), "http://h/api/...x/..y");
}

#[test]
fn u_6_u_8_u_10_characters_and_length() {
    for refused in ["a b", "a\rb", "a\nb", "a\tb", "a\u{7f}", "é", "a%", "a%g0", "<a>", "\"a\""] {
        assert!(url("http://h").join(refused).is_err(), "{refused:?}");
    }
    assert!(url("http://h").join(&"x".repeat(64_000)).is_ok());
    assert!(url("http://h").join(&"x".repeat(64_001)).is_err());
}

#[test]
fn rfc_3986_section_5_4_references() {
    let base = url("http://a/b/c/d;p?q");
    for (reference, wanted) in [
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g/"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q"),
        ("g#s", "http://a/b/c/g"),
        (";x", "http://a/b/c/;x"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../g", "http://a/g"),
        ("https://x/y", "https://x/y"),
    ] {
        assert_eq!(base.resolve(reference).unwrap().to_string(), wanted, "{reference}");
    }
    for refused in ["javascript:alert(1)", "data:,x", "file:///x", "http:g", "../../../g", "//u@h/"] {
        assert!(base.resolve(refused).is_err(), "{refused}");
    }
}

#[test]
fn queries_are_encoded_and_never_shown() {
    let mut path = "lights".to_owned();
    Url::add_query(&mut path, "q", "a&b=c d/é");
    Url::add_query(&mut path, "n", "1");
    assert_eq!(path, "lights?q=a%26b%3Dc%20d%2F%C3%A9&n=1");
    let mut path = "lights#top".to_owned();
    Url::add_query(&mut path, "a", "1");
    assert_eq!(path, "lights?a=1");
    assert_eq!(url("https://h/a?code=SECRET").without_query(), "https://h/a");
}
