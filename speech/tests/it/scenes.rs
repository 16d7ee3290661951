//! Scenes of a call, judged by what was sent.

use std::time::Duration;

use talkpath_speech::builtin::Settings;
use talkpath_speech::ledger::{Ledger, Speaker};
use talkpath_speech::turn::{Action, State};
use talkpath_speech::{Receptionist, Samples, Turn, Voice};

use crate::call::Call;

/// A tone of `ms` at about -18 dBov.
fn tone(ms: u64) -> Vec<i16> {
    let sample = |n: u64| (6_000.0 * (n as f32 * 2.0 * std::f32::consts::PI * 440.0 / 8_000.0).sin()) as i16;
    (0..ms * 8).map(sample).collect()
}

fn when(call: &Call, wanted: impl Fn(&Action) -> bool) -> u64 {
    call.actions.iter().find(|(_, action)| wanted(action)).expect("never done").0
}

/// The texts of the agent's lines and whether they were cut.
fn agent_said(call: &Call) -> Vec<(&str, bool)> {
    let lines = call.transcript().iter().filter(|line| line.who == Speaker::Agent);
    lines.map(|line| (line.text.as_str(), line.interrupted)).collect()
}

/// A call in which the agent is reading.
fn reading() -> Call {
    let mut call = Call::answered(Settings::default());
    call.silence(500);
    call.key('3');
    call.silence(3_000);
    assert_eq!(call.turn.state(), State::Speaking);
    call.actions.clear();
    call
}

#[test]
fn a_caller_who_interrupts_is_heard_within_250_ms_and_repeated() {
    let mut call = reading();
    let (spoke, sent) = (call.ms(), call.sent.len());
    call.says(&tone(1_000));
    assert!(when(&call, |action| *action == Action::Duck) - spoke <= 100);
    assert!(when(&call, |action| *action == Action::Pause) - spoke <= 250);
    assert!(call.sent[sent + 250 * 8..].iter().all(|&sample| sample == 0), "silent after 250 ms");
    call.silence(4_000);
    let said = agent_said(&call);
    assert!("Here is a short history of the way from your mouth to my ear.".starts_with(said[1].0), "{said:?}");
    assert_eq!((said[1].1, said[2]), (true, ("You said: [parrot]", false)));
    let tone = tone(1_000);
    assert!(call.sent.windows(tone.len()).any(|window| window == tone), "sample for sample");
    let latency = call.ledger.latency();
    assert_eq!(latency.first_packet, Some(Duration::from_millis(600)), "the hangover and nothing more: {latency:?}");
}

#[test]
fn a_300_ms_mm_hm_loses_no_sample_of_what_the_agent_says() {
    let mut call = Call::answered(Settings::default());
    call.silence(500);
    let mut quiet = Call::answered(Settings::default());
    quiet.silence(500);
    call.says(&tone(300));
    call.silence(20_000);
    quiet.silence(20_000);
    assert_eq!(call.turn.counters().false_alarms, 1);
    assert_eq!(agent_said(&call), agent_said(&quiet));
    // From 200 ms of voice to 200 ms after its end nothing was sent; before that the agent was ducked.
    let (paused, resumed) = (500 + 200, 500 + 300 + 220);
    assert!(call.sent[paused * 8..resumed * 8].iter().all(|&sample| sample == 0));
    let rest = quiet.sent.len() - resumed * 8;
    assert!(call.sent[resumed * 8..][..rest] == quiet.sent[paused * 8..][..rest], "not a sample lost");
}

#[test]
fn keys_cut_the_reading_and_are_answered() {
    let mut call = reading();
    call.key('1');
    call.silence(4_000);
    call.key('9');
    call.silence(4_000);
    let said = agent_said(&call);
    assert!(said[1].1 && !said[1].0.is_empty());
    assert_eq!(said[2], ("It is eight fifteen in the morning.", false));
    assert_eq!(said[3], ("Thank you for calling. Goodbye.", false));
    assert!(call.over, "hung up once the goodbye was heard");
}

#[test]
fn the_transcript_has_what_was_heard_and_not_what_was_queued() {
    for heard_ms in [300, 1_500, 5_000] {
        let mut call = Call::answered(Settings::default());
        call.silence(heard_ms);
        call.key('0');
        call.silence(20);
        let whole = "Hello, this is talkpath, your telephone receptionist. Say something and I will repeat it";
        let (text, cut) = agent_said(&call)[0];
        assert!(cut && whole.starts_with(text), "{text}");
        let words = text.split_whitespace().count();
        let expected = match heard_ms {
            300 => 0..=0,
            1_500 => 3..=3,
            _ => 7..=10,
        };
        assert!(expected.contains(&words), "{heard_ms} ms: {text}");
    }
}

#[test]
fn a_caller_who_stays_silent_is_left_after_a_while() {
    let mut call = Call::answered(Settings::default());
    call.silence(60_000);
    let said: Vec<&str> = agent_said(&call).into_iter().map(|(text, _)| text).collect();
    let still = "Are you still there?";
    assert_eq!(said[1..], [still, still, "I can not hear anybody. Thank you for calling. Goodbye."]);
    assert!(call.over);
    assert_eq!(call.sent.len() as u64, Samples::from_ms(60_000).0);
}

#[test]
fn a_call_can_move_between_threads_and_a_voice_be_shared() {
    fn moves<T: Send>() {}
    fn shared<T: Send + Sync>() {}
    moves::<(Turn, Ledger, Receptionist)>();
    shared::<Voice>();
}
