//! TLS of connections that we open: one provider for the process, one configuration that they share, so that sessions are
//! resumed.

use anyhow::Context;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::path::Path;
use std::sync::Arc;
use tracing::warn;

/// Trusts the system's authorities, and those in the PEM file `ca`.
///
/// # Errors
/// When the file can't be read or holds no certificate.
pub fn client(ca: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let own = ca.map(read).transpose()?.unwrap_or_default();
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .context("TLS has no versions")?;
    let builder = match Verifier::new_with_extra_roots(own, provider) {
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
