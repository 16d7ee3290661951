//! What the agent says on its way to the caller, and what was heard of it.

use super::Talk;
use crate::net::shard::command::MediaEvent;
use std::sync::Arc;
use std::time::Instant;
use talkpath_media::g711::Law;
use talkpath_media::playout::Progress;
use talkpath_speech::engine::{Clip, Input};
use talkpath_speech::ledger::Line;
use talkpath_speech::turn::{Answer, Playback};
use talkpath_speech::voice::Speech;
use talkpath_speech::{ItemId, Samples};
use tracing::warn;

impl Talk {
    /// Audio of the engine at its own rate.
    pub(super) fn enqueue(&mut self, item: ItemId, audio: Clip, interruptible: bool, now: Instant) {
        self.coming(now);
        if self.resampling.is_some_and(|resampling| resampling != item) {
            self.finish_resampling();
        }
        let audio = match &mut self.down {
            Some(down) => {
                self.resampled.clear();
                self.resampling = Some(item);
                down.push(audio.samples(), &mut self.resampled);
                Clip::new(self.resampled.as_slice().into())
            }
            None => audio,
        };
        let refused = self.mouth.say(item, audio, interruptible);
        self.note_refused(refused);
    }

    /// Audio of the engine as G.711.
    pub(super) fn enqueue_coded(&mut self, item: ItemId, law: Law, bytes: Clip<u8>, interruptible: bool, now: Instant) {
        self.coming(now);
        let refused = self.mouth.say_coded(item, law, bytes, interruptible);
        self.note_refused(refused);
    }

    fn coming(&mut self, now: Instant) {
        self.ledger.clock().first_audio(now);
        self.turn.handle_engine(Answer::Coming);
    }

    fn note_refused(&mut self, refused: usize) {
        if refused > 0 {
            self.refused += refused as u64;
            warn!(call = self.key.0, samples = refused, "the engine says more than can wait to be heard");
        }
    }

    /// All audio of an item has been given: the last of it leaves the resampler, too.
    pub(super) fn end_item(&mut self, item: ItemId) {
        if self.resampling == Some(item) {
            self.finish_resampling();
        }
        self.mouth.end(item);
    }

    /// The last samples of an item are a few milliseconds behind.
    fn finish_resampling(&mut self) {
        if let (Some(item), Some(down)) = (self.resampling.take(), &mut self.down) {
            self.resampled.clear();
            down.finish(&mut self.resampled);
            let rest = Clip::new(self.resampled.as_slice().into());
            let interruptible = self.mouth.may_cut(item);
            let refused = self.mouth.say(item, rest, interruptible);
            self.note_refused(refused);
        }
    }

    /// Says something of ours behind what is queued.
    pub(in crate::net::shard) fn say_ourselves(&mut self, text: &Arc<str>, speech: &Speech) {
        let item = self.items.own();
        let length = Samples(speech.audio.len() as u64);
        self.ledger.text(item, Arc::clone(text), Samples::ZERO..length);
        self.mouth.say(item, Clip::new(Arc::clone(&speech.audio)), true);
        self.mouth.end(item);
    }

    /// What became of the playout queue.
    pub(super) fn played(&mut self, progress: Progress, now: Instant) {
        match progress {
            Progress::Started(item) => {
                let item = ItemId(item.0);
                let interruptible = self.mouth.may_cut(item);
                self.ledger.started(item, self.position);
                self.turn.handle_playout(Playback::Started { item, interruptible });
                if self.items.inner(item).is_some() {
                    self.ledger.clock().first_packet(now);
                    self.tell_latency();
                }
            }
            Progress::Finished { item, .. } => self.finish_item(ItemId(item.0), now),
        }
    }

    fn finish_item(&mut self, item: ItemId, now: Instant) {
        let line = self.ledger.finished(item, self.position).cloned();
        self.tell_line(line);
        self.turn.handle_playout(Playback::Finished { item });
        self.stopgap.moved(self.position);
        if let Some(item) = self.items.inner(item) {
            self.engine.handle(Input::Finished { item }, now);
        }
    }

    /// Tells an engine that wants to know how much of its item was heard; true if there is one.
    pub(super) fn follow(&mut self, now: Instant) -> bool {
        let Some((item, heard)) = self.mouth.sounding() else { return false };
        let Some(inner) = self.items.inner(item) else { return false };
        self.engine.handle(Input::Heard { item: inner, heard }, now);
        true
    }

    /// Throws away what is queued and may be cut, and tells the engine how much of it was heard.
    pub(super) fn interrupt(&mut self, now: Instant) {
        let cut = self.mouth.flush();
        self.cut(&cut);
        self.tell_engine(&cut, now);
        self.forget_resampled();
    }

    /// Throws away everything that is queued, also what should be heard to its end.
    pub(super) fn drop_speech(&mut self, now: Instant) {
        let cut = self.mouth.flush_all();
        self.cut(&cut);
        self.tell_engine(&cut, now);
        self.forget_resampled();
    }

    /// What is left in the resampler belongs to an item that was cut.
    fn forget_resampled(&mut self) {
        self.resampling = None;
        if let Some(down) = &mut self.down {
            down.reset();
        }
    }

    /// Tells the engine how much was heard of what was cut.
    pub(super) fn tell_engine(&mut self, cut: &[(ItemId, Samples)], now: Instant) {
        for (item, heard) in cut {
            if let Some(item) = self.items.inner(*item) {
                self.engine.handle(Input::Interrupted { item, heard: *heard }, now);
            }
        }
    }

    /// The lines that were cut get their place in the ledger.
    pub(super) fn cut(&mut self, cut: &[(ItemId, Samples)]) {
        for (item, heard) in cut {
            let line = self.ledger.interrupted(*item, *heard, self.position).cloned();
            self.tell_line(line);
        }
        if self.mouth.is_silent() {
            self.turn.handle_playout(Playback::Idle);
        }
    }

    fn tell_line(&mut self, line: Option<Line>) {
        let Some(Line { text, interrupted, start, end, .. }) = line else { return };
        if !text.is_empty() {
            let (from, to) = (start.duration(), end.duration());
            self.tell(MediaEvent::AgentSaid { heard: text, interrupted, from, to });
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
