//! The TLS listeners.

mod common;

use bearer_testserver::Server;
use common::*;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

type Tls = StreamOwned<ClientConnection, TcpStream>;

fn ready(server: &Server) -> Value {
    serde_json::from_str(&server.ready_json()).expect("JSON")
}

fn config(server: &Server, with_certificate: bool) -> ClientConfig {
    let ready = ready(server);
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(text(&ready, "ca_file")).expect("a certificate");
    roots.add(ca).expect("an authority");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots);
    if !with_certificate {
        return builder.with_no_client_auth();
    }
    let file = text(&ready, "client_cert_file");
    let certificate = CertificateDer::from_pem_file(file).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(text(&ready, "client_key_file")).expect("a key");
    builder.with_client_auth_cert(vec![certificate], key).expect("a pair")
}

fn tls(config: ClientConfig, url: &str, name: &str) -> Tls {
    let name = ServerName::try_from(name.to_string()).expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
    StreamOwned::new(connection, connect(url))
}

fn open(server: &Server, url: &str) -> Tls {
    tls(config(server, false), url, "localhost")
}

fn ask(stream: &mut Tls, request: &str) -> io::Result<Answer> {
    stream.write_all(request.as_bytes())?;
    try_read_answer(stream)
}

/// The TLS error that a client gets at one of the listeners.
fn refusal(server: &Server, member: &str) -> rustls::Error {
    let ready = ready(server);
    let mut stream = open(server, text(&ready, member));
    let error = ask(&mut stream, &request("GET", "/", "", "")).err().expect("no answer");
    let inner = error.into_inner().and_then(|inner| inner.downcast::<rustls::Error>().ok());
    *inner.expect("an error of TLS")
}

#[test]
fn the_same_state_is_behind_tls() {
    let server = start();
    let auth = bearer(&issue(&server));
    for name in ["localhost", "127.0.0.1", "::1"] {
        let mut stream = tls(config(&server, false), server.https_url(), name);
        for _ in 0..2 {
            let answer = ask(&mut stream, &get_request("/api/x", &auth)).expect("an answer");
            assert_eq!(answer.json()["path"], "/api/x");
        }
        let answer = ask(&mut stream, &get_request("/api/bytes/500000", &auth));
        assert_eq!(answer.expect("an answer").body.len(), 500_000);
    }
    let mut stream = open(&server, server.https_url());
    let metadata = get_request("/.well-known/oauth-authorization-server", "x");
    let metadata = ask(&mut stream, &metadata).expect("an answer").json();
    assert_eq!(metadata["issuer"], server.https_url());
    assert_eq!(metadata["token_endpoint"], format!("{}/auth/token", server.https_url()));
    let answer = ask(&mut stream, &request("POST", "/control/reset", "", ""));
    assert_eq!(answer.expect("an answer").status, 404);
    let log = control(&server, "GET", "/log", "");
    assert!(log.as_array().is_some_and(|log| log.iter().all(|entry| entry["listener"] == "https")));
    let state = control(&server, "GET", "/state", "");
    assert_eq!(state["connections"]["https"], 4);
    assert_eq!(state["api_requests"], 9);
}

#[test]
fn each_bad_certificate_has_its_own_error() {
    let server = start();
    let wrong = |error: rustls::Error| match error {
        rustls::Error::InvalidCertificate(error) => error,
        other => panic!("{other}"),
    };
    let error = wrong(refusal(&server, "wrong_name_url"));
    assert!(matches!(error, CertificateError::NotValidForNameContext { .. }), "{error:?}");
    let error = wrong(refusal(&server, "expired_url"));
    assert!(matches!(error, CertificateError::ExpiredContext { .. }), "{error:?}");
    let error = wrong(refusal(&server, "not_yet_url"));
    assert!(matches!(error, CertificateError::NotValidYetContext { .. }), "{error:?}");
    assert_eq!(wrong(refusal(&server, "unknown_ca_url")), CertificateError::UnknownIssuer);
    assert_eq!(control(&server, "GET", "/log", ""), json!([]));
    // By the name that it has, the wrong-name listener is a good one.
    let ready = ready(&server);
    let url = text(&ready, "wrong_name_url");
    let mut stream = tls(config(&server, false), url, "elsewhere.example");
    let answer = ask(&mut stream, &get_request("/fixed/x", "secret")).expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(control(&server, "GET", "/log", "")[0]["listener"], "wrong_name");
}

#[test]
fn mtls_wants_the_client_certificate() {
    let server = start();
    let ready = ready(&server);
    let url = text(&ready, "mtls_url");
    let error = refusal(&server, "mtls_url");
    let expected = rustls::AlertDescription::CertificateRequired;
    assert_eq!(error, rustls::Error::AlertReceived(expected));
    let mut stream = tls(config(&server, true), url, "localhost");
    let answer = ask(&mut stream, &get_request("/fixed/x", "secret")).expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(control(&server, "GET", "/log", "")[0]["listener"], "mtls");
    assert_eq!(control(&server, "GET", "/state", "")["connections"]["mtls"], 2);
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let server = start();
    let ready = ready(&server);
    for (id, member, hash) in [
        ("mine", "tls_client_auth", None),
        ("self", "self_signed_tls_client_auth", Some(text(&ready, "client_cert_sha256").to_uppercase())),
        ("other", "tls_client_auth", Some("00".repeat(32))),
    ] {
        let mut client = json!({ "client_id": id, "method": member });
        if let Some(hash) = hash {
            client["certificate_sha256"] = hash.into();
        }
        control(&server, "POST", "/client", &client.to_string());
    }
    let post = |id: &str| form("/auth/token", "", &format!("grant_type=client_credentials&client_id={id}"));
    let with_certificate = |id: &str| {
        let mut stream = tls(config(&server, true), text(&ready, "mtls_url"), "localhost");
        ask(&mut stream, &post(id)).expect("an answer").status
    };
    assert_eq!(with_certificate("mine"), 200);
    assert_eq!(with_certificate("self"), 200);
    assert_eq!(with_certificate("other"), 401);
    assert_eq!(once(server.url(), &post("mine")).status, 401);
    assert_eq!(ask(&mut open(&server, server.https_url()), &post("mine")).expect("an answer").status, 401);
    assert_eq!(count(&server, "client_refused_certificate"), 3);
    assert_eq!(count(&server, "client_accepted_tls_client_auth"), 1);
    assert_eq!(count(&server, "client_accepted_self_signed_tls_client_auth"), 1);
    let secret = format!("grant_type=client_credentials&{POST_CLIENT}");
    assert_eq!(token(&server, &secret.replace("test-client", "mine")).status, 401);
    assert_eq!(count(&server, "client_refused_method"), 1);

    let aliases = ask(
        &mut open(&server, server.https_url()),
        &request("GET", "/.well-known/oauth-authorization-server", "", ""),
    );
    let aliases = aliases.expect("an answer").json()["mtls_endpoint_aliases"].take();
    assert_eq!(aliases["token_endpoint"], format!("{}/auth/token", text(&ready, "mtls_url")));
}

#[test]
fn a_truncated_answer_ends_with_or_without_close_notify() {
    let server = start();
    for (fault, abrupt) in [
        (r#"{"path":"/","truncate_at":20}"#, false),
        (r#"{"path":"/","truncate_at":20,"no_close_notify":true}"#, true),
        (r#"{"path":"/","close_before_answer":true}"#, false),
        (r#"{"path":"/","close_before_answer":true,"no_close_notify":true}"#, true),
    ] {
        control(&server, "POST", "/fault", fault);
        let mut stream = open(&server, server.https_url());
        stream.write_all(get_request("/fixed/x", "secret").as_bytes()).expect("written");
        let mut received = Vec::new();
        let end = stream.read_to_end(&mut received);
        let expected: &[u8] = if fault.contains("20") { b"HTTP/1.1 200 OK\r\nCon" } else { b"" };
        assert_eq!(received, expected, "{fault}");
        match end {
            Ok(_) => assert!(!abrupt, "{fault}: close_notify came"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{fault}");
                assert!(abrupt, "{fault}: no close_notify");
            }
        }
    }
}

#[test]
fn a_reset_reaches_a_tls_client_as_such() {
    let server = start();
    control(&server, "POST", "/fault", r#"{"path":"/","reset_at":5}"#);
    let mut stream = open(&server, server.https_url());
    stream.write_all(get_request("/fixed/x", "secret").as_bytes()).expect("written");
    let error = stream.read_to_end(&mut Vec::new()).expect_err("RST");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}
