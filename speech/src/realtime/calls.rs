//! Calls of tools: collected while an answer comes in, carried out when it is complete, answered once each.
//!
//! ```text
//!   announced ─► arguments, in pieces ─► complete ──response.done──► at work ──result──► answered
//!                                           └── the answer was cancelled ──► answered: not carried out
//!   all calls of one answer answered ─► the model is asked to go on, once
//! ```

use crate::engine::ToolId;

/// So many calls may one answer hold.
const MOST: usize = 16;
/// And so many bytes the arguments of one.
const LONGEST: usize = 64 * 1024;

/// A call that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    remote: Box<str>,
    pub(super) call: String,
    pub(super) name: String,
    pub(super) arguments: String,
    /// The other side has said that nothing is missing.
    pub(super) complete: bool,
}

/// A call that somebody carries out.
#[derive(Debug)]
pub(super) struct AtWork {
    pub(super) id: ToolId,
    pub(super) call: String,
    /// The answer that it was part of.
    batch: u64,
    /// The socket on which the other side knows it.
    pub(super) epoch: u32,
}

#[derive(Debug, Default)]
pub(super) struct Calls {
    drafts: Vec<Draft>,
    at_work: Vec<AtWork>,
    next: u64,
}

impl Calls {
    /// The draft of the item under this name, begun if need be.
    pub(super) fn draft(&mut self, remote: &str) -> Option<&mut Draft> {
        if let Some(at) = self.drafts.iter().position(|draft| &*draft.remote == remote) {
            return self.drafts.get_mut(at);
        }
        if self.drafts.len() >= MOST {
            return None;
        }
        self.drafts.push(Draft { remote: remote.into(), ..Draft::default() });
        self.drafts.last_mut()
    }

    /// The drafts of an answer that is over.
    pub(super) fn take_drafts(&mut self) -> Vec<Draft> {
        std::mem::take(&mut self.drafts)
    }

    pub(super) fn number(&mut self) -> ToolId {
        self.next += 1;
        ToolId(self.next)
    }

    pub(super) fn begin(&mut self, id: ToolId, call: String, batch: u64, epoch: u32) {
        self.at_work.push(AtWork { id, call, batch, epoch });
    }

    /// A call has its result. Gives it, and whether it was the last of its answer; none for one that nobody waits for.
    pub(super) fn end(&mut self, id: ToolId) -> Option<(AtWork, bool)> {
        let at = self.at_work.iter().position(|work| work.id == id)?;
        let work = self.at_work.remove(at);
        let last = !self.at_work.iter().any(|other| other.batch == work.batch);
        Some((work, last))
    }

    /// Whether a call of this answer is at work.
    pub(super) fn is_at_work(&self, batch: u64) -> bool {
        self.at_work.iter().any(|work| work.batch == batch)
    }

    /// Whether any call is at work.
    pub(super) fn is_busy(&self) -> bool {
        !self.at_work.is_empty()
    }

    /// The other side knows all calls at work from the conversation that was rebuilt on this socket.
    pub(super) fn rebuilt(&mut self, epoch: u32) {
        self.at_work.iter_mut().for_each(|work| work.epoch = epoch);
    }
}

impl Draft {
    /// More of the arguments.
    pub(super) fn push(&mut self, delta: &str) {
        if self.arguments.len() + delta.len() <= LONGEST {
            self.arguments.push_str(delta);
        }
    }

    /// What is known of it; what isn't told leaves what is.
    pub(super) fn set(&mut self, name: Option<&str>, call: Option<&str>, arguments: Option<&str>) {
        let told = |old: &mut String, new: Option<&str>| {
            if let Some(new) = new.filter(|new| !new.is_empty() && new.len() <= LONGEST) {
                old.clear();
                old.push_str(new);
            }
        };
        told(&mut self.name, name);
        told(&mut self.call, call);
        told(&mut self.arguments, arguments);
    }
}
