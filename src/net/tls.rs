//! TLS of connections that we open: one provider for the process, one configuration that they share, so that sessions are
//! resumed.

use anyhow::Context;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tracing::warn;

/// What connections are encrypted by, one configuration for all that trust the same authorities: their sessions are resumed.
#[derive(Clone, Debug)]
pub struct Tls {
    system: Arc<ClientConfig>,
    own: HashMap<PathBuf, Arc<ClientConfig>>,
}

impl Tls {
    /// For connections that trust the system's authorities, or those in one of these files alone.
    ///
    /// # Errors
    /// When a file can't be read or holds no certificate.
    pub fn new<'a>(files: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<Self> {
        let own = files.into_iter().map(|file| Ok((file.to_path_buf(), Arc::new(client(Some(file))?))));
        Ok(Self { system: Arc::new(client(None)?), own: own.collect::<anyhow::Result<_>>()? })
    }

    /// Trusts the system's.
    #[must_use]
    pub fn system(&self) -> &ClientConfig {
        &self.system
    }

    /// Trusts those in a file, or the system's.
    #[must_use]
    pub fn trusting(&self, file: Option<&Path>) -> Arc<ClientConfig> {
        Arc::clone(file.and_then(|file| self.own.get(file)).unwrap_or(&self.system))
    }
}

/// Trusts the system's authorities, or those in the PEM file `ca` alone.
///
/// # Errors
/// When the file can't be read or holds no certificate.
pub fn client(ca: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("TLS has no versions")?;
    if let Some(file) = ca {
        let mut roots = RootCertStore::empty();
        for certificate in read(file)? {
            let problem = || format!("{} holds a certificate that is no authority's", file.display());
            roots.add(certificate).with_context(problem)?;
        }
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    let builder = match Verifier::new(provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
        Err(error) => {
            warn!(%error, "nobody can be trusted by TLS; install the system's CA certificates (ca-certificates)");
            builder.with_root_certificates(RootCertStore::empty())
        }
    };
    Ok(builder.with_no_client_auth())
}

fn read(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let problem = || format!("the CA certificates in {} can't be read; they must be PEM", file.display());
    let found: Vec<_> =
        CertificateDer::pem_file_iter(file).with_context(problem)?.collect::<Result<_, _>>().with_context(problem)?;
    anyhow::ensure!(!found.is_empty(), "{} holds no certificate", file.display());
    Ok(found)
}
