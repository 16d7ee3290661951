//! The receptionist on virtual time, beside a driver that voices lines, plays items and presses keys.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::engine::{Clip, ItemId, Ticket};
use crate::voice::{Speech, Word};

mod conversation;
mod interruption;
mod random;

/// A driver in a nutshell: every line is a second of speech, ready at once unless `mute`.
struct Desk {
    agent: Receptionist,
    now: Instant,
    /// Samples of the caller's stream so far.
    stream: u64,
    mute: bool,
    /// Lines asked for and not spoken yet.
    wanted: Vec<(Ticket, Arc<str>)>,
    /// Every line asked for.
    asked: Vec<String>,
    /// Items and their audio in the order given.
    items: Vec<(ItemId, Vec<i16>, bool)>,
    /// Items given to their end.
    ended: Vec<ItemId>,
    text: String,
    notes: Vec<Note>,
    flushes: u32,
    clock_wanted: u32,
    hung_up: bool,
    wakeup: Option<Instant>,
}

fn speech(text: &str) -> Arc<Speech> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let end = |n: usize| Samples(8_000 * (n as u64 + 1) / words.len() as u64);
    let words = words.iter().enumerate().map(|(n, &word)| Word { text: word.into(), end: end(n) }).collect();
    Arc::new(Speech { audio: vec![1_000; 8_000].into(), words })
}

impl Desk {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    fn new(settings: Settings) -> Self {
        Self {
            agent: Receptionist::new(settings),
            now: Instant::now(),
            stream: 0,
            mute: false,
            wanted: Vec::new(),
            asked: Vec::new(),
            items: Vec::new(),
            ended: Vec::new(),
            text: String::new(),
            notes: Vec::new(),
            flushes: 0,
            clock_wanted: 0,
            hung_up: false,
            wakeup: None,
        }
    }

    /// A call whose greeting has been heard.
    fn greeted() -> Self {
        let mut desk = Self::new(Settings::default());
        desk.feed(Input::Answered);
        desk.hear_out();
        desk.forget();
        desk
    }

    fn forget(&mut self) {
        self.items.clear();
        self.ended.clear();
        self.asked.clear();
        self.text.clear();
        self.notes.clear();
    }

    fn feed(&mut self, input: Input<'_>) {
        self.agent.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            let output = self.agent.poll();
            let Output::Timeout(wakeup) = output else {
                self.take(output);
                continue;
            };
            self.wakeup = wakeup;
            if self.mute || self.wanted.is_empty() {
                return;
            }
            self.voice(0);
        }
    }

    fn take(&mut self, output: Output) {
        match output {
            Output::Audio { item, audio, interruptible } => self.queue(item, &audio, interruptible),
            Output::Text { item, text, span } => {
                assert!(span.start <= span.end && !self.ended.contains(&item));
                self.text.push_str(&text);
            }
            Output::ItemEnd { item } => self.ended.push(item),
            Output::Flush => self.flushes += 1,
            Output::Synthesize { ticket, text } => {
                self.asked.push(text.to_string());
                self.wanted.push((ticket, text));
            }
            Output::WallClock => self.clock_wanted += 1,
            Output::HangUp => self.hung_up = true,
            Output::Note(note) => self.notes.push(note),
            Output::Coded { .. }
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
            | Output::Trouble(_)
            | Output::Decided(_)
            | Output::Timeout(_) => unreachable!("no socket, no decisions"),
        }
    }

    fn queue(&mut self, item: ItemId, audio: &Clip, interruptible: bool) {
        assert!(!self.ended.contains(&item), "an item goes on after its end");
        match self.items.iter_mut().find(|(queued, ..)| *queued == item) {
            Some((_, samples, _)) => samples.extend_from_slice(audio.samples()),
            None => self.items.push((item, audio.samples().to_vec(), interruptible)),
        }
    }

    /// Hands over the `n`th of the lines asked for.
    fn voice(&mut self, n: usize) {
        let (ticket, text) = self.wanted.remove(n);
        self.agent.handle(Input::Synthesized { ticket, speech: speech(&text) }, self.now);
    }

    /// Everything queued is heard to its end.
    fn hear_out(&mut self) {
        for item in std::mem::take(&mut self.ended) {
            self.feed(Input::Finished { item });
        }
    }

    fn wait(&mut self, ms: u64) {
        let until = self.now + Duration::from_millis(ms);
        while let Some(wakeup) = self.wakeup.filter(|wakeup| *wakeup <= until) {
            self.now = wakeup;
            self.feed(Input::Wakeup);
        }
        self.now = until;
    }

    /// The caller's stream goes on for `ms`, each sample distinct.
    fn listen(&mut self, ms: u64) {
        for _ in 0..ms / 20 {
            let packet: Vec<i16> = (self.stream..self.stream + 160).map(|n| (n % 30_011) as i16).collect();
            self.stream += 160;
            self.wait(20);
            self.feed(Input::Audio(&packet));
        }
    }

    /// A spoken turn of `ms`, told like the turn machine tells it.
    fn speak(&mut self, ms: u64) -> (u64, u64) {
        let (start, end) = (self.stream - 2_400, self.stream + ms * 8);
        self.listen(160);
        self.feed(Input::TurnStarted { at: Samples(start) });
        self.listen(ms - 160 + 600);
        self.feed(Input::TurnEnded { at: Samples(end) });
        (start, end)
    }

    fn keys(&mut self, keys: &str) {
        keys.chars().for_each(|key| self.feed(Input::Key(key)));
    }
}
