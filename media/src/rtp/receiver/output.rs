//! What is handed out next: what is in line, what replaces what is missing, silence where nobody sent.

use super::{FrameKind, HELD, MADE_UP, Receiver, Sequence};

impl Receiver {
    /// Writes the next samples to `self.frame`: how many, and what they are.
    pub(super) fn next_samples(&mut self) -> Option<(usize, FrameKind)> {
        while let Some(head) = self.held.first() {
            if head.end() <= self.position {
                self.held.remove(0);
                self.stats.late += 1;
            } else if head.start <= self.position {
                return Some(self.play());
            } else {
                return self.bridge();
            }
        }
        let due = self.due.saturating_sub(self.position);
        if due < MADE_UP {
            return None;
        }
        // What was not here by now is not waited for any more.
        self.delivered = self.sequence.as_ref().map_or(0, Sequence::highest);
        Some(if self.quiet { self.fill(MADE_UP) } else { self.conceal(MADE_UP) })
    }

    /// The gap before the first that waits: silence if nobody sent anything, else concealment once it is given up.
    fn bridge(&mut self) -> Option<(usize, FrameKind)> {
        let head = self.held.first()?;
        let gap = (head.start - self.position).min(MADE_UP);
        let missing = self.sequence.as_ref().is_some_and(|seen| seen.is_missing_between(self.delivered, head.sequence));
        if !missing {
            return Some(self.fill(gap));
        }
        let given_up = self.now >= head.deadline || self.held.len() >= HELD;
        given_up.then(|| self.conceal(gap))
    }

    fn play(&mut self) -> (usize, FrameKind) {
        let held = self.held.remove(0);
        let skipped = usize::try_from(self.position.saturating_sub(held.start)).unwrap_or(held.len).min(held.len);
        let samples = held.law.decode(&held.bytes[skipped..held.len], &mut self.frame);
        self.concealer.heard(&mut self.frame[..samples]);
        self.delivered = self.delivered.max(held.sequence);
        (samples, FrameKind::Received)
    }

    fn conceal(&mut self, gap: u64) -> (usize, FrameKind) {
        let remaining = self.concealer.remaining() as u64;
        if remaining == 0 {
            return self.fill(gap);
        }
        let samples = gap.min(remaining).min(MADE_UP) as usize;
        self.concealer.conceal(&mut self.frame[..samples]);
        self.stats.concealed += samples as u64;
        (samples, FrameKind::Concealed)
    }

    fn fill(&mut self, gap: u64) -> (usize, FrameKind) {
        let samples = gap.min(MADE_UP) as usize;
        let silence = &mut self.frame[..samples];
        silence.fill(0);
        self.concealer.silent(silence);
        self.stats.filled += samples as u64;
        (samples, FrameKind::Filled)
    }
}
