//! Who is let in, and how: admissions, the upgrade as it was asked for, TLS.

use crate::programs::Scratch;
use crate::support::HOME;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request};
use tokio_tungstenite::tungstenite::http::Response;

/// How a connection is received.
#[derive(Clone, Debug)]
pub(crate) enum Admission {
    /// As one who comes with the right things in hand.
    Welcome,
    /// The upgrade is answered by this status, with this body.
    Status(u16, String),
    /// The upgrade is answered after so long.
    After(Duration),
    /// It isn't answered before [`Fake::release`](super::Fake::release).
    Held,
    /// The connection is ended without a word.
    Vanish,
    /// TCP is reset.
    Reset,
}

impl Admission {
    /// A refusal in a provider's words.
    pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Self {
        let error =
            serde_json::json!({ "error": { "type": "invalid_request_error", "code": code, "message": message } });
        Self::Status(status, error.to_string())
    }
}

/// An upgrade as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Upgrade {
    pub(crate) at: Instant,
    pub(crate) path: String,
    /// As it came, percent-encoded.
    pub(crate) query: Vec<(String, String)>,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// What it was answered by: 101 is the opened socket.
    pub(crate) status: u16,
}

impl Upgrade {
    pub(super) fn of(request: &Request) -> Self {
        let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), value.to_owned())
        };
        let headers = request.headers().iter();
        Self {
            at: Instant::now(),
            path: request.uri().path().to_owned(),
            query: pairs.map(pair).collect(),
            headers: headers
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect(),
            status: 101,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Why a machine doesn't let somebody in.
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Refusal {
    pub(super) fn response(self) -> ErrorResponse {
        let response = Response::builder().status(self.status).header("Connection", "close");
        let response = response.header("Content-Type", "application/json").header("Content-Length", self.body.len());
        response.body(Some(self.body)).unwrap()
    }
}

/// An authority that nobody trusts but those who are given its file.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate, in a file of its own.
    pub(crate) fn file(&self, scratch: &Scratch) -> PathBuf {
        scratch.file("ca.pem", &self.0.pem())
    }

    /// TLS of a server on loopback, with a certificate for these names besides its address.
    pub(crate) fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        let names = names.iter().map(|name| (*name).to_owned()).chain([HOME.to_string()]);
        let mut params = CertificateParams::new(names.collect::<Vec<_>>()).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key.into());
        Arc::new(config.unwrap())
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.server(&["localhost"]))
    }
}
