//! A gate: digits are asked for, and someone else judges them.
//!
//! ```text
//!   prompt ──digits──► entry ── `#`, full, or pause ──► Entered ──Judged(true)──► silence
//!     ▲                                                    │
//!     └── wrong ◄── nothing entered ───────────────────────┴──Judged(false)──► goodbye, Denied (attempts used)
//! ```
//!
//! It doesn't know what is right, and keeps nothing of what was entered. `*` begins the entry anew.

use std::time::{Duration, Instant};

use crate::engine::{Decision, Engine, Input, Output};
use crate::inquiry::{Inquiry, Prompt, Question};

/// What a gate asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The question.
    pub prompt: Prompt,
    /// An entry of so many digits needs no `#`.
    pub longest: usize,
    /// Said when an entry was wrong, before the question is asked again.
    pub wrong: Prompt,
    /// How long the first digit may take once the question was heard.
    pub timeout: Duration,
    /// How long each further digit may take.
    pub interdigit: Duration,
    /// How often the caller may try.
    pub attempts: u32,
    /// Said when all attempts are used, or when the operator drains.
    pub goodbye: Option<Prompt>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prompt: Prompt::Text("Please enter your PIN, followed by the hash key.".to_owned()),
            longest: 16,
            wrong: Prompt::Text("That is not right, try again.".to_owned()),
            timeout: Duration::from_secs(8),
            interdigit: Duration::from_secs(4),
            attempts: 3,
            goodbye: Some(Prompt::Text("Goodbye.".to_owned())),
        }
    }
}

impl Settings {
    /// Every line for the embedded voice, to be spoken ahead.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        [Some(&self.prompt), Some(&self.wrong), self.goodbye.as_ref()].into_iter().flatten().filter_map(Prompt::text)
    }
}

/// The machine.
#[derive(Debug)]
pub struct PinGate {
    inquiry: Inquiry,
    longest: usize,
}

impl PinGate {
    /// A gate that waits for the call to be answered.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { prompt, longest, wrong: again, timeout, interdigit, attempts, goodbye } = settings;
        let question = Question { prompt, again, goodbye, timeout, attempts };
        Self { inquiry: Inquiry::new(question, interdigit), longest }
    }

    fn key(&mut self, key: char, now: Instant) {
        match key {
            '#' => self.close(),
            '*' => self.inquiry.clear(now),
            _ => {
                self.inquiry.push(key, now);
                if self.inquiry.keys().len() >= self.longest {
                    self.close();
                }
            }
        }
    }

    fn close(&mut self) {
        let digits = self.inquiry.take();
        if digits.is_empty() {
            self.inquiry.refuse(Decision::Denied);
        } else {
            self.inquiry.tell(Decision::Entered(digits));
        }
    }

    fn judged(&mut self, right: bool) {
        match (self.inquiry.is_judging(), right) {
            (false, _) => {}
            (true, true) => self.inquiry.accept(None),
            (true, false) => self.inquiry.refuse(Decision::Denied),
        }
    }
}

impl Engine for PinGate {
    fn handle(&mut self, input: Input<'_>, now: Instant) {
        if let Input::Judged(right) = input {
            self.judged(right);
        }
        if let Some(key) = self.inquiry.handle(input, now) {
            self.key(key, now);
        }
        if self.inquiry.is_due(now) {
            self.close();
        }
        self.inquiry.settle(now);
    }

    fn poll(&mut self) -> Output {
        self.inquiry.poll()
    }
}

#[cfg(test)]
mod tests;
