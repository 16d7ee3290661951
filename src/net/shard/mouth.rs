//! What an engine has said and the caller hasn't heard yet: the playout queue, and what waits before it.
//!
//!   engine ─► waiting (shared samples, as they came) ─► playout queue (G.711, 30 s at most) ─► frames
//!
//! An engine may say more than the queue holds and faster than it is heard: nothing of an answer is lost, it waits in the
//! engine's own samples and is encoded as room comes. Only a flush throws speech away.

use std::collections::VecDeque;
use talkpath_media::g711::{GainTable, Law};
use talkpath_media::playout::{self, FrameInfo, Playout, PlayoutSettings, Progress};
use talkpath_speech::engine::Clip;
use talkpath_speech::{ItemId, Samples};

/// What the queue holds at most: 30 s.
const CAPACITY: usize = 240_000;
/// What may wait before it: 15 minutes. An engine that says more without being heard is out of its mind.
const WAITING: usize = 7_200_000;

/// Speech on its way.
#[derive(Debug)]
pub(super) struct Mouth {
    playout: Playout,
    law: Law,
    /// The item that is being heard.
    sounding: Option<ItemId>,
    waiting: VecDeque<Waiting>,
    samples_waiting: usize,
    /// Items that must be heard to their end.
    uncuttable: Vec<ItemId>,
}

#[derive(Debug)]
enum Waiting {
    Audio(ItemId, Clip),
    Coded(ItemId, Law, Clip<u8>),
    End(ItemId),
}

impl Mouth {
    pub(super) fn new(law: Law, duck_db: f32) -> Self {
        let settings = PlayoutSettings { duck_db, capacity: CAPACITY, ..PlayoutSettings::new(law) };
        Self {
            playout: Playout::new(settings),
            law,
            sounding: None,
            waiting: VecDeque::new(),
            samples_waiting: 0,
            uncuttable: Vec::new(),
        }
    }

    /// The queue itself, for duck, pause and resume.
    pub(super) fn playout(&mut self) -> &mut Playout {
        &mut self.playout
    }

    /// Another law was agreed on.
    pub(super) fn set_law(&mut self, law: Law) {
        self.law = law;
        self.playout.set_law(law);
    }

    /// Appends speech; gives how many samples were refused.
    pub(super) fn say(&mut self, item: ItemId, audio: Clip, interruptible: bool) -> usize {
        self.append(Waiting::Audio(item, audio), interruptible)
    }

    /// As [`Mouth::say`], of G.711.
    pub(super) fn say_coded(&mut self, item: ItemId, law: Law, bytes: Clip<u8>, interruptible: bool) -> usize {
        self.append(Waiting::Coded(item, law, bytes), interruptible)
    }

    fn append(&mut self, speech: Waiting, interruptible: bool) -> usize {
        let (item, length) = (speech.item(), speech.len());
        if !interruptible && !self.uncuttable.contains(&item) {
            self.uncuttable.push(item);
        }
        if self.samples_waiting + length > WAITING {
            return length;
        }
        self.samples_waiting += length;
        self.waiting.push_back(speech);
        self.refill();
        0
    }

    /// Nothing more will be said of `item`.
    pub(super) fn end(&mut self, item: ItemId) {
        self.waiting.push_back(Waiting::End(item));
        self.refill();
    }

    /// Fills the next frame.
    pub(super) fn fill(&mut self, frame: &mut [u8]) -> FrameInfo {
        let filled = self.playout.fill(frame);
        self.refill();
        filled
    }

    /// What happened in the last fill.
    pub(super) fn poll(&mut self) -> Option<Progress> {
        let progress = self.playout.poll();
        match progress {
            Some(Progress::Started(item)) => self.sounding = Some(ItemId(item.0)),
            Some(Progress::Finished { item, .. }) => {
                self.sounding = self.sounding.filter(|sounding| sounding.0 != item.0);
                self.uncuttable.retain(|uncuttable| uncuttable.0 != item.0);
            }
            None => {}
        }
        progress
    }

    /// The item that is being heard, and how much of it was.
    pub(super) fn sounding(&self) -> Option<(ItemId, Samples)> {
        let item = self.sounding?;
        self.playout.heard(playout::ItemId(item.0)).map(|heard| (item, Samples(heard)))
    }

    /// Whether everything has been heard.
    pub(super) fn is_silent(&self) -> bool {
        self.waiting.is_empty() && self.playout.queued() == 0
    }

    /// Whether the caller may cut `item`.
    pub(super) fn may_cut(&self, item: ItemId) -> bool {
        !self.uncuttable.contains(&item)
    }

    /// Throws away what may be cut; gives each item of it and how much of it was heard.
    pub(super) fn flush(&mut self) -> Vec<(ItemId, Samples)> {
        let uncuttable = &self.uncuttable;
        let keep = |item: ItemId| uncuttable.contains(&item);
        let flushed = self.playout.flush_except(|item| keep(ItemId(item.0)));
        let mut cut: Vec<_> =
            flushed.items.iter().map(|flushed| (ItemId(flushed.item.0), Samples(flushed.heard))).collect();
        self.waiting.retain(|waiting| {
            let item = waiting.item();
            if !keep(item) && !cut.iter().any(|(known, _)| *known == item) {
                cut.push((item, Samples::ZERO));
            }
            keep(item)
        });
        self.sounding = self.sounding.filter(|item| keep(*item));
        self.samples_waiting = self.waiting.iter().map(Waiting::len).sum();
        cut
    }

    /// Throws away all of it: the call is over.
    pub(super) fn flush_all(&mut self) -> Vec<(ItemId, Samples)> {
        self.uncuttable.clear();
        self.flush()
    }

    /// Moves what waits into the queue as far as there is room.
    fn refill(&mut self) {
        while let Some(waiting) = self.waiting.front_mut() {
            match waiting {
                Waiting::End(item) => self.playout.mark_end(playout::ItemId(item.0)),
                Waiting::Audio(item, audio) => {
                    let head = audio.split_to(CAPACITY.saturating_sub(self.playout.queued()));
                    self.samples_waiting -= head.len();
                    self.playout.push_pcm(playout::ItemId(item.0), head.samples());
                }
                Waiting::Coded(item, law, bytes) => {
                    let head = bytes.split_to(CAPACITY.saturating_sub(self.playout.queued()));
                    self.samples_waiting -= head.len();
                    if *law == self.law {
                        self.playout.push(playout::ItemId(item.0), head.samples());
                    } else {
                        let mut coded = vec![0; head.len()];
                        GainTable::new(*law, self.law, 1.0).map(head.samples(), &mut coded);
                        self.playout.push(playout::ItemId(item.0), &coded);
                    }
                }
            }
            if waiting.len() > 0 {
                // There is no more room.
                return;
            }
            self.waiting.pop_front();
        }
    }
}

impl Waiting {
    fn item(&self) -> ItemId {
        match self {
            Self::Audio(item, _) | Self::Coded(item, ..) | Self::End(item) => *item,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Audio(_, audio) => audio.len(),
            Self::Coded(_, _, bytes) => bytes.len(),
            Self::End(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(seconds: usize) -> Clip {
        Clip::new(vec![1_000; seconds * 8_000].into())
    }

    fn heard(mouth: &mut Mouth, seconds: usize) -> Vec<Progress> {
        let mut frame = [0; 160];
        let mut progress = Vec::new();
        for _ in 0..seconds * 50 {
            mouth.fill(&mut frame);
            progress.extend(std::iter::from_fn(|| mouth.poll()));
        }
        progress
    }

    #[test]
    fn an_answer_longer_than_the_queue_is_heard_to_its_end() {
        let mut mouth = Mouth::new(Law::Mu, -12.0);
        assert_eq!(mouth.say(ItemId(1), clip(100), true), 0);
        mouth.end(ItemId(1));
        let progress = heard(&mut mouth, 100);
        assert_eq!(progress.last(), Some(&Progress::Finished { item: playout::ItemId(1), heard: 800_000 }));
        assert!(mouth.is_silent());
    }

    #[test]
    fn a_flush_reaches_what_waits_and_leaves_what_must_be_heard() {
        let mut mouth = Mouth::new(Law::Mu, -12.0);
        mouth.say(ItemId(1), clip(40), true);
        mouth.say(ItemId(2), clip(1), false);
        mouth.say(ItemId(3), clip(1), true);
        heard(&mut mouth, 1);
        assert_eq!(mouth.flush(), [(ItemId(1), Samples(8_000)), (ItemId(3), Samples::ZERO)]);
        mouth.end(ItemId(2));
        let last = heard(&mut mouth, 2).pop();
        assert_eq!(last, Some(Progress::Finished { item: playout::ItemId(2), heard: 8_000 }));
    }
}
