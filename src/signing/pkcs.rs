//! Private keys as DER: PKCS#8 (RFC 5958), SEC 1 (RFC 5915) and PKCS#1 (RFC 8017).

use ring::signature::RsaKeyPair;

use super::der::{self, Reader};
use super::key::{Pair, ed25519, p256, tried};

/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const BROKEN: &str = "PEM: is not the DER of a private key";

/// `PRIVATE KEY`
pub fn pkcs8(bytes: &[u8]) -> Result<Pair, String> {
    let parts = || {
        let mut info = Reader::whole(bytes, der::SEQUENCE)?;
        let version = info.value(der::INTEGER)?;
        let mut algorithm = info.nested(der::SEQUENCE)?;
        let oid = algorithm.value(der::OID)?;
        let key = info.value(der::OCTET_STRING)?;
        info.optional(der::CONTEXT_0)?;
        let public = match info.optional(der::CONTEXT_1_PRIMITIVE)? {
            Some(public) => Some(Reader::bits(public)?),
            None => None,
        };
        (matches!(version, [0 | 1]) && info.rest().is_empty()).then_some((oid, algorithm, key, public))
    };
    let (oid, mut parameters, key, public) = parts().ok_or(BROKEN)?;
    match oid {
        EC => {
            is_p256(parameters.value(der::OID).ok_or(BROKEN)?)?;
            ec(key)
        }
        RSA => rsa(key),
        ED25519 => {
            let seed = Reader::whole(key, der::OCTET_STRING).ok_or(BROKEN)?;
            ed25519(seed.rest(), public, "PEM")
        }
        _ => Err("PEM: the key is neither EC nor RSA nor Ed25519".into()),
    }
}

/// `EC PRIVATE KEY`
pub fn ec(bytes: &[u8]) -> Result<Pair, String> {
    let parts = || {
        let mut key = Reader::whole(bytes, der::SEQUENCE)?;
        let version = key.value(der::INTEGER)?;
        let d = key.value(der::OCTET_STRING)?;
        let curve = match key.optional(der::CONTEXT_0)? {
            Some(curve) => Some(Reader::whole(curve, der::OID)?.rest()),
            None => None,
        };
        let point = match key.optional(der::CONTEXT_1)? {
            Some(public) => Some(Reader::bits(Reader::whole(public, der::BIT_STRING)?.rest())?),
            None => None,
        };
        (version == [1] && key.rest().is_empty()).then_some((d, curve, point))
    };
    let (d, curve, point) = parts().ok_or(BROKEN)?;
    curve.map_or(Ok(()), is_p256)?;
    let point = point.ok_or("PEM: the public key is missing beside the private one; openssl ec adds it")?;
    p256(d, point, "PEM: the private key", "PEM: the public key")
}

/// The private number of a P-256 key in PKCS#8.
pub fn number_of_ec(bytes: &[u8]) -> Option<&[u8]> {
    let mut info = Reader::whole(bytes, der::SEQUENCE)?;
    info.value(der::INTEGER)?;
    info.value(der::SEQUENCE)?;
    let mut key = Reader::whole(info.value(der::OCTET_STRING)?, der::SEQUENCE)?;
    key.value(der::INTEGER)?;
    key.value(der::OCTET_STRING)
}

/// `RSA PRIVATE KEY`
pub fn rsa(bytes: &[u8]) -> Result<Pair, String> {
    Reader::whole(bytes, der::SEQUENCE).ok_or(BROKEN)?;
    tried(RsaKeyPair::from_der(bytes), "PEM: ")
}

/// Modulus and exponent of an `RSAPublicKey`.
pub fn rsa_public(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut key = Reader::whole(bytes, der::SEQUENCE)?;
    Some((key.positive()?, key.positive()?))
}

fn is_p256(curve: &[u8]) -> Result<(), String> {
    if curve == P256 { Ok(()) } else { Err("PEM: the key is of another curve than P-256".into()) }
}
