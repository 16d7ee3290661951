//! What a caller hears who waits for somebody else: that it rings there. Meanwhile the engine stands aside.
//!
//!   ring ─► what is queued is heard to its end ─► ringback ─► bridged, or back to the engine

use super::Talk;
use crate::net::shard::surroundings::Surroundings;
use std::sync::Arc;
use std::time::Instant;
use talkpath_media::MAX_FRAME;
use tokio::sync::oneshot;
use tracing::trace;

/// A period that is heard again and again, and how much of it was.
pub(super) struct Ringback {
    period: Arc<[i16]>,
    heard: usize,
    /// Who waits for the first of it.
    waiting: Option<oneshot::Sender<()>>,
}

impl Ringback {
    /// Tells that it begins.
    fn begin(&mut self) {
        if self.waiting.take().is_some_and(|waiting| waiting.send(()).is_err()) {
            trace!("nobody waits for the ringing any more");
        }
    }

    fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.period.get(self.heard).copied().unwrap_or_default();
            self.heard = (self.heard + 1) % self.period.len().max(1);
        }
    }
}

impl Talk {
    /// It rings elsewhere, from the end of what is queued on.
    pub(in crate::net::shard) fn ring(
        &mut self,
        period: Arc<[i16]>,
        begun: oneshot::Sender<()>,
        now: Instant,
        around: &Surroundings<'_>,
    ) {
        let mut ringback = Ringback { period, heard: 0, waiting: Some(begun) };
        if self.aside {
            ringback.begin();
        }
        self.ringback = Some(ringback);
        self.make_way(now, around);
    }

    /// What rings is heard in the place of the engine, which stands aside; silence where nothing does.
    pub(super) fn ring_back(&mut self, frame: &mut [u8]) {
        frame.fill(self.law.silence());
        if let Some(ringback) = &mut self.ringback {
            let mut samples = [0; MAX_FRAME];
            if let Some(samples) = samples.get_mut(..frame.len()) {
                ringback.fill(samples);
                self.law.encode(samples, frame);
            }
        }
    }

    /// The engine stands aside when it has said what it had to say: before the frame that comes after its last.
    pub(super) fn make_way(&mut self, now: Instant, around: &Surroundings<'_>) {
        if !self.aside && self.mouth.is_silent() {
            let Some(mut ringback) = self.ringback.take() else { return };
            self.stand_aside(true, now, around);
            ringback.begin();
            self.ringback = Some(ringback);
        }
    }
}
