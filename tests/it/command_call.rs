//! The program as people run it: `talkpath call` to a `talkpath serve` beside it, and what both say when they can't.

use crate::bursts::{self, Bursts, Recording};
use crate::programs::{Program, Scratch, finish, free_port, text};
use crate::support::{Attempt, HOME, talkpath, undisturbed};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a program may take to say what is wrong.
const SOON: Duration = Duration::from_secs(20);
/// How long a whole call may take.
const LIMIT: Duration = Duration::from_secs(60);
const PITCHES: [f32; 2] = [600.0, 1_100.0];
const LEVEL_DBOV: f32 = -17.0;

/// `talkpath serve` that repeats its callers and records them, and where it answers.
fn serve(scratch: &Scratch) -> (Program, String) {
    let recordings = scratch.path().join("recordings");
    let config = scratch.file(
        "talkpath.toml",
        &format!(
            "[media]\nrtp_ports = \"any\"\n[recording]\nenabled = true\ndirectory = \"{}\"\n\
             [[agent]]\nname = \"receptionist\"\ngreeting = \"Hello.\"\nparrot_lead_in = \"\"\n",
            recordings.display(),
        ),
    );
    let mut command = talkpath();
    command
        .arg("serve")
        .arg("--config")
        .arg(config)
        .args(["--http", "", "--show", "--listen"])
        .arg(format!("udp://{HOME}:0"));
    let mut program = Program::start(&mut command);
    let said = program.until("answers SIP on udp://");
    let address = said.split_once("udp://").unwrap().1.trim_end_matches('.').to_owned();
    (program, address)
}

#[tokio::test]
async fn tones_of_a_file_travel_from_one_program_to_another_and_back() {
    undisturbed("tones from one program to another", async || tones_there_and_back()).await;
}

fn tones_there_and_back() -> Attempt {
    let (here, there) = (Scratch::new(), Scratch::new());
    let (mut server, address) = serve(&there);
    let (tones, file) = (Bursts::new(PITCHES, LEVEL_DBOV), here.path().join("tones.wav"));
    bursts::write(&file, &Bursts::wide(PITCHES, LEVEL_DBOV, 1, 5), 2, 16_000);
    let mut call = talkpath();
    call.current_dir(here.path()).args(["call", &format!("sip:receptionist@{address}"), "--record", "--play"]);
    let output = finish(call.arg(&file), LIMIT);
    let said = text(&output);
    assert!(output.status.success() && said.contains("ended: answered; we hung up"), "{said}");
    server.until("ended: answered; the other side hung up");
    let packets = server.until("packets");
    server.until("recording");
    server.terminate();
    server.until("Stopped.");
    assert!(server.ended().success());
    if let Some(line) = said.lines().chain([&*packets]).find(|line| line.contains("left out")) {
        return Attempt::Disturbed(line.to_owned());
    }
    assert!(said.contains(", lost 0, late 0,") && packets.contains(", lost 0, late 0,"), "{said}{packets}");
    let ours = bursts::only_recording(&here.path().join("recordings"));
    let sent = tones.find(&ours.right, 0).expect("the caller sends them");
    tones.find(&ours.left, sent + tones.samples.len()).expect("the caller hears them again");
    let Recording { left, right } = bursts::only_recording(&there.path().join("recordings"));
    let heard = tones.find(&left, 0).expect("the server hears them");
    tones.find(&right, heard + tones.samples.len()).expect("the server sends them back");
    Attempt::Judged
}

#[test]
fn a_call_to_where_nobody_is_says_so() {
    let mut call = talkpath();
    let output = finish(call.args(["call", &format!("sip:anyone@{HOME}:{}", free_port()), "--ring", "2"]), LIMIT);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("can't be reached: it never answered our INVITE; check address, port"), "{said}");
}

/// It ends with status 1 and one sentence on standard error, in which all of these words stand.
fn assert_refused(command: &mut Command, words: &[&str]) {
    let output = finish(command, SOON);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    assert!(output.stdout.is_empty(), "{command:?}");
    assert!(said.starts_with("talkpath: ") && said.lines().count() == 1, "{command:?}: {said}");
    let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
    assert!(missing.is_empty(), "{command:?} doesn't say {missing:?}: {said}");
}

#[test]
fn what_keeps_a_call_from_being_placed_is_said_in_a_sentence() {
    let scratch = Scratch::new();
    scratch.file("noise.wav", "this is no WAV file");
    bursts::write(&scratch.path().join("fast.wav"), &[0; 1_000], 1, 8_001);
    let to = format!("sip:anyone@{HOME}:9");
    let cases: [(&[&str], &[&str]); 9] = [
        (&["sip:anyone@no-such-host.invalid"], &["no-such-host.invalid", "can't be found", "check its spelling"]),
        (&["anyone"], &["\"anyone\" is no SIP URI", "write sip:USER@HOST"]),
        (&["sip:anyone@127.0.0.1:99999"], &["99999", "bad port", "or sip:USER@HOST:PORT"]),
        (&["tel:+493012345678"], &["names no host", "write sip:USER@HOST"]),
        (&[&to, "--from", "me"], &["\"me\" is no SIP address", "write sip:USER@HOST"]),
        (&[&to, "--agent", "nobody"], &["no agent \"nobody\"", "\"receptionist\""]),
        (&[&to, "--play", "noise.wav"], &["can't play noise.wav", "must be a WAV file"]),
        (&[&to, "--play", "missing.wav"], &["can't play missing.wav", "No such file"]),
        (&[&to, "--play", "fast.wav"], &["can't play fast.wav", "8001 Hz", "8000"]),
    ];
    for (arguments, words) in cases {
        assert_refused(talkpath().current_dir(scratch.path()).arg("call").args(arguments), words);
    }
}

#[test]
fn a_port_that_is_taken_is_named_and_another_one_proposed() {
    let (_server, address) = serve(&Scratch::new());
    let listen = format!("udp://{address}");
    let words = [&*listen, "already in use", "stop it", "set sip.listen", "--listen udp://"];
    assert_refused(talkpath().args(["serve", "--http", "", "--listen", &listen]), &words);
    assert_refused(
        talkpath().args(["serve", "--listen", "5060"]),
        &["\"5060\" is no place", "write \"udp://ADDRESS:PORT\""],
    );
}

#[test]
fn good_files_are_told_what_they_mean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, words) in [
        ("sipp-scenarios/talkpath.toml", ["udp://127.0.0.1:5060", "agent \"slow\"", "route \"busy\": reject with 486"]),
        ("config/examples/office.toml", ["192.168.0.0/16", "menu \"main\"", "phone \"201\""]),
        ("config/default.toml", ["udp://0.0.0.0:5060", "agent \"receptionist\"", "route \"everyone\": agent"]),
    ] {
        let output = finish(talkpath().arg("check").arg(root.join(file)), SOON);
        let said = text(&output);
        assert!(output.status.success() && said.starts_with("The configuration is good."), "{file}: {said}");
        assert!(words.iter().all(|word| said.contains(word)), "{file}: {said}");
    }
}

#[test]
fn bad_files_are_refused_with_the_place_of_the_fault() {
    let scratch = Scratch::new();
    for (text, words) in [
        ("[sip]\nport = 5060\n", ["bad.toml:2:1", "unknown field `port`", "`listen`"]),
        (
            "[sip]\nlisten = [\"tls://0.0.0.0:5060\"]\n",
            ["bad.toml:2:11", "is no place to listen", "udp://ADDRESS:PORT"],
        ),
        ("[media]\nptime = 25\n", ["bad.toml:2:9", "ptime is 10, 20", "not 25"]),
        (
            "[[route]]\nname = \"all\"\naction = { agent = \"ghost\" }\n",
            ["bad.toml:3:", "no agent \"ghost\"", "\"receptionist\""],
        ),
        ("[sip\n", ["bad.toml:1:", "talkpath: ", "]"]),
    ] {
        scratch.file("bad.toml", text);
        assert_refused(talkpath().current_dir(scratch.path()).args(["check", "bad.toml"]), &words);
        assert_refused(talkpath().current_dir(scratch.path()).args(["serve", "--config", "bad.toml"]), &words);
    }
    let missing = ["can't read the configuration file missing.toml", "No such file"];
    assert_refused(talkpath().current_dir(scratch.path()).args(["check", "missing.toml"]), &missing);
}

/// What `talkpath route` says of the example of an office.
fn routed(arguments: &[&str]) -> (bool, String) {
    let office = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/office.toml");
    let output = finish(talkpath().arg("route").arg(office).args(arguments), SOON);
    (output.status.success(), text(&output))
}

/// Its lines, in order, are these or begin so.
fn assert_lines(said: &str, wanted: &[&str]) {
    let mut lines = said.lines().map(str::trim);
    for line in wanted {
        assert!(lines.any(|found| found.starts_with(line)), "no {line:?} at its place in: {said}");
    }
}

#[test]
fn a_route_is_explained_line_by_line() {
    let carrier = ["--trunk", "carrier", "--to", "030555000", "--from", "089123"];
    let (taken, by_day) = routed(&[&carrier[..], &["--at", "2026-11-24T10:00:00+01:00"]].concat());
    assert!(taken);
    assert_lines(
        &by_day,
        &[
            "A call from \"+4989123\" to \"+4930555000\", by trunk \"carrier\":",
            "route \"front desk\" doesn't take it: phone: it came from none of ours",
            "route \"office hours\" takes it: menu \"main\"",
        ],
    );
    let (taken, by_night) = routed(&[&carrier[..], &["--at", "2026-11-24T23:00:00+01:00"]].concat());
    assert!(taken);
    assert_lines(
        &by_night,
        &["route \"office hours\" doesn't take it: time:", "route \"closed\" takes it: agent \"desk\""],
    );
    let (_, dialled) = routed(&["--phone", "201", "--to", "089123"]);
    let wanted = [
        "A call from \"201\" to \"+4989123\", from phone \"201\":",
        "route \"from phones to the world\" takes it: dial group:pstn",
        "trunk \"carrier\" is sent \"+4989123\"",
    ];
    assert_lines(&dialled, &wanted);
    for (number, name) in [("112", "emergency"), ("0900123", "premium rate")] {
        let (_, refused) = routed(&["--phone", "201", "--to", number]);
        assert!(refused.contains("is sent nothing") && refused.contains(name), "{refused}");
    }
    let (taken, stranger) = routed(&["--to", "100", "--source", "203.0.113.9"]);
    assert!(!taken);
    assert_lines(
        &stranger,
        &["203.0.113.9 is no source in sip.allow: it would be refused 403", "no route takes it: it is answered 404"],
    );
}

#[test]
fn what_a_route_is_asked_for_must_be_there() {
    let office = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples/office.toml");
    let cases: [(&[&str], &[&str]); 3] = [
        (&["--trunk", "nobody"], &["no trunk \"nobody\""]),
        (&["--phone", "999"], &["no phone \"999\""]),
        (&["--header", "X-Tenant"], &["\"X-Tenant\" is no header field", "Name: value"]),
    ];
    for (arguments, words) in cases {
        assert_refused(talkpath().arg("route").arg(&office).args(arguments), words);
    }
}
