//! A call's tapes: aligned stereo, handed to the recorder and to whoever listens without ever waiting for them.

use crate::recorder::{Overrun, Recorder, RecordingId};
use talkpath_media::record::Aligner;
use talkpath_media::rtp::{Frame, FrameKind};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Samples of each channel in what a listener gets at once: 40 ms.
const PIECE: usize = 320;

/// Everything that a call feeds.
#[derive(Debug, Default)]
pub(super) struct Tapes {
    recording: Option<Tape>,
    listeners: Vec<Listener>,
}

/// Somebody who hears both sides.
#[derive(Debug)]
struct Listener {
    to: mpsc::Sender<Box<[i16]>>,
    aligner: Aligner,
}

impl Tapes {
    pub(super) fn new(recording: Option<Tape>) -> Self {
        Self { recording, listeners: Vec::new() }
    }

    /// Somebody hears the call from now on.
    pub(super) fn listen(&mut self, to: mpsc::Sender<Box<[i16]>>) {
        self.listeners.push(Listener { to, aligner: Aligner::with_blocks(PIECE) });
    }

    /// Whether anybody wants anything.
    pub(super) fn are_wanted(&self) -> bool {
        self.recording.is_some() || !self.listeners.is_empty()
    }

    /// What came from the caller.
    pub(super) fn caller(&mut self, frame: Frame<'_>) {
        if let Some(tape) = &mut self.recording {
            tape.caller(frame);
        }
        for listener in &mut self.listeners {
            place(&mut listener.aligner, frame);
        }
    }

    /// What we sent: its clock is the tapes'.
    pub(super) fn agent(&mut self, samples: &[i16]) {
        if let Some(tape) = &mut self.recording {
            tape.agent(samples);
        }
        self.listeners.retain_mut(|Listener { to, aligner }| {
            aligner.agent(samples);
            while let Some(piece) = aligner.poll() {
                match to.try_send(piece) {
                    // What a listener is too slow for, it misses.
                    Ok(()) | Err(TrySendError::Full(_)) => {}
                    Err(TrySendError::Closed(_)) => return false,
                }
            }
            true
        });
    }

    /// A slot that was not sent.
    pub(super) fn skip(&mut self, samples: u64) {
        if let Some(tape) = &mut self.recording {
            tape.skip(samples);
        }
        self.listeners.iter_mut().for_each(|listener| listener.aligner.skip(samples));
    }

    /// The recording that is fed.
    pub(super) fn recording(&self) -> Option<RecordingId> {
        self.recording.as_ref().map(Tape::id)
    }

    /// Hands over what is left; gives the seconds that the disk didn't take.
    pub(super) fn finish(self) -> u32 {
        self.recording.map_or(0, Tape::finish)
    }
}

/// What came from the caller. Silence that was filled in is silence on a tape as it is; when it was filled in says nothing about the caller's
/// clock.
fn place(aligner: &mut Aligner, frame: Frame<'_>) {
    match frame.kind {
        FrameKind::Received | FrameKind::Concealed => aligner.caller(frame.start, frame.samples),
        FrameKind::Filled => {}
    }
}

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

    fn caller(&mut self, frame: Frame<'_>) {
        place(&mut self.aligner, frame);
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
