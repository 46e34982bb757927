//! TLS by rustls, with everything it decides stated here: provider, versions, roots, client certificate.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore};

use super::connection::Connection;
use crate::call::Call;
use crate::config::Http;
use crate::error::{Error, Reason, Result};
use crate::url::Url;

mod provider;
mod roots;

/// How this client speaks TLS. Roots of the system are read when the first https connection is made.
pub(super) struct Tls {
    roots: Roots,
    client: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    config: OnceLock<Arc<ClientConfig>>,
}

enum Roots {
    System,
    #[cfg(feature = "mozilla-roots")]
    Mozilla,
    File(Arc<RootCertStore>),
}

impl Tls {
    /// Reads the files that the configuration names; garbage and pairs that do not match are refused now.
    pub(super) fn new(http: &Http) -> Result<Tls> {
        let roots = match &http.ca_file {
            Some(path) => Roots::File(Arc::new(read_authorities(path)?)),
            #[cfg(feature = "mozilla-roots")]
            None if http.mozilla_roots => Roots::Mozilla,
            #[cfg(not(feature = "mozilla-roots"))]
            None if http.mozilla_roots => {
                return Err(Error::new(
                    Reason::NotBuilt,
                    "http.roots: this build does not have Mozilla's (feature mozilla-roots)",
                ));
            }
            None => Roots::System,
        };
        let client = match &http.client_cert_files {
            Some((certificate, key)) => Some(read_pair(certificate, key)?),
            None => None,
        };
        let tls = Tls { roots, client, config: OnceLock::new() };
        if tls.client.is_some() {
            // Only building a configuration compares a certificate with its key.
            tls.build(RootCertStore::empty())?;
        }
        Ok(tls)
    }

    /// Does the handshake.
    pub(super) fn wrap(&self, connection: Connection, url: &Url, call: &Call) -> Result<Connection> {
        let name = ServerName::try_from(url.bare_host().to_owned())
            .map_err(|_| Error::new(Reason::Url, "the host is no name that a certificate can have"))?;
        let mut tls = ClientConnection::new(self.config()?, name).map_err(|error| describe(&error))?;
        let mut blocking = connection.blocking(call);
        while tls.is_handshaking() {
            if let Err(error) = tls.complete_io(&mut blocking) {
                return Err(handshake_failure(error, call));
            }
        }
        Ok(connection.with_tls(tls))
    }

    fn config(&self) -> Result<Arc<ClientConfig>> {
        if let Some(config) = self.config.get() {
            return Ok(config.clone());
        }
        let roots = match &self.roots {
            Roots::File(roots) => RootCertStore::clone(roots),
            #[cfg(feature = "mozilla-roots")]
            Roots::Mozilla => roots::mozilla(),
            Roots::System => roots::system()?,
        };
        let config = Arc::new(self.build(roots)?);
        Ok(self.config.get_or_init(|| config).clone())
    }

    fn build(&self, roots: RootCertStore) -> Result<ClientConfig> {
        // Passed explicitly: the process-wide default belongs to the host program.
        let builder = ClientConfig::builder_with_provider(Arc::new(provider::provider()))
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|_| Error::new(Reason::Unexpected, "TLS 1.2 and 1.3 are missing"))?
            .with_root_certificates(roots);
        match &self.client {
            None => Ok(builder.with_no_client_auth()),
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(|_| {
                Error::new(Reason::File, "http.client_key_file: is not the key of http.client_cert_file, or of a kind that TLS does not use")
            }),
        }
    }
}

fn read_authorities(path: &str) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates("http.ca_file", path)? {
        roots
            .add(certificate)
            .map_err(|_| Error::new(Reason::File, "http.ca_file: has a certificate that cannot be read"))?;
    }
    Ok(roots)
}

fn read_pair(certificate: &str, key: &str) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain = read_certificates("http.client_cert_file", certificate)?;
    let pem = zeroize::Zeroizing::new(read_file("http.client_key_file", key)?);
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| Error::new(Reason::File, "http.client_key_file: has no private key in PEM"))?;
    Ok((chain, key))
}

fn read_certificates(member: &str, path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read_file(member, path)?;
    let certificates: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(Error::new(Reason::File, format!("{member}: has no certificate in PEM"))),
        Err(_) => Err(Error::new(Reason::File, format!("{member}: is not PEM throughout"))),
    }
}

fn read_file(member: &str, path: &str) -> Result<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Error::new(Reason::File, format!("{member}: cannot be read: {}", error.kind())))
}

fn handshake_failure(error: std::io::Error, call: &Call) -> Error {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return describe(inner);
    }
    // The call may be over, which the socket has noticed; else the wire broke.
    call.check()
        .err()
        .unwrap_or_else(|| Error::new(Reason::Connect, "the connection broke during the TLS handshake"))
}

/// What rustls refused, in our own terms.
pub(super) fn describe(error: &rustls::Error) -> Error {
    use CertificateError as Bad;
    let (reason, message) = match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => {
                (Reason::CertificateExpired, "the server's certificate has expired")
            }
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                (Reason::NotYet, "the server's certificate is not valid yet: is this machine's clock right?")
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                (Reason::WrongName, "the server's certificate is for another name")
            }
            Bad::UnknownIssuer => {
                (Reason::UnknownIssuer, "the server's certificate was issued by nobody that is trusted here")
            }
            _ => (Reason::Certificate, "the server's certificate is not acceptable"),
        },
        rustls::Error::AlertReceived(_) => {
            (Reason::Handshake, "the server ended the TLS connection with an alert")
        }
        rustls::Error::PeerIncompatible(_) => {
            (Reason::Handshake, "the server speaks no version or cipher of TLS that is safe")
        }
        _ => (Reason::Handshake, "TLS failed"),
    };
    Error::new(reason, message)
}
