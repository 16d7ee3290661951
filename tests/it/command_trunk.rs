//! `talkpath trunk` and `talkpath trunk test`: a table of a running server's trunks, and in words what is wrong with one.

use crate::carrier::Carrier;
use crate::programs::{Program, Scratch, finish, free_port, text};
use crate::sound::PARROT;
use crate::support::{HOME, address, server, talkpath};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use talkpath::server::Server;

const LIMIT: Duration = Duration::from_secs(60);

/// A registrar of ours with one user.
fn registrar() -> Server {
    server(&format!("[[phone]]\nuser = \"us\"\npassword = \"secret\"\n{PARROT}"))
}

/// What `talkpath trunk test` says of the trunk of `config`, and whether it found it good.
fn examined(config: &str, more: &[&str]) -> (bool, String) {
    let scratch = Scratch::new();
    let file = scratch.file("talkpath.toml", config);
    let output = finish(talkpath().arg("--config").arg(file).args(["trunk", "test", "pbx"]).args(more), LIMIT);
    (output.status.success(), text(&output))
}

fn assert_says(found: &(bool, String), well: bool, words: &[&str]) {
    let (was_well, said) = found;
    assert_eq!(*was_well, well, "{said}");
    let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
    assert!(missing.is_empty(), "no {missing:?} in: {said}");
}

fn by_registration(registrar: SocketAddr, user: &str, password: &str) -> String {
    format!(
        "[[trunk]]\nname = \"pbx\"\nregistrar = \"sip:{registrar}\"\nusername = \"{user}\"\npassword = \"{password}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_trunk_is_said_in_words() {
    let registrar = registrar();
    let place = address(&registrar);
    let good = examined(&by_registration(place, "us", "secret"), &[]);
    assert_says(&good, true, &["network: udp://", "answers OPTIONS", "password: accepted for \"us\"", "codec"]);
    let wrong = examined(&by_registration(place, "us", "guess"), &[]);
    assert_says(&wrong, false, &["WRONG    password:", "user name or password is wrong"]);
    assert!(registrar.sip().bindings("us").await.is_empty(), "examining registers nobody");

    let nowhere = (HOME, free_port()).into();
    let dead = examined(&by_registration(nowhere, "us", "secret"), &[]);
    assert_says(&dead, false, &["WRONG    firewall: udp://", "check address, port, transport and firewall"]);
    let unnamed = "[[trunk]]\nname = \"pbx\"\nservers = [\"sip:no-such-host.invalid\"]\n";
    assert_says(&examined(unnamed, &[]), false, &["WRONG    name:", "no-such-host.invalid", "can't be found"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_shows_whether_a_codec_is_shared() {
    let far = server(PARROT);
    let trunk = |place| format!("[[trunk]]\nname = \"pbx\"\nservers = [\"sip:{place}\"]\n");
    let answered = examined(&trunk(address(&far)), &["--call", "receptionist"]);
    assert_says(&answered, true, &["ok       call: receptionist: answered"]);
    let deaf = Carrier::start("488 Not Acceptable Here");
    let refused = examined(&trunk(deaf.address()), &["--call", "1"]);
    assert_says(&refused, false, &["WRONG    codec: 1: 488", "allow PCMU or PCMA"]);
    let forbidding = Carrier::start("403 Forbidden");
    let refused = examined(&trunk(forbidding.address()), &["--call", "1"]);
    assert_says(&refused, false, &["WRONG    call: 1: refused by the other side: 403 Forbidden"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_is_not_there_is_named() {
    let found = examined("[[trunk]]\nname = \"other\"\nservers = [\"sip:127.0.0.1\"]\n", &[]);
    assert_says(&found, false, &["no trunk \"pbx\"", "\"other\""]);
}

fn served(scratch: &Scratch, config: &str, http: &str) -> (Program, String) {
    let file = scratch.file("talkpath.toml", config);
    let mut command = talkpath();
    command.arg("--config").arg(file).args(["serve", "--listen", "udp://127.0.0.1:0", "--http", http]);
    let mut program = Program::start(&mut command);
    let said = program.until("answers HTTP on http://");
    let url = said.split_whitespace().find(|word| word.starts_with("http://")).unwrap().trim_end_matches([';', '.']);
    (program, url.to_owned())
}

fn table(config: &Path, url: &str) -> (bool, String) {
    let output = finish(talkpath().arg("--config").arg(config).args(["trunk", "--url", url]), LIMIT);
    (output.status.success(), text(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_shows_how_trunks_stand() {
    let (registrar, carrier) = (registrar(), Carrier::start("486 Busy Here"));
    let config = format!(
        "{}[[trunk]]\nname = \"carrier\"\nservers = [\"sip:{}\"]\nmax_calls = 30\n\
         [[trunk]]\nname = \"dead\"\nservers = [\"sip:127.0.0.1:{}\"]\n",
        by_registration(address(&registrar), "us", "secret"),
        carrier.address(),
        free_port()
    );
    let scratch = Scratch::new();
    let (_program, url) = served(&scratch, &config, "127.0.0.1:0");
    let file = scratch.path().join("talkpath.toml");
    let deadline = std::time::Instant::now() + LIMIT;
    // Registration and probes take their time.
    let said = loop {
        let (well, said) = table(&file, &url);
        if said.contains(" registered ") && said.contains("DOWN") {
            assert!(!well, "a trunk is dead: {said}");
            break said;
        }
        assert!(std::time::Instant::now() < deadline, "{said}");
    };
    let line = |name: &str| said.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("TRUNK").contains("REGISTRATION"), "{said}");
    assert!(line("pbx").contains("registered"), "{said}");
    assert!(line("carrier").contains("up, ") && line("carrier").contains("0 of 30"), "{said}");
    assert!(line("dead").contains("DOWN"), "{said}");
    assert!(line("dead:").contains("doesn't answer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_key_answers_those_who_have_it() {
    let scratch = Scratch::new();
    let config = "[http]\nkey = \"0123456789abcdef\"\n";
    let (_program, url) = served(&scratch, config, "127.0.0.1:0");
    let (well, said) = table(&scratch.path().join("talkpath.toml"), &url);
    assert!(well && said.contains("There are no trunks"), "{said}");
    for (config, words) in [("", "there is no"), ("[http]\nkey = \"fedcba9876543210\"\n", "the key is another one")] {
        let other = scratch.file("other.toml", config);
        let (well, said) = table(&other, &url);
        assert!(!well && said.contains("401") && said.contains(words), "{said}");
    }
    let (well, said) = table(&scratch.path().join("other.toml"), &format!("http://127.0.0.1:{}", free_port()));
    assert!(!well && said.contains("no talkpath answers at http://127.0.0.1:"), "{said}");
}
