//! What is known of calls: those that are live, and the last that were, until there is a store.
//!
//!   call task ─► `Records::take` ─► record of the call: entries, conversation, state ─► whoever asks, or follows
//!
//! Everything happens at the rate of people; a lock is held for moments and never across a wait.

mod conversation;
mod entry;
mod told;

pub use conversation::{Called, Conversation, Pressed, Speaker, Turn, Waited};
pub use entry::{Charge, Ending, EngineState, Entry, LegQuality, Party, Quality, State, Way, What};

use crate::call::{CallEventKind, CallId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;
use utoipa::ToSchema;

/// Calls that are over and still known.
const ENDED: usize = 1_000;
/// Entries that are kept of one call; of more the oldest are dropped.
const ENTRIES: usize = 10_000;

/// A call, as it stands or as it ended.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallState {
    /// Its id.
    pub call_id: CallId,
    /// How far it is.
    pub state: Stage,
    /// Which way it was placed.
    pub direction: Way,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// The agent that talks, or talked last.
    pub agent: Option<String>,
    /// Whom the caller was connected with last.
    pub bridged_to: Option<String>,
    /// When it began.
    pub began: jiff::Timestamp,
    /// When it was answered.
    pub answered: Option<jiff::Timestamp>,
    /// When it ended.
    pub ended: Option<jiff::Timestamp>,
    /// How it ended, for programs.
    pub disposition: Option<Ending>,
    /// How it ended, in words.
    pub reason: Option<String>,
    /// What travelled.
    pub quality: Option<Quality>,
    /// The file that it was recorded to.
    pub recording: Option<String>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has answered, and nothing rings.
    Dialling,
    /// It rings.
    Ringing,
    /// It was answered.
    Answered,
    /// It is over.
    Ended,
}

/// One call's record.
struct Record {
    state: CallState,
    conversation: Conversation,
    entries: VecDeque<Entry>,
    /// The number of the last entry; whoever follows the call waits for it to change.
    last: watch::Sender<u64>,
    /// Nothing more will come.
    closed: bool,
}

/// What is known of calls; clones share it.
#[derive(Clone, Default)]
pub struct Records {
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    /// Ids grow with time.
    calls: BTreeMap<CallId, Record>,
    ended: VecDeque<CallId>,
}

/// A call that is followed.
#[derive(Debug)]
pub struct Follower {
    records: Records,
    call: CallId,
    seen: u64,
    last: watch::Receiver<u64>,
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").finish_non_exhaustive()
    }
}

impl Records {
    /// Takes an event of a call.
    pub(crate) fn take(&self, call: CallId, event: &CallEventKind) {
        let Some(what) = What::of(event) else { return };
        let now = jiff::Timestamp::now();
        let mut known = self.known();
        let ended = matches!(what, What::Ended { .. });
        if let What::Began { direction, from, to } = &what {
            known.calls.entry(call).or_insert_with(|| Record::new(call, *direction, from, to, now));
        }
        if let Some(record) = known.calls.get_mut(&call) {
            record.take(what, now);
        }
        if ended {
            known.ended.push_back(call);
            if known.ended.len() > ENDED
                && let Some(oldest) = known.ended.pop_front()
            {
                known.calls.remove(&oldest);
            }
        }
    }

    /// Nothing more will be told of a call.
    pub(crate) fn close(&self, call: CallId) {
        if let Some(record) = self.known().calls.get_mut(&call) {
            record.closed = true;
            record.last.send_modify(|_| {});
        }
    }

    /// How a call stands.
    #[must_use]
    pub fn state(&self, call: CallId) -> Option<CallState> {
        self.known().calls.get(&call).map(|record| record.state.clone())
    }

    /// What was said on it.
    #[must_use]
    pub fn conversation(&self, call: CallId) -> Option<Conversation> {
        self.known().calls.get(&call).map(|record| record.conversation.clone())
    }

    /// Calls, the newest first: at most `limit` that began before `before` and for which `wanted` holds.
    #[must_use]
    pub fn list(&self, before: Option<CallId>, limit: usize, wanted: impl Fn(&CallState) -> bool) -> Vec<CallState> {
        let known = self.known();
        let newest = known.calls.iter().rev().filter(|(call, _)| before.is_none_or(|before| **call < before));
        newest.map(|(_, record)| &record.state).filter(|state| wanted(state)).take(limit).cloned().collect()
    }

    /// Follows a call from the entry after `seen`.
    #[must_use]
    pub fn follow(&self, call: CallId, seen: u64) -> Option<Follower> {
        let last = self.known().calls.get(&call)?.last.subscribe();
        Some(Follower { records: self.clone(), call, seen, last })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What a panic left behind is still true.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// The entries that have come since, at least one; nothing when no more can come.
    pub async fn next(&mut self) -> Option<Vec<Entry>> {
        loop {
            self.last.borrow_and_update();
            let (entries, over) = {
                let known = self.records.known();
                let record = known.calls.get(&self.call)?;
                let new: Vec<_> = record.entries.iter().filter(|entry| entry.seq > self.seen).cloned().collect();
                (new, record.closed)
            };
            if let Some(last) = entries.last() {
                self.seen = last.seq;
                return Some(entries);
            }
            if over || self.last.changed().await.is_err() {
                return None;
            }
        }
    }
}

impl Record {
    fn new(call_id: CallId, direction: Way, from: &str, to: &str, began: jiff::Timestamp) -> Self {
        let state = CallState {
            call_id,
            state: Stage::Dialling,
            direction,
            from: from.to_owned(),
            to: to.to_owned(),
            agent: None,
            bridged_to: None,
            began,
            answered: None,
            ended: None,
            disposition: None,
            reason: None,
            quality: None,
            recording: None,
        };
        let (last, _) = watch::channel(0);
        Self { state, conversation: Conversation::default(), entries: VecDeque::new(), last, closed: false }
    }

    fn take(&mut self, what: What, now: jiff::Timestamp) {
        self.conversation.take(&what);
        self.state.take(&what, now);
        let seq = *self.last.borrow() + 1;
        if self.entries.len() == ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { seq, time: now, what });
        self.last.send_replace(seq);
    }
}

impl CallState {
    fn take(&mut self, what: &What, now: jiff::Timestamp) {
        match what {
            What::Ringing if self.state == Stage::Dialling => self.state = Stage::Ringing,
            What::Answered => (self.state, self.answered) = (Stage::Answered, Some(now)),
            What::Agent { name } => self.agent = Some(name.clone()),
            What::Bridged { to } => self.bridged_to = Some(to.clone()),
            What::Recorded { path, error: None, .. } => self.recording = Some(path.clone()),
            What::Ended { disposition, reason, quality } => {
                (self.state, self.ended) = (Stage::Ended, Some(now));
                (self.disposition, self.reason) = (Some(*disposition), Some(reason.clone()));
                self.quality = *quality;
            }
            What::Began { .. }
            | What::Dialling { .. }
            | What::Ringing
            | What::AgentState { .. }
            | What::CallerStarted { .. }
            | What::CallerStopped { .. }
            | What::CallerText { .. }
            | What::AgentText { .. }
            | What::Ducked
            | What::Paused
            | What::Resumed
            | What::Interrupted
            | What::Key { .. }
            | What::Chosen { .. }
            | What::ToolCall { .. }
            | What::ToolResult { .. }
            | What::Latency { .. }
            | What::Usage(_)
            | What::Engine { .. }
            | What::Note { .. }
            | What::TimeIsUp
            | What::NoMedia { .. }
            | What::Recorded { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Direction;

    fn began() -> CallEventKind {
        CallEventKind::Began { direction: Direction::Inbound, from: "a".into(), to: "b".into(), peer: None }
    }

    fn ended() -> CallEventKind {
        let disposition = crate::call::Disposition::Busy;
        CallEventKind::Ended { disposition, report: None }
    }

    #[tokio::test]
    async fn a_follower_sees_every_entry_once_and_then_the_end() {
        let (records, call) = (Records::default(), CallId::new());
        records.take(call, &began());
        let mut follower = records.follow(call, 0).unwrap();
        assert_eq!(follower.next().await.unwrap()[0].seq, 1);
        records.take(call, &CallEventKind::Ringing);
        records.take(call, &ended());
        let rest: Vec<_> = follower.next().await.unwrap().into_iter().map(|entry| entry.seq).collect();
        assert_eq!(rest, [2, 3]);
        records.close(call);
        assert!(follower.next().await.is_none());
        let late = records.follow(call, 2).unwrap().next().await.unwrap();
        assert_eq!(late.len(), 1, "who comes again is told what it has missed");
        assert!(records.follow(CallId::new(), 0).is_none());
    }

    #[test]
    fn the_last_thousand_calls_are_known_and_every_live_one() {
        let records = Records::default();
        let live = CallId::new();
        records.take(live, &began());
        let calls: Vec<_> = (0..ENDED + 10).map(|_| CallId::new()).collect();
        for call in &calls {
            records.take(*call, &began());
            records.take(*call, &ended());
        }
        assert!(records.state(live).is_some());
        assert!(records.state(calls[9]).is_none() && records.state(calls[10]).is_some());
        let newest = records.list(None, 2, |_| true);
        assert_eq!(newest[0].call_id, *calls.last().unwrap());
        let older = records.list(Some(newest[1].call_id), 5_000, |state| state.state == Stage::Ended);
        assert_eq!(older.len(), ENDED - 2);
    }
}
