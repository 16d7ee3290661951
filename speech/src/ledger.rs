//! The ledger: what of the agent's speech was heard, the transcript that follows from it, and each turn's latency.
//!
//! ```text
//!   Item:  written ──started──► being heard ──finished──► whole text ┐
//!              │                     └──interrupted(heard)──► cut ───┴──► one [`Line`] of the transcript
//!              └──interrupted──► never heard: no line
//! ```
//!
//! Text arrives with the span of audio that says it, ahead of being heard. An item cut short keeps the words that ended before
//! the cut; within a piece longer than a word the cut falls on a word boundary, in proportion. The caller's turns stand beside
//! the agent's on the same media clock.
//!
//! Driven by the call's step: engine outputs, playout progress and turn actions are told here as they pass by.

use std::ops::Range;
use std::sync::Arc;

use crate::engine::ItemId;
use crate::samples::Samples;

mod latency;
mod words;

pub use latency::{Latency, Stopwatch};
pub(crate) use words::Words;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// Us.
    Agent,
    /// The caller.
    Caller,
}

/// One utterance of the transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who said it.
    pub who: Speaker,
    /// The agent's item, if it's the agent's.
    pub item: Option<ItemId>,
    /// What was heard of it. Empty when nobody knows the words (a caller without a recogniser).
    pub text: String,
    /// Where it began on the media clock.
    pub start: Samples,
    /// Where it ended, or was cut.
    pub end: Samples,
    /// The other side cut it short.
    pub interrupted: bool,
}

/// An item that isn't over.
#[derive(Clone, Debug)]
struct Open {
    item: ItemId,
    words: Words,
    started: Option<Samples>,
    heard: Samples,
}

/// The ledger of one call.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    open: Vec<Open>,
    lines: Vec<Line>,
    caller: Option<Samples>,
    stopwatch: Stopwatch,
}

impl Ledger {
    /// A call in which nothing was said yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// `span` of `item`'s audio says `text` ([`crate::Output::Text`]). Pieces come in order and join verbatim.
    pub fn text(&mut self, item: ItemId, text: Arc<str>, span: Range<Samples>) {
        if self.line(item).is_none() {
            self.entry(item).words.push(text, span);
        }
    }

    /// The spans told of `item` were estimates: its last text ends at `end` ([`crate::Output::TextEnds`]).
    pub fn stretch(&mut self, item: ItemId, end: Samples) {
        if let Some(open) = self.open.iter_mut().find(|open| open.item == item) {
            open.words.stretch(end);
        }
    }

    /// The first packet of `item` went out while the media clock stood at `at`.
    pub fn started(&mut self, item: ItemId, at: Samples) {
        if self.line(item).is_none() {
            self.entry(item).started.get_or_insert(at);
        }
    }

    /// `item` has been heard this far from its first sample.
    pub fn heard(&mut self, item: ItemId, heard: Samples) {
        if let Some(open) = self.open.iter_mut().find(|open| open.item == item) {
            open.heard = open.heard.max(heard);
        }
    }

    /// `item` was heard to its end. Returns its line.
    pub fn finished(&mut self, item: ItemId, at: Samples) -> Option<&Line> {
        let open = self.take(item)?;
        let text = open.words.whole();
        Some(self.close(&open, text, at, false))
    }

    /// `item` was cut at `at`, with `heard` of it heard. Returns its line; none if nothing of it was heard.
    pub fn interrupted(&mut self, item: ItemId, heard: Samples, at: Samples) -> Option<&Line> {
        let open = self.take(item)?;
        if open.started.is_none() || heard == Samples::ZERO {
            return None;
        }
        let text = open.words.cut(heard);
        Some(self.close(&open, text, at, true))
    }

    /// The caller's turn began ([`crate::turn::Action::CallerStarted`]).
    pub fn caller_started(&mut self, at: Samples) {
        self.caller.get_or_insert(at);
    }

    /// The caller's turn ended. Returns its line, in which the words are empty until [`Ledger::caller_text`].
    pub fn caller_stopped(&mut self, at: Samples) -> Option<&Line> {
        let start = self.caller.take()?;
        let line = Line { who: Speaker::Caller, item: None, text: String::new(), start, end: at, interrupted: false };
        Some(self.push(line))
    }

    /// What the caller said in the last turn that has ended, when a recogniser or the engine knows.
    pub fn caller_text(&mut self, text: &str) {
        if let Some(line) = self.lines.iter_mut().rev().find(|line| line.who == Speaker::Caller) {
            line.text = text.to_owned();
        }
    }

    /// What the caller said in the turn that lies over `span`, when turns and texts come in different order.
    pub fn caller_words(&mut self, span: &Range<Samples>, text: &str) {
        let overlap = |line: &Line| (line.end.min(span.end) - line.start.max(span.start)).0;
        let callers = self.lines.iter_mut().filter(|line| line.who == Speaker::Caller);
        if let Some(line) = callers.max_by_key(|line| overlap(line)).filter(|line| overlap(line) > 0) {
            line.text = text.to_owned();
        }
    }

    /// What has been heard of `item` so far, or was when it ended.
    #[must_use]
    pub fn heard_text(&self, item: ItemId) -> String {
        let open = self.open.iter().find(|open| open.item == item);
        let live = open.map(|open| open.words.cut(open.heard));
        live.or_else(|| self.line(item).map(|line| line.text.clone())).unwrap_or_default()
    }

    /// What was said so far, in the order of its beginning.
    #[must_use]
    pub fn transcript(&self) -> &[Line] {
        &self.lines
    }

    /// The latency of the turn under way or of the last one; its points are taken by [`Ledger::clock`].
    #[must_use]
    pub fn latency(&self) -> Latency {
        self.stopwatch.latency()
    }

    /// The stopwatch of the turn under way, to be told what happens.
    pub fn clock(&mut self) -> &mut Stopwatch {
        &mut self.stopwatch
    }

    fn line(&self, item: ItemId) -> Option<&Line> {
        self.lines.iter().rev().find(|line| line.item == Some(item))
    }

    fn entry(&mut self, item: ItemId) -> &mut Open {
        let at = self.open.iter().position(|open| open.item == item).unwrap_or_else(|| {
            self.open.push(Open { item, words: Words::default(), started: None, heard: Samples::ZERO });
            self.open.len() - 1
        });
        &mut self.open[at]
    }

    fn take(&mut self, item: ItemId) -> Option<Open> {
        let at = self.open.iter().position(|open| open.item == item)?;
        Some(self.open.remove(at))
    }

    fn close(&mut self, open: &Open, text: String, at: Samples, interrupted: bool) -> &Line {
        let start = open.started.unwrap_or(at);
        let text = text.trim().to_owned();
        self.push(Line { who: Speaker::Agent, item: Some(open.item), text, start, end: at, interrupted })
    }

    /// Files a line where it began: a caller who talks over an item began after it but may be done before.
    fn push(&mut self, line: Line) -> &Line {
        let at = self.lines.iter().rposition(|earlier| earlier.start <= line.start).map_or(0, |at| at + 1);
        self.lines.insert(at, line);
        &self.lines[at]
    }
}

#[cfg(test)]
mod tests;
