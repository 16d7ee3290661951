//! Services of other providers, and those who are reached by TLS.

use super::{configuration, talks::talk};
use crate::fakes::{Authority, Provider, Realtime};
use crate::programs::Scratch;

async fn talk_with(provider: Provider, engine: &str) {
    let fake = Realtime::start(provider);
    talk(&fake, &configuration(&fake, engine, "greeting = \"Hello.\"")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_is_talked_to() {
    talk_with(Provider::Azure, "service = \"azure\"\nresource = \"fake\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn azures_preview_is_talked_to() {
    let engine = "service = \"azure-preview\"\nresource = \"fake\"\napi_version = \"2025-04-01-preview\"";
    talk_with(Provider::AzurePreview, engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_the_beta_dialect_is_talked_to() {
    talk_with(Provider::Beta, "service = \"beta\"\naudio = \"pcmu\"").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn qwen_is_talked_to_and_taken_leave_of_by_its_handshake() {
    let fake = Realtime::start(Provider::Qwen);
    talk(&fake, &configuration(&fake, "service = \"qwen\"", "greeting = \"Hello.\"")).await;
    assert_eq!(fake.all("session.finish").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_reached_by_tls_with_an_authority_of_its_own() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let fake = Realtime::start_tls(Provider::OpenAi, &authority);
    let ca = format!("ca = \"{}\"", authority.file(&scratch).display());
    talk(&fake, &configuration(&fake, &ca, "greeting = \"Hello.\"")).await;
}
