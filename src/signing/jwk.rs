//! A private key as a JWK (RFC 7517, 7518 section 6, 8037 section 2).

use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::RsaKeyPair;

use super::Algorithm;
use super::key::{Key, ed25519, p256, tried};
use crate::base64;
use crate::json::{Object, Raw};
use crate::secret::{SecretBytes, Wiped};

/// Reads it from its JSON text.
pub fn read(text: &str) -> Result<Key, String> {
    let jwk = Object::parse(text).map_err(|malformed| malformed.0)?;
    let member = |name| numbers(&jwk, name);
    let curve = |wanted| match text_of(&jwk, "crv")? {
        Some(curve) if curve.as_str() == wanted => Ok(()),
        _ => Err(format!("crv: must be \"{wanted}\"")),
    };
    let of_32 = |name| match member(name)? {
        number if number.expose().len() == 32 => Ok(number),
        _ => Err(format!("{name}: must be 32 bytes")),
    };
    let kty = text_of(&jwk, "kty")?.ok_or("kty: is missing")?;
    let pair = match kty.as_str() {
        "EC" => {
            curve("P-256")?;
            let (d, x, y) = (of_32("d")?, of_32("x")?, of_32("y")?);
            let point = [&[4], x.expose(), y.expose()].concat();
            p256(d.expose(), &point, "d", "x, y")
        }
        "OKP" => {
            curve("Ed25519")?;
            ed25519(of_32("d")?.expose(), Some(of_32("x")?.expose()), "x")
        }
        "RSA" => {
            if jwk.get("oth").is_some() {
                return Err("oth: keys of more than two primes are not known".into());
            }
            let [n, e, d, p, q, dp, dq, qi] = ["n", "e", "d", "p", "q", "dp", "dq", "qi"].map(member);
            let (n, e, d, p, q, dp, dq, qi) = (n?, e?, d?, p?, q?, dp?, dq?, qi?);
            let pair = RsaKeyPair::from_components(&KeyPairComponents {
                public_key: PublicKeyComponents { n: n.expose(), e: e.expose() },
                d: d.expose(),
                p: p.expose(),
                q: q.expose(),
                dP: dp.expose(),
                dQ: dq.expose(),
                qInv: qi.expose(),
            });
            tried(pair, "")
        }
        "oct" => Err("kty: \"oct\" is a shared secret, no private key".into()),
        _ => Err("kty: must be \"EC\", \"RSA\" or \"OKP\"".into()),
    }?;
    if text_of(&jwk, "use")?.is_some_and(|use_| use_.as_str() != "sig") {
        return Err("use: must be \"sig\"".into());
    }
    let mut algorithms = pair.algorithms();
    if let Some(name) = text_of(&jwk, "alg")? {
        let fits = |algorithm| algorithms.iter().position(|own| *own == algorithm);
        let index = Algorithm::parse(&name).and_then(fits).ok_or("alg: is not one of this key's")?;
        algorithms = &algorithms[index..=index];
    }
    let kid = text_of(&jwk, "kid")?.map(|kid| kid.to_string());
    Ok(Key { pair, algorithms, kid })
}

/// The text of a member; `None` where it is absent.
fn text_of(jwk: &Object, name: &str) -> Result<Option<Wiped>, String> {
    let text = |raw: &Raw| raw.as_str().ok_or_else(|| format!("{name}: must be a string"));
    jwk.get(name).map(text).transpose()
}

/// The bytes of a member that must be there.
fn numbers(jwk: &Object, name: &str) -> Result<SecretBytes, String> {
    let text = text_of(jwk, name)?.ok_or_else(|| format!("{name}: is missing"))?;
    match base64::decode_url(&text) {
        Some(bytes) if !bytes.expose().is_empty() => Ok(bytes),
        _ => Err(format!("{name}: must be base64url without padding (RFC 7515 section 2)")),
    }
}
