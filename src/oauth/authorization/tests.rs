use super::*;
use crate::config::Config;
use crate::metadata::Endpoint;

fn config(members: &str) -> Config {
    Config::parse(&format!(
        r#"{{"base_url":"https://ha.example","client":{{"client_id":"s6BhdRkqt3","scope":"read"}}{members}}}"#
    ))
    .unwrap()
}

fn object(json: &str) -> Object {
    Object::parse(json).unwrap()
}

fn fresh() -> Fresh {
    Fresh::of(&[7; 96])
}

/// As a client of this configuration does it.
fn begin(config: &Config, parameters: &Object, fresh: &Fresh, now: i64) -> Result<Object> {
    let endpoint = config.server.endpoint(Endpoint::Authorization).unwrap();
    let Begun { parameters, mut login } =
        super::begin(&config.server, &config.client, parameters, Some("jkt-1"), fresh, now)?;
    login.set("authorization_url", Raw::from_text(&url(endpoint, &parameters)));
    Ok(login)
}

fn finish(config: &Config, login: &Object, callback: &str, now: i64) -> Result<Answer> {
    super::finish(&config.server, login, callback, now)
}

fn begun(config: &Config, parameters: &str) -> Object {
    begin(config, &object(parameters), &fresh(), 1000).unwrap()
}

fn text(login: &Object, name: &str) -> String {
    login.get(name).and_then(Raw::as_str).map(|text| text.to_string()).unwrap_or_default()
}

fn reason<T>(result: Result<T>) -> Reason {
    result.err().map(|error| error.reason).expect("it should have failed")
}

const ISSUER: &str = r#","server":{"issuer":"https://as.example","token_endpoint":"https://as.example/t",
    "authorization_endpoint":"https://as.example/a?tenant=1","authorization_response_iss_parameter_supported":true,
    "code_challenge_methods_supported":["plain","S256"]}"#;

#[test]
fn rfc_7636_appendix_b() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = base64::encode_url(&digest::sha256(verifier.as_bytes()));
    assert_eq!(&**challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[test]
fn the_url_has_what_rfc_6749_section_4_1_1_wants() {
    let login =
        begun(&config(ISSUER), r#"{"redirect_uri":"https://client.example.com/cb","prompt":"login"}"#);
    let (state, url) = (text(&login, "state"), text(&login, "authorization_url"));
    let challenge = base64::encode_url(&digest::sha256(text(&login, "code_verifier").as_bytes()));
    assert_eq!(state.len(), 43);
    assert_eq!(
        url,
        format!(
            "https://as.example/a?tenant=1&response_type=code&client_id=s6BhdRkqt3\
             &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb&prompt=login&scope=read&state={state}\
             &code_challenge={}&code_challenge_method=S256&dpop_jkt=jkt-1",
            challenge.as_str()
        )
    );
    assert_eq!((text(&login, "issuer"), text(&login, "nonce")), ("https://as.example".into(), String::new()));
    assert_eq!(login.get("expires_at").unwrap().text(), "1600");
}

#[test]
fn home_assistants_endpoint_is_the_default() {
    let url = text(&begun(&config(""), "{}"), "authorization_url");
    assert!(url.starts_with("https://ha.example/auth/authorize?response_type=code&client_id="), "{url}");
}

#[test]
fn openid_brings_a_nonce_and_resources_are_repeated() {
    let login =
        begun(&config(""), r#"{"scope":"openid a","resource":["https://a.example","https://b.example"]}"#);
    let url = text(&login, "authorization_url");
    assert!(url.contains(&format!("&nonce={}", text(&login, "nonce"))), "{url}");
    assert!(url.contains("&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example"), "{url}");
    assert_eq!(text(&begun(&config(""), r#"{"scope":"openid","nonce":"mine"}"#), "nonce"), "mine");
}

#[test]
fn what_is_the_librarys_is_refused_by_name() {
    for name in ["state", "client_id", "response_type", "code_challenge", "code_challenge_method", "dpop_jkt"]
    {
        let error = begin(&config(""), &object(&format!(r#"{{"{name}":"x"}}"#)), &fresh(), 0).err().unwrap();
        assert!(error.message.contains(&format!("params_json.{name}")), "{}", error.message);
    }
    let error = begin(&config(""), &object(r#"{"prompt":1}"#), &fresh(), 0).err().unwrap();
    assert!(error.message.contains("params_json.prompt"));
}

#[test]
fn a_4_a_server_without_s256_is_not_used() {
    for methods in ["[]", r#"["plain"]"#] {
        let config = config(&format!(r#","server":{{"code_challenge_methods_supported":{methods}}}"#));
        assert_eq!(reason(begin(&config, &Object::default(), &fresh(), 0)), Reason::Pkce);
    }
}

fn callback(login: &Object, more: &str) -> String {
    format!("https://client.example.com/cb?state={}{more}", text(login, "state"))
}

#[test]
fn the_code_and_its_verifier_are_traded() {
    let config = config(ISSUER);
    let login = begun(&config, r#"{"redirect_uri":"https://client.example.com/cb"}"#);
    let url = callback(&login, "&code=SplxlOBeZQQYbYS6WxSbIA&iss=https%3A%2F%2Fas.example#_=_");
    let answer = finish(&config, &login, &url, 1599).unwrap();
    let parameters = parameters(&answer);
    let body = form::body(parameters.iter().map(|(name, value)| (name.as_str(), value.expose())));
    let body = String::from_utf8(body.expose().to_vec()).unwrap();
    assert_eq!(
        body,
        format!(
            "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA\
             &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb&code_verifier={}",
            text(&login, "code_verifier")
        )
    );
    let bare = url.split_once('?').unwrap().1;
    assert!(finish(&config, &login, bare, 1599).is_ok(), "the query alone will do");
}

#[test]
fn what_an_id_token_must_say_is_kept() {
    let config = config(ISSUER);
    let finished = |parameters: &str| {
        let login = begun(&config, parameters);
        let url = callback(&login, "&code=c&iss=https%3A%2F%2Fas.example");
        let answer = finish(&config, &login, &url, 0).unwrap();
        (answer.nonce.map(|nonce| nonce.expose().to_owned()), answer.max_age_s)
    };
    assert_eq!(finished(r#"{"scope":"openid","nonce":"n","max_age":"60"}"#), (Some("n".into()), Some(60)));
    assert_eq!(finished("{}"), (None, None));
}

#[test]
fn a_1_the_state_must_be_that_of_the_login() {
    let (config, login) = (config(""), begun(&config(""), "{}"));
    for callback in [
        "?code=c",
        "?code=c&state=",
        "?code=c&state=other",
        "?code=c&state=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw",
    ] {
        assert_eq!(reason(finish(&config, &login, callback, 0)), Reason::State, "{callback}");
    }
    assert_eq!(reason(finish(&config, &login, &callback(&login, "&code=c"), 1600)), Reason::LoginExpired);
}

#[test]
fn a_2_the_issuer_must_be_the_servers() {
    let (config, login) = (config(ISSUER), begun(&config(ISSUER), "{}"));
    for iss in ["", "&iss=https%3A%2F%2Fevil.example", "&iss=https%3A%2F%2Fas.example%2F"] {
        let url = callback(&login, &format!("&code=c{iss}"));
        assert_eq!(reason(finish(&config, &login, &url, 0)), Reason::Issuer, "{iss}");
    }
}

#[test]
fn a_3_a_6_two_answers_are_none() {
    let (config, login) = (config(""), begun(&config(""), "{}"));
    let state = text(&login, "state");
    for more in ["&code=c&error=x", "", "&code=", "&code=a&code=b", &format!("&code=c&state={state}")] {
        assert_eq!(reason(finish(&config, &login, &callback(&login, more), 0)), Reason::State, "{more}");
    }
}

#[test]
fn a_refusal_is_the_persons_or_the_servers() {
    let (config, login) = (config(""), begun(&config(""), "{}"));
    let denied =
        finish(&config, &login, &callback(&login, "&error=access_denied&error_description=no%20way"), 0);
    let denied = denied.unwrap_err();
    assert_eq!((denied.reason, denied.oauth_error_description.as_deref()), (Reason::Denied, Some("no way")));
    let other = finish(&config, &login, &callback(&login, "&error=invalid_scope"), 0).unwrap_err();
    assert_eq!((other.reason, other.oauth_error.as_deref()), (Reason::OauthError, Some("invalid_scope")));
    assert_eq!(reason(finish(&config, &login, "https://client.example.com/cb", 0)), Reason::Url);
    assert_eq!(reason(finish(&config, &object("{}"), "?code=c", 0)), Reason::Member);
}

#[test]
fn rfc_9396_section_2_details_are_json() {
    let login = begun(
        &config(""),
        r#"{"authorization_details":[{"type":"account_information"}],"claims":{"a":null}}"#,
    );
    let url = text(&login, "authorization_url");
    assert!(
        url.contains("&authorization_details=%5B%7B%22type%22%3A%22account_information%22%7D%5D"),
        "{url}"
    );
    assert!(url.contains("&claims=%7B%22a%22%3Anull%7D"), "{url}");
}
