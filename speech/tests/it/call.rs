//! A call without a network: what a media shard does between the machines of this room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use talkpath_speech::builtin::{Receptionist, Settings};
use talkpath_speech::engine::{Clip, WallClock};
use talkpath_speech::ledger::Line;
use talkpath_speech::turn::{self, Action, FRAME, Playback, VoiceFrame};
use talkpath_speech::voice::dbov;
use talkpath_speech::{Engine, Input, ItemId, Ledger, Output, Samples, Turn, Voice};

/// Marks and audio in the order in which they are heard.
enum Queued {
    Audio(ItemId, Clip, bool),
    End(ItemId),
}

pub(crate) struct Call {
    pub(crate) turn: Turn,
    pub(crate) ledger: Ledger,
    pub(crate) sent: Vec<i16>,
    pub(crate) actions: Vec<(u64, Action)>,
    pub(crate) over: bool,
    agent: Receptionist,
    voice: Voice,
    queue: VecDeque<Queued>,
    /// What was heard of each item that isn't over.
    heard: BTreeMap<ItemId, Samples>,
    paused: bool,
    ducked: bool,
    hang_up: bool,
    at: Samples,
    now: Instant,
}

impl Call {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    pub(crate) fn answered(settings: Settings) -> Self {
        let mut call = Self {
            turn: Turn::new(turn::Settings::default()),
            ledger: Ledger::new(),
            sent: Vec::new(),
            actions: Vec::new(),
            over: false,
            agent: Receptionist::new(settings),
            voice: Voice::new().expect("embedded voice"),
            queue: VecDeque::new(),
            heard: BTreeMap::new(),
            paused: false,
            ducked: false,
            hang_up: false,
            at: Samples::ZERO,
            now: Instant::now(),
        };
        call.engine(Input::Answered);
        call
    }

    /// Samples of the call so far, in ms.
    pub(crate) fn ms(&self) -> u64 {
        self.at.ms()
    }

    /// The caller says these samples, in whole frames.
    pub(crate) fn says(&mut self, samples: &[i16]) {
        for frame in samples.chunks_exact(160) {
            self.step(frame);
        }
    }

    pub(crate) fn silence(&mut self, ms: u64) {
        (0..ms / 20).for_each(|_| self.step(&[0; 160]));
    }

    pub(crate) fn key(&mut self, key: char) {
        self.turn.handle_key(self.at);
        self.act();
        self.engine(Input::Key(key));
    }

    /// The agent's lines and the caller's.
    pub(crate) fn transcript(&self) -> &[Line] {
        self.ledger.transcript()
    }

    fn step(&mut self, frame: &[i16]) {
        self.send();
        let level_dbov = dbov(frame);
        self.engine(Input::Audio(frame));
        self.turn.handle_voice(VoiceFrame { at: self.at, voiced: level_dbov > -50.0, level_dbov });
        self.at = self.at + FRAME;
        self.now += Duration::from_millis(20);
        self.act();
        self.engine(Input::Wakeup);
    }

    /// Sends one frame: of the queue, or silence.
    fn send(&mut self) {
        let mut frame = Vec::with_capacity(160);
        while !self.paused && frame.len() < 160 {
            let Some(queued) = self.queue.pop_front() else { break };
            match queued {
                Queued::End(item) => self.finished(item),
                Queued::Audio(item, mut clip, interruptible) => {
                    self.started(item, interruptible);
                    let head = clip.split_to(160 - frame.len());
                    frame.extend_from_slice(head.samples());
                    *self.heard.entry(item).or_default() = self.heard[&item] + Samples::of(head.samples());
                    if !clip.is_empty() {
                        self.queue.push_front(Queued::Audio(item, clip, interruptible));
                    }
                }
            }
        }
        self.over |= self.hang_up && self.queue.is_empty();
        frame.resize(160, 0);
        let gain = if self.ducked { 0.25 } else { 1.0 };
        frame.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * gain) as i16);
        self.turn.handle_sent(self.at, dbov(&frame));
        self.sent.extend(frame);
    }

    fn started(&mut self, item: ItemId, interruptible: bool) {
        if self.heard.contains_key(&item) {
            return;
        }
        self.heard.insert(item, Samples::ZERO);
        self.ledger.started(item, self.at);
        self.ledger.clock().first_packet(self.now);
        self.turn.handle_playout(Playback::Started { item, interruptible });
        self.act();
    }

    fn finished(&mut self, item: ItemId) {
        self.heard.remove(&item);
        self.ledger.finished(item, self.at);
        self.turn.handle_playout(Playback::Finished { item });
        self.act();
        self.engine(Input::Finished { item });
    }

    fn act(&mut self) {
        while let Some(action) = self.turn.poll() {
            self.actions.push((self.at.ms(), action));
            match action {
                Action::Duck => self.ducked = true,
                Action::Unduck => self.ducked = false,
                Action::Pause => self.paused = true,
                Action::Resume => self.paused = false,
                Action::Flush { .. } => self.flush(),
                Action::CallerStarted { at } => {
                    self.ledger.caller_started(at);
                    self.engine(Input::TurnStarted { at });
                }
                Action::CallerStopped { at } => {
                    self.ledger.caller_stopped(at);
                    self.ledger.clock().end_of_speech(at, self.at, self.now);
                    self.ledger.clock().asked(self.now);
                    self.engine(Input::TurnEnded { at });
                }
                Action::Nudge => self.engine(Input::Nudge),
            }
        }
    }

    fn flush(&mut self) {
        self.paused = false;
        self.queue.retain(|queued| matches!(queued, Queued::Audio(_, _, false)));
        for (item, heard) in std::mem::take(&mut self.heard) {
            self.ledger.interrupted(item, heard, self.at);
            self.engine(Input::Interrupted { item, heard });
        }
    }

    fn engine(&mut self, input: Input<'_>) {
        self.agent.handle(input, self.now);
        loop {
            match self.agent.poll() {
                Output::Audio { item, audio, interruptible } => {
                    self.ledger.clock().first_audio(self.now);
                    self.queue.push_back(Queued::Audio(item, audio, interruptible));
                }
                Output::Text { item, text, span } => self.ledger.text(item, text, span),
                Output::ItemEnd { item } => self.queue.push_back(Queued::End(item)),
                Output::Flush => self.flush(),
                Output::Synthesize { ticket, text } => {
                    let speech = Arc::new(self.voice.speak(&text));
                    self.agent.handle(Input::Synthesized { ticket, speech }, self.now);
                }
                Output::WallClock => {
                    self.agent.handle(Input::WallClock(WallClock { hour: 8, minute: 15 }), self.now);
                }
                Output::HangUp => self.hang_up = true,
                Output::Note(_) => {}
                Output::Coded { .. }
                | Output::TextEnds { .. }
                | Output::Connect(_)
                | Output::Disconnect { .. }
                | Output::Send(_)
                | Output::Tool(_)
                | Output::CallerText { .. }
                | Output::Usage(_)
                | Output::Trouble(_)
                | Output::Decided(_) => {
                    unreachable!("the receptionist has no socket and decides nothing")
                }
                Output::Timeout(_) => return,
            }
        }
    }
}
