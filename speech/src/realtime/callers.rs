//! What the caller says, as the other side understands it: utterances under the names that it gives them, and where each was said.

use std::collections::VecDeque;
use std::ops::Range;

use crate::engine::{CallerItem, Output};
use crate::samples::Samples;

/// Utterances that may still be written down; texts of older ones are dropped.
const MOST: usize = 32;
/// No utterance has more bytes of text than this.
const LONGEST: usize = 16_384;

#[derive(Debug)]
struct Utterance {
    remote: Box<str>,
    item: CallerItem,
    start: Option<Samples>,
    end: Option<Samples>,
    text: String,
    finished: bool,
}

#[derive(Debug, Default)]
pub(super) struct Callers {
    utterances: VecDeque<Utterance>,
    next: u64,
}

impl Callers {
    /// The session is gone: nothing more comes of these, and the next may use their names again.
    pub(super) fn restart(&mut self) {
        self.utterances.clear();
    }

    /// It began here, if that's known.
    pub(super) fn started(&mut self, remote: &str, at: Option<Samples>) {
        let utterance = self.entry(remote);
        utterance.start = utterance.start.or(at);
    }

    /// It ended here.
    pub(super) fn stopped(&mut self, remote: &str, at: Option<Samples>) {
        let utterance = self.entry(remote);
        utterance.end = at.or(utterance.end);
    }

    /// It is part of the conversation. Where it was said is `span`, unless the other side has told.
    pub(super) fn committed(&mut self, remote: &str, span: Option<Range<Samples>>) -> CallerItem {
        let utterance = self.entry(remote);
        if let Some(span) = span {
            utterance.start = utterance.start.or(Some(span.start));
            utterance.end = utterance.end.or(Some(span.end));
        }
        utterance.item
    }

    /// More words of it.
    pub(super) fn delta(&mut self, remote: &str, delta: &str) -> Option<Output> {
        let utterance = self.entry(remote);
        if utterance.finished || utterance.text.len() + delta.len() > LONGEST {
            return None;
        }
        utterance.text.push_str(delta);
        Some(utterance.tell())
    }

    /// All words so far, of which the last may change.
    pub(super) fn so_far(&mut self, remote: &str, settled: &str, stash: &str) -> Option<Output> {
        let utterance = self.entry(remote);
        if utterance.finished || settled.len() + stash.len() > LONGEST {
            return None;
        }
        utterance.text.clear();
        utterance.text.push_str(settled);
        utterance.text.push_str(stash);
        Some(utterance.tell())
    }

    /// All of its words; none when it couldn't be written down.
    pub(super) fn completed(&mut self, remote: &str, transcript: Option<&str>) -> Option<(CallerItem, Output)> {
        let utterance = self.entry(remote);
        if std::mem::replace(&mut utterance.finished, true) {
            return None;
        }
        if let Some(transcript) = transcript {
            let whole = transcript.trim();
            let cut = whole.floor_char_boundary(LONGEST.min(whole.len()));
            utterance.text = whole.get(..cut).unwrap_or_default().to_owned();
        }
        Some((utterance.item, utterance.tell()))
    }

    fn entry(&mut self, remote: &str) -> &mut Utterance {
        let known = self.utterances.iter().rposition(|utterance| &*utterance.remote == remote);
        let at = known.unwrap_or_else(|| {
            if self.utterances.len() == MOST {
                self.utterances.pop_front();
            }
            let item = CallerItem(self.next);
            self.next += 1;
            let remote = remote.into();
            let text = String::new();
            self.utterances.push_back(Utterance { remote, item, start: None, end: None, text, finished: false });
            self.utterances.len() - 1
        });
        &mut self.utterances[at]
    }
}

impl Utterance {
    fn tell(&self) -> Output {
        let span = self.start.zip(self.end).map(|(start, end)| start..end.max(start));
        Output::CallerText { item: self.item, text: self.text.as_str().into(), span, finished: self.finished }
    }
}
