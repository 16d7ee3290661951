//! The words of an utterance, for the transcript.
//!
//! A bot tells them whole when it begins an utterance, or in pieces with their times. Nothing is told of an utterance before its first audio: one
//! that is never heard leaves no trace. A whole text is laid out at 15 letters a second until the utterance ends, and then over exactly its audio
//! ([`crate::Output::TextEnds`]); the times of pieces are the bot's, and one without an end is taken to be as long as its letters.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::{ItemId, Output};
use crate::realtime::{LETTER, weight};
use crate::samples::Samples;

/// So much text may wait for the first audio.
const MOST_TEXT: usize = 64 * 1024;

/// The words of one utterance.
#[derive(Debug, Default)]
pub(super) struct Caption {
    /// The text was told whole.
    whole: bool,
    /// Pieces that wait for audio.
    waiting: Vec<(Arc<str>, Range<Samples>)>,
    /// Some of it was told.
    told: bool,
    /// Where the last piece ends.
    end: Samples,
}

impl Caption {
    /// The whole text.
    pub(super) fn whole(text: &str) -> Self {
        let span = Samples::ZERO..length(text);
        Self { whole: true, waiting: vec![(text.into(), span)], ..Self::default() }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// A piece, from where the one before ends if nothing is said. False when there are too many that wait.
    pub(super) fn push(&mut self, text: &str, from: Option<Samples>, to: Option<Samples>) -> bool {
        let waiting: usize = self.waiting.iter().map(|(text, _)| text.len()).sum();
        if waiting + text.len() > MOST_TEXT {
            return false;
        }
        let start = from.unwrap_or(self.end);
        let end = to.unwrap_or(start + length(text)).max(start);
        self.end = end;
        self.waiting.push((text.into(), start..end));
        true
    }

    /// There is audio of the utterance: what waits is told.
    pub(super) fn tell(&mut self, item: ItemId, mut give: impl FnMut(Output)) {
        self.told |= !self.waiting.is_empty();
        for (text, span) in self.waiting.drain(..) {
            give(Output::Text { item, text, span });
        }
    }

    /// The utterance has come to its end: where its text ends, if that was an estimate.
    pub(super) fn ends(&self, item: ItemId, end: Samples) -> Option<Output> {
        (self.whole && self.told).then_some(Output::TextEnds { item, end })
    }
}

/// How long it takes to say.
fn length(text: &str) -> Samples {
    Samples((weight(text) * LETTER) as u64)
}
