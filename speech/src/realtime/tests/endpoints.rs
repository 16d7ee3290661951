//! Where sessions are opened, and settings that don't fit.

use serde_json::json;

use super::*;
use crate::error::Error;
use crate::tools::{Builtin, ToolSpec};

fn header<'e>(endpoint: &'e Endpoint, name: &str) -> Option<&'e str> {
    endpoint.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn every_service_has_its_url_and_its_key_where_it_wants_it() {
    let resource = "desk".to_owned();
    let preview =
        |auth| Service::AzurePreview { resource: resource.clone(), api_version: "2025-04-01-preview".to_owned(), auth };
    let azure = |auth| Service::Azure { resource: resource.clone(), auth };
    for (service, url, name, value) in [
        (Service::OpenAi, "wss://api.openai.com/v1/realtime?model=gpt%20realtime%2F2", "Authorization", "Bearer sk-1"),
        (
            azure(AzureAuth::ApiKey),
            "wss://desk.openai.azure.com/openai/v1/realtime?model=gpt%20realtime%2F2",
            "api-key",
            "sk-1",
        ),
        (
            azure(AzureAuth::Entra),
            "wss://desk.openai.azure.com/openai/v1/realtime?model=gpt%20realtime%2F2",
            "Authorization",
            "Bearer sk-1",
        ),
        (
            preview(AzureAuth::ApiKey),
            "wss://desk.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=gpt%20realtime%2F2",
            "api-key",
            "sk-1",
        ),
        (
            Service::Qwen,
            "wss://dashscope.aliyuncs.com/api-ws/v1/realtime?model=gpt%20realtime%2F2",
            "Authorization",
            "Bearer sk-1",
        ),
    ] {
        let endpoint = endpoint(&settings(service));
        assert_eq!((endpoint.url.as_str(), header(&endpoint, name)), (url, Some(value)));
        assert_eq!((endpoint.headers.len(), header(&endpoint, "OpenAI-Beta")), (1, None));
    }
}

#[test]
fn a_url_of_the_operators_and_further_headers_are_taken() {
    let mut settings = settings(Service::Beta);
    settings.url = Some("ws://10.0.0.1:8000/realtime?tenant=a".to_owned());
    settings.headers.push(("X-Tenant".to_owned(), Secret("a".to_owned())));
    let endpoint = endpoint(&settings);
    assert_eq!(endpoint.url, "ws://10.0.0.1:8000/realtime?tenant=a&model=gpt%20realtime%2F2");
    assert_eq!(header(&endpoint, "OpenAI-Beta"), Some("realtime=v1"));
    assert_eq!(header(&endpoint, "X-Tenant"), Some("a"));
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let spec = |name: &str, parameters| ToolSpec { name: name.to_owned(), description: String::new(), parameters };
    let change = |change: &dyn Fn(&mut Settings)| {
        let mut settings = settings(Service::OpenAi);
        change(&mut settings);
        settings.check()
    };
    type Change<'c> = &'c dyn Fn(&mut Settings);
    let cases: [(&str, Change<'_>); 10] = [
        ("model", &|s| s.model = " ".to_owned()),
        ("key", &|s| s.key = Secret("a\r\nX: y".to_owned())),
        ("url", &|s| s.service = Service::Beta),
        ("url", &|s| s.url = Some("https://example.com".to_owned())),
        ("audio", &|s| (s.service, s.audio) = (Service::Qwen, Encoding::Mulaw)),
        ("append", &|s| s.append = Duration::from_millis(10)),
        ("append", &|s| s.append = Duration::from_millis(101)),
        ("tools", &|s| s.tools = vec![Builtin::HangUp.spec(), Builtin::HangUp.spec()]),
        ("tools", &|s| s.tools = vec![spec("two words", json!({}))]),
        ("tools", &|s| s.tools = vec![spec("fine", json!([]))]),
    ];
    for (name, case) in cases {
        let refused = change(case);
        assert!(matches!(refused, Err(Error::Remote { setting, .. }) if setting == name), "{name}: {refused:?}");
    }
    assert!(change(&|_| {}).is_ok());
}

#[test]
fn an_engine_tells_its_wire_and_can_move_between_threads() {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    let now = Instant::now();
    fn moves<T: Send>(_: &T) {}
    for (service, audio, wire) in [
        (Service::OpenAi, Encoding::Pcm, Wire::Pcm { input: 24_000, output: 24_000 }),
        (Service::Qwen, Encoding::Pcm, Wire::Pcm { input: 16_000, output: 24_000 }),
        (Service::OpenAi, Encoding::Alaw, Wire::Alaw),
    ] {
        let engine = Realtime::new(Settings { audio, ..settings(service) }, now);
        moves(&engine);
        assert_eq!(engine.wire(), wire);
    }
}
