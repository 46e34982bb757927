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
    let Some(pem) = BUNDLES.iter().find_map(|path| std::fs::read(path).ok()) else {
        return Err(none());
    };
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
