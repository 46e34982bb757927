//! The server's own keys, and what it signs with them (RFC 7515).

use crate::encoding::base64url;
use crate::jws::{Jwk, Jws};
use crate::members::Members;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

/// What the server has keys for, the usual one first.
pub const ALGORITHMS: [&str; 4] = ["ES256", "EdDSA", "RS256", "PS256"];
/// Making such a key takes seconds, so that these two take turns.
const RSA: [&[u8]; 2] = [include_bytes!("rsa-1.pem"), include_bytes!("rsa-2.pem")];

/// How something is signed.
#[derive(Clone)]
pub struct Settings {
    alg: String,
    header: Map<String, Value>,
    signature: Signature,
}

/// What becomes of a signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Signature {
    Good,
    Wrong,
    Der,
    Confused,
}

impl Signature {
    const ALL: [(&str, Self); 4] =
        [("good", Self::Good), ("wrong", Self::Wrong), ("der", Self::Der), ("confused", Self::Confused)];
}

impl Default for Settings {
    fn default() -> Self {
        Self { alg: ALGORITHMS[0].to_string(), header: Map::new(), signature: Signature::Good }
    }
}

impl Settings {
    /// Takes the settings that a control request changes.
    pub fn change(&mut self, members: &mut Members) -> Result<(), String> {
        if let Some(alg) = members.text("jwt_alg")? {
            if !ALGORITHMS.contains(&alg.as_str()) && alg != "HS256" && alg != "none" {
                return Err(format!("jwt_alg is not one of {}, HS256, none", ALGORITHMS.join(", ")));
            }
            self.alg = alg;
        }
        if let Some(header) = members.object("jwt_header")? {
            self.header = header;
        }
        if let Some(name) = members.text("jwt_signature")? {
            let found = Signature::ALL.iter().find(|(known, _)| *known == name);
            self.signature = found.ok_or("jwt_signature is not one of good, wrong, der, confused")?.1;
        }
        Ok(())
    }

    /// Shows the settings among all others.
    pub fn show(&self, all: &mut Value) {
        let name = Signature::ALL.iter().find(|(_, signature)| *signature == self.signature);
        all["jwt_alg"] = self.alg.clone().into();
        all["jwt_header"] = self.header.clone().into();
        all["jwt_signature"] = name.map(|(name, _)| *name).into();
    }

    /// The algorithm.
    pub fn alg(&self) -> &str {
        &self.alg
    }
}

/// The keys in use, and those that were.
pub struct Keys {
    now: Set,
    before: Vec<Set>,
}

/// A key for each algorithm.
struct Set {
    number: usize,
    ec: Vec<u8>,
    ed: Ed25519KeyPair,
}

impl Default for Keys {
    fn default() -> Self {
        Self { now: Set::new(1), before: Vec::new() }
    }
}

impl Keys {
    /// `POST /control/keys`: new keys; with `keep` the others are still published.
    pub fn control(&mut self, mut members: Members) -> Result<Value, String> {
        let rolls = members.flag("roll")?.unwrap_or(false);
        let keeps = members.flag("keep")?.unwrap_or(false);
        members.finish()?;
        if rolls {
            let next = Set::new(self.now.number + 1);
            let last = std::mem::replace(&mut self.now, next);
            self.before.push(last);
            if !keeps {
                self.before.clear();
            }
        }
        Ok(self.published())
    }

    /// The JWK Set.
    pub fn published(&self) -> Value {
        let sets = std::iter::once(&self.now).chain(&self.before);
        let keys: Vec<_> = sets.flat_map(|set| ALGORITHMS.map(|alg| set.jwk(alg))).collect();
        json!({ "keys": keys })
    }

    /// Signs claims; HS256 by a client's secret.
    pub fn sign(&self, settings: &Settings, typ: &str, claims: &Value, secret: Option<&str>) -> String {
        let alg = settings.alg.as_str();
        let is_confused = settings.signature == Signature::Confused;
        let mut header = Map::new();
        header.insert("alg".to_string(), if is_confused { "HS256" } else { alg }.into());
        header.insert("typ".to_string(), typ.into());
        if ALGORITHMS.contains(&alg) {
            header.insert("kid".to_string(), self.now.kid(alg).into());
        }
        header.extend(settings.header.clone());
        header.retain(|_, value| !value.is_null());
        self.sign_with(alg, settings.signature, &Value::Object(header), claims, secret)
    }

    /// `POST /control/sign`: whatever a test says, by the key for `alg`.
    pub fn sign_control(&self, mut members: Members) -> Result<Value, String> {
        let mut settings = Settings::default();
        settings.change(&mut members)?;
        let claims = members.object("claims")?.ok_or("claims is missing")?;
        let secret = members.text("secret")?;
        members.finish()?;
        let jwt = self.sign(&settings, "JWT", &Value::Object(claims), secret.as_deref());
        Ok(json!({ "jwt": jwt }))
    }

    fn sign_with(
        &self,
        alg: &str,
        kind: Signature,
        header: &Value,
        claims: &Value,
        secret: Option<&str>,
    ) -> String {
        let part = |value: &Value| base64url(value.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        let hmac = |secret: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        };
        let mut signature = match (kind, alg) {
            // What the key says of itself in public, taken for a secret.
            (Signature::Confused, _) => hmac(self.now.jwk(alg).to_string().as_bytes()),
            (_, "HS256") => hmac(secret.unwrap_or_default().as_bytes()),
            (_, "none") => Vec::new(),
            (kind, _) => self.now.sign(alg, message.as_bytes(), kind == Signature::Der),
        };
        if kind == Signature::Wrong
            && let Some(first) = signature.first_mut()
        {
            *first ^= 1;
        }
        format!("{message}.{}", base64url(&signature))
    }

    /// What a token of this server says, whenever it was signed.
    pub fn claims(&self, compact: &str) -> Option<Map<String, Value>> {
        let jws = Jws::parse(compact)?;
        let published = self.published();
        let keys = published["keys"].as_array().into_iter().flatten();
        let mut keys = keys.filter_map(|jwk| Jwk::parse(jwk).ok());
        keys.any(|key| jws.is_by(&key)).then_some(jws.claims)
    }
}

impl Set {
    fn new(number: usize) -> Self {
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let ed = Ed25519KeyPair::generate_pkcs8(&random).expect("the system has random numbers");
        Self {
            number,
            ec: ec.expect("the system has random numbers").as_ref().to_vec(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).expect("it was just made"),
        }
    }

    fn kid(&self, alg: &str) -> String {
        format!("{alg}-{}", self.number)
    }

    fn ec(&self, scheme: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(scheme, &self.ec, &SystemRandom::new()).expect("it was made here")
    }

    fn rsa(&self) -> RsaKeyPair {
        let der = PrivateKeyDer::from_pem_slice(RSA[self.number % RSA.len()]).expect("a key in PEM");
        RsaKeyPair::from_pkcs8(der.secret_der()).expect("an RSA key")
    }

    fn jwk(&self, alg: &str) -> Value {
        let mut jwk = match alg {
            "ES256" => {
                let key = self.ec(&ECDSA_P256_SHA256_FIXED_SIGNING);
                let point = key.public_key().as_ref();
                let (x, y) = (base64url(&point[1..33]), base64url(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y })
            }
            "EdDSA" => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(self.ed.public_key().as_ref()) })
            }
            _ => {
                let key = self.rsa();
                let ring::rsa::PublicKeyComponents::<Vec<u8>> { n, e } = key.public().into();
                json!({ "kty": "RSA", "n": base64url(&n), "e": base64url(&e) })
            }
        };
        jwk["kid"] = self.kid(alg).into();
        jwk["alg"] = alg.into();
        jwk["use"] = "sig".into();
        jwk
    }

    fn sign(&self, alg: &str, message: &[u8], is_der: bool) -> Vec<u8> {
        const DONE: &str = "the system has random numbers";
        let random = SystemRandom::new();
        match alg {
            "ES256" => {
                let scheme =
                    if is_der { &ECDSA_P256_SHA256_ASN1_SIGNING } else { &ECDSA_P256_SHA256_FIXED_SIGNING };
                self.ec(scheme).sign(&random, message).expect(DONE).as_ref().to_vec()
            }
            "EdDSA" => self.ed.sign(message).as_ref().to_vec(),
            _ => {
                let encoding: &dyn RsaEncoding =
                    if alg == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let key = self.rsa();
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(encoding, &random, message, &mut signature).expect(DONE);
                signature
            }
        }
    }
}
