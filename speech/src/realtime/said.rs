//! What the agent says: the items of the other side as they come in, until each has been heard or cut.
//!
//! ```text
//!   delta ─► coming ──end──► whole ──Finished──► forgotten, its text heard
//!              └──────────────┴───Interrupted(heard)──► forgotten, its text cut; truncate to min(heard, received)
//! ```
//!
//! The other side doesn't tell when its words are spoken, only what they are, usually before the audio that says them. Spans are therefore
//! proportional: while an item comes in, its words are laid out at the pace of the items before it (at first 15 characters a second; a Chinese
//! or Japanese character, or a Korean syllable, takes as long as three letters), and told once audio has come in as far as where they begin;
//! when all of it is there, they are stretched to exactly the audio that came ([`crate::Output::TextEnds`]). Generation outruns playback, so most items are
//! whole long before they are cut. Of one that breaks off, the words that ran ahead of its audio are dropped. Only whole words are told.

use std::sync::Arc;

use base64::Engine as _;

use crate::engine::{Clip, ItemId, Output, Wire};
use crate::ledger::Words;
use crate::samples::Samples;

use super::base64_engine::BASE64;

/// Items that may wait to be heard. A model that says more without being heard is out of its mind.
const MOST_ITEMS: usize = 64;
/// Media clock samples a letter takes, before anything is known of the voice.
pub(crate) const LETTER: f64 = 8_000.0 / 15.0;
/// An item must be this long before the pace is taken from it.
const TELLING: Samples = Samples::from_ms(1_000);
/// A word is no longer than this: what is, is told in pieces.
const LONGEST_WORD: usize = 48;
/// No more bytes of text than this run ahead of their audio.
const LONGEST_TEXT: usize = 64 * 1024;

/// One item.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) item: ItemId,
    pub(super) remote: Box<str>,
    pub(super) response: u64,
    /// The socket that it came on.
    pub(super) epoch: u32,
    interruptible: bool,
    /// Bytes of audio.
    received: u64,
    /// Half a sample, when a delta ended within one.
    odd: Option<u8>,
    /// What has been told, and the weight of it.
    words: Words,
    weight: f64,
    /// Words that aren't told yet.
    tail: String,
    ended: Option<Ending>,
}

/// How an item came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Whole,
    /// There is more of it at the other side, perhaps.
    BrokenOff,
}

/// All items that were not heard to their end.
#[derive(Debug)]
pub(super) struct Said {
    wire: Wire,
    items: Vec<Utterance>,
    next: u64,
    /// Media clock samples per unit of weight.
    pace: f64,
    scratch: Vec<u8>,
}

impl Said {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, items: Vec::new(), next: 0, pace: LETTER, scratch: Vec::new() }
    }

    /// Nothing waits to be heard.
    pub(super) fn is_silent(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn find(&self, item: ItemId) -> Option<&Utterance> {
        self.items.iter().find(|utterance| utterance.item == item)
    }

    /// The item under this name on this socket.
    pub(super) fn known(&self, remote: &str, epoch: u32) -> Option<ItemId> {
        let known = |utterance: &&Utterance| utterance.epoch == epoch && &*utterance.remote == remote;
        self.items.iter().rfind(known).map(|utterance| utterance.item)
    }

    /// An item begins. None when too many wait to be heard.
    pub(super) fn begin(&mut self, remote: &str, response: u64, epoch: u32, interruptible: bool) -> Option<ItemId> {
        if self.items.len() >= MOST_ITEMS {
            return None;
        }
        let item = ItemId(self.next);
        self.next += 1;
        self.items.push(Utterance {
            item,
            remote: remote.into(),
            response,
            epoch,
            interruptible,
            received: 0,
            odd: None,
            words: Words::default(),
            weight: 0.0,
            tail: String::new(),
            ended: None,
        });
        Some(item)
    }

    /// Decodes a delta of audio and gives it, if there is anything in it.
    pub(super) fn audio(&mut self, item: ItemId, delta: &str) -> Option<Output> {
        let utterance = self.items.iter_mut().find(|utterance| utterance.item == item)?;
        self.scratch.clear();
        self.scratch.extend(utterance.odd.take());
        let kept = self.scratch.len();
        // What was decoded before a fault is sound, but the rest can't be lined up with it: the delta is left out.
        if let Err(error) = BASE64.decode_vec(delta, &mut self.scratch) {
            tracing::warn!(%error, "a delta of audio can't be read");
            self.scratch.truncate(kept);
        }
        utterance.received += (self.scratch.len() - kept) as u64;
        let (item, interruptible) = (utterance.item, utterance.interruptible);
        match self.wire {
            Wire::Mulaw | Wire::Alaw if self.scratch.is_empty() => None,
            Wire::Mulaw | Wire::Alaw => {
                Some(Output::Coded { item, bytes: Clip::new(Arc::from(&*self.scratch)), interruptible })
            }
            Wire::Pcm { .. } => {
                let pairs = self.scratch.chunks_exact(2);
                utterance.odd = pairs.remainder().first().copied();
                let samples: Arc<[i16]> = pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
                (!samples.is_empty()).then(|| Output::Audio { item, audio: Clip::new(samples), interruptible })
            }
        }
    }

    /// Takes a delta of text, and gives the words that are to be told now.
    pub(super) fn text(&mut self, item: ItemId, delta: &str) -> Option<Output> {
        let utterance = self.items.iter_mut().find(|utterance| utterance.item == item)?;
        if utterance.tail.len() + delta.len() <= LONGEST_TEXT {
            utterance.tail.push_str(delta);
        }
        self.words(item)
    }

    /// The words that are to be told now that so much audio is here.
    pub(super) fn words(&mut self, item: ItemId) -> Option<Output> {
        let (pace, wire) = (self.pace, self.wire);
        let utterance = self.items.iter_mut().find(|utterance| utterance.item == item)?;
        let end = utterance.due(pace, utterance.length(wire));
        utterance.tell(end, pace)
    }

    /// Whether anything waits to be heard that may be cut.
    pub(super) fn is_cuttable(&self) -> bool {
        self.items.iter().any(|utterance| utterance.interruptible && utterance.received > 0)
    }

    /// Whether any text came of an item.
    pub(super) fn has_text(&self, item: ItemId) -> bool {
        self.find(item).is_some_and(|utterance| utterance.weight > 0.0 || !utterance.tail.is_empty())
    }

    /// Nothing more comes of an item: gives its end, and if it is `whole` before that what is left of its text, and where that ends.
    pub(super) fn end(&mut self, item: ItemId, whole: bool, mut give: impl FnMut(Output)) {
        let (pace, wire) = (self.pace, self.wire);
        // What has no audio is never heard.
        self.items.retain(|utterance| utterance.item != item || utterance.received > 0);
        let Some(utterance) =
            self.items.iter_mut().find(|utterance| utterance.item == item && utterance.ended.is_none())
        else {
            return;
        };
        self.scratch = Vec::new();
        utterance.ended = Some(if whole { Ending::Whole } else { Ending::BrokenOff });
        let rest = std::mem::take(&mut utterance.tail);
        let length = utterance.length(wire);
        if whole {
            utterance.tail = rest;
            utterance.tell(utterance.tail.len(), pace).into_iter().for_each(&mut give);
        }
        if whole && utterance.weight > 0.0 {
            utterance.words.stretch(length);
            give(Output::TextEnds { item, end: length });
            if length >= TELLING {
                self.pace = length.0 as f64 / utterance.weight;
            }
        }
        give(Output::ItemEnd { item });
    }

    /// Items of a response that aren't whole yet.
    pub(super) fn coming(&self, response: u64) -> Vec<ItemId> {
        let coming = self.items.iter().filter(|utterance| utterance.response == response && utterance.ended.is_none());
        coming.map(|utterance| utterance.item).collect()
    }

    /// An item is over.
    pub(super) fn take(&mut self, item: ItemId) -> Option<Utterance> {
        let at = self.items.iter().position(|utterance| utterance.item == item)?;
        Some(self.items.remove(at))
    }

    /// How much audio of an item came, in whole milliseconds.
    pub(super) fn received_ms(&self, utterance: &Utterance) -> u64 {
        utterance.length(self.wire).ms()
    }
}

impl Utterance {
    /// What the caller heard of it.
    pub(super) fn heard(&self, heard: Samples) -> String {
        self.words.cut(heard)
    }

    /// All of its words.
    pub(super) fn whole(&self) -> String {
        self.words.whole().trim().to_owned()
    }

    /// Whether all of it is here.
    pub(super) fn is_whole(&self) -> bool {
        self.ended == Some(Ending::Whole)
    }

    /// Whether it has all been heard.
    pub(super) fn is_heard(&self, heard: Samples, wire: Wire) -> bool {
        self.is_whole() && heard.ms() >= self.length(wire).ms()
    }

    fn length(&self, wire: Wire) -> Samples {
        match wire {
            Wire::Mulaw | Wire::Alaw => Samples(self.received),
            Wire::Pcm { output, .. } => {
                Samples(self.received / 2 * u64::from(Samples::RATE) / u64::from(output.max(1)))
            }
        }
    }

    /// Where the last whole word ends that begins within the audio that is here; 0 when there is none.
    fn due(&self, pace: f64, length: Samples) -> usize {
        let (mut at, mut end, mut word) = (self.weight, 0, self.weight);
        for (place, c) in self.tail.char_indices() {
            at += weight_of(c);
            let long = place - end > LONGEST_WORD;
            if c.is_whitespace() || is_wide(c) || long {
                if word * pace >= length.0 as f64 {
                    break;
                }
                end = place + c.len_utf8();
                word = at;
            }
        }
        end
    }

    fn tell(&mut self, end: usize, pace: f64) -> Option<Output> {
        if end == 0 {
            return None;
        }
        let text: Arc<str> = self.tail.drain(..end).as_str().into();
        let at = |weight: f64| Samples((weight * pace) as u64);
        let start = at(self.weight);
        self.weight += weight(&text);
        let span = start..at(self.weight);
        self.words.push(Arc::clone(&text), span.clone());
        Some(Output::Text { item: self.item, text, span })
    }
}

/// How long it takes to say, in letters.
pub(crate) fn weight(text: &str) -> f64 {
    text.chars().map(weight_of).sum()
}

fn weight_of(c: char) -> f64 {
    if is_wide(c) { 3.0 } else { 1.0 }
}

/// A character that is a syllable or a word.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
