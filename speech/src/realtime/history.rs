//! What was said so far, bounded: what a lost session is rebuilt from.
//!
//! Entries take their place when they begin and get their words when those are known: the agent's when it was heard how much of them, the
//! caller's when they have been written down. A call of a tool and what it came to are one entry, so that neither is ever dropped alone.

use std::collections::VecDeque;

use crate::engine::{CallerItem, ItemId, ToolId};

/// More entries than this make the oldest be forgotten …
const MOST: usize = 200;
/// … and so do more bytes of text.
const LARGEST: usize = 48 * 1024;

/// What stands for a caller whose words nobody wrote down.
pub(super) const UNKNOWN: &str = "(speech that was not written down)";

/// One entry.
#[derive(Debug)]
pub(super) enum Entry {
    /// The caller spoke.
    Caller { item: CallerItem, text: Option<String> },
    /// The caller did something else, in words.
    Told { text: String },
    /// The agent spoke; without text it is still being heard.
    Agent { item: ItemId, text: Option<String> },
    /// The agent called a tool; without output it's still at work.
    Call { id: ToolId, call: String, name: String, arguments: String, output: Option<String> },
}

#[derive(Debug, Default)]
pub(super) struct History {
    entries: VecDeque<Entry>,
}

impl History {
    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        self.trim();
    }

    pub(super) fn caller(&mut self, known: CallerItem, words: &str) {
        self.fill(
            |entry| match entry {
                Entry::Caller { item, text } if *item == known => Some(text),
                Entry::Caller { .. } | Entry::Told { .. } | Entry::Agent { .. } | Entry::Call { .. } => None,
            },
            words,
        );
    }

    /// What was heard of an item. Nothing heard is nothing said.
    pub(super) fn agent(&mut self, known: ItemId, heard: &str) {
        self.fill(
            |entry| match entry {
                Entry::Agent { item, text } if *item == known => Some(text),
                Entry::Caller { .. } | Entry::Told { .. } | Entry::Agent { .. } | Entry::Call { .. } => None,
            },
            heard,
        );
    }

    pub(super) fn output(&mut self, known: ToolId, words: &str) {
        self.fill(
            |entry| match entry {
                Entry::Call { id, output, .. } if *id == known => Some(output),
                Entry::Caller { .. } | Entry::Told { .. } | Entry::Agent { .. } | Entry::Call { .. } => None,
            },
            words,
        );
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    fn fill(&mut self, slot: impl Fn(&mut Entry) -> Option<&mut Option<String>>, words: &str) {
        if let Some(slot) = self.entries.iter_mut().rev().find_map(slot) {
            *slot = Some(words.to_owned());
            self.trim();
        }
    }

    fn trim(&mut self) {
        let mut size: usize = self.entries.iter().map(Entry::size).sum();
        while self.entries.len() > MOST || (size > LARGEST && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else { return };
            size -= oldest.size();
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        match self {
            Self::Caller { text, .. } | Self::Agent { text, .. } => text.as_ref().map_or(0, String::len),
            Self::Told { text } => text.len(),
            Self::Call { name, arguments, output, .. } => {
                name.len() + arguments.len() + output.as_ref().map_or(0, String::len)
            }
        }
    }
}
