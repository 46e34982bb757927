//! The library without network code: the same symbols, and everything works through `bearer_client_on_http`.

#[path = "support/product.rs"]
mod product;

use std::process::Command;

use bearer_testserver::{Options, Server};
use object::{Object, ObjectSymbol};
use product::{library_without_net, program_with, read, root, said, scratch};

#[test]
fn symbols_never_vanish() {
    let bytes = std::fs::read(library_without_net().join("libbearer.so")).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let defined = file.dynamic_symbols().filter(|symbol| symbol.is_definition());
    let mut exported: Vec<String> = defined.map(|symbol| symbol.name().unwrap().to_owned()).collect();
    exported.sort();
    let listed = read("abi/symbols");
    let listed: Vec<&str> = listed.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(exported, listed);
}

#[test]
fn the_main_job_is_done_through_the_programs_own_http() {
    let server = Server::start(Options::default()).unwrap();
    let (_, token) = server.control("POST", "/control/issue", r#"{"expired": true}"#);
    let config = format!(
        r#"{{"base_url": "{0}/api", "server": {{"token_endpoint": "{0}/auth/token"}},
            "client": {{"client_id": "test-client", "client_secret": "test-secret"}}, "token": {token}}}"#,
        server.url(),
    );
    let program = program_with(library_without_net(), "own_http", &root().join("examples/own_http.c"));
    let printed = said(Command::new(program).args([&config, "lights"]));
    assert!(printed.contains("200"), "{printed}");
    let (_, state) = server.control("GET", "/control/state", "");
    assert!(state.contains(r#""refreshes":1"#) && state.contains(r#""api_requests":1"#), "{state}");
}

/// Without the hook a request says what is missing, and nothing else fails: hashing for log events is still there.
#[test]
fn without_the_hook_requests_are_unsupported() {
    let source = scratch("unsupported.c");
    let text = r#"
#include <bearer.h>
#include <stdio.h>
int main(void)
{
    bearer_client *client;
    bearer_response *response;
    bearer_error *error;
    const char *config = "{\"base_url\":\"http://127.0.0.1:9\",\"token\":{\"access_token\":\"a\"}}";
    if (bearer_client_new(config, &client, &error) != BEARER_OK)
        return 1;
    if (bearer_client_request(client, "GET", "x", NULL, 0, &response, &error) != BEARER_UNSUPPORTED)
        return 2;
    puts(bearer_error_json(error));
    puts(bearer_build_json());
    bearer_error_free(error);
    bearer_client_free(client);
    return 0;
}
"#;
    std::fs::write(&source, text).unwrap();
    let printed = said(&mut Command::new(program_with(library_without_net(), "unsupported", &source)));
    assert!(
        printed.contains(r#""reason":"not_built""#) && printed.contains("bearer_client_on_http"),
        "{printed}"
    );
    assert!(printed.contains(r#""features":[]"#), "{printed}");
}
