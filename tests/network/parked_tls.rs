//! The same by TLS: at every byte in a record of its own, and at every byte of the records.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bearer::base64;
use bearer::error::Reason;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};

use crate::asking::scratch;
use crate::parked::{at_every_byte, once_more};
use crate::parked_stage::{
    AFTER_INTERIM, FRAMINGS, Line, Stage, access_token, answered, cancelled, error_of, held, left, make,
    refresh,
};

/// A server's certificate for 127.0.0.1 that vouches for itself, and its key.
fn certified() -> (Vec<u8>, Vec<u8>) {
    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut length = (content.len() as u32).to_be_bytes().to_vec();
        let zeros = length.iter().take_while(|&&byte| byte == 0).count().min(3);
        length.drain(..zeros);
        if content.len() > 127 {
            length.insert(0, 0x80 + length.len() as u8);
        }
        [&[tag], &length[..], &content].concat()
    }
    let sequence = |parts: &[&[u8]]| der(0x30, parts);
    let object = |bytes: &[u8]| der(0x06, &[bytes]);
    let bits = |bytes: &[u8]| der(0x03, &[&[0], bytes]);

    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();

    let ecdsa_with_sha256 = sequence(&[&object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
    let ec_public_key = object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]);
    let prime256v1 = object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    let public_key =
        sequence(&[&sequence(&[&ec_public_key, &prime256v1]), &bits(pair.public_key().as_ref())]);
    let common_name = sequence(&[&object(&[0x55, 4, 3]), &der(0x0c, &[b"parked"])]);
    let name = sequence(&[&der(0x31, &[&common_name])]);
    let validity = sequence(&[&der(0x17, &[b"000101000000Z"]), &der(0x18, &[b"20981231235959Z"])]);
    let address = sequence(&[&der(0x87, &[&[127, 0, 0, 1]])]);
    let alternative = sequence(&[&object(&[0x55, 0x1d, 0x11]), &der(0x04, &[&address])]);
    let certificate = sequence(&[
        &der(0xa0, &[&[2, 1, 2]]), // version 3
        &[2, 1, 1],                // serial number 1
        &ecdsa_with_sha256,
        &name,
        &validity,
        &name,
        &public_key,
        &der(0xa3, &[&sequence(&[&alternative])]),
    ]);
    let signature = pair.sign(&random, &certificate).unwrap();
    let signed = sequence(&[&certificate, &ecdsa_with_sha256, &bits(signature.as_ref())]);
    (signed, pkcs8.as_ref().to_vec())
}

/// A token endpoint by TLS, and its clients.
pub struct Secured {
    pub stage: Stage,
    file: PathBuf,
}

impl Secured {
    pub fn new(version: &'static SupportedProtocolVersion) -> Secured {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let (certificate, key) = certified();
        let file = scratch(&format!("parked-{}.pem", MADE.fetch_add(1, Ordering::Relaxed)));
        let text = base64::encode(&certificate);
        std::fs::write(&file, format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", *text))
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key));
        let chain = vec![CertificateDer::from(certificate)];
        let config = builder.unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap();
        Secured { stage: Stage::new(Some(Arc::new(config))), file }
    }

    /// The member `http` of clients that trust it.
    pub fn trust(&self, more: &str) -> String {
        format!(r#","http":{{"ca_file":"{}"{more}}}"#, self.file.display())
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        std::fs::remove_file(&self.file).unwrap();
    }
}

/// Makes the tunnel that was asked for, to itself.
fn accept_tunnel(stage: &Stage) -> Line {
    let mut line = stage.accept_plain();
    assert!(line.request().starts_with(b"CONNECT 127.0.0.1:"));
    line.say(b"HTTP/1.1 200 Connection established\r\n\r\n");
    stage.secure(&mut line);
    line
}

#[test]
fn left_at_every_byte_by_tls() {
    for framing in &FRAMINGS {
        let secured = Secured::new(&TLS13);
        at_every_byte(&secured.stage, framing, &secured.trust(""), Stage::accept);
    }
}

#[test]
fn left_at_every_byte_through_a_tunnel() {
    for framing in &AFTER_INTERIM {
        let secured = Secured::new(&TLS13);
        let proxy = format!(r#","proxy":"http://u:p-SECRET@{}""#, secured.stage.address());
        at_every_byte(&secured.stage, framing, &secured.trust(&proxy), accept_tunnel);
    }
}

/// The answer in two records, left at every byte of them: in a record's middle nothing is there yet, and nothing may be
/// lost.
#[test]
fn left_at_every_byte_of_records() {
    for (version, framing) in [&TLS12, &TLS13].into_iter().flat_map(|v| FRAMINGS.iter().map(move |f| (v, f)))
    {
        let secured = Secured::new(version);
        let stage = &secured.stage;
        let answer = framing.answer(2);
        let (mut k, mut length) = (0, 1);
        while k < length {
            let client = stage.client(&secured.trust(""));
            let (mut line, records) = left(&client, |caller| {
                let mut line = stage.accept();
                line.request();
                let (first, second) = answer.split_at(answer.len() / 2);
                let records = [line.records(first), line.records(second)].concat();
                line.say_raw(&records[..k]);
                caller.until_it_waits();
                (line, records)
            });
            assert!(held(&client).starts_with("rt-SECRET"));
            line.say_raw(&records[k..]);
            framing.finish(&mut line, b"");
            assert_eq!(make(&client, access_token).unwrap(), "at-2", "{version:?}, {}, {k}", framing.name);
            once_more(stage, framing, client, line, Stage::accept);
            (k, length) = (k + 1, records.len());
        }
    }
}

/// Before a byte of the request was written there is nothing to go on with.
#[test]
fn left_before_the_request() {
    let secured = Secured::new(&TLS13);
    let stage = &secured.stage;
    let proxy = format!(r#","proxy":"http://{}""#, stage.address());
    for (more, accept) in [("", Stage::accept as fn(&Stage) -> Line), (proxy.as_str(), accept_tunnel)] {
        let client = stage.client(&secured.trust(more));
        let (outcome, line) = cancelled(&client, refresh, |caller| {
            let line = stage.accept_plain();
            caller.until_it_waits();
            line
        });
        assert_eq!(error_of(outcome).reason, Reason::Cancelled);
        assert_eq!(client.stats.renewals_parked.get(), 0);
        // What was left has closed; it has said no more than how it would begin.
        line.until_closed();
        let (token, line) = answered(&client, access_token, || {
            let mut line = accept(stage);
            line.request();
            line.say(&FRAMINGS[0].answer(2));
            line
        });
        assert_eq!((token.as_str(), client.stats.connections.get()), ("at-2", 2));
        once_more(stage, &FRAMINGS[0], client, line, accept);
    }
}
