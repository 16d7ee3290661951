//! A menu: the caller chooses by keys.
//!
//! ```text
//!   prompt ──keys──► entry: one option, and no longer one begins like it ──► Chosen
//!     ▲                │     an option, a longer one begins like it ── pause or `#` ──► Chosen
//!     │                │     no option yet, one begins like it ── pause or `#` ──┐
//!     │                └──── no option begins like it ───────────────────────────┤
//!     └── invalid ◄──────────── no key in time ──────────────────────────────────┴──► goodbye, NoChoice
//!                                                                    (attempts used)
//! ```
//!
//! The longest option wins: where `1` and `12` are options, `1` is chosen once no `2` came in time. `#` ends an entry unless options hold it.
//! The caller's voice chooses nothing.

use std::time::{Duration, Instant};

use crate::engine::{Decision, Engine, Input, Output};
use crate::inquiry::{Inquiry, Prompt, Question};

/// What a menu asks and takes for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The question.
    pub prompt: Prompt,
    /// Keys that choose, one or more each: `1`, `42`, `*`, `9#`.
    pub options: Vec<String>,
    /// Said before the question is asked again.
    pub invalid: Prompt,
    /// How long the first key may take once the question was heard.
    pub timeout: Duration,
    /// How long each further key may take.
    pub interdigit: Duration,
    /// How often the caller may try.
    pub attempts: u32,
    /// Said when all attempts are used, or when the operator drains.
    pub goodbye: Option<Prompt>,
}

impl Settings {
    /// Every line for the embedded voice, to be spoken ahead.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        [Some(&self.prompt), Some(&self.invalid), self.goodbye.as_ref()].into_iter().flatten().filter_map(Prompt::text)
    }
}

/// The machine.
#[derive(Debug)]
pub struct Menu {
    inquiry: Inquiry,
    options: Vec<String>,
}

/// What an entry is worth.
enum Match {
    /// An option, and no other begins like it.
    Only,
    /// An option may still come of it.
    Perhaps,
    /// No option.
    Never,
}

impl Menu {
    /// A menu that waits for the call to be answered.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { prompt, options, invalid: again, timeout, interdigit, attempts, goodbye } = settings;
        let question = Question { prompt, again, goodbye, timeout, attempts };
        Self { inquiry: Inquiry::new(question, interdigit), options }
    }

    fn key(&mut self, key: char, now: Instant) {
        let mut entry = self.inquiry.keys().to_owned();
        entry.push(key);
        let worth = self.worth(&entry);
        // Where no option holds it, `#` ends the entry instead of joining it.
        if key != '#' || !matches!(worth, Match::Never) {
            self.inquiry.push(key, now);
        }
        match worth {
            Match::Only | Match::Never => self.close(),
            Match::Perhaps => {}
        }
    }

    fn worth(&self, entry: &str) -> Match {
        let longer = self.options.iter().any(|option| option.len() > entry.len() && option.starts_with(entry));
        match (longer, self.options.iter().any(|option| option == entry)) {
            (true, _) => Match::Perhaps,
            (false, true) => Match::Only,
            (false, false) => Match::Never,
        }
    }

    /// The entry is over.
    fn close(&mut self) {
        let entry = self.inquiry.take();
        if self.options.contains(&entry) {
            self.inquiry.accept(Some(Decision::Chosen(entry)));
        } else {
            self.inquiry.refuse(Decision::NoChoice);
        }
    }
}

impl Engine for Menu {
    fn handle(&mut self, input: Input<'_>, now: Instant) {
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
