//! The two forms of an ECDSA signature: JOSE's, and the one of X.9.62 that OpenSSL and most hardware give.

use super::der::{Reader, SEQUENCE};

/// How many points P-256 has: r and s are less.
pub(super) const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A P-256 signature as JOSE has it, r and s of 32 bytes each (RFC 7518 section 3.4), from that form or from DER.
///
/// DER may happen to be 64 bytes long, about as seldom as r and s happen to look like DER: once in 2^45 signatures.
pub fn raw_ecdsa(signature: &[u8]) -> Option<[u8; 64]> {
    let raw = from_der(signature).or_else(|| signature.try_into().ok())?;
    let is_in_range = |number: &[u8]| *number < ORDER[..] && number.iter().any(|byte| *byte != 0);
    raw.chunks(32).all(is_in_range).then_some(raw)
}

fn from_der(signature: &[u8]) -> Option<[u8; 64]> {
    let mut numbers = Reader::whole(signature, SEQUENCE)?;
    let mut raw = [0; 64];
    for end in [32, 64] {
        let number = numbers.positive()?;
        let begin = end - 32;
        raw[begin..end].get_mut(32usize.checked_sub(number.len())?..)?.copy_from_slice(number);
    }
    numbers.rest().is_empty().then_some(raw)
}
