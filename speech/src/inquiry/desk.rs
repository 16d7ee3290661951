//! A driver in a nutshell for engines that ask: each line is spoken at once, and heard in a second.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Decision, Engine, Input, ItemId, Output};
use crate::samples::Samples;
use crate::voice::{Speech, Word};

pub(crate) struct Desk<E> {
    pub(crate) engine: E,
    /// What was said since it was last looked at, and where keys cut it.
    pub(crate) said: Vec<String>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) hung_up: bool,
    now: Instant,
    wakeup: Option<Instant>,
    /// Items being heard, and when the first is over.
    queue: VecDeque<(ItemId, bool)>,
    over: Option<Instant>,
    held: bool,
}

fn speech(text: &str) -> Arc<Speech> {
    let words = vec![Word { text: text.into(), end: Samples(8_000) }];
    Arc::new(Speech { audio: vec![1_000; 8_000].into(), words })
}

impl<E: Engine> Desk<E> {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    pub(crate) fn answered(engine: E) -> Self {
        let (said, decisions, queue) = (Vec::new(), Vec::new(), VecDeque::new());
        let now = Instant::now();
        let mut desk =
            Self { engine, said, decisions, hung_up: false, now, wakeup: None, queue, over: None, held: false };
        desk.feed(Input::Answered);
        desk
    }

    pub(crate) fn feed(&mut self, input: Input<'_>) {
        if let Input::Held(held) = input {
            self.held = held;
        }
        self.engine.handle(input, self.now);
        self.drain();
    }

    /// Keys, each of which cuts what may be cut.
    pub(crate) fn keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.flush();
            self.feed(Input::Key(key));
        }
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(next) = self.next().filter(|next| *next <= until) {
            self.now = next;
            if self.over.is_some_and(|over| over <= next) {
                self.over = None;
                let (item, _) = self.queue.pop_front().unwrap();
                self.feed(Input::Finished { item });
            } else {
                self.feed(Input::Wakeup);
            }
        }
        self.now = until;
    }

    pub(crate) fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    fn next(&self) -> Option<Instant> {
        let wakeup = if self.held { None } else { self.wakeup };
        [wakeup, self.over].into_iter().flatten().min()
    }

    fn flush(&mut self) {
        let (cut, kept) = std::mem::take(&mut self.queue).into_iter().partition::<Vec<_>, _>(|(_, may_cut)| *may_cut);
        self.queue = kept.into();
        self.over = None;
        cut.into_iter().for_each(|(item, _)| self.feed(Input::Interrupted { item, heard: Samples(1) }));
        self.play();
    }

    fn play(&mut self) {
        if !self.queue.is_empty() && self.over.is_none() {
            self.over = Some(self.now + Duration::from_secs(1));
        }
    }

    fn drain(&mut self) {
        loop {
            match self.engine.poll() {
                Output::Audio { item, interruptible, .. } => {
                    if !self.queue.iter().any(|(queued, _)| *queued == item) {
                        self.queue.push_back((item, interruptible));
                    }
                }
                Output::Text { text, .. } => self.said.push(text.trim().to_owned()),
                Output::Synthesize { ticket, text } => {
                    self.engine.handle(Input::Synthesized { ticket, speech: speech(&text) }, self.now);
                }
                Output::Flush => self.flush(),
                Output::HangUp => self.hung_up = true,
                Output::Decided(decision) => self.decisions.push(decision),
                Output::ItemEnd { .. } | Output::Note(_) => {}
                Output::WallClock
                | Output::Coded { .. }
                | Output::TextEnds { .. }
                | Output::Connect(_)
                | Output::Ready
                | Output::Disconnect { .. }
                | Output::Nothing
                | Output::Send(_)
                | Output::SendBinary(_)
                | Output::Clear
                | Output::BargeIn(_)
                | Output::Tool(_)
                | Output::CallerText { .. }
                | Output::Usage(_)
                | Output::Trouble(_) => unreachable!("asks by keys alone"),
                Output::Timeout(wakeup) => {
                    self.wakeup = wakeup;
                    return self.play();
                }
            }
        }
    }
}
