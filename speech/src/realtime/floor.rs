//! Who has the floor on the caller's side, as our turn machine and the other side's ears see it.
//!
//! Our turn machine says whether the caller has taken the floor; with the service finding the ends of turns its `committed` says when they
//! are done. The two look at the same voice with different thresholds, so either may be first, and either may hear what the other doesn't.

use std::collections::VecDeque;
use std::ops::Range;

use crate::samples::Samples;

/// Turns whose `committed` has yet to come.
const MOST: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Floor {
    /// Our turn machine: the caller's turn is open, since.
    speaking: Option<Samples>,
    /// The caller took the floor and hasn't been answered.
    owed: bool,
    /// The service hears voice.
    heard: bool,
    /// The service committed what didn't have the floor.
    unanswered: bool,
    /// The service has heard voice in the caller's turn that is open.
    voiced: bool,
    /// The caller's turn that is open has put an end to something that was said or about to be.
    took: bool,
    /// With ours: where the turn was that is to be committed, or several that had to wait for a session.
    turn: Option<Range<Samples>>,
    /// With ours: where the turns were that were committed, until the service confirms them.
    spans: VecDeque<Range<Samples>>,
}

impl Floor {
    pub(super) fn is_speaking(&self) -> bool {
        self.speaking.is_some()
    }

    /// Our turn machine gives the caller the floor.
    pub(super) fn started(&mut self, at: Samples, took: bool) {
        self.took = took || (self.took && self.is_speaking());
        self.speaking.get_or_insert(at);
        self.owed = true;
        self.voiced = self.heard;
    }

    /// Our turn machine takes it back. Gives whether no word of the service is to be waited for: it has committed that turn before it had the
    /// floor, or has heard nothing at all in a turn that put an end to what the agent said.
    pub(super) fn ended(&mut self) -> bool {
        self.speaking = None;
        let alone = !self.heard && (self.unanswered || (self.took && !self.voiced));
        if alone {
            self.served();
        }
        alone
    }

    /// The turn that is open ends at `at` and is to be committed by us, together with what still waits for that.
    pub(super) fn keep(&mut self, at: Samples) {
        let start = self.turn.as_ref().map_or(self.speaking.unwrap_or(at), |turn| turn.start);
        self.turn = Some(start..at);
    }

    /// What was kept has been committed, or is too little for that.
    pub(super) fn committed_by_us(&mut self, sent: bool) {
        let turn = self.turn.take().filter(|_| sent);
        if self.spans.len() == MOST {
            self.spans.pop_front();
        }
        self.spans.extend(turn);
    }

    /// Whether the caller had the floor and hasn't been answered.
    pub(super) fn is_owed(&self) -> bool {
        self.owed
    }

    /// The service hears voice.
    pub(super) fn voice(&mut self) {
        self.heard = true;
        self.voiced = true;
    }

    /// Whether the service hears voice.
    pub(super) fn is_heard(&self) -> bool {
        self.heard
    }

    /// The service says that the caller is done. Gives whether that is to be answered: they had the floor, or nobody had.
    pub(super) fn committed(&mut self, silent: bool) -> bool {
        self.heard = false;
        self.voiced = true;
        let answer = self.owed || self.is_speaking() || silent;
        self.owed &= !answer;
        self.unanswered = !answer;
        answer
    }

    /// The caller was answered by other means than a commit.
    pub(super) fn served(&mut self) {
        self.owed = false;
        self.unanswered = false;
    }

    /// Where the turn was that has been committed by us.
    pub(super) fn span(&mut self) -> Option<Range<Samples>> {
        self.spans.pop_front()
    }

    /// Whether a turn waits for a session.
    pub(super) fn has_kept(&self) -> bool {
        self.turn.is_some()
    }

    /// A new session hears nothing yet. Gives whether a turn was lost that was committed and not confirmed.
    pub(super) fn restart(&mut self) -> bool {
        self.heard = false;
        self.unanswered = false;
        let lost = !self.spans.is_empty();
        self.spans.clear();
        lost
    }
}
