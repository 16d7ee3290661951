//! The defaults, the examples, and what a wrong file is told.

mod agents;
mod engines;
mod mistakes;
mod mistakes_of_agents;
mod mistakes_of_engines;
mod mistakes_of_plan;
mod plan;
mod tools;
mod trunks;

use super::*;
use talkpath_dialplan::{Action, Restrictions};
use talkpath_media::g711::Law;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("my.toml")).unwrap()
}

fn refused(text: &str) -> String {
    Config::parse(text, Path::new("my.toml")).unwrap_err().to_string()
}

#[test]
fn the_embedded_defaults_name_every_setting_that_they_must() {
    let config = Config::default();
    let listen: Vec<_> = config.sip.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, ["udp://0.0.0.0:5060", "tcp://0.0.0.0:5060"]);
    assert_eq!(config.media.laws, [Law::Mu, Law::A]);
    assert_eq!(config.media.dscp, 46);
    assert_eq!(config.media.rtp_ports, RtpPorts::Range { first: 20_000, last: 29_999 });
    assert!(config.media.realtime && !config.recording.enabled);
    assert_eq!((config.sip.max_calls, config.sip.realm.as_str()), (2_000, "talkpath"));
    assert_eq!(config.http.listen, Some("127.0.0.1:8080".parse().unwrap()));
    assert_eq!(config.drain, Duration::from_secs(30));
    assert_eq!(config.agents.len(), 1);
    assert_eq!(config.routes.len(), 1);
}

#[test]
fn the_default_emergency_numbers_are_those_of_the_dialplan() {
    assert_eq!(Config::default().numbers.restrictions.emergency, Restrictions::EMERGENCY);
}

/// What stands in the environment is long enough for any secret.
fn with_secrets(text: &str) -> String {
    let mut pieces = text.split("${env:");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "secretsecretsecret" + piece.split_once('}').unwrap().1)
}

/// The lines of the defaults that look like TOML when their comment sign is taken away.
#[test]
fn what_is_commented_out_in_the_defaults_can_be_used_as_it_stands() {
    let looks_like_toml = |rest: &str| {
        let key = rest.split_once(" = ").map(|(key, _)| key);
        rest.starts_with('[') || key.is_some_and(|key| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
    };
    let line = |line: &str| match line.strip_prefix("# ").filter(|rest| looks_like_toml(rest)) {
        Some(rest) => with_secrets(rest),
        None => line.to_owned(),
    };
    let text: Vec<_> = DEFAULT.lines().map(line).collect();
    let config = parse(&text.join("\n"));
    assert_eq!((config.trunks.len(), config.groups.len(), config.phones.len(), config.menus.len()), (1, 1, 1, 1));
    assert_eq!(config.numbers.plan.country(), Some("49"));
    assert_eq!(config.routes.len(), 5);
    let engines: Vec<_> = config.engines.iter().map(|engine| engine.name.as_str()).collect();
    assert_eq!(engines, ["builtin", "model", "bot"]);
    assert_eq!((config.tools.len(), config.agents.len()), (1, 2));
    assert!(config.sip.external.is_some() && config.sip.dns.is_some() && config.http.key.is_some());
}

#[test]
fn the_defaults_tell_of_every_key_of_engines_agents_and_tools() {
    for key in [raw::Engine::KEYS, raw::TurnEndTable::KEYS, raw::Agent::KEYS, raw::Tool::KEYS].concat() {
        let word = |line: &str| line.split([' ', '{']).any(|word| word == key) && line.contains(&format!("{key} = "));
        let told = |line: &str| word(line) || line == format!("[agent.{key}]");
        assert!(DEFAULT.lines().any(told), "{key}");
    }
}

#[test]
fn the_defaults_can_be_read_as_a_users_own_file() {
    Config::parse(DEFAULT, Path::new("default.toml")).unwrap();
}

#[test]
fn without_configuration_only_loopback_and_private_addresses_are_served() {
    let admission = Config::default().sip.admission;
    assert!(admission.admits("127.0.0.1".parse().unwrap()));
    assert!(admission.admits("192.168.1.2".parse().unwrap()));
    assert!(!admission.admits("203.0.113.5".parse().unwrap()));
}

#[test]
fn every_example_is_good_and_has_a_route_that_its_calls_take() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let names: Vec<_> = files.iter().filter_map(|file| file.file_stem()?.to_str()).collect();
    assert_eq!(
        names,
        ["3cx", "asterisk", "azure", "bot", "freeswitch", "office", "openai", "qwen", "telnyx", "twilio"]
    );
    for file in files {
        let config = Config::load(&file).unwrap();
        assert!(!config.trunks.is_empty(), "{}", file.display());
        for trunk in &config.trunks {
            let by_it =
                |route: &Route| route.condition.trunk.as_ref().is_some_and(|names| names.hold(Some(&trunk.name)));
            assert!(config.routes.iter().any(by_it), "{} has no route for {}", file.display(), trunk.name);
        }
    }
}

#[test]
fn what_is_written_replaces_the_default_and_nothing_else() {
    let config = parse("[media]\nptime = 30\n[sip]\nmax_calls = 7");
    assert_eq!((config.media.ptime_ms, config.sip.max_calls), (30, 7));
    assert_eq!(config.media.dscp, 46);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Path::new("/no/such/talkpath.toml")).unwrap_err();
    assert_eq!(error.to_string(), "can't read the configuration file /no/such/talkpath.toml");
}

#[test]
fn what_is_named_is_found_by_its_name() {
    let config = Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/office.toml")).unwrap();
    assert!(config.trunk("carrier").is_some() && config.trunk("nobody").is_none());
    assert!(config.group("pstn").is_some() && config.group("nobody").is_none());
    assert!(config.phone("201").is_some() && config.phone("nobody").is_none());
    assert!(config.menu("main").is_some() && config.menu("nobody").is_none());
    assert!(config.agent("desk").is_some() && config.agent("nobody").is_none());
}

#[test]
fn everything_that_is_said_word_for_word_is_known_before_the_first_call() {
    let config = parse(
        "[[menu]]\nname = \"m\"\nprompt = \"Press 1.\"\ninvalid = { file = \"no.wav\" }\n\
         options = { 1 = { pin = { pins = [\"1234\"], prompt = \"PIN?\", then = { menu = \"m\" } } } }\n\
         [[route]]\nname = \"r\"\n\
         action = { dial = { to = \"sip:bob@192.0.2.1\", otherwise = { pin = { pins = [\"5678\"], then = { agent = \"receptionist\" } } } } }",
    );
    let lines = config.fixed_lines();
    for said in ["Press 1.", "PIN?", "Please enter your PIN, followed by the hash key."] {
        assert!(lines.iter().any(|line| line == said), "{said}");
    }
    assert_eq!(config.prompt_files(), [Path::new("no.wav")]);
}

#[test]
fn secrets_come_from_files_and_are_never_printed() {
    let file = std::env::temp_dir().join(format!("talkpath-secret-{}", std::process::id()));
    std::fs::write(&file, "s3cret\n").unwrap();
    let secret = format!("\"${{file:{}}}\"", file.display());
    let config = parse(&format!(
        "[[trunk]]\nname = \"pbx\"\nregistrar = \"sip:pbx\"\nusername = \"1000\"\npassword = {secret}\n\
         [[phone]]\nuser = \"desk\"\npassword = {secret}\n\
         [[route]]\nname = \"r\"\naction = {{ pin = {{ pins = [\"739184\"], then = {{ agent = \"receptionist\" }} }} }}"
    ));
    std::fs::remove_file(file).unwrap();
    assert_eq!(config.trunk("pbx").unwrap().credentials.as_ref().unwrap().password, "s3cret");
    assert_eq!(config.phone("desk").unwrap().credentials.password, "s3cret");
    let Action::Pin(pin) = &config.routes[0].action else { unreachable!() };
    assert_eq!(pin.typed("739184"), talkpath_dialplan::Typed::Accepted);
    let printed = format!("{config:?}");
    assert!(!printed.contains("s3cret") && !printed.contains("7391"));
}
