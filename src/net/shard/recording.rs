//! A call's tape: aligned stereo seconds, handed to the recorder without ever waiting for it.

use crate::recorder::{Overrun, Recorder, RecordingId};
use talkpath_media::record::Aligner;
use talkpath_media::rtp::{Frame, FrameKind};

/// Feeds one recording.
#[derive(Debug)]
pub(super) struct Tape {
    id: RecordingId,
    recorder: Recorder,
    aligner: Aligner,
    /// Frames that the disk didn't take since the last block that it took.
    gap: u32,
    lost: u32,
}

impl Tape {
    pub(super) fn new(id: RecordingId, recorder: Recorder) -> Self {
        Self { id, recorder, aligner: Aligner::new(), gap: 0, lost: 0 }
    }

    /// What came from the caller. Silence that was filled in is silence on the tape as it is; when it was filled in says
    /// nothing about the caller's clock.
    pub(super) fn caller(&mut self, frame: Frame<'_>) {
        match frame.kind {
            FrameKind::Received | FrameKind::Concealed => self.aligner.caller(frame.start, frame.samples),
            FrameKind::Filled => {}
        }
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

    /// The recording that it feeds.
    pub(super) fn id(&self) -> RecordingId {
        self.id
    }

    /// Hands over what is left; gives the seconds that the disk didn't take.
    pub(super) fn finish(mut self) -> u32 {
        while let Some(block) = self.aligner.finish() {
            self.hand_over(block);
        }
        self.lost
    }

    fn hand_over(&mut self, block: Box<[i16]>) {
        let frames = u32::try_from(block.len() / 2).unwrap_or(0);
        match self.recorder.block(self.id, self.gap, block) {
            Ok(()) => self.gap = 0,
            Err(Overrun) => {
                self.gap = self.gap.saturating_add(frames);
                self.lost += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Outcome;

    fn frame(start: u64, samples: &[i16], kind: FrameKind) -> Frame<'_> {
        Frame { start, samples, kind }
    }

    #[tokio::test]
    async fn a_caller_who_was_waited_for_is_placed_by_the_first_packet_and_not_by_the_silence_before() {
        let (recorder, id) = (Recorder::start().unwrap(), RecordingId(1));
        let path = std::env::temp_dir().join(format!("talkpath-{}-waited-for.wav", std::process::id()));
        recorder.open(id, path.clone()).await;
        let mut tape = Tape::new(id, recorder.clone());
        // Silence is filled in 60 ms late; then packets come on time, their time since the beginning filled in before them.
        for slot in 0..100 {
            tape.agent(&[0; 160]);
            match slot {
                3 => tape.caller(frame(0, &[0; 160], FrameKind::Filled)),
                4.. => tape.caller(frame(160 * slot, &[9_000; 160], FrameKind::Received)),
                _ => {}
            }
        }
        tape.finish();
        let outcome = recorder.close(id).await.unwrap();
        assert!(matches!(outcome, Outcome::Written { samples: 16_000, .. }));
        let samples: Vec<i16> = hound::WavReader::open(&path).unwrap().into_samples().map(Result::unwrap).collect();
        let left: Vec<i16> = samples.iter().step_by(2).copied().collect();
        assert_eq!(left.iter().position(|sample| *sample != 0), Some(4 * 160));
        assert_eq!(left.iter().filter(|sample| **sample == 9_000).count(), 96 * 160);
        std::fs::remove_file(path).unwrap();
    }
}
