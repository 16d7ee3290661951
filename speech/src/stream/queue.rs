//! What the bot has said and the caller hasn't heard to its end, and the marks in it.
//!
//! ```text
//!   begin ─► open ─► audio ─► audio ─► end ─► ended        audio outside an utterance opens a nameless one, ended when it has been
//!              │                          │                heard and nothing has come for a while
//!              └──────────────────────────┴──Finished or Interrupted──► forgotten, with the marks that lie in it
//! ```
//!
//! Each utterance is one item of the call. A mark lies at a place of an utterance and is due when playback gets there, in order; one that is set
//! when nothing waits is due at once. What comes of an utterance after it was cut is late: it is dropped until the bot begins anew.

use std::collections::VecDeque;
use std::time::Instant;

use crate::engine::{ItemId, Output, Wire};
use crate::samples::Samples;

use super::caption::Caption;
use super::current::Current;
use super::utterance::Utterance;

/// Utterances that may wait to be heard.
const MOST_UTTERANCES: usize = 256;
/// Marks that may wait.
const MOST_MARKS: usize = 8_192;
/// Resampled audio comes out of the resampler so much later than it went in, and its last samples only with the next (5 ms blocks, half a block delay).
const RESAMPLED: Samples = Samples::from_ms(10);

#[derive(Debug)]
struct Mark {
    /// The utterance that it lies in; none when nothing waited.
    item: Option<ItemId>,
    /// From the first sample of the item. Never the first itself.
    at: Samples,
    name: Box<str>,
}

#[derive(Debug)]
pub(super) struct Queue {
    /// Samples of the wire for each of the media clock.
    ratio: u64,
    /// How far playback may be short of a mark for it to be due.
    slack: Samples,
    utterances: VecDeque<Utterance>,
    marks: VecDeque<Mark>,
    current: Current,
    next: u64,
}

/// There is no room for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    pub(super) fn new(wire: Wire) -> Self {
        let ratio = match wire {
            Wire::Pcm { output, .. } => u64::from(output / Samples::RATE),
            Wire::Mulaw | Wire::Alaw => 1,
        };
        let slack = if ratio > 1 { RESAMPLED } else { Samples::ZERO };
        let (utterances, marks) = (VecDeque::new(), VecDeque::new());
        Self { ratio, slack, utterances, marks, current: Current::None, next: 0 }
    }

    /// What waits to be heard.
    pub(super) fn unheard(&self) -> Samples {
        self.utterances.iter().map(Utterance::unheard).fold(Samples::ZERO, |all, one| all + one)
    }

    /// Whether anything is there that the caller may cut.
    pub(super) fn is_cuttable(&self) -> bool {
        self.utterances.iter().any(|utterance| utterance.interruptible && utterance.is_given())
    }

    /// The bot begins an utterance; the one before is over.
    pub(super) fn begin(
        &mut self,
        id: Option<Box<str>>,
        interruptible: bool,
        caption: Caption,
        give: impl FnMut(Output),
    ) -> Result<ItemId, Full> {
        self.end(true, give);
        if self.utterances.len() >= MOST_UTTERANCES {
            // What is meant for it doesn't belong to anything else.
            self.current = Current::Late;
            return Err(Full);
        }
        let item = ItemId(self.next);
        self.next += 1;
        self.utterances.push_back(Utterance::new(item, id, interruptible, caption, self.ratio));
        self.current = Current::Open(item);
        Ok(item)
    }

    /// The open utterance is over: `whole`, or because the bot is gone.
    pub(super) fn end(&mut self, whole: bool, give: impl FnMut(Output)) {
        if let Current::Open(item) = std::mem::replace(&mut self.current, Current::None)
            && let Some(utterance) = self.utterances.iter_mut().find(|utterance| utterance.item == item)
        {
            utterance.end(whole, give);
            self.utterances.retain(|utterance| utterance.item != item || utterance.is_given());
        }
    }

    /// The utterance that audio of this moment belongs to, which may have to be begun; none where it comes too late to be heard.
    pub(super) fn current(&mut self, now: Instant) -> Result<Option<ItemId>, Full> {
        match self.current.at(now) {
            Current::Open(item) => Ok(Some(item)),
            Current::None => self.begin(None, true, Caption::default(), |_| {}).map(Some),
            Current::Late | Current::LateNameless { .. } => Ok(None),
        }
    }

    /// What is open, if it has this name, or whatever its name if none is told.
    pub(super) fn open(&mut self, id: Option<&str>) -> Option<&mut Utterance> {
        let Current::Open(item) = self.current else { return None };
        let named = |utterance: &&mut Utterance| id.is_none() || utterance.id.as_deref() == id;
        self.utterances.iter_mut().find(|utterance| utterance.item == item).filter(named)
    }

    /// The utterance with this name, open or not.
    pub(super) fn named(&mut self, id: &str) -> Option<&mut Utterance> {
        self.utterances.iter_mut().rfind(|utterance| utterance.id.as_deref() == Some(id))
    }

    /// Whether more of an utterance with this name comes that was cut.
    pub(super) fn is_late(&self) -> bool {
        self.current == Current::Late
    }

    /// The bot knows that what was cut is over.
    pub(super) fn end_late(&mut self) {
        if self.is_late() {
            self.current = Current::None;
        }
    }

    /// The caller's turn is over: what comes nameless from now on answers it.
    pub(super) fn answer(&mut self) {
        if matches!(self.current, Current::LateNameless { .. }) {
            self.current = Current::None;
        }
    }

    /// Sets a mark behind everything that has come so far.
    pub(super) fn mark(&mut self, name: &str) -> Result<(), Full> {
        if self.marks.len() >= MOST_MARKS {
            return Err(Full);
        }
        let behind = self.utterances.iter().rfind(|utterance| utterance.is_given());
        let at = behind.map_or(Samples::ZERO, Utterance::given);
        self.marks.push_back(Mark { item: behind.map(|utterance| utterance.item), at, name: name.into() });
        Ok(())
    }

    /// So much of an item has been heard.
    pub(super) fn hear(&mut self, item: ItemId, heard: Samples) {
        if let Some(utterance) = self.utterances.iter_mut().find(|utterance| utterance.item == item) {
            utterance.hear(heard);
        }
    }

    /// The next mark that is due.
    pub(super) fn take_due(&mut self) -> Option<Box<str>> {
        let (slack, utterances) = (self.slack, &self.utterances);
        let due = |mark: &Mark| {
            let around = utterances.iter().find(|utterance| Some(utterance.item) == mark.item);
            around.is_none_or(|utterance| utterance.reached(slack) >= mark.at)
        };
        self.marks.pop_front_if(|mark| due(mark)).map(|mark| mark.name)
    }

    /// An item is over, heard to its end. Gives it, if it was here.
    pub(super) fn finish(&mut self, item: ItemId) -> Option<Utterance> {
        let at = self.utterances.iter().position(|utterance| utterance.item == item)?;
        self.utterances.remove(at)
    }

    /// An item was cut. Gives it, and the marks in it that will never be reached: those that were have been taken.
    pub(super) fn cut(&mut self, item: ItemId, heard: Samples, now: Instant) -> Option<(Utterance, Vec<Box<str>>)> {
        let mut utterance = self.finish(item)?;
        utterance.hear(heard);
        if self.current == Current::Open(item) {
            self.current = Current::cut(&utterance, now);
        }
        let lost = self.take_marks(|mark| mark.item == Some(item));
        Some((utterance, lost))
    }

    /// Nothing of what waits is wanted any more by the bot. Gives the names of utterances of which nothing was given, and all marks.
    pub(super) fn clear(&mut self) -> (Vec<Box<str>>, Vec<Box<str>>) {
        self.current = Current::None;
        self.utterances.iter_mut().for_each(|utterance| utterance.cleared = true);
        (self.drop_empty(|_| true), self.take_marks(|_| true))
    }

    /// The call has said all that it knows of what was cleared.
    pub(super) fn forget_cleared(&mut self) {
        self.utterances.retain(|utterance| !utterance.cleared);
    }

    /// The caller has the floor: utterances that were begun and of which nothing was given are out of date. Gives their names.
    pub(super) fn drop_unspoken(&mut self) -> Vec<Box<str>> {
        let open = self.current;
        let dropped = self.drop_empty(|utterance| utterance.interruptible && utterance.id.is_some());
        if let Current::Open(item) = open
            && !self.utterances.iter().any(|utterance| utterance.item == item)
        {
            self.current = Current::Late;
        }
        dropped
    }

    /// When the open utterance has to be looked at again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let Current::Open(item) = self.current else { return None };
        self.utterances.iter().find(|utterance| utterance.item == item)?.dry_at(self.slack)
    }

    /// Ends a nameless utterance that has been heard and isn't gone on with.
    pub(super) fn settle(&mut self, now: Instant, give: impl FnMut(Output)) {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            self.end(true, give);
        }
    }

    fn drop_empty(&mut self, unwanted: impl Fn(&Utterance) -> bool) -> Vec<Box<str>> {
        let mut names = Vec::new();
        self.utterances.retain_mut(|utterance| {
            let keep = utterance.is_given() || !unwanted(utterance);
            if !keep {
                names.extend(utterance.id.take());
            }
            keep
        });
        names
    }

    fn take_marks(&mut self, wanted: impl Fn(&Mark) -> bool) -> Vec<Box<str>> {
        let (taken, kept) = std::mem::take(&mut self.marks).into_iter().partition::<VecDeque<_>, _>(wanted);
        self.marks = kept;
        taken.into_iter().map(|mark| mark.name).collect()
    }
}
