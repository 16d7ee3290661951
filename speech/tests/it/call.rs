//! A call without a network: what a media shard does between the machines of this room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use talkpath_speech::builtin::{Receptionist, Settings};
use talkpath_speech::engine::{Clip, WallClock, Wire};
use talkpath_speech::ledger::Line;
use talkpath_speech::turn::{self, Action, Answer, FRAME, Playback, VoiceFrame};
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
    /// What a remote engine wants of its driver, to be taken by whoever plays that.
    pub(crate) remote: VecDeque<Output>,
    /// How much was heard of items that are over, in the order in which the engine was told.
    pub(crate) ended: Vec<(ItemId, Samples)>,
    pub(crate) now: Instant,
    engine: Box<dyn Engine>,
    voice: Voice,
    queue: VecDeque<Queued>,
    /// What was heard of each item that isn't over.
    heard: BTreeMap<ItemId, Samples>,
    /// Items that must be heard to their end.
    uncuttable: Vec<ItemId>,
    paused: bool,
    ducked: bool,
    hang_up: bool,
    at: Samples,
    wakeup: Option<Instant>,
    /// Samples of the engine that came, for lowering its rate.
    came: usize,
}

impl Call {
    pub(crate) fn answered(settings: Settings) -> Self {
        let mut call = Self::ringing(|_| Box::new(Receptionist::new(settings)));
        call.engine(Input::Answered);
        call
    }

    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    pub(crate) fn ringing(engine: impl FnOnce(Instant) -> Box<dyn Engine>) -> Self {
        let now = Instant::now();
        let mut call = Self {
            turn: Turn::new(turn::Settings::default()),
            ledger: Ledger::new(),
            sent: Vec::new(),
            actions: Vec::new(),
            over: false,
            remote: VecDeque::new(),
            ended: Vec::new(),
            now,
            engine: engine(now),
            voice: Voice::new().expect("embedded voice"),
            queue: VecDeque::new(),
            heard: BTreeMap::new(),
            uncuttable: Vec::new(),
            paused: false,
            ducked: false,
            hang_up: false,
            at: Samples::ZERO,
            wakeup: None,
            came: 0,
        };
        call.drain();
        call
    }

    /// Samples of the call so far, in ms.
    pub(crate) fn ms(&self) -> u64 {
        self.at.ms()
    }

    /// The caller says these samples, in whole frames.
    pub(crate) fn says(&mut self, samples: &[i16]) {
        for frame in samples.chunks_exact(160) {
            self.step(frame, 20);
            self.pass(0);
        }
    }

    pub(crate) fn silence(&mut self, ms: u64) {
        self.says(&vec![0; ms as usize * 8]);
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

    /// Whether anything is queued to be heard.
    pub(crate) fn is_silent(&self) -> bool {
        self.queue.is_empty()
    }

    /// One frame each way, and then the time that it took since whatever happened last.
    pub(crate) fn step(&mut self, frame: &[i16], ms: u64) {
        self.send();
        let level_dbov = dbov(frame);
        self.hear(frame);
        self.turn.handle_voice(VoiceFrame { at: self.at, voiced: level_dbov > -50.0, level_dbov });
        self.at = self.at + FRAME;
        self.now += Duration::from_millis(ms);
        self.act();
    }

    /// Time passes; the engine is woken if it asked for that.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        if self.wakeup.is_some_and(|wakeup| wakeup <= self.now) {
            self.engine(Input::Wakeup);
        }
    }

    /// Hands a fact to the engine and does what it wants.
    pub(crate) fn engine(&mut self, input: Input<'_>) {
        self.engine.handle(input, self.now);
        self.drain();
    }

    /// The caller's frame in the engine's form. In place of G.711, a byte that tells sound from silence.
    fn hear(&mut self, frame: &[i16]) {
        match self.engine.wire() {
            Wire::Pcm { input, .. } => {
                let times = input as usize / 8_000;
                let samples: Vec<i16> = frame.iter().flat_map(|&sample| std::iter::repeat_n(sample, times)).collect();
                self.engine(Input::Audio(&samples));
            }
            Wire::Mulaw => self.hear_coded(frame, 0xff),
            Wire::Alaw => self.hear_coded(frame, 0xd5),
        }
    }

    fn hear_coded(&mut self, frame: &[i16], silence: u8) {
        let bytes: Vec<u8> = frame.iter().map(|&sample| if sample == 0 { silence } else { 0x20 }).collect();
        self.engine(Input::Coded(&bytes));
    }

    /// The engine's samples at the telephone's rate.
    fn lower(&mut self, samples: &[i16]) -> Clip {
        let rate = match self.engine.wire() {
            Wire::Pcm { output, .. } => output as usize / 8_000,
            Wire::Mulaw | Wire::Alaw => 1,
        };
        let came = self.came;
        self.came += samples.len();
        let kept = samples.iter().enumerate().filter(|(n, _)| (came + n + 1).is_multiple_of(rate));
        Clip::new(kept.map(|(_, &sample)| sample).collect())
    }

    /// Sends one frame: of the queue, or silence.
    fn send(&mut self) {
        let mut frame = Vec::with_capacity(160);
        let mut sounding = None;
        while !self.paused && frame.len() < 160 {
            let Some(queued) = self.queue.pop_front() else { break };
            match queued {
                Queued::End(item) => self.finished(item),
                Queued::Audio(item, mut clip, interruptible) => {
                    self.started(item, interruptible);
                    let head = clip.split_to(160 - frame.len());
                    frame.extend_from_slice(head.samples());
                    *self.heard.entry(item).or_default() = self.heard[&item] + Samples::of(head.samples());
                    sounding = Some(item);
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
        let follows = self.engine.follows_playout();
        if let Some((item, &heard)) = sounding.filter(|_| follows).and_then(|item| self.heard.get_key_value(&item)) {
            self.engine(Input::Heard { item: *item, heard });
        }
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
        let heard = self.heard.remove(&item).unwrap_or_default();
        self.ended.push((item, heard));
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
                Action::Flush { .. } => self.flush(false),
                Action::CallerStarted { at } => {
                    self.ledger.caller_started(at);
                    self.engine(Input::TurnStarted { at });
                }
                Action::CallerStopped { at } => {
                    self.ledger.caller_stopped(at);
                    self.ledger.clock().end_of_speech(at, self.at, self.now);
                    self.ledger.clock().asked(self.now);
                    self.turn.handle_engine(Answer::Asked);
                    self.engine(Input::TurnEnded { at });
                }
                Action::Nudge => self.engine(Input::Nudge),
            }
        }
    }

    /// All that is cut is told before the engine is asked what it wants.
    fn flush(&mut self, all: bool) {
        self.paused = false;
        let uncuttable = if all { Vec::new() } else { self.uncuttable.clone() };
        let (kept, mut cut) = std::mem::take(&mut self.heard)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(item, _)| uncuttable.contains(item));
        self.heard = kept;
        self.queue.retain(|queued| {
            let (Queued::Audio(item, ..) | Queued::End(item)) = queued;
            if !uncuttable.contains(item) {
                cut.entry(*item).or_default();
            }
            uncuttable.contains(item)
        });
        for (item, heard) in cut {
            self.ledger.interrupted(item, heard, self.at);
            self.ended.push((item, heard));
            self.engine.handle(Input::Interrupted { item, heard }, self.now);
        }
        if self.queue.is_empty() {
            self.turn.handle_playout(Playback::Idle);
        }
        self.drain();
    }

    fn queue(&mut self, item: ItemId, audio: Clip, interruptible: bool) {
        self.ledger.clock().first_audio(self.now);
        self.turn.handle_engine(Answer::Coming);
        if !interruptible && !self.uncuttable.contains(&item) {
            self.uncuttable.push(item);
        }
        self.queue.push_back(Queued::Audio(item, audio, interruptible));
    }

    fn drain(&mut self) {
        loop {
            let output = self.engine.poll();
            match output {
                Output::Audio { item, ref audio, interruptible } => {
                    let lowered = self.lower(audio.samples());
                    self.queue(item, lowered, interruptible);
                    self.remote.push_back(output);
                }
                Output::Coded { item, bytes, interruptible } => {
                    let samples =
                        bytes.samples().iter().map(|&byte| if byte == 0xff { 0 } else { i16::from(byte) * 50 });
                    self.queue(item, Clip::new(samples.collect()), interruptible);
                }
                Output::Text { item, text, span } => self.ledger.text(item, text, span),
                Output::TextEnds { item, end } => self.ledger.stretch(item, end),
                Output::ItemEnd { item } => self.queue.push_back(Queued::End(item)),
                Output::Flush => self.flush(false),
                Output::Clear => self.flush(true),
                Output::BargeIn(barge_in) => self.turn.set_barge_in(barge_in),
                Output::Synthesize { ticket, text } => {
                    let speech = Arc::new(self.voice.speak(&text));
                    self.engine.handle(Input::Synthesized { ticket, speech }, self.now);
                }
                Output::WallClock => {
                    self.engine.handle(Input::WallClock(WallClock { hour: 8, minute: 15 }), self.now);
                }
                Output::Nothing => self.turn.handle_engine(Answer::Nothing),
                Output::HangUp => self.hang_up = true,
                Output::Connect(_)
                | Output::Ready
                | Output::Disconnect { .. }
                | Output::Send(_)
                | Output::SendBinary(_)
                | Output::Tool(_)
                | Output::CallerText { .. }
                | Output::Usage(_)
                | Output::Note(_)
                | Output::Decided(_)
                | Output::Trouble(_) => self.remote.push_back(output),
                Output::Timeout(wakeup) => {
                    self.wakeup = wakeup;
                    return;
                }
            }
        }
    }
}
