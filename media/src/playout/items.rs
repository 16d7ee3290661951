//! Which item each queued sample belongs to, and how far each has been heard.

use std::collections::VecDeque;

/// What a stretch of queued audio belongs to: an engine's answer, a greeting, a tone. One that is over is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId(pub u64);

/// What has become of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Its first sample has gone out.
    Started(ItemId),
    /// All of it has gone out, and its end was marked.
    Finished {
        /// The item.
        item: ItemId,
        /// Its length in samples.
        heard: u64,
    },
}

/// What a flush has cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Each item that was not finished, in queue order: how many samples of it were heard, and how many were queued in all.
    pub items: Vec<FlushedItem>,
}

/// One item cut by a flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlushedItem {
    /// The item.
    pub item: ItemId,
    /// Samples of it that had gone out.
    pub heard: u64,
    /// Samples of it that had been queued, heard ones included.
    pub queued: u64,
}

/// Items that are over and still answer "how much was heard".
const REMEMBERED: usize = 16;

/// Items that may wait for more audio or their end; beyond, the oldest that has nothing queued is let go.
const OPEN: usize = 64;

#[derive(Debug)]
struct Item {
    id: ItemId,
    heard: u64,
    queued: u64,
    ended: bool,
}

/// An item of which nothing is queued any more.
#[derive(Debug)]
struct Over {
    id: ItemId,
    heard: u64,
    /// Finished or flushed: no more audio of it is taken.
    closed: bool,
}

/// The items of a queue, in order.
#[derive(Debug, Default)]
pub(super) struct Items {
    live: VecDeque<Item>,
    /// Runs of samples in the queue.
    runs: VecDeque<(ItemId, u64)>,
    over: VecDeque<Over>,
    progress: VecDeque<Progress>,
}

impl Items {
    pub(super) fn push(&mut self, id: ItemId, count: u64) {
        match self.live.iter_mut().find(|item| item.id == id) {
            Some(item) => item.queued += count,
            None => self.live.push_back(Item { id, heard: 0, queued: count, ended: false }),
        }
        match self.runs.back_mut() {
            Some((last, run)) if *last == id => *run += count,
            Some(_) | None if count > 0 => self.runs.push_back((id, count)),
            Some(_) | None => {}
        }
    }

    /// Whether the item was finished or flushed, and its late audio is not wanted.
    pub(super) fn is_closed(&self, id: ItemId) -> bool {
        self.over.iter().any(|over| over.closed && over.id == id)
    }

    pub(super) fn mark_end(&mut self, id: ItemId) {
        if self.over.iter().any(|over| over.id == id) {
            return;
        }
        self.push(id, 0);
        if let Some(item) = self.live.iter_mut().find(|item| item.id == id) {
            item.ended = true;
        }
        self.retire();
    }

    /// The next `count` samples have gone out.
    pub(super) fn hear(&mut self, mut count: u64) {
        while count > 0 {
            let Some((id, run)) = self.runs.front_mut() else { return };
            let (id, heard) = (*id, count.min(*run));
            *run -= heard;
            count -= heard;
            if *run == 0 {
                self.runs.pop_front();
            }
            if let Some(item) = self.live.iter_mut().find(|item| item.id == id) {
                if item.heard == 0 {
                    self.progress.push_back(Progress::Started(id));
                }
                item.heard += heard;
            }
            self.retire();
        }
    }

    /// Finishes what is ended and heard, unless audio from before it is still to go out.
    fn retire(&mut self) {
        let mut at = 0;
        while let Some(item) = self.live.get(at).filter(|item| item.heard == item.queued) {
            let (id, heard, ended) = (item.id, item.heard, item.ended);
            if ended {
                self.progress.push_back(Progress::Finished { item: id, heard });
            }
            if ended || self.live.len() > OPEN {
                self.live.remove(at);
                self.remember(id, heard, ended);
            } else {
                at += 1;
            }
        }
    }

    fn remember(&mut self, id: ItemId, heard: u64, closed: bool) {
        if self.over.len() == REMEMBERED {
            self.over.pop_front();
        }
        self.over.push_back(Over { id, heard, closed });
    }

    /// From `at` samples into the queue on: whether what is there is kept, and how many samples are as well or as little.
    pub(super) fn stretch(&self, at: usize, keep: impl Fn(ItemId) -> bool) -> (bool, usize) {
        let (mut start, mut stretch) = (0, None);
        for (item, run) in self.runs() {
            let end = start + usize::try_from(run).unwrap_or(usize::MAX);
            let length = end.saturating_sub(at.max(start));
            start = end;
            match &mut stretch {
                _ if length == 0 => {}
                None => stretch = Some((keep(item), length)),
                Some((kept, whole)) if *kept == keep(item) => *whole += length,
                Some(_) => break,
            }
        }
        stretch.unwrap_or((false, 0))
    }

    /// The runs of samples in the queue, first to last.
    pub(super) fn runs(&self) -> impl Iterator<Item = (ItemId, u64)> {
        self.runs.iter().copied()
    }

    pub(super) fn flush_except(&mut self, keep: impl Fn(ItemId) -> bool) -> Flushed {
        self.runs.retain(|(item, _)| keep(*item));
        let live = std::mem::take(&mut self.live);
        let mut flushed = Flushed::default();
        for item in live {
            if keep(item.id) {
                self.live.push_back(item);
                continue;
            }
            self.remember(item.id, item.heard, true);
            flushed.items.push(FlushedItem { item: item.id, heard: item.heard, queued: item.queued });
        }
        flushed
    }

    pub(super) fn poll(&mut self) -> Option<Progress> {
        self.progress.pop_front()
    }

    pub(super) fn heard(&self, id: ItemId) -> Option<u64> {
        let live = self.live.iter().find(|item| item.id == id).map(|item| item.heard);
        live.or_else(|| self.over.iter().rev().find(|over| over.id == id).map(|over| over.heard))
    }
}
