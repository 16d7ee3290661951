//! A call's tape: aligned stereo seconds, handed to the recorder without ever waiting for it.

use crate::recorder::{Recorder, RecordingId};
use talkpath_media::record::Aligner;

/// Feeds one recording.
#[derive(Debug)]
pub(super) struct Tape {
    id: RecordingId,
    recorder: Recorder,
    aligner: Aligner,
    lost: u32,
}

impl Tape {
    pub(super) fn new(id: RecordingId, recorder: Recorder) -> Self {
        Self { id, recorder, aligner: Aligner::new(), lost: 0 }
    }

    /// What came from the caller.
    pub(super) fn caller(&mut self, start: u64, samples: &[i16]) {
        self.aligner.caller(start, samples);
    }

    /// What we sent: its clock is the tape's.
    pub(super) fn agent(&mut self, samples: &[i16]) {
        self.aligner.agent(samples);
        while let Some(block) = self.aligner.poll() {
            self.hand_over(block);
        }
    }

    /// A slot that was not sent.
    pub(super) fn skip(&mut self, samples: u64) {
        self.aligner.skip(samples);
    }

    /// Hands over what is left; gives the seconds that the disk didn't take.
    pub(super) fn finish(mut self) -> u32 {
        while let Some(block) = self.aligner.finish() {
            self.hand_over(block);
        }
        self.lost
    }

    fn hand_over(&mut self, block: Box<[i16]>) {
        if self.recorder.block(self.id, block).is_err() {
            self.lost += 1;
        }
    }
}
