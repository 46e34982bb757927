//! The certificate authorities that this system trusts.
//!
//! On Linux and the BSDs this reads the bundle that distributions keep for OpenSSL. The usual crate for it is not
//! used there: it looks into the environment (`SSL_CERT_FILE`), which this library does not unless it is asked to.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{Error, Reason, Result};

/// Where distributions keep their bundle, most common first.
#[cfg(not(any(windows, target_vendor = "apple")))]
const BUNDLES: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// All of them; certificates in the bundle that cannot be read are passed over, for the system's owner put them there.
#[cfg(not(any(windows, target_vendor = "apple")))]
pub(super) fn system() -> Result<RootCertStore> {
    let read = |path: &&str| match std::fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        outcome => Some(outcome),
    };
    let Some(pem) = BUNDLES.iter().find_map(read) else { return Err(none()) };
    // It is there, so this is no verdict on the server: out of descriptors, for example.
    let pem = pem.map_err(|error| {
        Error::new(
            Reason::Connect,
            format!("the system's certificate authorities cannot be read: {}", error.kind()),
        )
    })?;
    from_pem(&pem)
}

/// Windows and macOS keep them behind interfaces of their own, which this version does not ask.
#[cfg(any(windows, target_vendor = "apple"))]
pub(super) fn system() -> Result<RootCertStore> {
    Err(Error::new(
        Reason::NotBuilt,
        "http.roots: \"system\" is not built for this system yet; use \"mozilla\" or http.ca_file",
    ))
}

/// Mozilla's, as build.rs packed them.
#[cfg(feature = "mozilla-roots")]
pub(super) fn mozilla() -> RootCertStore {
    use rustls::pki_types::{Der, TrustAnchor};
    let mut packed: &'static [u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mozilla-roots"));
    let mut part = || {
        let (len, rest) = packed.split_first_chunk::<2>()?;
        let (part, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        packed = rest;
        Some(part)
    };
    let mut roots = Vec::new();
    while let (Some(subject), Some(key), Some(constraints)) = (part(), part(), part()) {
        roots.push(TrustAnchor {
            subject: Der::from_slice(subject),
            subject_public_key_info: Der::from_slice(key),
            name_constraints: (!constraints.is_empty()).then(|| Der::from_slice(constraints)),
        });
    }
    RootCertStore { roots }
}

fn from_pem(pem: &[u8]) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).filter_map(std::result::Result::ok));
    if roots.is_empty() { Err(none()) } else { Ok(roots) }
}

fn none() -> Error {
    Error::new(
        Reason::UnknownIssuer,
        "this system has no bundle of certificate authorities; use http.roots \"mozilla\" or http.ca_file",
    )
}

#[cfg(all(test, feature = "mozilla-roots"))]
mod tests {
    use super::*;

    #[test]
    fn mozillas_authorities_are_all_there() {
        let roots = mozilla().roots;
        assert!(roots.len() > 100, "{}", roots.len());
        // DER: a key is a SEQUENCE's content of algorithm and bit string, a subject one of names.
        assert!(
            roots
                .iter()
                .all(|root| root.subject.first() == Some(&0x31) && root.subject_public_key_info.len() > 80)
        );
    }
}
