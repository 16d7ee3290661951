//! Keys collected into one entry.
//!
//! ```text
//!   Idle ──wait──► Waiting ──key──► Collecting ──key──► Collecting     take, from anywhere: Idle
//!     │               └─ patience ─► due    └─ pause ─► due
//!     └──────────key──────────────────►┘
//! ```
//!
//! [`Keypad::suspend`] stops the clock while nobody can press keys; [`Keypad::resume`] starts it anew.

use std::time::{Duration, Instant};

/// An entry has no more keys than this; what follows is dropped.
pub(crate) const MOST: usize = 32;

/// Whether a telephone has this key (RFC 4733 §3.2, without flash).
pub(crate) fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')
}

/// The entry under way.
#[derive(Debug)]
pub(crate) struct Keypad {
    keys: String,
    /// Between two keys of one entry.
    pause: Duration,
    /// Before the first key, while one is waited for.
    patience: Option<Duration>,
    deadline: Option<Instant>,
}

impl Keypad {
    pub(crate) fn new(pause: Duration) -> Self {
        Self { keys: String::new(), pause, patience: None, deadline: None }
    }

    /// A first key is waited for from now on, for so long. Changes nothing once there is a key or one is waited for already.
    pub(crate) fn wait(&mut self, patience: Duration, now: Instant) {
        if !self.collecting() && self.patience.is_none() {
            self.patience = Some(patience);
            self.deadline = now.checked_add(patience);
        }
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

    /// The caller can press keys again, and has the whole time to begin or to go on.
    pub(crate) fn resume(&mut self, now: Instant) {
        let time = if self.collecting() { Some(self.pause) } else { self.patience };
        self.deadline = time.and_then(|time| now.checked_add(time));
    }

    pub(crate) fn collecting(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The keys so far.
    pub(crate) fn keys(&self) -> &str {
        &self.keys
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
        self.patience = None;
        Some(std::mem::take(&mut self.keys)).filter(|keys| !keys.is_empty())
    }
}
