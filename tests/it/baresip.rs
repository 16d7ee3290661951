//! A softphone without an account: it calls the server and is called by it.

use crate::bursts::{self, Bursts, Recording};
use crate::programs::{Scratch, finish};
use crate::softphone::{Softphone, installed};
use crate::support::{Attempt, HOME, address, patiently, server, talkpath, undisturbed};
use std::path::PathBuf;
use std::time::Duration;
use talkpath::call::{CallEvent, CallEventKind};
use talkpath::net::shard::MediaEvent;
use talkpath::recorder::Outcome;
use tokio::sync::broadcast::Receiver;

/// The voice of the softphone, and ours where we need one.
const ITS_PITCHES: [f32; 2] = [700.0, 1_000.0];
const OUR_PITCHES: [f32; 2] = [500.0, 1_250.0];
const LEVEL_DBOV: f32 = -15.0;

/// A parrot that says "Hello." and records.
fn parrot(recordings: &Scratch) -> talkpath::server::Server {
    let directory = recordings.path().display();
    server(&format!(
        "[recording]\nenabled = true\ndirectory = \"{directory}\"\n\
         [[agent]]\nname = \"receptionist\"\ngreeting = \"Hello.\"\nparrot_lead_in = \"\"\n"
    ))
}

/// Every event until a recording is complete, which is the last.
async fn until_recorded(events: &mut Receiver<CallEvent>, mut seen: impl FnMut(&CallEventKind)) -> PathBuf {
    loop {
        let event = patiently("the next event of the call", events.recv()).await.unwrap();
        seen(&event.kind);
        if let CallEventKind::Recorded(outcome) = &event.kind {
            match &**outcome {
                Outcome::Written { path, .. } => return path.clone(),
                Outcome::Failed { error, .. } => panic!("the recording failed: {error}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_hears_its_own_tones_again_and_hangs_up() {
    if !installed() {
        return;
    }
    undisturbed("a softphone's own tones", its_own_tones).await;
}

async fn its_own_tones() -> Attempt {
    let recordings = Scratch::new();
    let server = parrot(&recordings);
    let mut events = server.subscribe();
    let tones = Bursts::new(ITS_PITCHES, LEVEL_DBOV);
    let dial = format!("/dial sip:receptionist@{}", address(&server));
    let mut softphone = Softphone::start(&tones.between(0.7, 5.0), Some(&dial));
    softphone.program.until("Call established");
    let mut end = None;
    let path = until_recorded(&mut events, |kind| {
        if let CallEventKind::Ended { disposition, report } = kind {
            end = Some((disposition.to_string(), report.as_ref().unwrap().leg));
        }
    })
    .await;
    softphone.program.until("terminated");
    let (disposition, leg) = end.unwrap();
    if let Some(disturbed) = Attempt::disturbed_by(&leg) {
        return disturbed;
    }
    let Recording { left, right } = bursts::recording(&path);
    let said = tones.find(&left, 0).expect("the softphone's tones reach us");
    tones.find(&right, said + tones.samples.len()).expect("we send them back");
    tones.find(&softphone.heard(), said + tones.samples.len()).expect("the softphone hears them");
    assert_eq!(disposition, "answered; the other side hung up");
    assert!(leg.received > 300 && (leg.lost, leg.late, leg.duplicated, leg.strangers) == (0, 0, 0, 0), "{leg:?}");
    Attempt::Judged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_softphones_keys_are_read_back_and_nine_ends_the_call() {
    if !installed() {
        return;
    }
    let recordings = Scratch::new();
    let server = parrot(&recordings);
    let mut events = server.subscribe();
    let dial = format!("/dial sip:receptionist@{}", address(&server));
    let mut softphone = Softphone::start(&[0; 8_000 * 40], Some(&dial));
    softphone.program.until("Call established");
    softphone.program.type_in("5");
    softphone.program.until("send DTMF digit end: '5'");
    let (mut keys, mut said, mut end) = (String::new(), Vec::new(), String::new());
    until_recorded(&mut events, |kind| {
        if let CallEventKind::Media(MediaEvent::Key(key)) = kind {
            keys.push(*key);
        } else if let CallEventKind::Media(MediaEvent::AgentSaid { heard, .. }) = kind {
            said.push(heard.clone());
            if heard.contains("pressed") {
                softphone.program.type_in("9");
            }
        } else if let CallEventKind::Ended { disposition, .. } = kind {
            end = disposition.to_string();
        }
    })
    .await;
    assert_eq!(keys, "59", "each key once");
    assert!(said.iter().any(|line| line.trim() == "You pressed five."), "{said:?}");
    assert!(said.last().unwrap().contains("Goodbye"), "{said:?}");
    assert_eq!(end, "answered; we hung up");
    softphone.program.until("terminated");
}

#[tokio::test]
async fn a_softphone_that_is_called_hears_our_tones_and_we_hear_its() {
    if !installed() {
        return;
    }
    undisturbed("a call to a softphone", async || called()).await;
}

fn called() -> Attempt {
    let (ours, its) = (Bursts::new(OUR_PITCHES, LEVEL_DBOV), Bursts::new(ITS_PITCHES, LEVEL_DBOV));
    let mut softphone = Softphone::start(&its.between(1.0, 30.0), None);
    let scratch = Scratch::new();
    let tones = scratch.path().join("tones.wav");
    bursts::write(&tones, &ours.between(0.5, 1.5), 1, 8_000);
    let mut call = talkpath();
    call.current_dir(scratch.path()).arg("call").arg(format!("sip:softphone@{HOME}:{}", softphone.port));
    let output = finish(call.arg("--record").arg("--play").arg(&tones), Duration::from_secs(30));
    let said = crate::programs::text(&output);
    assert!(output.status.success() && said.contains("ended: answered; we hung up"), "{said}");
    softphone.program.until("terminated");
    if let Some(line) = said.lines().find(|line| line.contains("left out")) {
        return Attempt::Disturbed(line.to_owned());
    }
    assert!(said.contains(", lost 0, late 0,"), "{said}");
    let Recording { left, right } = bursts::only_recording(&scratch.path().join("recordings"));
    its.find(&left, 0).expect("the softphone's tones reach us");
    ours.find(&right, 0).expect("our tones leave us");
    ours.find(&softphone.heard(), 0).expect("our tones reach the softphone");
    Attempt::Judged
}
