//! What the voice path adds, both ways: the callers' stamps and those of the stand-in, joined by line.
//!
//!   caller's last voiced packet leaves ──►(up)──► the append with it is there, less the audio behind it in the same append
//!   first byte of an answer leaves ──►(down)──► the first packet with sound is there

use super::clock::Epoch;
use super::stand_in::Stamps;
use super::witness::Stalls;
use crate::phone::{Arrival, Arrivals, Said};
use std::time::{Duration, Instant};

/// What is further apart has nothing to do with each other.
const JOINED: Duration = Duration::from_millis(450);

/// What the path added each time, spare windows only.
#[derive(Clone, Debug, Default)]
pub(super) struct Latencies {
    pub(super) up: Vec<Duration>,
    pub(super) down: Vec<Duration>,
    /// Those that were not judged.
    pub(super) discarded: usize,
    /// What was said or sent and never seen to arrive.
    pub(super) missed: usize,
}

/// Joins what was said, and by which line, with what the stand-in noted, and that with what came on the watched lines.
pub(super) fn join(
    said: &[(u64, Said)],
    stamps: &Stamps,
    arrivals: &Arrivals,
    stalls: &Stalls,
    epoch: Epoch,
) -> Latencies {
    let mut latencies = Latencies::default();
    for (line, said) in said {
        let voices = stamps.voices.iter().filter(|voice| voice.line == *line);
        let ends = voices.filter_map(|voice| Some((epoch.instant(voice.at)?, Duration::from_nanos(voice.behind))));
        let end = ends.filter(|(at, _)| is_soon(said.ended, *at)).min_by_key(|(at, _)| *at);
        match end {
            Some((at, behind)) => {
                let added = (at - said.ended).saturating_sub(behind);
                latencies.note(|latencies| &mut latencies.up, added, said.ended, at, stalls);
            }
            None => latencies.missed += 1,
        }
    }
    for answer in &stamps.answers {
        let Some(arrivals) = arrivals.get(&answer.line) else { continue };
        let Some(left) = epoch.instant(answer.at) else { continue };
        let sound = |arrival: &&Arrival| arrival.audible && is_soon(left, arrival.at);
        match arrivals.iter().find(sound) {
            Some(Arrival { at, .. }) => {
                latencies.note(|latencies| &mut latencies.down, *at - left, left, *at, stalls);
            }
            None => latencies.missed += 1,
        }
    }
    latencies
}

fn is_soon(before: Instant, after: Instant) -> bool {
    after.checked_duration_since(before).is_some_and(|passed| passed < JOINED)
}

impl Latencies {
    fn note(
        &mut self,
        which: impl Fn(&mut Self) -> &mut Vec<Duration>,
        added: Duration,
        from: Instant,
        to: Instant,
        stalls: &Stalls,
    ) {
        if stalls.spare(from) && stalls.spare(to) {
            which(self).push(added);
        } else {
            self.discarded += 1;
        }
    }
}
