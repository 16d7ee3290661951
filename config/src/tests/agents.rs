//! Agents: what is read of them, what their engines are told in a call, and what is known before the first.

use super::*;
use std::collections::BTreeMap;
use talkpath_dialplan::Prompt;
use talkpath_speech::realtime::Greeting;
use talkpath_speech::{builtin, realtime};

/// A model, a bot, a tool, a phone, an agent to fall back to, and the beginning of one more.
pub(super) const WORLD: &str = "[[engine]]
name = \"model\"
kind = \"realtime\"
model = \"m\"
key = \"k\"
voice = \"marin\"
[[engine]]
name = \"bot\"
kind = \"stream\"
url = \"wss://bot.example.com\"
[[tool]]
name = \"look_up\"
description = \"Looks something up.\"
url = \"https://a.example.com\"
say = \"I am looking it up.\"
[[phone]]
user = \"desk\"
password = \"x\"
[[route]]
name = \"r\"
action = { agent = \"a\" }
[[agent]]
name = \"spare\"
[[agent]]
name = \"a\"
";

fn agent(more: &str) -> Agent {
    parse(&format!("{WORLD}{more}")).agent("a").unwrap().clone()
}

fn variables<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn told_model(more: &str, of_call: &BTreeMap<String, String>) -> realtime::Settings {
    let Role::Model(model) = agent(&format!("engine = \"model\"\n{more}")).role else { panic!("{more}") };
    model.settings(of_call).unwrap()
}

fn receptionist(more: &str) -> Receptionist {
    let Role::Receptionist(receptionist) = agent(more).role else { panic!("{more}") };
    receptionist
}

#[test]
fn an_agent_of_whom_nothing_is_said_is_the_receptionist() {
    let plain = agent("");
    assert_eq!((plain.engine.as_str(), plain.ring, plain.max_duration), (BUILTIN, Duration::ZERO, None));
    assert!(plain.fallback.is_empty() && plain.filler.is_none() && plain.idle.is_none() && plain.transfer.is_empty());
    assert_eq!(receptionist("").settings(&BTreeMap::new()).unwrap(), builtin::Settings::default());
}

#[test]
fn a_receptionist_greets_by_a_template_and_knows_what_to_do_about_silence() {
    let receptionist = receptionist(
        "greeting = \"Hello {{ name }}.\"\ngreeting_interruptible = false\nparrot_lead_in = \"\"\n\
         idle = { after = 20, prompts = 1, goodbye = \"Bye.\" }",
    );
    let expected = builtin::Settings {
        greeting: "Hello Ann.".into(),
        greeting_interruptible: false,
        parrot_lead_in: None,
        idle: Duration::from_secs(20),
        idle_prompts: 1,
        goodbye: "Bye.".into(),
        ..builtin::Settings::default()
    };
    assert_eq!(receptionist.settings(&variables([("name", "Ann")])).unwrap(), expected);
    let error = receptionist.settings(&BTreeMap::new()).unwrap_err().to_string();
    assert!(error.starts_with("1:10: `name` has no value"), "{error}");
}

#[test]
fn a_model_is_told_its_part_with_the_variables_of_the_call() {
    let settings = told_model(
        "prompt = \"You are {{ company }}'s.\"\ngreeting = \"Hello {{ name }}.\"\nvoice = \"cedar\"\n\
         tools = [\"hang_up\", \"look_up\", \"transfer\"]\ntransfer = { desk = \"phone:desk\" }",
        &variables([("company", "Ours"), ("name", "Ann")]),
    );
    assert_eq!(settings.instructions, "You are Ours's.");
    let greeting = Greeting { text: "Hello Ann.".into(), verbatim: true, interruptible: true, early: false };
    assert_eq!(settings.greeting, Some(greeting));
    assert_eq!(settings.voice.as_deref(), Some("cedar"));
    let names: Vec<_> = settings.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["hang_up", "look_up", "transfer"]);
    assert_eq!(settings.tools[2].parameters["properties"]["target"]["enum"], serde_json::json!(["desk"]));
    settings.check().unwrap();
}

#[test]
fn a_model_has_its_engines_settings_where_its_agent_says_nothing() {
    let config = parse(WORLD);
    let EngineKind::Realtime(engine) = &config.engine("model").unwrap().kind else { unreachable!() };
    assert_eq!(told_model("", &BTreeMap::new()), engine.settings);
    let manner = "greeting = \"x\"\ngreeting_verbatim = false\ngreeting_interruptible = false\ngreeting_early = true";
    let greeting = Greeting { text: "x".into(), verbatim: false, interruptible: false, early: true };
    assert_eq!(told_model(manner, &BTreeMap::new()).greeting, Some(greeting));
}

#[test]
fn a_model_whose_texts_have_variables_without_values_is_not_told_half_of_them() {
    for text in ["prompt = \"{{ company }}\"", "greeting = \"{{ company }}\""] {
        let Role::Model(model) = agent(&format!("engine = \"model\"\n{text}")).role else { panic!() };
        let error = model.settings(&BTreeMap::new()).unwrap_err();
        assert!(matches!(error, TemplateError::Undefined { name, .. } if name == "company"), "{text}");
    }
}

#[test]
fn a_prompt_may_be_in_a_file() {
    let file = std::env::temp_dir().join(format!("talkpath-prompt-{}", std::process::id()));
    std::fs::write(&file, "You are\n{{ company }}'s.\n").unwrap();
    let more = format!("prompt = {{ file = \"{}\" }}", file.display());
    let settings = told_model(&more, &variables([("company", "Ours")]));
    assert_eq!(settings.instructions, "You are\nOurs's.");
    std::fs::write(&file, "You are\n{{ company }'s.\n").unwrap();
    let error = refused(&format!("{WORLD}engine = \"model\"\n{more}"));
    std::fs::remove_file(&file).unwrap();
    assert!(error.starts_with(&format!("my.toml:27:10: {}:2:12: ", file.display())), "{error}");
}

#[test]
fn everything_else_that_can_be_said_of_an_agent_is_read() {
    let agent = agent(
        "engine = \"bot\"\nring = 1500\ntransfer = { \"the desk\" = { to = \"phone:desk\", ring = 10 } }\nmax_duration = 600\n\
         fallback = [\"spare\", { say = \"Sorry.\" }]\nfiller = { file = \"wait.wav\" }\n\
         idle = { after = 20, prompts = [\"Hello?\", \"Hello!\"], goodbye = \"Bye.\" }\n\
         variables = { text = \"x\", number = 7, share = 0.5, flag = true }\nturn = { end_silence_ms = 700 }",
    );
    assert_eq!(agent.engine, "bot");
    assert!(matches!(&agent.role, Role::Bot(settings) if settings.url == "wss://bot.example.com"));
    assert_eq!((agent.ring, agent.max_duration), (Duration::from_millis(1_500), Some(Duration::from_secs(600))));
    assert_eq!(agent.transfer["the desk"].to_string(), "dial phone:desk for 10 s");
    assert_eq!(agent.fallback, [Fallback::Agent("spare".into()), Fallback::Say("Sorry.".into())]);
    assert_eq!(agent.filler, Some(Prompt::File("wait.wav".into())));
    let prompts = IdlePrompts::Texts(vec!["Hello?".into(), "Hello!".into()]);
    assert_eq!(agent.idle, Some(Idle { after: Duration::from_secs(20), prompts, goodbye: Some("Bye.".into()) }));
    let expected = variables([("text", "x"), ("number", "7"), ("share", "0.5"), ("flag", "true")]);
    assert_eq!(agent.variables, expected);
    assert_eq!(agent.turn.end_silence_ms, 700);
}

#[test]
fn silence_is_a_models_to_put_into_words_or_ours() {
    let idle = |written: &str| agent(&format!("engine = \"model\"\nidle = {written}")).idle.unwrap();
    let after = Duration::from_secs(9);
    for (written, prompts) in [
        ("{ after = 9 }", IdlePrompts::Engine(2)),
        ("{ after = 9, prompts = 0 }", IdlePrompts::Engine(0)),
        ("{ after = 9, prompts = \"Hello?\" }", IdlePrompts::Texts(vec!["Hello?".into()])),
    ] {
        assert_eq!(idle(written), Idle { after, prompts, goodbye: None });
    }
}

#[test]
fn what_is_said_for_an_agent_in_every_call_is_known_before_the_first() {
    let config = parse(&format!(
        "{WORLD}engine = \"model\"\nfallback = [{{ say = \"Sorry.\" }}]\nfiller = \"One moment.\"\ntools = [\"transfer\"]\n\
         idle = {{ after = 9, prompts = [\"Hello?\"], goodbye = \"Bye.\" }}\ngreeting = \"The model says this.\"\n\
         transfer = {{ desk = {{ to = \"phone:desk\", otherwise = {{ pin = {{ pins = [\"1234\"], prompt = \"PIN?\", then = {{ agent = \"a\" }} }} }} }} }}\n\
         [[agent]]\nname = \"b\"\ngreeting = \"I am always {{{{ 'the same' }}}}.\"\n\
         [[agent]]\nname = \"c\"\ngreeting = \"I am {{{{ name }}}}.\"\n\
         [[agent]]\nname = \"d\"\nengine = \"bot\"\nfiller = {{ file = \"wait.wav\" }}"
    ));
    let lines = config.fixed_lines();
    let known = |said: &str| lines.iter().any(|line| line == said);
    for said in ["Sorry.", "One moment.", "Hello?", "Bye.", "PIN?", "I am looking it up.", "I am always the same."] {
        assert!(known(said), "{said}");
    }
    let defaults = builtin::Settings::default();
    assert!(known(&defaults.greeting) && known(&defaults.goodbye), "those of the spare agent");
    for not_said in ["The model says this.", "I am {{ name }}.", ""] {
        assert!(!known(not_said), "{not_said}");
    }
    assert_eq!(config.prompt_files(), [Path::new("wait.wav")]);
}
