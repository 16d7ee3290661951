//! Keys collected into one entry until a pause.

use std::time::{Duration, Instant};

/// An entry has no more keys than this; what follows is dropped.
const MOST: usize = 32;

/// Whether a telephone has this key (RFC 4733 §3.2, without flash).
pub(crate) fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')
}

/// The entry under way.
#[derive(Debug)]
pub(crate) struct Keypad {
    keys: String,
    pause: Duration,
    deadline: Option<Instant>,
}

impl Keypad {
    pub(crate) fn new(pause: Duration) -> Self {
        Self { keys: String::new(), pause, deadline: None }
    }

    pub(crate) fn push(&mut self, key: char, now: Instant) {
        if self.keys.len() < MOST {
            self.keys.push(key);
        }
        self.deadline = now.checked_add(self.pause);
    }

    /// The caller can't press keys: the entry waits for more.
    pub(crate) fn suspend(&mut self) {
        self.deadline = None;
    }

    /// The caller can press keys again, and has the whole pause to go on.
    pub(crate) fn resume(&mut self, now: Instant) {
        self.deadline = if self.collecting() { now.checked_add(self.pause) } else { None };
    }

    pub(crate) fn collecting(&self) -> bool {
        !self.keys.is_empty()
    }

    /// When the entry is over.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(crate) fn due(&self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }

    /// The entry, if there is one; the next begins.
    pub(crate) fn take(&mut self) -> Option<String> {
        self.deadline = None;
        Some(std::mem::take(&mut self.keys)).filter(|keys| !keys.is_empty())
    }
}
