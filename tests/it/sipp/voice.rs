//! The voice of scenarios that carry some, as it stands in our recordings: caller left, agent right.

use super::ensure;
use super::scenario::folder;
use crate::sound::{position, trimmed};
use std::path::Path;
use talkpath::call::{CallEvent, CallEventKind, CallId};
use talkpath::net::shard::Report;
use talkpath::recorder::Outcome;
use talkpath_media::g711::Law;
use talkpath_media::tone::level_at;

/// `media/tones.pcmu`: so many bursts of so many samples, 700 and 1000 Hz in turn.
const BURSTS: usize = 8;
const BURST: usize = 2_000;
const PITCHES: [f32; 2] = [700.0, 1_000.0];
/// What a burst may lose at its ends without being judged by it.
const MARGIN: usize = 300;
/// Packets of 20 ms that carry it.
const PACKETS: u64 = 100;
const PACKET: u64 = 160;
/// Short enough that the recorder's following of the caller's clock (a sample in 160) doesn't blur a pitch.
const WINDOW: usize = 160;
/// A level is the same within this.
const SAME_DB: f32 = 0.5;
/// The other pitch is at least this much softer.
const APART_DB: f32 = 20.0;
/// Louder than an idle line.
const LOUD: u16 = 1_000;

/// Both channels of a recording.
pub(crate) struct Recording {
    pub(crate) left: Vec<i16>,
    pub(crate) right: Vec<i16>,
}

/// Reads a recording.
pub(crate) fn read(path: &Path) -> Recording {
    let reader = hound::WavReader::open(path).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (2, 8_000, 16));
    let samples: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
    let channel = |offset: usize| samples.iter().skip(offset).step_by(2).copied().collect();
    Recording { left: channel(0), right: channel(1) }
}

/// The recording of a call of the server.
pub(super) fn recording(call: CallId, events: &[CallEvent]) -> Recording {
    let written = events.iter().filter(|event| event.call == call).find_map(|event| match &event.kind {
        CallEventKind::Recorded(outcome) => Some(&**outcome),
        _ => None,
    });
    match written.unwrap() {
        Outcome::Written { path, .. } => read(path),
        Outcome::Failed { error, .. } => panic!("the recording failed: {error}"),
    }
}

/// SIPp's tones reached the agent, and it sent the same tones back; every packet was counted once.
pub(super) fn judge_parrot(recording: &Recording, report: &Report) -> Result<(), String> {
    let sent: Vec<i16> = std::fs::read(folder().join("media/tones.pcmu"))
        .unwrap()
        .iter()
        .map(|byte| Law::Mu.decode_byte(*byte))
        .collect();
    assert_eq!(sent.len(), BURSTS * BURST);
    let heard = onset(&recording.left, 0).ok_or("the caller's tones never came")?;
    judge_tones("the caller's tones", &sent, &recording.left[heard..])?;
    let back = onset(&recording.right, heard + sent.len()).ok_or("the agent repeats nothing")?;
    judge_tones("the agent's repetition", &sent, &recording.right[back..])?;
    let same = position(&sent[MARGIN..sent.len() - MARGIN], &recording.right).is_some();
    ensure(same, || "the repetition differs from what was said".into())?;
    let leg = &report.leg;
    ensure((leg.received, leg.lost, leg.late, leg.duplicated, leg.strangers) == (PACKETS, 0, 0, 0, 0), || {
        format!("{PACKETS} packets were sent to the agent: {leg:?}")
    })?;
    let told = leg.sent * PACKET + talkpath_media::samples_in(leg.skipped) as u64;
    let recorded = recording.right.len() as u64;
    ensure(told == recorded && leg.unsent == 0, || format!("{recorded} samples were recorded: {leg:?}"))
}

/// The first loud sample from `start` on.
fn onset(samples: &[i16], start: usize) -> Option<usize> {
    samples.iter().skip(start).position(|sample| sample.unsigned_abs() > LOUD).map(|found| start + found)
}

fn judge_tones(what: &str, sent: &[i16], heard: &[i16]) -> Result<(), String> {
    ensure(heard.len() >= sent.len(), || format!("{what} are cut short: {} samples", heard.len()))?;
    for burst in 0..BURSTS {
        let within = burst * BURST + MARGIN..(burst + 1) * BURST - MARGIN;
        let (pitch, other) = (PITCHES[burst % 2], PITCHES[(burst + 1) % 2]);
        for (sent, heard) in sent[within.clone()].chunks_exact(WINDOW).zip(heard[within].chunks_exact(WINDOW)) {
            let (wanted, found, beside) = (level_at(pitch, sent), level_at(pitch, heard), level_at(other, heard));
            ensure((found - wanted).abs() < SAME_DB && beside < wanted - APART_DB, || {
                format!(
                    "burst {burst} of {what}: {pitch} Hz at {found} dBov instead of {wanted}, {other} Hz at {beside}"
                )
            })?;
        }
    }
    Ok(())
}

/// SIPp echoed our voice: what we sent came back sample for sample, and no packet was lost.
pub(super) fn judge_echo(directory: &Path, said: &str) -> Result<(), String> {
    const STRETCH: usize = 4_000;
    let recordings: Vec<_> = std::fs::read_dir(directory.join("recordings")).unwrap().collect();
    ensure(recordings.len() == 1, || format!("{} recordings", recordings.len()))?;
    let Recording { left, right } = read(&recordings[0].as_ref().unwrap().path());
    let spoken = trimmed(&right);
    ensure(spoken.len() > STRETCH, || format!("the agent said {} samples", spoken.len()))?;
    ensure(position(&spoken[..STRETCH], &left).is_some(), || "the agent's voice isn't what SIPp echoed".into())?;
    ensure(said.contains(", lost 0, late 0,"), || format!("packets were lost:\n{said}"))
}
