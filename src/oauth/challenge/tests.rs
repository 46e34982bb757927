use super::*;

fn described(fields: &[&str]) -> String {
    let json = describe(fields.iter().copied()).unwrap();
    Object::parse(&json).expect(&json);
    json
}

/// The challenges, one after the other: `Scheme name=value name=value`.
fn parsed(field: &str) -> String {
    let mut challenges = Vec::new();
    parse(field, &mut challenges);
    let text = |challenge: &Object| {
        let parameter = |(name, value): (&str, &Raw)| match (name, value.as_str().unwrap().as_str()) {
            ("scheme", scheme) => scheme.to_owned(),
            (name, value) => format!(" {name}={value}"),
        };
        challenge.iter().map(parameter).collect::<String>()
    };
    challenges.iter().map(text).collect::<Vec<_>>().join(" | ")
}

#[test]
fn rfc_6750_section_3_examples() {
    assert_eq!(
        described(&[r#"Bearer realm="example""#]),
        r#"{"challenges":[{"scheme":"Bearer","realm":"example"}]}"#
    );
    let expired =
        r#"Bearer realm="example", error="invalid_token", error_description="The access token expired""#;
    assert_eq!(
        described(&[expired]),
        r#"{"challenges":[{"scheme":"Bearer","realm":"example","error":"invalid_token","error_description":"The access token expired"}],"error":"invalid_token"}"#
    );
}

/// The scopes of section 3's text, in the answer that section 3.1 describes.
#[test]
fn rfc_6750_section_3_1_insufficient_scope() {
    let field = r#"Bearer realm="example", error="insufficient_scope", scope="urn:example:channel=HBO&urn:example:rating=G,PG-13""#;
    let json = described(&[field]);
    let login = r#""error":"insufficient_scope","login":{"scope":"urn:example:channel=HBO&urn:example:rating=G,PG-13"}}"#;
    assert!(json.ends_with(login), "{json}");
    assert!(described(&[r#"Bearer error="insufficient_scope""#]).ends_with(r#""login":{}}"#));
}

#[test]
fn rfc_9470_section_3_examples() {
    let level = r#"Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR""#;
    let json = described(&[level]);
    assert!(
        json.ends_with(r#""error":"insufficient_user_authentication","login":{"acr_values":"myACR"}}"#),
        "{json}"
    );
    let recent = r#"Bearer error="insufficient_user_authentication", error_description="More recent authentication is required", max_age="5""#;
    let json = described(&[recent]);
    assert!(
        json.ends_with(r#""error":"insufficient_user_authentication","login":{"max_age":"5"}}"#),
        "{json}"
    );
    let both = r#"DPoP error="insufficient_user_authentication", scope="a b", acr_values="x y", max_age=0, algs="ES256""#;
    assert!(described(&[both]).ends_with(r#""login":{"scope":"a b","acr_values":"x y","max_age":"0"}}"#));
    let wrong = r#"Bearer error="insufficient_user_authentication", max_age="-1", acr_values="""#;
    assert!(described(&[wrong]).ends_with(r#""login":{}}"#));
}

#[test]
fn rfc_9728_section_5_1_example() {
    let field =
        r#"Bearer resource_metadata="https://resource.example.com/.well-known/oauth-protected-resource""#;
    let json = described(&[field]);
    let url =
        r#"}],"resource_metadata":"https://resource.example.com/.well-known/oauth-protected-resource"}"#;
    assert!(json.ends_with(url), "{json}");
    assert!(!described(&[r#"Bearer resource_metadata="file:///etc/passwd""#]).contains("}],\"resource"));
}

#[test]
fn rfc_9110_section_11_6_1_example() {
    assert_eq!(
        parsed(r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#),
        r#"Basic realm=simple | Newauth realm=apps type=1 title=Login to "apps""#
    );
}

#[test]
fn lists_of_challenges() {
    for (field, wanted) in [
        ("", ""),
        (" , ,\t,", ""),
        ("Negotiate", "Negotiate"),
        ("Negotiate, Basic realm=x,", "Negotiate | Basic realm=x"),
        (",, Negotiate , , Bearer ,", "Negotiate | Bearer"),
        (
            "Negotiate a87421000492aa874209af8bc028==, Bearer realm=\"x\"",
            "Negotiate token68=a87421000492aa874209af8bc028== | Bearer realm=x",
        ),
        ("NTLM TlRM+/-._~\t,Bearer", "NTLM token68=TlRM+/-._~ | Bearer"),
        ("Bearer\trealm\t=\t\"a\tb\"\t,\terror=x", "Bearer realm=a\tb error=x"),
        ("Bearer REALM=\"x\", Realm=\"y\"", "Bearer realm=x"),
        ("Bearer realm=\"a, b=c\", error=\"e\"", "Bearer realm=a, b=c error=e"),
        (r#"Bearer realm="\\\"", error="\e""#, r#"Bearer realm=\" error=e"#),
        // Neither commas nor quotes where they belong.
        ("Bearer realm=\"x\" error=\"y\" Basic", "Bearer realm=x error=y | Basic"),
        (
            "Bearer resource_metadata=https://a/b?c=d, scope=a:b/c",
            "Bearer resource_metadata=https://a/b?c=d scope=a:b/c",
        ),
        // What belongs to no challenge.
        ("realm=\"x\", Bearer error=e", "Bearer error=e"),
        ("\"x, y\\\", z\", Bearer error=e", "Bearer error=e"),
        ("@, (comment), =x, Bearer error=e", "Bearer error=e"),
        ("Bearer error=e, realm=\"unfinished", "Bearer error=e"),
        ("Bearer realm=\"ü\", ü, e=1", "Bearer realm=ü e=1"),
        ("Bearer a=\"\", b=, c=1", "Bearer a= b= c=1"),
    ] {
        assert_eq!(parsed(field), wanted, "{field}");
    }
}

#[test]
fn the_first_error_of_a_token_scheme_counts() {
    let json = described(&[
        r#"Basic error="insufficient_scope""#,
        r#"bearer realm="r", DPoP error="invalid_token""#,
        r#"Bearer error="insufficient_scope", scheme="x""#,
    ]);
    assert_eq!(
        json,
        r#"{"challenges":[{"scheme":"Basic","error":"insufficient_scope"},{"scheme":"bearer","realm":"r"},{"scheme":"DPoP","error":"invalid_token"},{"scheme":"Bearer","error":"insufficient_scope"}],"error":"invalid_token"}"#
    );
    assert_eq!(describe(std::iter::empty()), None);
    assert_eq!(described(&[""]), r#"{"challenges":[]}"#);
}

#[test]
fn f_10_only_invalid_token_asks_for_another() {
    let asks = |challenges: &[&str]| asks_for_another_token(challenges.iter().copied());
    assert!(asks(&[]));
    assert!(asks(&["Bearer"]));
    assert!(asks(&[r#"Basic realm="x""#, r#"Bearer error="INVALID_TOKEN""#]));
    assert!(asks(&["bearer error=invalid_token"]));
    assert!(!asks(&[r#"Bearer error="insufficient_scope", scope="admin""#]));
    assert!(!asks(&[r#"Bearer error = "invalid_request""#]));
    assert!(!asks(&[r#"Basic realm="x", Bearer realm="y", error="insufficient_scope""#]));
    assert!(asks(&[r#"Bearer realm="error=\"x\"", a=b"#]), "quoted text is no parameter");
    assert!(asks(&[r#"Bearer realm="unfinished"#]));
}

/// Every text of these pieces up to four: no panic, and JSON that can be read.
#[test]
fn whatever_comes_is_json() {
    let pieces = ["Bearer", " ", ",", "=", "\"", "\\", "error", "ü", "\t", "a==", "{", "\u{1}"];
    let mut texts = vec![String::new()];
    for _ in 0..4 {
        texts = texts.iter().flat_map(|text| pieces.map(|piece| format!("{text}{piece}"))).collect();
        for text in &texts {
            let json = describe([text.as_str()].into_iter()).unwrap();
            assert!(json.starts_with("{\"challenges\":[") && json.ends_with('}'));
            Object::parse(&json).expect(&json);
        }
    }
}

/// Fifty thousand parameters or challenges take as long as their bytes, not as long as their pairs.
#[test]
fn long_fields_are_read_in_one_go() {
    let many = |piece: fn(usize) -> String| (0..50_000).map(piece).collect::<String>();
    for field in [
        format!("Bearer {}", many(|n| format!("p{n}=1,"))),
        format!("Bearer {}", many(|n| format!("p{n}=\"\\\"\","))),
        many(|n| format!("S{n},")),
        many(|_| "a a a a ".to_owned()),
        many(|_| "\"@,".to_owned()),
        many(|_| "=,=".to_owned()),
        format!("Bearer a=\"{}", many(|_| "\\\"x".to_owned())),
    ] {
        let mut challenges = Vec::new();
        parse(&field, &mut challenges);
        assert!(challenges.iter().all(|challenge| challenge.iter().count() <= MOST));
    }
}
