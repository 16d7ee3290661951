//! What an engine with prompts is about to say: utterances in order, each of parts that may still be on their way from the voice.
//!
//! ```text
//!   Utterance:  parts wanted ──synthesized──► parts given (text, audio) ──► ItemEnd ──finished or interrupted──► forgotten
//! ```
//!
//! Only the first utterance gives audio, and only up to its first missing part, so nothing is ever heard out of order.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::{Clip, Decision, ItemId, Note, Output, Ticket};
use crate::samples::Samples;
use crate::voice::Speech;

/// Between the sentences of a longer text.
const REST: Samples = Samples::from_ms(250);

/// A part of an utterance.
#[derive(Debug)]
pub(crate) enum Part {
    /// Text for the voice.
    Line(Arc<str>),
    /// Samples, and what stands for them in the transcript.
    Sound(Clip, &'static str),
    /// Silence.
    Rest(Samples),
}

impl Part {
    pub(crate) fn line(text: &str) -> Self {
        Self::Line(Arc::from(text))
    }
}

/// Puts a rest between sentences.
pub(crate) fn spaced(parts: impl IntoIterator<Item = Part>) -> impl Iterator<Item = Part> {
    parts.into_iter().flat_map(|part| [Part::Rest(REST), part]).skip(1)
}

/// How an utterance ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// When the caller likes.
    Interruptible,
    /// When it has been heard.
    Uncuttable,
    /// When it has been heard, and the call with it.
    Last,
}

/// A part and how far it is.
#[derive(Debug)]
enum Slot {
    Wanted(Ticket, Arc<str>),
    Spoken(Arc<Speech>),
    Sound(Clip, &'static str),
    Rest(Samples),
}

#[derive(Debug)]
struct Utterance {
    item: ItemId,
    slots: VecDeque<Slot>,
    manner: Manner,
    /// How much of it was given.
    given: Samples,
}

/// Utterances in order, and outputs waiting to be polled.
#[derive(Debug, Default)]
pub(crate) struct Script {
    queue: VecDeque<Utterance>,
    /// Items given in part or whole that haven't been heard to their end.
    sounding: Vec<ItemId>,
    outputs: VecDeque<Output>,
    items: u64,
    tickets: u64,
}

impl Script {
    /// Appends an utterance.
    pub(crate) fn say(&mut self, parts: impl IntoIterator<Item = Part>, manner: Manner) {
        let item = ItemId(self.items);
        self.items += 1;
        let slots = parts.into_iter().map(|part| self.slot(part)).collect();
        self.queue.push_back(Utterance { item, slots, manner, given: Samples::ZERO });
        self.give();
    }

    /// The voice has spoken a line. Lines that were dropped meanwhile are ignored.
    pub(crate) fn synthesized(&mut self, ticket: Ticket, speech: &Arc<Speech>) {
        let slots = self.queue.iter_mut().flat_map(|utterance| &mut utterance.slots);
        for slot in slots {
            if matches!(slot, Slot::Wanted(wanted, _) if *wanted == ticket) {
                *slot = Slot::Spoken(Arc::clone(speech));
            }
        }
        self.give();
    }

    /// Asks the voice again for what hasn't come. Returns whether there was anything.
    pub(crate) fn ask_again(&mut self) -> bool {
        let slots = self.queue.iter().flat_map(|utterance| &utterance.slots);
        let before = self.outputs.len();
        self.outputs.extend(slots.filter_map(|slot| match slot {
            Slot::Wanted(ticket, text) => Some(Output::Synthesize { ticket: *ticket, text: Arc::clone(text) }),
            Slot::Spoken(_) | Slot::Sound(..) | Slot::Rest(_) => None,
        }));
        self.outputs.len() > before
    }

    /// Drops what hasn't been given of every interruptible utterance.
    pub(crate) fn drop_unspoken(&mut self) {
        let (outputs, sounding) = (&mut self.outputs, &self.sounding);
        self.queue.retain(|utterance| {
            let keep = utterance.manner != Manner::Interruptible;
            if !keep && sounding.contains(&utterance.item) {
                outputs.push_back(Output::ItemEnd { item: utterance.item });
            }
            keep
        });
        self.give();
    }

    /// An item was heard to its end, or cut: nothing more is said of it.
    pub(crate) fn over(&mut self, item: ItemId) {
        self.sounding.retain(|sounding| *sounding != item);
        self.queue.retain(|utterance| utterance.item != item || utterance.given == Samples::ZERO);
        self.give();
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.outputs.push_back(Output::Note(note));
    }

    pub(crate) fn decide(&mut self, decision: Decision) {
        self.outputs.push_back(Output::Decided(decision));
    }

    pub(crate) fn ask_time(&mut self) {
        self.outputs.push_back(Output::WallClock);
    }

    pub(crate) fn flush(&mut self) {
        self.outputs.push_back(Output::Flush);
    }

    pub(crate) fn hang_up(&mut self) {
        self.outputs.push_back(Output::HangUp);
    }

    /// Nothing is being said or about to be.
    pub(crate) fn is_silent(&self) -> bool {
        self.queue.is_empty() && self.sounding.is_empty()
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn slot(&mut self, part: Part) -> Slot {
        match part {
            Part::Sound(clip, text) => Slot::Sound(clip, text),
            Part::Rest(length) => Slot::Rest(length),
            Part::Line(text) => {
                let ticket = Ticket(self.tickets);
                self.tickets += 1;
                self.outputs.push_back(Output::Synthesize { ticket, text: Arc::clone(&text) });
                Slot::Wanted(ticket, text)
            }
        }
    }

    /// Gives whatever is ready.
    fn give(&mut self) {
        while let Some(mut utterance) = self.queue.pop_front() {
            while let Some(slot) = utterance.slots.pop_front() {
                let audio = match slot {
                    wanted @ Slot::Wanted(..) => {
                        utterance.slots.push_front(wanted);
                        return self.queue.push_front(utterance);
                    }
                    Slot::Spoken(speech) => {
                        self.words(&utterance, &speech);
                        Clip::new(Arc::clone(&speech.audio))
                    }
                    Slot::Sound(clip, text) => {
                        self.text(&utterance, text.into(), Samples::ZERO, Samples::of(clip.samples()));
                        clip
                    }
                    Slot::Rest(length) => Clip::new(vec![0; length.index()].into()),
                };
                self.audio(&mut utterance, audio);
            }
            self.end(&utterance);
        }
    }

    fn words(&mut self, utterance: &Utterance, speech: &Speech) {
        let mut start = Samples::ZERO;
        for word in &speech.words {
            let text = format!("{} ", word.text);
            self.text(utterance, text.into(), start, word.end);
            start = word.end;
        }
    }

    fn text(&mut self, utterance: &Utterance, text: Arc<str>, start: Samples, end: Samples) {
        let span = utterance.given + start..utterance.given + end;
        self.outputs.push_back(Output::Text { item: utterance.item, text, span });
    }

    fn audio(&mut self, utterance: &mut Utterance, audio: Clip) {
        if audio.is_empty() {
            return;
        }
        if utterance.given == Samples::ZERO {
            self.sounding.push(utterance.item);
        }
        utterance.given = utterance.given + Samples::of(audio.samples());
        let interruptible = utterance.manner == Manner::Interruptible;
        self.outputs.push_back(Output::Audio { item: utterance.item, audio, interruptible });
    }

    fn end(&mut self, utterance: &Utterance) {
        if utterance.given > Samples::ZERO {
            self.outputs.push_back(Output::ItemEnd { item: utterance.item });
        }
        if utterance.manner == Manner::Last {
            self.hang_up();
        }
    }
}
