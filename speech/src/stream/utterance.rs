//! One thing that the bot says, as far as it has come and has been heard.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Clip, ItemId, Output, Wire};
use crate::samples::Samples;

use super::caption::Caption;

/// A nameless utterance that was heard is over when nothing has come for so long.
const REST: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) item: ItemId,
    /// The bot's name of it; none for audio outside utterances.
    pub(super) id: Option<Box<str>>,
    pub(super) interruptible: bool,
    pub(super) caption: Caption,
    /// The bot has taken it back, and the call hasn't said yet how much of it was heard.
    pub(super) cleared: bool,
    /// Samples of the wire for each of the media clock.
    ratio: u64,
    /// Samples of the wire that the call was given.
    given: u64,
    heard: Samples,
    /// Half a sample, when a message ended within one.
    odd: Option<u8>,
    /// When audio last came.
    last: Option<Instant>,
}

/// What became of a message of audio.
#[derive(Debug, PartialEq)]
pub(super) struct Taken {
    pub(super) audio: Option<Output>,
    /// Samples of the wire that were left out.
    pub(super) left_out: usize,
}

impl Utterance {
    pub(super) fn new(item: ItemId, id: Option<Box<str>>, interruptible: bool, caption: Caption, ratio: u64) -> Self {
        Self {
            item,
            id,
            interruptible,
            caption,
            cleared: false,
            ratio: ratio.max(1),
            given: 0,
            heard: Samples::ZERO,
            odd: None,
            last: None,
        }
    }

    /// Whether the call has any audio of it.
    pub(super) fn is_given(&self) -> bool {
        self.given > 0
    }

    /// What the call has of it.
    pub(super) fn given(&self) -> Samples {
        Samples(self.given / self.ratio)
    }

    pub(super) fn unheard(&self) -> Samples {
        self.given() - self.heard
    }

    /// So much has been heard.
    pub(super) fn hear(&mut self, heard: Samples) {
        self.heard = self.heard.max(heard.min(self.given()));
    }

    /// Where playback is, for marks: what is no further than `slack` from being heard has been. Nothing is before anything was heard.
    pub(super) fn reached(&self, slack: Samples) -> Samples {
        if self.heard == Samples::ZERO { Samples::ZERO } else { self.heard + slack }
    }

    /// Takes a message of audio, of which `room` samples have room.
    pub(super) fn audio(&mut self, bytes: &[u8], room: usize, wire: Wire, now: Instant) -> Taken {
        self.last = Some(now);
        let (item, interruptible) = (self.item, self.interruptible);
        let (count, all, audio) = match wire {
            Wire::Mulaw | Wire::Alaw => {
                let kept = bytes.get(..room).unwrap_or(bytes);
                let coded = || Output::Coded { item, bytes: Clip::new(Arc::from(kept)), interruptible };
                (kept.len(), bytes.len(), (!kept.is_empty()).then(coded))
            }
            Wire::Pcm { .. } => {
                let (samples, all) = self.samples(bytes, room);
                let count = samples.len();
                let pcm = || Output::Audio { item, audio: Clip::new(samples), interruptible };
                (count, all, (count > 0).then(pcm))
            }
        };
        self.given += count as u64;
        Taken { audio, left_out: all - count }
    }

    /// The whole samples of a message, no more than `room`, and how many there are.
    fn samples(&mut self, bytes: &[u8], room: usize) -> (Arc<[i16]>, usize) {
        let (first, rest) = match (self.odd.take(), bytes.split_first()) {
            (Some(low), Some((high, rest))) => (Some(i16::from_le_bytes([low, *high])), rest),
            (Some(low), None) => {
                self.odd = Some(low);
                (None, bytes)
            }
            (None, _) => (None, bytes),
        };
        let pairs = rest.chunks_exact(2);
        self.odd = self.odd.or(pairs.remainder().first().copied());
        let all = usize::from(first.is_some()) + rest.len() / 2;
        let whole = pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
        let samples = match first {
            None => whole.take(room).collect(),
            Some(first) => std::iter::once(first).chain(whole).take(room).collect(),
        };
        (samples, all)
    }

    /// Nothing more comes of it: `whole`, or because the bot is gone.
    pub(super) fn end(&mut self, whole: bool, mut give: impl FnMut(Output)) {
        if !self.is_given() {
            return;
        }
        if whole {
            self.caption.ends(self.item, self.given()).into_iter().for_each(&mut give);
        }
        give(Output::ItemEnd { item: self.item });
    }

    /// When it's over for want of audio, if it's nameless and all of it has been heard.
    pub(super) fn dry_at(&self, slack: Samples) -> Option<Instant> {
        let dry = self.id.is_none() && self.is_given() && self.reached(slack) >= self.given();
        self.last.filter(|_| dry).map(|last| last + REST)
    }
}
