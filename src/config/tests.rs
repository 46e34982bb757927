use super::*;

fn config(text: &str) -> Config {
    Config::parse(text).unwrap()
}

fn problem(text: &str) -> String {
    Config::parse(text).unwrap_err().message.to_string()
}

#[test]
fn defaults_are_those_of_the_manual() {
    let config = config(r#"{"base_url":"https://api.example.com/v1"}"#);
    assert_eq!(
        config.server.endpoint(Endpoint::Token).unwrap().to_string(),
        "https://api.example.com/v1/auth/token"
    );
    assert_eq!(config.http.timeout, Duration::from_secs(30));
    assert_eq!(config.http.unauthorized, [401]);
    assert_eq!(config.http.max_response_bytes, 67_108_864);
    assert_eq!(config.header.scheme, "Bearer");
    assert_eq!(config.refresh.leeway, Duration::from_secs(30));
    assert!(config.refresh.retry_lost);
    assert_eq!(config.client.auth_method, None);
}

#[test]
fn members_that_do_not_fit_are_named_with_the_nearest_known_one() {
    for (text, wanted) in [
        (r#"{"baseurl":"x"}"#, r#"baseurl: unknown member; did you mean "base_url"?"#),
        (r#"{"http":{"timout_s":1}}"#, r#"http.timout_s: unknown member; did you mean "timeout_s"?"#),
        (r#"{"http":{"timeout_s":"1"}}"#, "http.timeout_s: is a string, not a number"),
        (r#"{"http":{"timeout_s":-1}}"#, "http.timeout_s: must be 0.001 to 86400"),
        (r#"{"http":{"timeout_s":1,"timeout_s":2}}"#, r#"http: has the member "timeout_s" twice"#),
        (r#"{"http":[]}"#, "http: is an array, not an object"),
        (r#"{"http":{"idle_connections":1.5}}"#, "http.idle_connections: must be a whole number"),
        (r#"{"http":{"unauthorized":[200]}}"#, "http.unauthorized: must list HTTP statuses from 400 to 599"),
        (r#"{"http":{"roots":"windows"}}"#, "http.roots: must be one of system, mozilla"),
        (r#"{"base_url":1}"#, "base_url: is a number, not a string"),
        (r#"{"base_url":"ftp://x"}"#, "base_url: has a scheme other than http and https"),
        (
            r#"{"base_url":"http://u:p@x"}"#,
            "base_url: has a user name: credentials belong into the configuration, not into a URL",
        ),
        (
            r#"{"base_url":"http://x","base_url":"http://y"}"#,
            r#"config_json: has the member "base_url" twice"#,
        ),
        (r#"{"client":{"client_id":7}}"#, "client.client_id: is a number, not a string"),
        (r#"{"token":{"access_token":7}}"#, "token.access_token: is a number, not a string"),
        (r#"{"token":{}}"#, "token.access_token: is missing, and there is no refresh_token either"),
        (r#"{"origins":["http://x/y"]}"#, "origins[0]: an origin has no path"),
        (r#"{"header":{"name":"a b"}}"#, "header.name: is not the name of a header that a request may set"),
        (
            r#"{"header":{"name":"Content-Length"}}"#,
            "header.name: is not the name of a header that a request may set",
        ),
        (r#"{"grant":{"scope":"x"}}"#, "grant.grant_type: is missing"),
        (r#"{"grant":{"grant_type":"x","y":{}}}"#, "grant.y: is an object, not a string"),
        (
            r#"{"grant":{"grant_type":"client_credentials"}}"#,
            "grant: needs issuer, server.token_endpoint or base_url",
        ),
        ("[]", "config_json: is not a JSON object"),
        ("{", "config_json: is not JSON (line 1, column 1)"),
        (r#"{"http":{"client_cert_file":"x"}}"#, "http.client_cert_file: needs http.client_key_file"),
        (r#"{"client":{"client_secret":"x"}}"#, "client.client_secret: needs client.client_id"),
    ] {
        assert_eq!(problem(text), wanted, "{text}");
    }
}

#[test]
fn null_means_the_default_and_open_objects_keep_what_they_have() {
    let config = config(
        r#"{"base_url":"http://x","http":{"timeout_s":null},"refresh":null,"client":{"client_id":"c","client_name":"N"},"server":{"x":[1]}}"#,
    );
    assert_eq!(config.http.timeout, Duration::from_secs(30));
    assert_eq!(config.client.client_id.as_deref(), Some("c"));
}

#[test]
fn authorization_excludes_every_other_way() {
    for other in
        [r#""token":{"access_token":"a"}"#, r#""grant":{"grant_type":"x"}"#, r#""client":{"client_id":"x"}"#]
    {
        let error =
            Config::parse(&format!(r#"{{"authorization":"s","base_url":"http://x",{other}}}"#)).unwrap_err();
        assert_eq!(error.reason, Reason::Conflict, "{other}");
    }
}

#[test]
fn h_1_a_fixed_value_must_fit_a_header() {
    for bad in ["a\\r\\nb", "a\\u0001", "é", "a\\u007f"] {
        let error = Config::parse(&format!(r#"{{"authorization":"{bad}"}}"#)).unwrap_err();
        assert_eq!(error.reason, Reason::Header, "{bad}");
    }
}

#[test]
fn relative_endpoints_are_resolved_against_the_base() {
    let config = config(r#"{"base_url":"http://ha:8123/api","server":{"token_endpoint":"/auth/token"}}"#);
    assert_eq!(config.server.endpoint(Endpoint::Token).unwrap().to_string(), "http://ha:8123/auth/token");
    assert_eq!(
        problem(r#"{"server":{"token_endpoint":"/x"}}"#),
        "server.token_endpoint: is not an absolute http:// or https:// URL"
    );
}

#[test]
fn an_issuer_takes_the_place_of_home_assistants_endpoints() {
    let config = config(
        r#"{"base_url":"https://api","issuer":"https://as.example/","server":{"userinfo_endpoint":"/me"}}"#,
    );
    assert_eq!(config.issuer.unwrap().text, "https://as.example/");
    assert!(config.server.endpoint(Endpoint::Token).is_none());
    assert_eq!(config.server.endpoint(Endpoint::Userinfo).unwrap().to_string(), "https://api/me");
    assert_eq!(problem(r#"{"issuer":"https://as.example/?a"}"#), "issuer: has a query");
}

#[test]
fn client_authentication_needs_what_it_is_made_of() {
    let client = |members: &str| format!(r#"{{"client":{{"client_id":"c",{members}}}}}"#);
    for (members, wanted) in [
        (
            r#""token_endpoint_auth_method":"client_secret_jwt""#,
            "client_secret_jwt needs client.client_secret",
        ),
        (r#""token_endpoint_auth_method":"tls_client_auth""#, "tls_client_auth needs http.client_cert_file"),
        (
            r#""private_key":"x","private_key_file":"y""#,
            "client.private_key: excludes client.private_key_file",
        ),
    ] {
        assert!(problem(&client(members)).ends_with(wanted), "{}", problem(&client(members)));
    }
    assert_eq!(problem(r#"{"client":{"private_key":"x"}}"#), "client.private_key: needs client.client_id");
    let known = config(&client(r#""token_endpoint_auth_method":"private_key_jwt""#));
    assert_eq!(known.client.auth_method, Some(AuthMethod::PrivateKeyJwt), "on_sign may come later");
}

#[test]
fn debug_output_shows_no_secret() {
    let config = config(
        r#"{"base_url":"http://x","client":{"client_id":"c","client_secret":"planted"},"token":{"access_token":"planted","refresh_token":"planted"},"grant":{"grant_type":"password","password":"planted"}}"#,
    );
    assert!(!format!("{config:?}").contains("planted"));
}
