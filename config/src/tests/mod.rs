//! The defaults, the examples, and what a wrong file is told.

use super::*;

fn refused(text: &str) -> String {
    Config::parse(text, Path::new("my.toml")).unwrap_err().to_string()
}

#[test]
fn the_embedded_defaults_name_every_setting_that_they_must() {
    let config = Config::default();
    assert_eq!(config.sip.listen, ["0.0.0.0:5060".parse().unwrap()]);
    assert_eq!(config.media.laws, [Law::Mu, Law::A]);
    assert_eq!(config.media.dscp, 46);
    assert_eq!(config.media.rtp_ports, RtpPorts::Range { first: 20_000, last: 29_999 });
    assert!(config.media.realtime && !config.recording.enabled);
    assert_eq!(config.sip.max_calls, 2_000);
    assert_eq!(config.drain, Duration::from_secs(30));
    assert_eq!(config.agents.len(), 1);
    assert_eq!(config.routes.len(), 1);
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
fn every_example_is_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    for file in files {
        Config::load(&file).unwrap();
    }
}

#[test]
fn what_is_written_replaces_the_default_and_nothing_else() {
    let config = Config::parse("[media]\nptime = 30\n[sip]\nmax_calls = 7", Path::new("my.toml")).unwrap();
    assert_eq!((config.media.ptime_ms, config.sip.max_calls), (30, 7));
    assert_eq!(config.media.dscp, 46);
}

#[test]
fn mistakes_are_told_with_line_and_column_and_what_would_be_right() {
    for (text, told) in [
        ("[sip]\nlissen = []", "my.toml:2:1: unknown field `lissen`"),
        ("[sip]\nlisten = [\"tcp://0.0.0.0:1\"]", "my.toml:2:10: \"tcp://0.0.0.0:1\" is no place to listen"),
        ("[sip]\nlisten = []", "my.toml:2:10: nothing is listened on"),
        ("[sip]\nallow = [\"home\"]", "my.toml:2:9: \"home\" is no source of calls"),
        ("[media]\nptime = 25", "my.toml:2:9: ptime is 10, 20, 30, 40, 50 or 60 milliseconds, not 25"),
        ("[media]\nrtp_ports = \"5-9\"", "my.toml:2:13: \"5-9\" is no range of RTP ports"),
        ("[media]\ncodecs = []", "my.toml:2:10: no codec is left"),
        ("[media]\ncodecs = [\"G729\"]", "my.toml:2:11: unknown variant `G729`"),
        ("[media]\n\ndscp = 64", "my.toml:3:8: a code point is 0 to 63, not 64"),
        ("[[route]]\nname = \"r\"\naction = { agent = \"bob\" }", "my.toml:3:20: there is no agent \"bob\""),
        ("[[route]]\nname = \"r\"\naction = { reject = { status = 200 } }", "a status from 400 to 699, not 200"),
        ("[[agent]]\nname = \"a\"\n[[agent]]\nname = \"a\"", "two agents are called \"a\""),
        ("[[agent]]\nname = \"a\"\nturn = { suspect_ms = 500 }", "my.toml:3:8: "),
        ("[sip", "my.toml:1:5: "),
    ] {
        let error = refused(text);
        assert!(error.contains(told), "{text:?} was told: {error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Path::new("/no/such/talkpath.toml")).unwrap_err();
    assert_eq!(error.to_string(), "can't read the configuration file /no/such/talkpath.toml");
}

#[test]
fn a_trunk_takes_its_password_from_a_file_and_never_prints_it() {
    let file = std::env::temp_dir().join(format!("talkpath-secret-{}", std::process::id()));
    std::fs::write(&file, "s3cret\n").unwrap();
    let text = format!(
        "[[trunk]]\nname = \"pbx\"\nregistrar = \"sip:pbx.example.com\"\nusername = \"1000\"\npassword = \"${{file:{}}}\"",
        file.display()
    );
    let config = Config::parse(&text, Path::new("my.toml")).unwrap();
    std::fs::remove_file(file).unwrap();
    let trunk = config.trunk("pbx").unwrap();
    assert_eq!(trunk.credentials.as_ref().unwrap().password, "s3cret");
    assert!(!format!("{config:?}").contains("s3cret"));
    assert!(trunk.register);
}

#[test]
fn what_is_wrong_with_a_trunk_is_told_with_its_place() {
    let trunk = "[[trunk]]\nname = \"pbx\"\nusername = \"1000\"\n";
    for (more, told) in [
        ("registrar = \"pbx\"", "my.toml:4:13: \"pbx\" is no registrar; write \"sip:HOST\""),
        (
            "registrar = \"sip:pbx\"\npassword = \"${env:TALKPATH_NO_SUCH}\"",
            "my.toml:5:12: the environment variable TALKPATH_NO_SUCH is not set",
        ),
        ("registrar = \"sip:pbx\"\nexpires = 5", "my.toml:5:11: a registration lasts 30 seconds at least, not 5"),
    ] {
        let error = refused(&format!("{trunk}{more}"));
        assert!(error.contains(told), "{more:?} was told: {error}");
    }
}
