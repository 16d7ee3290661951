//! Engines: what is read of them, and what is filled in.

use super::*;
use talkpath_speech::realtime::{self, AzureAuth, Eagerness, Encoding, Secret, ServerVad, Service, TurnEnd};
use talkpath_speech::stream::{self, Audio, Dialect, Rate};
use talkpath_speech::turn::BargeIn;

const URL: &str = "wss://bot.example.com/talk";

fn engine(more: &str) -> EngineKind {
    parse(&format!("[[engine]]\nname = \"e\"\n{more}")).engine("e").unwrap().kind.clone()
}

fn remote(more: &str) -> Remote<realtime::Settings> {
    let kind = engine(&format!("kind = \"realtime\"\nmodel = \"m\"\nkey = \"k\"\n{more}"));
    let EngineKind::Realtime(remote) = kind else { panic!("{kind:?}") };
    remote
}

fn bot(more: &str) -> Remote<stream::Settings> {
    let kind = engine(&format!("kind = \"stream\"\nurl = \"{URL}\"\n{more}"));
    let EngineKind::Stream(remote) = kind else { panic!("{kind:?}") };
    remote
}

#[test]
fn the_builtin_engine_is_there_and_may_have_further_names() {
    assert!(matches!(Config::default().engine(BUILTIN).unwrap().kind, EngineKind::Builtin));
    assert!(matches!(engine("kind = \"builtin\""), EngineKind::Builtin));
    assert!(Config::default().engine("e").is_none());
}

#[test]
fn a_realtime_engine_is_openai_with_a_transcript_where_nothing_else_is_written() {
    let Remote { settings, ca } = remote("");
    let usual = realtime::Settings::new(Service::OpenAi, "m", Secret("k".into()));
    assert_eq!(settings.transcription.as_ref().unwrap().model, "gpt-transcribe");
    assert_eq!(realtime::Settings { transcription: None, ..settings }, usual);
    assert_eq!(ca, None);
}

#[test]
fn everything_that_can_be_said_of_a_realtime_engine_is_read() {
    let Remote { settings, ca } = remote(
        "url = \"wss://a.example.com\"\nheaders = { X-Org = \"o\" }\naudio = \"pcma\"\nbacklog = 1\n\
         redial = { first_ms = 100, longest_ms = 900, attempts = 3 }\nconnect_timeout = 4\nca = \"ca.pem\"\nvoice = \"marin\"\n\
         transcription = { model = \"t\", language = \"de\" }\nturn_end = { by = \"semantic\", eagerness = \"low\" }\nappend_ms = 100\n\
         stall = 30\nsession = 600\ngoodbye = \"\"\nkeys_ms = 0\nextra = { temperature = 0.5 }",
    );
    let seconds = Duration::from_secs;
    assert_eq!(settings.url.as_deref(), Some("wss://a.example.com"));
    assert_eq!(settings.headers, [("X-Org".to_owned(), Secret("o".into()))]);
    assert_eq!((settings.audio, settings.append), (Encoding::Alaw, Duration::from_millis(100)));
    assert_eq!((settings.backlog, settings.connect_timeout), (seconds(1), seconds(4)));
    assert_eq!((settings.stall, settings.session), (seconds(30), seconds(600)));
    let redial = &settings.redial;
    assert_eq!((redial.first.as_millis(), redial.longest.as_millis(), redial.attempts), (100, 900, 3));
    assert_eq!(settings.voice.as_deref(), Some("marin"));
    let transcription = settings.transcription.unwrap();
    assert_eq!((transcription.model.as_str(), transcription.language.as_deref()), ("t", Some("de")));
    assert_eq!(settings.turn_end, TurnEnd::SemanticVad { eagerness: Some(Eagerness::Low) });
    assert_eq!((settings.goodbye, settings.keys), (None, None));
    assert_eq!(settings.extra["temperature"], 0.5);
    assert_eq!(ca.as_deref(), Some(Path::new("ca.pem")));
}

#[test]
fn each_service_is_known_with_what_it_needs() {
    let auth = AzureAuth::ApiKey;
    let resource = || "example".to_owned();
    for (written, service, transcriber) in [
        ("", Service::OpenAi, "gpt-transcribe"),
        ("service = \"qwen\"", Service::Qwen, "qwen3-asr-flash-realtime"),
        ("service = \"beta\"\nurl = \"ws://a\"", Service::Beta, "whisper-1"),
        (
            "service = \"azure\"\nresource = \"example\"\nauth = \"entra\"",
            Service::Azure { resource: resource(), auth: AzureAuth::Entra },
            "whisper-1",
        ),
        (
            "service = \"azure-preview\"\nresource = \"example\"\napi_version = \"v\"",
            Service::AzurePreview { resource: resource(), api_version: "v".into(), auth },
            "whisper-1",
        ),
    ] {
        let settings = remote(written).settings;
        assert_eq!(settings.service, service);
        assert_eq!(settings.transcription.unwrap().model, transcriber, "{written}");
    }
}

#[test]
fn the_end_of_turns_and_transcripts_are_written_short_or_long() {
    let turn_end = |written: &str| remote(&format!("turn_end = {written}")).settings.turn_end;
    assert_eq!(turn_end("\"ours\""), TurnEnd::Ours);
    assert_eq!(turn_end("{ by = \"ours\" }"), TurnEnd::Ours);
    assert_eq!(turn_end("\"server\""), TurnEnd::ServerVad(ServerVad::default()));
    assert_eq!(turn_end("\"semantic\""), TurnEnd::SemanticVad { eagerness: None });
    let vad = ServerVad { threshold: Some(0.25), prefix_padding_ms: Some(300), silence_duration_ms: Some(500) };
    let written = "{ by = \"server\", threshold = 0.25, prefix_padding_ms = 300, silence_duration_ms = 500 }";
    assert_eq!(turn_end(written), TurnEnd::ServerVad(vad));
    let model = |written: &str| {
        let transcription = remote(&format!("transcription = {written}")).settings.transcription;
        transcription.map(|transcription| transcription.model)
    };
    assert_eq!(model("false"), None);
    assert_eq!(model("true").as_deref(), Some("gpt-transcribe"));
    assert_eq!(model("\"t\"").as_deref(), Some("t"));
    assert_eq!(model("{ language = \"de\" }").as_deref(), Some("gpt-transcribe"));
}

#[test]
fn a_stream_engine_is_a_bot_of_ours_or_of_twilios() {
    assert_eq!(bot("").settings, stream::Settings::new(URL));
    assert_eq!(bot("dialect = \"talkpath\"").settings, stream::Settings::new(URL));
    let twilio = bot("dialect = \"twilio\"\naccount_sid = \"AC0123456789abcdef0123456789abcdef\"").settings;
    let account_sid = Some("AC0123456789abcdef0123456789abcdef".to_owned());
    assert_eq!(twilio, stream::Settings { dialect: Dialect::Twilio { account_sid }, ..stream::Settings::twilio(URL) });
}

#[test]
fn everything_that_can_be_said_of_a_bot_is_read() {
    let Remote { settings, ca } = bot(
        "headers = { Authorization = \"Bearer x\" }\nsigning_key = \"s\"\naudio = { from_caller = 8000 }\nframe_ms = 40\n\
         backlog = 1\ninterruption = \"immediate\"\ndrain_ms = 400\nqueue = 60\nreconnect = false\nping = 0\nfarewell = 3\n\
         connect_timeout = 4\nredial = { attempts = 2 }\nca = \"ca.pem\"",
    );
    let expected = stream::Settings {
        headers: vec![("Authorization".into(), Secret("Bearer x".into()))],
        signing_key: Some(Secret("s".into())),
        dialect: Dialect::Talkpath(Audio::Pcm { from_caller: Rate::Hz8000, to_caller: Rate::Hz16000 }),
        frame: Duration::from_millis(40),
        backlog: Duration::from_secs(1),
        interruption: BargeIn::Immediate,
        drain: Some(Duration::from_millis(400)),
        queue: Duration::from_secs(60),
        reconnect: false,
        ping: None,
        farewell: Duration::from_secs(3),
        connect_timeout: Duration::from_secs(4),
        redial: realtime::Redial { attempts: 2, ..realtime::Redial::default() },
        ..stream::Settings::new(URL)
    };
    assert_eq!(settings, expected);
    assert_eq!(ca.as_deref(), Some(Path::new("ca.pem")));
    assert_eq!(bot("audio = \"pcmu\"").settings.dialect, Dialect::Talkpath(Audio::Mulaw));
    assert_eq!(bot("drain_ms = 0").settings.drain, None);
}

#[test]
fn secrets_of_engines_stand_alone_or_in_texts_and_are_not_printed() {
    let file = std::env::temp_dir().join(format!("talkpath-engine-secret-{}", std::process::id()));
    std::fs::write(&file, "s3cret\n").unwrap();
    let secret = format!("${{file:{}}}", file.display());
    let config = parse(&format!(
        "[[engine]]\nname = \"e\"\nkind = \"realtime\"\nmodel = \"m\"\nkey = \"{secret}\"\nheaders = {{ X-Key = \"a {secret} b\" }}\n\
         [[tool]]\nname = \"t\"\ndescription = \"d\"\nurl = \"https://a/?key={secret}\"\nheaders = {{ X = \"{secret}\" }}"
    ));
    std::fs::remove_file(file).unwrap();
    let EngineKind::Realtime(remote) = &config.engine("e").unwrap().kind else { unreachable!() };
    assert_eq!((remote.settings.key.0.as_str(), remote.settings.headers[0].1.0.as_str()), ("s3cret", "a s3cret b"));
    let url = config.tool("t").unwrap().url.render(&serde_json::Map::new(), &std::collections::BTreeMap::new());
    assert_eq!(url.as_deref(), Ok("https://a/?key=s3cret"));
    assert!(!format!("{config:?}").contains("s3cret"));
}
