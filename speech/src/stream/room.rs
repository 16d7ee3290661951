//! How much of what the bot sends is let in: bounds on what waits to be heard.
//!
//! Answers are never shortened, but for a queue that no call can want ([`Settings::queue`]). Live audio outside utterances is kept from piling up
//! ([`Settings::drain`]): from half of the bound on its silence is left out, at the bound everything. So the clock of a bot that runs fast costs
//! pauses, not words, and a stall of its line is made up for in the next pause.

use crate::engine::Wire;
use crate::samples::Samples;

use super::settings::{Settings, samples};

/// Samples below this are silence: -54 dB of full scale.
const QUIET: u16 = 64;
/// The same in µ-law, from the complement of the byte (ITU-T G.711 table 2a): up to 56 of 32,124.
const QUIET_MULAW: u8 = 7;
/// The same in A-law, without the alternating bits (ITU-T G.711 table 1a): up to 56 of 32,256.
const QUIET_ALAW: u8 = 3;

#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    wire: Wire,
    queue: Samples,
    drain: Option<Samples>,
}

/// What there is room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// Samples of the wire.
    pub(super) samples: usize,
    /// What is beyond them is left out to bound the delay, not because the queue is full.
    pub(super) live: bool,
}

impl Room {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { wire: settings.wire(), queue: samples(settings.queue), drain: settings.drain.map(samples) }
    }

    /// For a message of audio, where so much waits already.
    pub(super) fn grant(&self, bytes: &[u8], unheard: Samples, nameless: bool) -> Grant {
        match self.drain.filter(|_| nameless) {
            Some(bound) if unheard + unheard >= bound && self.is_quiet(bytes) => Grant { samples: 0, live: true },
            Some(bound) => Grant { samples: self.of_wire(bound.min(self.queue) - unheard), live: true },
            None => Grant { samples: self.of_wire(self.queue - unheard), live: false },
        }
    }

    /// Samples of the wire, on the media clock.
    pub(super) fn length(&self, samples: usize) -> Samples {
        Samples(samples as u64 / self.ratio())
    }

    fn of_wire(&self, length: Samples) -> usize {
        usize::try_from(length.0.saturating_mul(self.ratio())).unwrap_or(usize::MAX)
    }

    fn ratio(&self) -> u64 {
        match self.wire {
            Wire::Pcm { output, .. } => u64::from(output / Samples::RATE).max(1),
            Wire::Mulaw | Wire::Alaw => 1,
        }
    }

    fn is_quiet(&self, bytes: &[u8]) -> bool {
        match self.wire {
            Wire::Pcm { .. } => {
                bytes.chunks_exact(2).all(|pair| i16::from_le_bytes([pair[0], pair[1]]).unsigned_abs() < QUIET)
            }
            Wire::Mulaw => bytes.iter().all(|byte| !byte & 0x7f <= QUIET_MULAW),
            Wire::Alaw => bytes.iter().all(|byte| (byte ^ 0x55) & 0x7f <= QUIET_ALAW),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::settings::{Audio, Dialect, Rate};
    use super::*;

    fn room(audio: Audio) -> Room {
        let mut settings = Settings::new("ws://bot");
        settings.dialect = Dialect::Talkpath(audio);
        settings.drain = Some(Duration::from_millis(200));
        Room::new(&settings)
    }

    const PCM: Audio = Audio::Pcm { from_caller: Rate::Hz8000, to_caller: Rate::Hz24000 };

    #[test]
    fn live_audio_loses_its_silence_first_and_then_all_that_is_beyond_the_bound() {
        let (room, ms) = (room(PCM), Samples::from_ms);
        let (quiet, loud) = ([63, 0, 0xc1, 0xff].repeat(240), [64, 0].repeat(480));
        let granted = |bytes: &[u8], unheard| room.grant(bytes, ms(unheard), true).samples;
        assert_eq!((granted(&quiet, 99), granted(&quiet, 100)), (101 * 24, 0));
        assert_eq!((granted(&loud, 100), granted(&loud, 199), granted(&loud, 300)), (100 * 24, 24, 0));
        assert_eq!(room.grant(&loud, ms(300), false), Grant { samples: (600_000 - 300) * 24, live: false });
    }

    #[test]
    fn silence_is_known_in_every_form() {
        let silence = |audio, bytes: &[u8]| room(audio).grant(bytes, Samples::from_ms(150), true).samples == 0;
        assert!(silence(Audio::Mulaw, &[0xff, 0x7f, 0xf8, 0x78]) && !silence(Audio::Mulaw, &[0xff, 0xf7]));
        assert!(silence(Audio::Alaw, &[0xd5, 0x55, 0xd6]) && !silence(Audio::Alaw, &[0xd5, 0x51]));
        assert!(silence(PCM, &[0, 0]) && !silence(PCM, &[0xc0, 0xff]));
    }
}
