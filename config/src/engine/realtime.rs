//! `kind = "realtime"`: OpenAI, Azure, and who speaks as they do.

use super::{HANDSHAKE, Remote, authorities, headers, redial};
use crate::error::ConfigError;
use crate::json;
use crate::keys::Keys;
use crate::raw::{self, Finder, ModelOrNone};
use crate::value::{Line, Short};
use serde_json::{Map, Value};
use std::time::Duration;
use talkpath_speech::realtime::{AzureAuth, Encoding, Secret, ServerVad, Service, Settings, Transcription, TurnEnd};
use toml::Spanned;

/// What opens the door, and the dialect.
const OURS: [&str; 3] = ["authorization", "api-key", "openai-beta"];
/// What `extra` would break, and what says it instead.
const SAID_ELSEWHERE: [(&str, &str); 13] = [
    ("type", "service"),
    ("model", "model"),
    ("instructions", "an agent's prompt"),
    ("tools", "an agent's tools"),
    ("modalities", "nothing: it is audio"),
    ("output_modalities", "nothing: it is audio"),
    ("input_audio_format", "audio"),
    ("output_audio_format", "audio"),
    ("audio/input/format", "audio"),
    ("audio/output/format", "audio"),
    ("turn_detection/create_response", "nothing: talkpath asks for answers"),
    ("audio/input/turn_detection/create_response", "nothing: talkpath asks for answers"),
    ("audio/input/turn_detection/interrupt_response", "nothing: talkpath interrupts"),
];

pub(super) fn realtime(written: raw::Engine, keys: &Keys<'_>) -> Result<Remote<Settings>, ConfigError> {
    let service = service(&written, keys)?;
    let Some(model) = text(written.model) else {
        return Err(keys.invalid("model", "a realtime engine needs a model, such as model = \"gpt-realtime-2.1\""));
    };
    let Some(key) = written.key else {
        return Err(keys.invalid("key", "a realtime engine needs a key, such as key = \"${env:OPENAI_API_KEY}\""));
    };
    let url = written.url.map(Spanned::into_inner);
    let transcription = transcription(written.transcription.map(Spanned::into_inner), &service);
    let turn_end = turn_end(written.turn_end.map(Spanned::into_inner), &service, keys)?;
    let usual = Settings::new(service, &model, Secret(key.into_inner().0));
    let ms = |written, usual: Duration| written_ms(written).unwrap_or(usual);
    let seconds = |written, bounds, what: &str, usual| keys.seconds(written, bounds, what, usual);
    let settings = Settings {
        headers: headers(written.headers, &[&HANDSHAKE[..], &OURS].concat(), keys.source)?,
        voice: text(written.voice),
        audio: written.audio.map_or(Ok(Encoding::Pcm), |audio| encoding(audio, keys))?,
        transcription,
        turn_end,
        append: ms(written.append_ms, usual.append),
        backlog: seconds(written.backlog, 0..=60, "backlog lies", usual.backlog)?,
        goodbye: written
            .goodbye
            .map_or(usual.goodbye, |goodbye| Some(goodbye.into_inner()).filter(|told| !told.is_empty())),
        keys: match keys.within(written.keys_ms, 0..=10_000, "keys_ms lies")? {
            Some(0) => None,
            ms => ms.map(|ms| Duration::from_millis(ms.into())).or(usual.keys),
        },
        redial: redial(written.redial, keys)?,
        connect_timeout: seconds(written.connect_timeout, 1..=60, "connect_timeout lies", usual.connect_timeout)?,
        stall: seconds(written.stall, 5..=300, "stall lies", usual.stall)?,
        session: seconds(written.session, 60..=86_400, "session lies", usual.session)?,
        extra: extra(written.extra, keys)?,
        url,
        ..usual
    };
    settings.check().map_err(|error| keys.told(&error, key_of))?;
    let ca = authorities(written.ca, settings.url.as_deref(), keys)?;
    Ok(Remote { settings, ca })
}

/// What a setting is called in the file.
fn key_of(setting: &'static str) -> &'static str {
    if setting == "append" { "append_ms" } else { setting }
}

fn written_ms(written: Option<Spanned<u32>>) -> Option<Duration> {
    written.map(|ms| Duration::from_millis(ms.into_inner().into()))
}

fn text(written: Option<Spanned<Line>>) -> Option<String> {
    written.map(|line| line.into_inner().0)
}

fn service(written: &raw::Engine, keys: &Keys<'_>) -> Result<Service, ConfigError> {
    let service = written.service.as_ref().map_or(raw::Service::Openai, |service| *service.get_ref());
    let auth = written.auth.as_ref().map_or(AzureAuth::ApiKey, |auth| auth.get_ref().0);
    let resource = || match &written.resource {
        Some(resource) if is_label(&resource.get_ref().0) => Ok(resource.get_ref().0.clone()),
        Some(_) => Err(keys.invalid("resource", "a resource is NAME of NAME.openai.azure.com")),
        None => Err(keys.invalid("service", "Azure needs a resource: NAME of NAME.openai.azure.com")),
    };
    let only_azure = |key: &str| format!("{key} is for Azure alone");
    match service {
        raw::Service::Azure => {
            keys.refuse(&["api_version"], |key| format!("{key} is for \"azure-preview\" alone"))?;
            Ok(Service::Azure { resource: resource()?, auth })
        }
        raw::Service::AzurePreview => {
            let Some(version) = &written.api_version else {
                let problem = "the preview needs an api_version, such as \"2025-04-01-preview\"";
                return Err(keys.invalid("service", problem));
            };
            Ok(Service::AzurePreview { resource: resource()?, api_version: version.get_ref().0.clone(), auth })
        }
        raw::Service::Openai | raw::Service::Beta | raw::Service::Qwen => {
            keys.refuse(&["resource", "api_version", "auth"], only_azure)?;
            Ok(match service {
                raw::Service::Beta => Service::Beta,
                raw::Service::Qwen => Service::Qwen,
                raw::Service::Openai | raw::Service::Azure | raw::Service::AzurePreview => Service::OpenAi,
            })
        }
    }
}

fn is_label(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn encoding(written: Spanned<raw::Audio>, keys: &Keys<'_>) -> Result<Encoding, ConfigError> {
    match written.into_inner() {
        Short::Short(encoding) => Ok(encoding.0),
        Short::Long(_) => {
            Err(keys.invalid("audio", "a service has rates of its own; write \"pcm\", \"pcmu\" or \"pcma\""))
        }
    }
}

/// Who writes down the caller's words: a call record without them would be half of one, so somebody does unless it was refused.
fn transcription(written: Option<raw::Transcription>, service: &Service) -> Option<Transcription> {
    let model = || usual_transcriber(service).to_owned();
    match written {
        None | Some(Short::Short(ModelOrNone::Whether(true))) => Some(Transcription { model: model(), language: None }),
        Some(Short::Short(ModelOrNone::Whether(false))) => None,
        Some(Short::Short(ModelOrNone::Model(model))) => Some(Transcription { model, language: None }),
        Some(Short::Long(table)) => {
            let written = table.model.map(|model| model.0);
            let language = table.language.map(|language| language.0);
            Some(Transcription { model: written.unwrap_or_else(model), language })
        }
    }
}

/// The model that writes down where none is written: what the services' own pages name. Azure and clones of OpenAI before GA have all had the
/// oldest.
fn usual_transcriber(service: &Service) -> &'static str {
    match service {
        Service::OpenAi => "gpt-transcribe",
        Service::Azure { .. } | Service::AzurePreview { .. } | Service::Beta => "whisper-1",
        Service::Qwen => "qwen3-asr-flash-realtime",
    }
}

fn turn_end(written: Option<raw::TurnEnd>, service: &Service, engine: &Keys<'_>) -> Result<TurnEnd, ConfigError> {
    let table = match written {
        None | Some(Short::Short(Finder::Server)) => return Ok(TurnEnd::ServerVad(ServerVad::default())),
        Some(Short::Short(Finder::Ours)) => return Ok(TurnEnd::Ours),
        Some(Short::Short(Finder::Semantic)) => return Ok(TurnEnd::SemanticVad { eagerness: None }),
        Some(Short::Long(table)) => table,
    };
    let keys = Keys { table: engine.place("turn_end"), written: table.places(), source: engine.source };
    let thresholds = ["threshold", "prefix_padding_ms", "silence_duration_ms"];
    match table.by {
        Finder::Ours => {
            let why = |key: &str| format!("{key} is the service's; ours are in an agent's turn");
            keys.refuse(&[&thresholds[..], &["eagerness"]].concat(), why)?;
            Ok(TurnEnd::Ours)
        }
        Finder::Semantic => {
            keys.refuse(&thresholds, |key| format!("{key} goes with by = \"server\""))?;
            Ok(TurnEnd::SemanticVad { eagerness: table.eagerness.map(|eagerness| eagerness.into_inner().0) })
        }
        Finder::Server => {
            keys.refuse(&["eagerness"], |key| format!("{key} goes with by = \"semantic\""))?;
            let threshold = table.threshold.map(Spanned::into_inner);
            let least = if *service == Service::Qwen { -1.0 } else { 0.0 };
            if let Some(wrong) = threshold.filter(|threshold| !(least..=1.0).contains(threshold)) {
                return Err(keys.invalid("threshold", format!("a threshold lies between {least} and 1, not {wrong}")));
            }
            let prefix_padding_ms = keys.within(table.prefix_padding_ms, 0..=5_000, "prefix_padding_ms lies")?;
            let silence_duration_ms =
                keys.within(table.silence_duration_ms, 50..=10_000, "silence_duration_ms lies")?;
            Ok(TurnEnd::ServerVad(ServerVad { threshold, prefix_padding_ms, silence_duration_ms }))
        }
    }
}

fn extra(written: Option<Spanned<toml::Table>>, keys: &Keys<'_>) -> Result<Map<String, Value>, ConfigError> {
    let Some(table) = written else { return Ok(Map::new()) };
    let extra = json::object(table.into_inner()).map_err(|problem| keys.invalid("extra", problem))?;
    let extra = Value::Object(extra);
    let taken = SAID_ELSEWHERE.iter().find(|(path, _)| extra.pointer(&format!("/{path}")).is_some());
    if let Some((path, instead)) = taken {
        let problem = format!("{} isn't for extra; what says it is {instead}", path.replace('/', "."));
        return Err(keys.invalid("extra", problem));
    }
    Ok(match extra {
        Value::Object(extra) => extra,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    })
}
