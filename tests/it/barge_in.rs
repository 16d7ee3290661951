//! Interruption, judged by the RTP that reaches the caller and measured in audio: what the agent sends is compared, sample by
//! sample, with what its voice says.
//!
//! Time is counted from the caller's first voiced packet, on both sides' clocks: packets that the caller had sent, packets that
//! the agent sent meanwhile. The smaller count is taken: the two sides' packets fall between each other as they like. A scene during
//! which the machine stood still says nothing and is played again.

use crate::sound::{PARROT, assert_whole, call, coded, listen, position, spoken, trimmed, until_pause, until_sound};
use crate::support::{address, patiently, server, story};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use talkpath::net::shard::{MediaEvent, Report};
use talkpath::phone::{DialOptions, Heard, PhoneCall, Said};
use talkpath_media::g711::Law;
use talkpath_media::level::dbov;
use talkpath_media::vad::{Mode, Vad};
use talkpath_speech::builtin::{self, opening};
use talkpath_speech::voice::Voice;
use talkpath_speech::{Samples, Speech};

/// How far the agent gets before the caller makes a sound: to where it speaks without a rest for the next 400 ms.
const LISTENING: Duration = Duration::from_millis(2_450);
/// Samples of a packet.
const FRAME: usize = 160;
/// Samples of a millisecond.
const MS: usize = 8;
/// Packets further apart than this show that the machine stood still.
const STALL: Duration = Duration::from_millis(38);
/// How often the machine may have done so.
const ATTEMPTS: usize = 5;
/// What a pause fades over, there and back; what fades away is said again.
const FADE: usize = 24 * MS;

/// The caller's voice: a sentence that begins with a vowel, cut to `ms`.
fn voice(ms: usize) -> Vec<i16> {
    let mut samples =
        Voice::new().unwrap().synthesize("I wonder whether you are open on a Sunday, or only all week long.");
    samples.truncate(ms * MS);
    samples
}

/// A cough: noise that bursts and dies away.
fn cough(ms: usize) -> Vec<i16> {
    let mut state = 1_u32;
    let mut low = 0.0;
    let noise = (0..ms * MS).map(|at| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        low = 0.7 * low + 0.3 * (f64::from(state >> 16) - 32_768.0);
        (low * 0.5 * (-(at as f64) / (ms * MS) as f64).exp()) as i16
    });
    noise.collect()
}

/// A call that was disturbed while the agent said its opening, and everything that was heard.
struct Scene {
    /// The opening as it sounds undisturbed.
    line: Vec<i16>,
    /// What was heard instead, from the opening's first sample on.
    heard: Vec<i16>,
    /// The same packets.
    packets: Vec<Heard>,
    /// When the caller spoke.
    said: Said,
    /// Frames of the caller's sound before its first voiced one.
    unvoiced: usize,
    events: Vec<MediaEvent>,
    report: Box<Report>,
}

/// Makes `sound` into the agent's opening, waits until `over`, hangs up.
async fn disturb(config: &str, sound: Vec<i16>, over: impl AsyncFnOnce(&mut PhoneCall)) -> Scene {
    let server = server(config);
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    listen(&mut call.ear, LISTENING).await;
    let unvoiced = unvoiced_frames(&sound);
    let said = patiently("the caller", call.mouth().say(Arc::from(sound))).await.unwrap();
    call.ear.catch_up();
    over(&mut call).await;
    call.ear.catch_up();
    let (samples, packets) = (call.ear.samples(), call.ear.heard().to_vec());
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    let (events, report) = story(&mut events).await;
    assert_whole(&counts, &report);
    assert_eq!(report.leg.lost, 0);
    let line = spoken(&opening(&builtin::Settings::default()));
    let start = position(&line[..4_000], &samples).expect("the opening begins as its voice says it");
    let (first, rest) = (start / FRAME, start % FRAME);
    assert_eq!(rest, 0, "a line begins with a packet");
    Scene { line, heard: samples[start..].to_vec(), packets: packets[first..].to_vec(), said, unvoiced, events, report }
}

fn unvoiced_frames(sound: &[i16]) -> usize {
    let mut vad = Vad::new(Mode::default());
    let mut verdicts = Vec::new();
    vad.push(&[0; 8_000], |_| {});
    vad.push(&coded(Law::Mu, sound), |frame| verdicts.push(frame.voiced));
    verdicts.iter().position(|voiced| *voiced).expect("the caller's sound is taken for voice")
}

impl Scene {
    /// Milliseconds of audio from the caller's first voiced packet to the agent's sample at `at`.
    fn since_voice(&self, at: usize) -> usize {
        let voiced = self.said.first + self.unvoiced as u64;
        let after = |heard: &&Heard| heard.packet.sent > voiced;
        let ours =
            self.packets.iter().position(|heard| after(&heard)).map_or(0, |first| at.saturating_sub(first * FRAME));
        let theirs = (self.packets[at / FRAME].packet.sent.saturating_sub(voiced + 1)) as usize * FRAME + at % FRAME;
        ours.min(theirs) / MS
    }

    /// False when either side stood still while the caller began to speak: packets came or left in a burst.
    fn is_spare(&self) -> bool {
        let window = self.said.first.saturating_sub(5)..self.said.first + 25;
        let in_window = |pair: &&[Heard]| window.contains(&pair[1].packet.sent);
        let steady = |pair: &[Heard]| {
            let waited = pair[1].packet.arrived.duration_since(pair[0].packet.arrived);
            waited < STALL && pair[1].packet.sent - pair[0].packet.sent <= 2
        };
        self.packets.windows(2).filter(in_window).all(steady)
    }

    /// Where what was heard first differs from the line.
    fn changed(&self) -> usize {
        self.heard.iter().zip(&self.line).position(|(heard, line)| heard != line).expect("the line goes on undisturbed")
    }

    /// Where the agent was first 6 dB down, seen over 5 ms.
    fn ducked(&self) -> usize {
        let from = self.changed();
        let down = |at: &usize| {
            let of = |samples: &[i16]| dbov(&samples[*at..at + 5 * MS]);
            of(&self.line) > -40.0 && of(&self.heard) <= of(&self.line) - 6.0
        };
        (from..self.line.len() - 5 * MS).find(down).expect("the agent is ducked")
    }

    /// The silence that follows the change.
    fn silence(&self) -> Range<usize> {
        let mut start = self.changed();
        while start < self.heard.len() {
            let end = self.heard[start..].iter().position(|sample| *sample != 0);
            let end = end.map_or(self.heard.len(), |length| start + length);
            if end - start >= 100 * MS {
                return start..end;
            }
            start = end + 1;
        }
        panic!("the agent never falls silent")
    }

    fn told(&self, of: impl Fn(&MediaEvent) -> bool) -> usize {
        self.events.iter().filter(|event| of(event)).count()
    }

    /// The agent's first line, as far as the transcript has it.
    fn transcript(&self) -> (&str, bool) {
        let said = self.events.iter().find_map(|event| {
            let MediaEvent::AgentSaid { heard, interrupted, .. } = event else { return None };
            Some((heard.as_str(), *interrupted))
        });
        said.expect("the line is in the transcript")
    }
}

/// The agent is interrupted while the machine keeps its time; where it doesn't, the scene is played again.
async fn interrupted(interruption: &[i16]) -> Scene {
    for _ in 0..ATTEMPTS {
        let scene = disturb(PARROT, interruption.to_vec(), async |call| {
            until_sound(&mut call.ear).await;
            until_pause(&mut call.ear).await;
        })
        .await;
        if scene.is_spare() {
            return scene;
        }
        eprintln!("the machine stood still while the caller began to speak: once more");
    }
    panic!("the machine is too noisy: in {ATTEMPTS} attempts it stood still while the caller began to speak")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_is_ducked_within_100_ms_and_silent_within_250() {
    let interruption = voice(800);
    let scene = interrupted(&interruption).await;
    let (ducked, silence) = (scene.since_voice(scene.ducked()), scene.silence());
    let silent = scene.since_voice(silence.start);
    eprintln!("ducked after {ducked} ms of audio, silent after {silent} ms");
    assert!(ducked <= 100, "ducked after {ducked} ms");
    assert!(silent <= 250, "silent after {silent} ms");

    // Of the old line nothing comes later: all that was heard afterwards is the caller's own voice, and silence.
    let answer = trimmed(&scene.heard[silence.end..]);
    let said = coded(Law::Mu, &interruption);
    let said = trimmed(&said);
    assert!(said.starts_with(answer) && answer.len() + 100 * MS >= said.len(), "{} {}", answer.len(), said.len());

    // The transcript is the front of the line, cut at the word that the audio was cut at.
    let (text, interrupted) = scene.transcript();
    let cuts = [silence.start.saturating_sub(FADE), silence.start].map(heard_words);
    assert!(interrupted && cuts.iter().any(|cut| cut == text), "\"{text}\" is none of {cuts:?}");
    assert_eq!(scene.told(|event| matches!(event, MediaEvent::Interrupted)), 1);
    assert_eq!(scene.report.turns.interruptions, 1);
}

/// The words of the opening that have ended within so many samples of it.
fn heard_words(samples: usize) -> String {
    let Speech { words, .. } = Voice::new().unwrap().speak(opening(&builtin::Settings::default())[0]);
    let whole = words.iter().filter(|word| word.end <= Samples(samples as u64));
    whole.map(|word| &*word.text).collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backchannel_of_300_ms_pauses_the_agent_and_loses_no_word() {
    let scene = disturb(PARROT, voice(300), async |call| until_pause(&mut call.ear).await).await;
    let silence = scene.silence();
    // Where the line goes on: found behind the fade, reckoned back.
    let behind = silence.end + 2 * FADE;
    let resumed = position(&scene.heard[behind..behind + 200 * MS], &scene.line).expect("the line goes on") - 2 * FADE;
    assert!(resumed <= silence.start, "{} samples are lost", resumed - silence.start);
    assert!(silence.start - resumed <= FADE, "{} samples are said twice", silence.start - resumed);
    // What was said ducked, between the way down and the fade, is the line all the same.
    let lowered = scene.changed() + FADE / 2..silence.start - FADE;
    let likeness = likeness(&scene.heard[lowered.clone()], &scene.line[lowered.clone()]);
    assert!(lowered.len() > 80 * MS && likeness > 0.99, "{lowered:?} is like the line to {likeness}");
    let rest = &scene.line[resumed + 2 * FADE..];
    assert!(scene.heard[behind..].starts_with(rest), "the rest of the line differs");
    assert!(scene.heard[behind + rest.len()..].iter().all(|sample| *sample == 0), "more than the line is said");

    let whole = opening(&builtin::Settings::default()).join(" ");
    assert_eq!(scene.transcript(), (whole.as_str(), false));
    assert_eq!((scene.report.turns.false_alarms, scene.report.turns.interruptions), (1, 0));
    assert_eq!(scene.told(|event| matches!(event, MediaEvent::Resumed)), 1);
}

/// Normalised correlation.
fn likeness(one: &[i16], other: &[i16]) -> f64 {
    let product = |one: &[i16], other: &[i16]| {
        one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum::<f64>()
    };
    product(one, other) / (product(one, one) * product(other, other)).sqrt()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cough_takes_nothing_from_the_agent() {
    let scene = disturb(PARROT, cough(150), async |call| until_pause(&mut call.ear).await).await;
    assert!(scene.told(|event| matches!(event, MediaEvent::Ducked)) > 0, "the cough was not even heard");
    assert_eq!(scene.report.turns.interruptions, 0);
    assert_eq!(scene.transcript().0, opening(&builtin::Settings::default()).join(" "));
    let end = &scene.line[scene.line.len() - 64_000..];
    assert!(position(end, &scene.heard).is_some(), "the line is said to its end");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uncuttable_greeting_is_heard_to_its_end_untouched() {
    let config = PARROT.replace("parrot_lead_in", "greeting_interruptible = false\nparrot_lead_in");
    let scene = disturb(&config, voice(800), async |call| {
        until_pause(&mut call.ear).await;
    })
    .await;
    assert!(scene.heard.starts_with(&scene.line), "the greeting is touched at sample {}", scene.changed());
    assert_eq!(scene.told(|event| matches!(event, MediaEvent::Ducked | MediaEvent::Interrupted)), 0);
    assert_eq!(
        scene.told(|event| matches!(event, MediaEvent::CallerStarted { .. })),
        1,
        "the caller is heard beside it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_cuts_the_agent_and_is_obeyed() {
    let server = server(PARROT);
    let (mut events, mut call) = (server.subscribe(), call(address(&server), DialOptions::default()).await);
    until_sound(&mut call.ear).await;
    listen(&mut call.ear, LISTENING).await;
    call.mouth().press('9');
    patiently("the agent to hang up", call.ended()).await.unwrap();
    call.mouth().disconnect().await.unwrap();
    call.ear.catch_up();
    let samples = call.ear.samples();
    let (line, goodbye) =
        (spoken(&opening(&builtin::Settings::default())), spoken(&["Thank you for calling. Goodbye."]));
    let start = position(&line[..4_000], &samples).unwrap();
    let at = position(&goodbye, &samples).expect("the goodbye is said as asked");
    assert!(at - start < line.len() / 2, "the key waited for the end of the line");
    assert!(samples[at + goodbye.len()..].iter().all(|sample| *sample == 0));
    let (told, report) = story(&mut events).await;
    assert_eq!((report.turns.key_interruptions, report.turns.interruptions), (1, 0));
    let said = |event: &MediaEvent| matches!(event, MediaEvent::AgentSaid { interrupted: true, .. });
    assert_eq!(told.iter().filter(|event| said(event)).count(), 1);
}
