use super::*;

fn read(answer: &Answer<'_>, now: i64) -> Result<TokenSet> {
    super::read(None, answer, false, now)
}

const NOW: i64 = 1_795_499_228;

fn answer<'a>(status: u16, body: &'a str) -> Answer<'a> {
    Answer {
        status,
        content_type: Some("application/json"),
        content_encoding: None,
        retry_after: None,
        body: body.as_bytes(),
    }
}

fn failed(status: u16, body: &str) -> Error {
    read(&answer(status, body), NOW).unwrap_err()
}

#[test]
fn rfc_6749_section_5_1_example() {
    let body = r#"{
       "access_token":"2YotnFZFEjr1zCsicMWpAA",
       "token_type":"example",
       "expires_in":3600,
       "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA",
       "example_parameter":"example_value"
     }"#;
    // Its token_type is not Bearer, so it is refused as T-6 wants; with one that is, all of it is read.
    assert_eq!(failed(200, body).reason, Reason::TokenType);
    let set = read(&answer(200, &body.replace("\"example\"", "\"Bearer\"")), NOW).unwrap();
    assert_eq!(set.access_token().unwrap().expose(), "2YotnFZFEjr1zCsicMWpAA");
    assert_eq!(set.refresh_token().unwrap().expose(), "tGzv3JOkF0XG5Qx2TlKWIA");
    assert_eq!(set.expires_in(), Some(3600));
    assert!(set.to_json().contains(r#""example_parameter":"example_value""#));
}

#[test]
fn rfc_6749_section_5_2_example() {
    let error = failed(400, r#"{"error":"invalid_request"}"#);
    assert_eq!((error.status, error.reason), (status::REJECTED, Reason::OauthError));
    assert_eq!((error.oauth_error.as_deref(), error.http_status), (Some("invalid_request"), Some(400)));
}

#[test]
fn t_1_a_login_page_is_no_token() {
    let page =
        Answer { content_type: Some("text/html"), ..answer(200, "<html>Sign in, planted-secret</html>") };
    let error = read(&page, NOW).unwrap_err();
    assert_eq!(error.reason, Reason::TokenFormat);
    assert!(!error.to_json().contains("planted"));
}

#[test]
fn t_2_the_content_type_is_not_what_counts() {
    for kind in [
        None,
        Some("text/plain"),
        Some("text/html; charset=utf-8"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let json = Answer { content_type: kind, ..answer(200, r#"{"access_token":"a"}"#) };
        assert_eq!(read(&json, NOW).unwrap().access_token().unwrap().expose(), "a", "{kind:?}");
    }
    let form = Answer {
        content_type: Some("application/x-www-form-urlencoded; charset=utf-8"),
        ..answer(200, "access_token=a%2Bb&token_type=bearer&expires_in=60&scope=x+y")
    };
    let set = read(&form, NOW).unwrap();
    assert_eq!((set.access_token().unwrap().expose(), set.expires_in()), ("a+b", Some(60)));
    let twice = Answer {
        content_type: Some("application/x-www-form-urlencoded"),
        ..answer(200, "access_token=a&access_token=b")
    };
    assert_eq!(read(&twice, NOW).unwrap_err().reason, Reason::TokenFormat);
}

#[test]
fn t_3_an_error_in_a_200_is_an_error() {
    let error = failed(200, r#"{"access_token":"a","error":"invalid_scope"}"#);
    assert_eq!((error.status, error.oauth_error.as_deref()), (status::REJECTED, Some("invalid_scope")));
}

#[test]
fn t_4_t_5_t_6_token_types() {
    for kind in ["\"bearer\"", "\"BEARER\"", "\"Bearer\"", "null", "\"\""] {
        let set = read(&answer(200, &format!(r#"{{"access_token":"a","token_type":{kind}}}"#)), NOW).unwrap();
        assert!(set.to_json().contains(kind), "stored as given: {kind}");
    }
    assert!(read(&answer(200, r#"{"access_token":"a"}"#), NOW).is_ok());
    for kind in ["mac", "N_A", "DPoP", "Bearer "] {
        assert_eq!(
            failed(200, &format!(r#"{{"access_token":"a","token_type":"{kind}"}}"#)).reason,
            Reason::TokenType,
            "{kind}"
        );
    }
    assert_eq!(failed(200, r#"{"access_token":"a","token_type":1}"#).reason, Reason::TokenFormat);
}

#[test]
fn t_8_to_t_14_and_t_25_broken_answers() {
    let deep = format!(r#"{{"access_token":"a","x":{}"#, "[".repeat(200_000));
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "\u{feff}{\"access_token\":\"a\"}",
        r#"{"access_token":""}"#,
        r#"{"access_token":null}"#,
        r#"{"access_token":1}"#,
        r#"{"access_token":{}}"#,
        r#"{"access_token":"a\nb"}"#,
        r#"{"access_token":"é"}"#,
        r#"{"access_token":"a","access_token":"b"}"#,
        r#"{"access_token":"a"} x"#,
        r#"{"access_token":"a","x":"\u0000"}"#,
        r#"{"access_token":"a","x":"\ud800"}"#,
        r#"{"access_token":"a","expires_in":{}}"#,
        r#"{"refresh_token":"r"}"#,
        &deep,
    ] {
        let error = failed(200, body);
        assert_eq!(
            (error.status, error.reason),
            (status::PROTOCOL, Reason::TokenFormat),
            "{}",
            &body[..body.len().min(60)]
        );
    }
    for status in [204, 205] {
        assert_eq!(failed(status, "").reason, Reason::TokenFormat);
    }
    let latin1 = Answer { body: b"{\"access_token\":\"a\",\"x\":\"\xe9\"}", ..answer(200, "") };
    assert_eq!(read(&latin1, NOW).unwrap_err().reason, Reason::TokenFormat);
    let utf16: Vec<u8> = "{\"access_token\":\"a\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        read(&Answer { body: &utf16, ..answer(200, "") }, NOW).unwrap_err().reason,
        Reason::TokenFormat
    );
}

#[test]
fn t_20_compressed_answers_are_refused() {
    for encoding in ["gzip", "br", "gzip, gzip", "unknown"] {
        let answer = Answer { content_encoding: Some(encoding), ..answer(200, r#"{"access_token":"a"}"#) };
        assert_eq!(read(&answer, NOW).unwrap_err().reason, Reason::TokenFormat);
    }
    let plain = Answer { content_encoding: Some("identity"), ..answer(200, r#"{"access_token":"a"}"#) };
    assert!(read(&plain, NOW).is_ok());
}

#[test]
fn e_1_only_invalid_grant_asks_for_a_login() {
    assert_eq!(failed(400, r#"{"error":"invalid_grant"}"#).status, status::LOGIN_REQUIRED);
    for (http_status, body, wanted) in [
        (401, r#"{"error":"invalid_client"}"#, status::REJECTED),
        (400, "not json", status::REJECTED),
        (400, "", status::REJECTED),
        (403, r#"{"error":"access_denied"}"#, status::ACCESS_DENIED),
        (403, "", status::REJECTED),
        (404, "<html>", status::REJECTED),
        (408, "", status::UNAVAILABLE),
        (425, "", status::UNAVAILABLE),
        (429, r#"{"error":"invalid_grant"}"#, status::UNAVAILABLE),
        (500, r#"{"error":"invalid_grant"}"#, status::UNAVAILABLE),
        (503, "<html>", status::UNAVAILABLE),
        (302, "", status::UNSAFE),
        (101, "", status::REJECTED),
    ] {
        assert_eq!(failed(http_status, body).status, wanted, "{http_status} {body}");
    }
}

#[test]
fn e_4_retry_after_is_reported() {
    let busy = Answer { retry_after: Some("7"), ..answer(503, "") };
    assert_eq!(read(&busy, NOW).unwrap_err().retry_after_s, Some(7));
}

#[test]
fn e_6_e_7_descriptions_are_cut_and_cleaned() {
    let long = "word ".repeat(10_000);
    let body = format!(r#"{{"error":"x","error_description":"a\u0007b <b>c</b> {long}"}}"#);
    let description = failed(400, &body).oauth_error_description.clone().unwrap();
    assert!(description.len() <= 512 && description.starts_with("a b <b>c</b> word"), "{description}");
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    let body = format!(r#"{{"error":"x","error_description":"UNIQUE constraint: token={token} exists"}}"#);
    let error = failed(400, &body);
    assert!(!error.to_json().contains(token));
    assert!(error.to_json().contains("UNIQUE constraint"));
}

#[test]
fn t_7_a_token_is_of_the_type_that_was_asked_for() {
    let reason = |kind: &str, is_bound| {
        let body = format!(r#"{{"access_token":"a","token_type":"{kind}"}}"#);
        super::read(None, &answer(200, &body), is_bound, NOW).map_err(|error| error.reason).map(drop)
    };
    assert_eq!(reason("DPoP", true), Ok(()));
    assert_eq!(reason("dpop", true), Ok(()));
    assert_eq!(reason("DPoP", false), Err(Reason::TokenType));
    assert_eq!(reason("Bearer", true), Err(Reason::TokenType), "never downgraded");
    assert_eq!(reason("", true), Err(Reason::TokenType));
}
