//! Asking the running server over its HTTP interface.

use crate::net::tls;
use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use std::time::Duration;
use talkpath_config::Config;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The server at `url`, or where the configuration says that it answers.
pub(super) async fn get<T: DeserializeOwned>(url: Option<&str>, config: &Config, path: &str) -> anyhow::Result<T> {
    let base = match (url, config.http.listen) {
        (Some(url), _) => url.trim_end_matches('/').to_owned(),
        (None, Some(address)) => format!("http://{address}"),
        (None, None) => bail!("http.listen is off in the configuration; name the server with --url"),
    };
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls::client(None)?).timeout(PATIENCE).no_proxy();
    let mut request = client.build().context("no HTTP client")?.get(format!("{base}{path}"));
    if let Some(key) = &config.http.key {
        request = request.bearer_auth(key);
    }
    let response = request.send().await.with_context(|| {
        format!("no talkpath answers at {base}; start it (`talkpath serve`), or name another place with --url")
    })?;
    let status = response.status();
    let body = response.text().await.with_context(|| format!("the answer of {base} broke off"))?;
    if !status.is_success() {
        let problem: Option<serde_json::Value> = serde_json::from_str(&body).ok();
        let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
        bail!("{base} refuses: {status}{}", detail.map(|detail| format!(": {detail}")).unwrap_or_default());
    }
    serde_json::from_str(&body).with_context(|| format!("what answers at {base} is no talkpath of this version"))
}
