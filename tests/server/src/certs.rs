//! Keys and certificates, made anew for every server.

use crate::encoding::hex;
use crate::grants::random;
use crate::shared::Kind;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory with the certificate files; removed when dropped.
pub struct CertFiles(PathBuf);

impl CertFiles {
    /// Path of the authority's certificate (PEM).
    pub fn ca(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Path of the client certificate (PEM).
    pub fn client_cert(&self) -> PathBuf {
        self.0.join("client.pem")
    }

    /// Path of the client certificate's key (PEM, PKCS #8).
    pub fn client_key(&self) -> PathBuf {
        self.0.join("client.key")
    }

    fn create() -> io::Result<Self> {
        let name = random("bearer-testserver-");
        let files = Self(std::env::temp_dir().join(name));
        fs::create_dir(&files.0)?;
        Ok(files)
    }
}

impl Drop for CertFiles {
    fn drop(&mut self) {
        // Nobody is left to tell of a failure, and the directory is a temporary one.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The TLS settings of every listener and the files that go with them.
pub struct Certs {
    /// The files.
    pub files: CertFiles,
    /// SHA-256 of the client certificate, in hexadecimal.
    pub client_sha256: String,
    ca: CertificateDer<'static>,
    authority: Issuer<'static, KeyPair>,
    stranger: Issuer<'static, KeyPair>,
}

impl Certs {
    /// Makes the authorities and the client certificate.
    pub fn create() -> io::Result<Self> {
        let files = CertFiles::create()?;
        let (ca, ca_pem, authority) = authority("bearer-testserver CA")?;
        // By another name: the error has to be "unknown issuer", not "bad signature".
        let (_, _, stranger) = self::authority("bearer-testserver unknown CA")?;
        write(&files.ca(), &ca_pem, false)?;

        let key = KeyPair::generate().map_err(io::Error::other)?;
        let mut params = leaf_params("bearer-testserver client", &[])?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let client = params.signed_by(&key, &authority).map_err(io::Error::other)?;
        write(&files.client_cert(), &client.pem(), false)?;
        write(&files.client_key(), &key.serialize_pem(), true)?;
        let client_sha256 = hex(digest(&SHA256, client.der()).as_ref());
        Ok(Self { files, client_sha256, ca, authority, stranger })
    }

    /// The TLS settings of a listener; `None` for a plain one.
    pub fn tls(&self, kind: Kind) -> io::Result<Option<Arc<ServerConfig>>> {
        let here: &[&str] = &["localhost", "127.0.0.1", "::1"];
        let (names, issuer) = match kind {
            Kind::Http | Kind::Other => return Ok(None),
            Kind::WrongName => (&["elsewhere.example"][..], &self.authority),
            Kind::UnknownCa => (here, &self.stranger),
            Kind::Https | Kind::Expired | Kind::NotYet | Kind::Mtls => (here, &self.authority),
        };
        let mut params = leaf_params("bearer-testserver", names)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        match kind {
            Kind::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Kind::NotYet => {
                params.not_before = date_time_ymd(2099, 1, 1);
                params.not_after = date_time_ymd(2100, 1, 1);
            }
            _ => {}
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let leaf = params.signed_by(&key, issuer).map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = if kind == Kind::Mtls {
            let mut roots = RootCertStore::empty();
            roots.add(self.ca.clone()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(io::Error::other)?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(vec![leaf.der().clone()], key).map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Some(Arc::new(config)))
    }
}

type Authority = (CertificateDer<'static>, String, Issuer<'static, KeyPair>);

fn authority(name: &str) -> io::Result<Authority> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = leaf_params(name, &[])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // It has to outlive the leaf that is valid only in the future.
    params.not_after = date_time_ymd(2101, 1, 1);
    let cert = params.self_signed(&key).map_err(io::Error::other)?;
    Ok((cert.der().clone(), cert.pem(), Issuer::new(params, key)))
}

/// Valid from 2000 to the end of 2098, so that neither the machine's clock nor a test
/// that turns a client's clock by ten years makes it invalid.
fn leaf_params(common_name: &str, names: &[&str]) -> io::Result<CertificateParams> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2098, 12, 31);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn write(path: &Path, text: &str, secret: bool) -> io::Result<()> {
    let mut file = create(path, secret)?;
    file.write_all(text.as_bytes())
}

#[cfg(unix)]
fn create(path: &Path, secret: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = if secret { 0o600 } else { 0o644 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path, _secret: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
