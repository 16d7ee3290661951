//! What is said on a call: ears, turn machine, engine, playout queue, ledger and tape, and the wiring between them.
//!
//!   frames ─► voice activity ─► turn machine ─► duck, pause, flush ─► playout queue ─► frames
//!      └────────────────────────────┴─► engine ─► audio, text ─────────────┘
//!
//! Each fact is handed on at once and everything that follows from it is done before the next: [`Talk::settle`]
//! drains turn machine and engine until both are quiet.

use super::command::{CallKey, Command, EngineSpec, MediaEvent};
use super::mouth::Mouth;
use super::recording::Tape;
use super::surroundings::Surroundings;
use super::voices;
use crate::recorder::RecordingId;
use std::sync::Arc;
use std::time::Instant;
use talkpath_media::g711::Law;
use talkpath_media::playout::Progress;
use talkpath_media::resample::Resampler;
use talkpath_media::rtp::Frame;
use talkpath_media::vad::{Mode, Vad};
use talkpath_media::{MAX_FRAME, SAMPLE_RATE};
use talkpath_speech::engine::{Clip, Engine, Input, Note, Output, Ticket, WallClock};
use talkpath_speech::ledger::{Ledger, Line};
use talkpath_speech::turn::{self, Action, Answer, Counters, Playback, Turn, VoiceFrame};
use talkpath_speech::voice::Speech;
use talkpath_speech::{ItemId, Samples};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tracing::{debug, warn};

/// What the engine hears of a call that is held.
static SILENCE: [i16; MAX_FRAME] = [0; MAX_FRAME];
/// Silence sent after the last word before we hang up, so that a phone's jitter buffer doesn't swallow it: 200 ms.
const LAST_PACKETS: u64 = 1_600;

/// One call's talk.
pub(super) struct Talk {
    key: CallKey,
    law: Law,
    ears: Vad,
    turn: Turn,
    engine: Box<dyn Engine>,
    /// From the telephone's rate to the engine's, and back; none when it speaks ours.
    up: Option<Resampler>,
    down: Option<Resampler>,
    resampled: Vec<i16>,
    mouth: Mouth,
    ledger: Ledger,
    tape: Option<Tape>,
    events: mpsc::Sender<MediaEvent>,
    /// The next position of the caller's audio: the media clock.
    position: Samples,
    wake: Option<Instant>,
    /// The engine wants to hang up once everything was heard; samples of silence to send after that.
    leaving: Option<u64>,
    /// Why the call should end, until its task has been told.
    end: Option<MediaEvent>,
    /// Position of the receiver at which the other side could hear us: the zero of the media clock. None before.
    base: Option<u64>,
    /// Nothing is said or understood while the other side holds the call.
    held: bool,
    /// Nor while the call is bridged to another leg.
    aside: bool,
    /// What the items of this engine are added to, so that no two engines of a call have one in common.
    first_item: u64,
    /// The last item that any engine of this call has named, and one.
    next_item: u64,
    told_latency: bool,
    caller_began: Samples,
    refused: u64,
    lost_events: u64,
}

/// What is left of a talk.
pub(super) struct Ending {
    pub(super) turns: Counters,
    pub(super) transcript: Vec<Line>,
    pub(super) refused: u64,
    pub(super) lost_events: u64,
    pub(super) lost_seconds: u32,
}

impl Talk {
    pub(super) fn new(
        key: CallKey,
        law: Law,
        engine: EngineSpec,
        turn: turn::Settings,
        events: mpsc::Sender<MediaEvent>,
        recording: Option<RecordingId>,
        around: &Surroundings<'_>,
    ) -> Self {
        let engine = voices::engine(engine);
        let duck_db = turn.duck_db;
        let recorder = &around.services.recorder;
        Self {
            key,
            law,
            ears: Vad::new(Mode::default()),
            turn: Turn::new(turn),
            up: resampler(SAMPLE_RATE, engine.input_rate()),
            down: resampler(engine.output_rate(), SAMPLE_RATE),
            engine,
            resampled: Vec::new(),
            mouth: Mouth::new(law, duck_db),
            ledger: Ledger::new(),
            tape: recording.map(|id| Tape::new(id, recorder.clone())),
            events,
            position: Samples::ZERO,
            wake: None,
            leaving: None,
            end: None,
            base: None,
            held: false,
            aside: false,
            first_item: 0,
            next_item: 0,
            told_latency: true,
            caller_began: Samples::ZERO,
            refused: 0,
            lost_events: 0,
        }
    }

    /// Another law was agreed on.
    pub(super) fn set_law(&mut self, law: Law) {
        self.law = law;
        self.mouth.playout().set_law(law);
    }

    /// The other side can hear us, from `position` of its own audio on.
    pub(super) fn answered(&mut self, position: u64, now: Instant, around: &Surroundings<'_>) {
        self.base.get_or_insert(position);
        self.engine.handle(Input::Answered, now);
        self.settle(now, around);
    }

    /// The agent shall say goodbye.
    pub(super) fn goodbye(&mut self, now: Instant, around: &Surroundings<'_>) {
        self.engine.handle(Input::Goodbye, now);
        self.settle(now, around);
    }

    /// What the engine wanted to have synthesized.
    pub(super) fn synthesized(&mut self, ticket: Ticket, speech: Arc<Speech>, now: Instant, around: &Surroundings<'_>) {
        self.engine.handle(Input::Synthesized { ticket, speech }, now);
        self.settle(now, around);
    }

    /// The caller's audio goes on.
    pub(super) fn hear(&mut self, frame: Frame<'_>, now: Instant, around: &Surroundings<'_>) {
        let Some(start) = self.base.and_then(|base| frame.start.checked_sub(base)) else { return };
        self.position = Samples(start + frame.samples.len() as u64);
        if let Some(tape) = &mut self.tape {
            tape.caller(frame);
        }
        // While we are held it is music that comes: the clock runs on, in silence.
        let deaf = self.held || self.aside;
        let samples = if deaf { SILENCE.get(..frame.samples.len()).unwrap_or_default() } else { frame.samples };
        let turn = &mut self.turn;
        self.ears.push(samples, |voice| {
            turn.handle_voice(VoiceFrame {
                at: Samples(voice.start),
                voiced: voice.voiced,
                level_dbov: voice.level_dbov,
            });
        });
        match &mut self.up {
            Some(up) => {
                self.resampled.clear();
                up.push(samples, &mut self.resampled);
                self.engine.handle(Input::Audio(&self.resampled), now);
            }
            None => self.engine.handle(Input::Audio(samples), now),
        }
        self.settle(now, around);
    }

    /// The caller pressed a key.
    pub(super) fn key(&mut self, key: char, at: u64, now: Instant, around: &Surroundings<'_>) {
        let Some(at) = self.base.and_then(|base| at.checked_sub(base)) else { return };
        self.tell(MediaEvent::Key(key));
        self.turn.handle_key(Samples(at));
        self.settle(now, around);
        self.ledger.clock().end_of_speech(self.position, self.position, now);
        self.ledger.clock().asked(now);
        self.told_latency = false;
        self.engine.handle(Input::Key(key), now);
        self.turn.handle_engine(Answer::Asked);
        self.settle(now, around);
    }

    /// Wakes the engine if it asked for that.
    pub(super) fn wake(&mut self, now: Instant, around: &Surroundings<'_>) {
        if self.wake.is_some_and(|wake| wake <= now) && !self.held && !self.aside {
            self.wake = None;
            self.engine.handle(Input::Wakeup, now);
            self.settle(now, around);
        }
    }

    /// Whether packets are to be sent: the call was answered, and isn't held.
    pub(super) fn is_live(&self) -> bool {
        self.base.is_some() && !self.held
    }

    /// The other side holds the call, or takes it back.
    pub(super) fn hold(&mut self, held: bool, now: Instant, around: &Surroundings<'_>) {
        if self.held != held {
            self.held = held;
            self.engine.handle(Input::Held(held), now);
            self.settle(now, around);
        }
    }

    /// The call is bridged to another leg, or isn't any more. What was being said is cut off.
    pub(super) fn stand_aside(&mut self, aside: bool, now: Instant, around: &Surroundings<'_>) {
        if self.aside == aside {
            return;
        }
        self.aside = aside;
        if aside {
            self.drop_speech(now);
        }
        self.engine.handle(Input::Held(aside), now);
        self.settle(now, around);
    }

    /// Another engine takes the place of this one.
    pub(super) fn become_other(
        &mut self,
        engine: EngineSpec,
        turn: turn::Settings,
        now: Instant,
        around: &Surroundings<'_>,
    ) {
        self.drop_speech(now);
        let engine = voices::engine(engine);
        self.turn = self.turn.succeeded_by(turn);
        self.up = resampler(SAMPLE_RATE, engine.input_rate());
        self.down = resampler(engine.output_rate(), SAMPLE_RATE);
        self.engine = engine;
        self.first_item = self.next_item;
        (self.wake, self.leaving) = (None, None);
        if self.base.is_some() {
            self.engine.handle(Input::Answered, now);
        }
        if self.held || self.aside {
            self.engine.handle(Input::Held(true), now);
        }
        self.settle(now, around);
    }

    /// Whether what the caller has entered is right.
    pub(super) fn judged(&mut self, right: bool, now: Instant, around: &Surroundings<'_>) {
        self.engine.handle(Input::Judged(right), now);
        self.settle(now, around);
    }

    /// What the leg says that the call is bridged to.
    pub(super) fn overhear(&mut self, samples: &[i16]) {
        if let (Some(tape), Some(_)) = (&mut self.tape, self.base) {
            tape.agent(samples);
        }
    }

    /// Throws away everything that is queued, also what should be heard to its end.
    fn drop_speech(&mut self, now: Instant) {
        let cut = self.mouth.flush_all();
        self.cut(&cut);
        self.tell_engine(&cut, now);
    }

    /// Tells the engine how much was heard of what was cut.
    fn tell_engine(&mut self, cut: &[(ItemId, Samples)], now: Instant) {
        for (item, heard) in cut {
            if let Some(item) = self.inner(*item) {
                self.engine.handle(Input::Interrupted { item, heard: *heard }, now);
            }
        }
    }

    /// An item of the engine, as the rest of the call knows it.
    fn outer(&mut self, item: ItemId) -> ItemId {
        let outer = self.first_item + item.0;
        self.next_item = self.next_item.max(outer + 1);
        ItemId(outer)
    }

    /// An item of the call, as the engine knows it; none when it is a former engine's.
    fn inner(&self, item: ItemId) -> Option<ItemId> {
        item.0.checked_sub(self.first_item).map(ItemId)
    }

    /// Fills the next frame towards the caller.
    pub(super) fn speak(&mut self, frame: &mut [u8], now: Instant, around: &Surroundings<'_>) {
        let sent = self.mouth.fill(frame);
        self.turn.handle_sent(self.position, sent.level_dbov);
        if let Some(tape) = &mut self.tape {
            let mut samples = [0; MAX_FRAME];
            let decoded = self.law.decode(frame, &mut samples);
            tape.agent(samples.get(..decoded).unwrap_or_default());
        }
        let mut moved = false;
        while let Some(progress) = self.mouth.poll() {
            moved = true;
            self.played(progress, now);
        }
        if moved {
            self.settle(now, around);
        }
        self.leave_when_heard(frame.len() as u64);
    }

    /// Our clock goes on without us: slots that came too late were not sent.
    pub(super) fn skip(&mut self, samples: u64) {
        self.mouth.playout().skip(samples);
        // The tape begins with the answer.
        if let (Some(tape), Some(_)) = (&mut self.tape, self.base) {
            tape.skip(samples);
        }
    }

    /// Tells the call's task; an event that finds no room is counted and lost.
    pub(super) fn tell(&mut self, event: MediaEvent) {
        if self.events.try_send(event).is_err() {
            self.lost_events += 1;
        }
    }

    /// The recording that this call feeds.
    pub(super) fn recording(&self) -> Option<RecordingId> {
        self.tape.as_ref().map(Tape::id)
    }

    /// Ends it: what was being said was heard so far.
    pub(super) fn finish(mut self) -> Ending {
        let cut = self.mouth.flush_all();
        self.cut(&cut);
        Ending {
            turns: self.turn.counters(),
            transcript: self.ledger.transcript().to_vec(),
            refused: self.refused,
            lost_events: self.lost_events,
            lost_seconds: self.tape.take().map_or(0, Tape::finish),
        }
    }

    fn played(&mut self, progress: Progress, now: Instant) {
        match progress {
            Progress::Started(item) => {
                let item = ItemId(item.0);
                let interruptible = self.mouth.may_cut(item);
                self.ledger.started(item, self.position);
                self.turn.handle_playout(Playback::Started { item, interruptible });
                self.ledger.clock().first_packet(now);
                self.tell_latency();
            }
            Progress::Finished { item, .. } => {
                let item = ItemId(item.0);
                let line = self.ledger.finished(item, self.position).cloned();
                self.tell_line(line);
                self.turn.handle_playout(Playback::Finished { item });
                if let Some(item) = self.inner(item) {
                    self.engine.handle(Input::Finished { item }, now);
                }
            }
        }
    }

    /// Once everything was heard, and the other side has had time to play its last packets.
    fn leave_when_heard(&mut self, sent: u64) {
        match &mut self.leaving {
            Some(rest) if self.mouth.is_silent() => {
                *rest = rest.saturating_sub(sent);
                if *rest == 0 {
                    self.leaving = None;
                    self.want_end(MediaEvent::HangUp);
                }
            }
            Some(_) | None => {}
        }
    }

    /// The call should end, for this reason: told until it is taken.
    pub(super) fn want_end(&mut self, why: MediaEvent) {
        self.end.get_or_insert(why);
    }

    /// Tells the call's task that the call should end, if it should and nobody knows yet; true when nobody listens any more.
    pub(super) fn is_deserted(&mut self) -> bool {
        if let Some(why) = self.end.take()
            && let Err(TrySendError::Full(why)) = self.events.try_send(why)
        {
            self.end = Some(why);
        }
        self.events.is_closed()
    }

    /// Does what turn machine and engine want until both are quiet.
    fn settle(&mut self, now: Instant, around: &Surroundings<'_>) {
        loop {
            while let Some(action) = self.turn.poll() {
                self.act(action, now);
            }
            let output = self.engine.poll();
            let drained = matches!(output, Output::Timeout(_));
            self.grant(output, now, around);
            if drained {
                return;
            }
        }
    }

    fn act(&mut self, action: Action, now: Instant) {
        match action {
            Action::Duck => {
                self.mouth.playout().duck(true);
                self.tell(MediaEvent::Ducked);
            }
            Action::Unduck => self.mouth.playout().duck(false),
            Action::Pause => {
                self.mouth.playout().pause();
                self.tell(MediaEvent::Paused);
            }
            Action::Resume => {
                self.mouth.playout().resume();
                self.tell(MediaEvent::Resumed);
            }
            Action::Flush { cause, .. } => {
                if cause != turn::Cause::Key {
                    self.tell(MediaEvent::Interrupted);
                }
                self.interrupt(now);
            }
            Action::CallerStarted { at } => {
                self.caller_began = at;
                self.ledger.caller_started(at);
                self.tell(MediaEvent::CallerStarted { at: at.duration() });
                self.engine.handle(Input::TurnStarted { at }, now);
            }
            Action::CallerStopped { at } => self.caller_stopped(at, now),
            Action::Nudge => self.engine.handle(Input::Nudge, now),
        }
    }

    fn caller_stopped(&mut self, at: Samples, now: Instant) {
        self.ledger.caller_stopped(at);
        self.ledger.clock().end_of_speech(at, self.position, now);
        self.ledger.clock().asked(now);
        self.told_latency = false;
        self.tell(MediaEvent::CallerStopped { from: self.caller_began.duration(), to: at.duration() });
        self.turn.handle_engine(Answer::Asked);
        self.engine.handle(Input::TurnEnded { at }, now);
    }

    /// Does what the engine wants.
    fn grant(&mut self, output: Output, now: Instant, around: &Surroundings<'_>) {
        match output {
            Output::Audio { item, audio, interruptible } => {
                let item = self.outer(item);
                self.enqueue(item, audio, interruptible, now);
            }
            Output::Text { item, text, span } => {
                let item = self.outer(item);
                self.ledger.text(item, text, span);
            }
            Output::ItemEnd { item } => {
                let item = self.outer(item);
                self.mouth.end(item);
            }
            Output::Flush => self.interrupt(now),
            Output::Clear => self.drop_speech(now),
            Output::BargeIn(barge_in) => self.turn.set_barge_in(barge_in),
            Output::Synthesize { ticket, text } => self.synthesize(ticket, &text, now, around),
            Output::WallClock => {
                let time = jiff::Timestamp::now().to_zoned(around.services.zone.clone());
                let part = |value: i8| u8::try_from(value).unwrap_or_default();
                let clock = WallClock { hour: part(time.hour()), minute: part(time.minute()) };
                self.engine.handle(Input::WallClock(clock), now);
            }
            Output::Coded { .. }
            | Output::Connect(_)
            | Output::Ready
            | Output::Disconnect { .. }
            | Output::Send(_)
            | Output::SendBinary(_)
            | Output::Tool(_)
            | Output::CallerText { .. }
            | Output::Usage(_)
            | Output::Trouble(_) => debug!("a remote engine has no socket here yet"),
            Output::Nothing => self.turn.handle_engine(Answer::Nothing),
            Output::TextEnds { item, end } => {
                let item = self.outer(item);
                self.ledger.stretch(item, end);
            }
            Output::Decided(decision) => self.tell(MediaEvent::Decided(decision)),
            Output::HangUp => self.leaving = Some(LAST_PACKETS),
            Output::Note(note) => self.note(&note),
            Output::Timeout(wake) => self.wake = wake,
        }
    }

    fn note(&self, note: &Note) {
        debug!(call = self.key.0, ?note, "the agent notes");
    }

    fn enqueue(&mut self, item: ItemId, audio: Clip, interruptible: bool, now: Instant) {
        self.ledger.clock().first_audio(now);
        self.turn.handle_engine(Answer::Coming);
        let audio = match &mut self.down {
            Some(down) => {
                self.resampled.clear();
                down.push(audio.samples(), &mut self.resampled);
                Clip::new(self.resampled.as_slice().into())
            }
            None => audio,
        };
        let refused = self.mouth.say(item, audio, interruptible);
        if refused > 0 {
            self.refused += refused as u64;
            warn!(call = self.key.0, samples = refused, "the engine says more than can wait to be heard");
        }
    }

    /// Asks for speech: at hand for the lines that are always said, from the worker for all others.
    fn synthesize(&mut self, ticket: Ticket, text: &str, now: Instant, around: &Surroundings<'_>) {
        if let Some(speech) = around.services.voice.phrasebook().find(text) {
            self.engine.handle(Input::Synthesized { ticket, speech }, now);
            return;
        }
        let (commands, key) = (around.commands.clone(), self.key);
        let deliver = move |speech| {
            // A shard that is gone needs no speech; from one that is swamped the engine's watchdog asks again.
            if let Some(commands) = commands.upgrade()
                && commands.try_send(Command::Synthesized(key, ticket, speech)).is_err()
            {
                warn!(call = key.0, "a line came and found no room on its shard");
            }
        };
        if let Err(error) = around.services.voice.request(text.to_owned(), deliver) {
            warn!(call = self.key.0, %error, "a line is left out");
            let nothing = Arc::new(Speech { audio: Arc::new([]), words: Vec::new() });
            self.engine.handle(Input::Synthesized { ticket, speech: nothing }, now);
        }
    }

    /// Throws away what is queued and may be cut, and tells the engine how much of it was heard.
    fn interrupt(&mut self, now: Instant) {
        let cut = self.mouth.flush();
        self.cut(&cut);
        self.tell_engine(&cut, now);
    }

    /// The lines that were cut get their place in the ledger.
    fn cut(&mut self, cut: &[(ItemId, Samples)]) {
        for (item, heard) in cut {
            let line = self.ledger.interrupted(*item, *heard, self.position).cloned();
            self.tell_line(line);
        }
        if self.mouth.is_silent() {
            self.turn.handle_playout(Playback::Idle);
        }
    }

    fn tell_line(&mut self, line: Option<Line>) {
        let Some(Line { text, interrupted, .. }) = line else { return };
        if !text.is_empty() {
            self.tell(MediaEvent::AgentSaid { heard: text, interrupted });
        }
    }

    fn tell_latency(&mut self) {
        let latency = self.ledger.latency();
        if self.told_latency {
            return;
        }
        if let (Some(total), Some(endpointing), Some(engine)) = (latency.first_packet, latency.asked, latency.engine())
        {
            self.told_latency = true;
            self.tell(MediaEvent::Latency { total, endpointing, engine });
        }
    }
}

/// A resampler where one is needed.
fn resampler(from: u32, to: u32) -> Option<Resampler> {
    if from == to {
        return None;
    }
    match Resampler::new(from, to) {
        Ok(resampler) => Some(resampler),
        Err(error) => {
            warn!(%error, from, to, "an engine's sample rate can't be converted");
            None
        }
    }
}
