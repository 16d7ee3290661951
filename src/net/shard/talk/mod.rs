//! What is said on a call: ears, turn machine, engine, playout queue, ledger and tape, and the wiring between them.
//!
//!   frames ─► voice activity ─► turn machine ─► duck, pause, flush ─► playout queue ─► frames
//!      └────────────────────────────┴─► engine ─► audio, text ─────────────┘
//!                                       ▲  │
//!                                       └──┴── socket of a remote engine (`remote.rs`)
//!
//! Each fact is handed on at once and everything that follows from it is done before the next: [`Talk::settle`]
//! drains turn machine and engine until both are quiet (`settle.rs`). What the engine wants is done in `wishes.rs`, what is heard of it in
//! `speech.rs`; what we say ourselves when it fails is in `stopgap.rs`.

mod items;
mod remote;
mod ringback;
mod settle;
mod speech;
mod stopgap;
mod wishes;

pub(super) use remote::{hand_over, send};

use super::command::{AgentState, CallKey, Conduct, EngineSpec, MediaEvent};
use super::mouth::Mouth;
use super::parting::Parting;
use super::recording::{Tape, Tapes};
use super::surroundings::Surroundings;
use super::voices::{self, Made};
use crate::recorder::RecordingId;
use items::Items;
use remote::Remote;
use ringback::Ringback;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stopgap::Stopgap;
use talkpath_media::g711::Law;
use talkpath_media::resample::Resampler;
use talkpath_media::rtp::Frame;
use talkpath_media::vad::{Mode, Vad};
use talkpath_media::{MAX_FRAME, SAMPLE_RATE};
use talkpath_speech::engine::{Engine, Input, Ticket, ToolId, Wire};
use talkpath_speech::ledger::{Ledger, Line};
use talkpath_speech::turn::{Answer, Counters, Turn, VoiceFrame};
use talkpath_speech::voice::Speech;
use talkpath_speech::{ItemId, Samples};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tracing::warn;

/// What the engine hears of a call that is held.
static SILENCE: [i16; MAX_FRAME] = [0; MAX_FRAME];
/// Silence sent after the last word before we hang up, so that a phone's jitter buffer doesn't swallow it: 200 ms.
const LAST_PACKETS: u64 = 1_600;
/// How long the last words may take of a call that has lasted as long as it may.
const LAST_WORDS: Samples = Samples::from_ms(10_000);

/// One call's talk.
pub(super) struct Talk {
    key: CallKey,
    law: Law,
    ears: Vad,
    turn: Turn,
    engine: Box<dyn Engine>,
    remote: Option<Remote>,
    /// From the telephone's rate to the engine's, and back; none when it speaks ours.
    up: Option<Resampler>,
    down: Option<Resampler>,
    resampled: Vec<i16>,
    /// The item whose last samples are still in `down`.
    resampling: Option<ItemId>,
    mouth: Mouth,
    ledger: Ledger,
    tapes: Tapes,
    events: mpsc::Sender<MediaEvent>,
    /// The next position of the caller's audio: the media clock.
    position: Samples,
    /// Where on it the engine began to hear: the zero of its own clock.
    origin: Samples,
    wake: Option<Instant>,
    /// The engine wants to hang up once everything was heard; samples of silence to send after that.
    leaving: Option<u64>,
    /// Why the call should end, until its task has been told.
    end: Option<MediaEvent>,
    /// Position of the receiver at which the other side could hear us: the zero of the media clock. None before.
    base: Option<u64>,
    /// Nothing is said or understood while the other side holds the call.
    held: bool,
    /// Nor while the call is bridged to another leg, or while the caller waits for that.
    aside: bool,
    /// The caller hears that it rings elsewhere.
    ringback: Option<Ringback>,
    items: Items,
    stopgap: Stopgap,
    /// How long the call may last, and whether it has.
    longest: Option<Samples>,
    told_latency: bool,
    told_state: AgentState,
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
    /// An engine that has still to take leave of the other side.
    pub(super) parting: Option<Parting>,
}

impl Talk {
    #[expect(clippy::too_many_arguments, reason = "what an opening says, and what is around it")]
    pub(super) fn new(
        key: CallKey,
        law: Law,
        engine: EngineSpec,
        conduct: Conduct,
        events: mpsc::Sender<MediaEvent>,
        recording: Option<RecordingId>,
        now: Instant,
        around: &Surroundings<'_>,
    ) -> Self {
        let Made { engine, tls } = voices::engine(engine, now);
        let recorder = &around.services.recorder;
        let mut talk = Self {
            key,
            law,
            ears: Vad::new(Mode::default()),
            up: resampler(SAMPLE_RATE, engine.input_rate()),
            down: aligned(engine.output_rate(), SAMPLE_RATE),
            resampling: None,
            engine,
            remote: tls.map(Remote::new),
            resampled: Vec::new(),
            mouth: Mouth::new(law, conduct.turn.duck_db),
            ledger: Ledger::new(),
            tapes: Tapes::new(recording.map(|id| Tape::new(id, recorder.clone()))),
            events,
            position: Samples::ZERO,
            origin: Samples::ZERO,
            wake: None,
            leaving: None,
            end: None,
            base: None,
            held: false,
            aside: false,
            ringback: None,
            items: Items::default(),
            stopgap: Stopgap::new(conduct.filler, conduct.idle),
            longest: conduct.longest.map(samples),
            turn: Turn::new(conduct.turn),
            told_latency: true,
            told_state: AgentState::Listening,
            caller_began: Samples::ZERO,
            refused: 0,
            lost_events: 0,
        };
        // A remote engine wants its socket while the telephone still rings.
        talk.settle(now, around);
        talk
    }

    /// Another law was agreed on.
    pub(super) fn set_law(&mut self, law: Law) {
        self.law = law;
        self.mouth.set_law(law);
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

    /// What a tool came to.
    pub(super) fn tool_result(&mut self, id: ToolId, output: String, now: Instant, around: &Surroundings<'_>) {
        self.engine.handle(Input::ToolResult { id, output }, now);
        self.settle(now, around);
    }

    /// The caller's audio goes on.
    pub(super) fn hear(&mut self, frame: Frame<'_>, now: Instant, around: &Surroundings<'_>) {
        let Some(start) = self.base.and_then(|base| frame.start.checked_sub(base)) else { return };
        self.position = Samples(start + frame.samples.len() as u64);
        self.tapes.caller(frame);
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
        self.pass_on(samples, now);
        self.settle(now, around);
        self.watch_time(now, around);
    }

    /// Gives the engine the caller's audio in the form that it wants.
    fn pass_on(&mut self, samples: &[i16], now: Instant) {
        let law = match self.engine.wire() {
            Wire::Mulaw => Some(Law::Mu),
            Wire::Alaw => Some(Law::A),
            Wire::Pcm { .. } => None,
        };
        match (law, &mut self.up) {
            (Some(law), _) => {
                let mut bytes = [0; MAX_FRAME];
                let coded = law.encode(samples, &mut bytes);
                self.engine.handle(Input::Coded(bytes.get(..coded).unwrap_or_default()), now);
            }
            (None, Some(up)) => {
                self.resampled.clear();
                up.push(samples, &mut self.resampled);
                self.engine.handle(Input::Audio(&self.resampled), now);
            }
            (None, None) => self.engine.handle(Input::Audio(samples), now),
        }
    }

    /// Nobody speaks, or the call has lasted as long as it may.
    fn watch_time(&mut self, now: Instant, around: &Surroundings<'_>) {
        if let Some(longest) = self.longest
            && self.position >= longest
        {
            self.longest = Some(self.position + LAST_WORDS);
            if self.stopgap.is_last_word_asked() {
                self.want_end(MediaEvent::HangUp);
            } else {
                self.tell(MediaEvent::TimeIsUp);
                self.stopgap.last_word_asked();
                self.goodbye(now, around);
            }
        }
        self.ask_after_silence(now, around);
    }

    /// The caller pressed a key.
    pub(super) fn key(&mut self, key: char, at: u64, now: Instant, around: &Surroundings<'_>) {
        let Some(at) = self.base.and_then(|base| at.checked_sub(base)) else { return };
        self.tell(MediaEvent::Key(key));
        if self.aside {
            return;
        }
        self.stopgap.moved(self.position);
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

    /// The call is bridged to another leg, or isn't any more. What was being said is cut off, and nothing rings.
    pub(super) fn stand_aside(&mut self, aside: bool, now: Instant, around: &Surroundings<'_>) {
        self.ringback = None;
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
        conduct: Conduct,
        aside: bool,
        now: Instant,
        around: &Surroundings<'_>,
    ) {
        self.drop_speech(now);
        (self.aside, self.ringback) = (aside, None);
        let Made { engine, tls } = voices::engine(engine, now);
        self.turn = self.turn.succeeded_by(conduct.turn);
        self.up = resampler(SAMPLE_RATE, engine.input_rate());
        self.down = aligned(engine.output_rate(), SAMPLE_RATE);
        self.resampling = None;
        let former = std::mem::replace(&mut self.engine, engine);
        let socket = std::mem::replace(&mut self.remote, tls.map(Remote::new));
        around.part(Parting::of(former, socket.and_then(Remote::into_socket), now));
        self.items.next_engine();
        self.origin = self.position;
        self.stopgap = Stopgap::new(conduct.filler, conduct.idle);
        self.stopgap.moved(self.position);
        self.longest = conduct.longest.map(samples).or(self.longest);
        (self.wake, self.leaving) = (None, None);
        if self.base.is_some() {
            self.engine.handle(Input::Answered, now);
        }
        if self.held || self.aside {
            self.engine.handle(Input::Held(true), now);
        }
        self.settle(now, around);
    }

    /// Cuts the agent short, as the caller would.
    pub(super) fn silence(&mut self, now: Instant, around: &Surroundings<'_>) {
        self.interrupt(now);
        self.settle(now, around);
    }

    /// Whether what the caller has entered is right.
    pub(super) fn judged(&mut self, right: bool, now: Instant, around: &Surroundings<'_>) {
        self.engine.handle(Input::Judged(right), now);
        self.settle(now, around);
    }

    /// What the leg says that the call is bridged to.
    pub(super) fn overhear(&mut self, samples: &[i16]) {
        if self.base.is_some() {
            self.tapes.agent(samples);
        }
    }

    /// Fills the next frame towards the caller.
    pub(super) fn speak(&mut self, frame: &mut [u8], now: Instant, around: &Surroundings<'_>) {
        self.fill_in();
        self.make_way(now, around);
        if self.aside {
            // What is said meanwhile waits until it can be heard.
            self.mouth.playout().skip(frame.len() as u64);
            self.ring_back(frame);
        } else {
            let sent = self.mouth.fill(frame);
            self.turn.handle_sent(self.position, sent.level_dbov);
        }
        if self.tapes.are_wanted() {
            let mut samples = [0; MAX_FRAME];
            let decoded = self.law.decode(frame, &mut samples);
            self.tapes.agent(samples.get(..decoded).unwrap_or_default());
        }
        let mut moved = false;
        while let Some(progress) = self.mouth.poll() {
            moved = true;
            self.played(progress, now);
        }
        if self.engine.follows_playout() {
            moved |= self.follow(now);
        }
        if moved {
            self.settle(now, around);
        }
        self.leave_when_heard(frame.len() as u64);
    }

    /// Our clock goes on without us: slots that came too late were not sent.
    pub(super) fn skip(&mut self, samples: u64) {
        self.mouth.playout().skip(samples);
        // Tapes begin with the answer.
        if self.base.is_some() {
            self.tapes.skip(samples);
        }
    }

    /// Tells the call's task; an event that finds no room is counted and lost.
    pub(super) fn tell(&mut self, event: MediaEvent) {
        let told = self.events.try_send(event).is_ok();
        self.lost_events += u64::from(!told);
    }

    /// Somebody hears both sides from now on.
    pub(super) fn let_listen(&mut self, listener: mpsc::Sender<Box<[i16]>>) {
        self.tapes.listen(listener);
    }

    /// The recording that this call feeds.
    pub(super) fn recording(&self) -> Option<RecordingId> {
        self.tapes.recording()
    }

    /// Ends it: what was being said was heard so far.
    pub(super) fn finish(mut self, now: Instant) -> Ending {
        let cut = self.mouth.flush_all();
        self.cut(&cut);
        self.tell_engine(&cut, now);
        Ending {
            turns: self.turn.counters(),
            transcript: self.ledger.transcript().to_vec(),
            refused: self.refused,
            lost_events: self.lost_events,
            lost_seconds: self.tapes.finish(),
            parting: Parting::of(self.engine, self.remote.and_then(Remote::into_socket), now),
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

/// As [`resampler`], for items.
fn aligned(from: u32, to: u32) -> Option<Resampler> {
    resampler(from, to).and_then(|_| Resampler::aligned(from, to).ok())
}

/// A setting on the media clock.
fn samples(time: Duration) -> Samples {
    Samples::from_ms(u64::try_from(time.as_millis()).unwrap_or(u64::MAX / 8))
}
