//! The voice of scenarios that carry some, as it stands in our recordings.

use super::ensure;
use super::scenario::folder;
use crate::bursts::{Bursts, Recording, only_recording, recording};
use crate::sound::{position, trimmed};
use std::path::Path;
use talkpath::call::{CallEvent, CallEventKind, CallId};
use talkpath::net::shard::Report;
use talkpath::recorder::Outcome;

/// Packets that carry `media/tones.pcmu`, and the samples of each.
const PACKETS: u64 = 100;
const PACKET: u64 = 160;

/// The recording of a call of the server.
pub(super) fn recorded(call: CallId, events: &[CallEvent]) -> Recording {
    let written = events
        .iter()
        .filter(|event| event.call == call)
        .find_map(|event| if let CallEventKind::Recorded(outcome) = &event.kind { Some(&**outcome) } else { None });
    match written.unwrap() {
        Outcome::Written { path, .. } => recording(path),
        Outcome::Failed { error, .. } => panic!("the recording failed: {error}"),
    }
}

/// SIPp's tones reached the agent, and it sent the same tones back, sample for sample; every packet was counted once.
pub(super) fn judge_parrot(Recording { left, right }: &Recording, report: &Report) -> Result<(), String> {
    if !report.leg.skipped.is_zero() {
        return disturbed(&format!("{:?} were left out", report.leg.skipped));
    }
    let tones = Bursts::of_mu_law(&folder().join("media/tones.pcmu"));
    let heard = tones.find(left, 0).map_err(|why| format!("the caller's tones: {why}"))?;
    tones.find(right, heard + tones.samples.len()).map_err(|why| format!("the agent's repetition: {why}"))?;
    ensure(position(tones.middle(), right).is_some(), || "the repetition differs from what was said".into())?;
    let leg = &report.leg;
    ensure((leg.received, leg.lost, leg.late, leg.duplicated, leg.strangers) == (PACKETS, 0, 0, 0, 0), || {
        format!("{PACKETS} packets were sent to the agent: {leg:?}")
    })?;
    let told = leg.sent * PACKET + talkpath_media::samples_in(leg.skipped) as u64;
    let recorded = right.len() as u64;
    ensure(told == recorded && leg.unsent == 0, || format!("{recorded} samples were recorded: {leg:?}"))
}

/// SIPp echoed our voice: what we sent came back sample for sample, and no packet was lost.
pub(super) fn judge_echo(directory: &Path, said: &str) -> Result<(), String> {
    const STRETCH: usize = 4_000;
    if let Some(line) = said.lines().find(|line| line.contains("left out")) {
        return disturbed(line);
    }
    let Recording { left, right } = only_recording(&directory.join("recordings"));
    let spoken = trimmed(&right);
    ensure(spoken.len() > STRETCH, || format!("the agent said {} samples", spoken.len()))?;
    ensure(position(&spoken[..STRETCH], &left).is_some(), || "the agent's voice isn't what SIPp echoed".into())?;
    ensure(said.contains(", lost 0, late 0,"), || format!("packets were lost:\n{said}"))
}

/// A machine that stood still has spoilt the voice: that is said, and is nobody's fault.
#[expect(clippy::unnecessary_wraps, reason = "it stands where a judgement stands")]
fn disturbed(how: &str) -> Result<(), String> {
    eprintln!("DISCARDED the voice of a scenario: {how}");
    Ok(())
}
