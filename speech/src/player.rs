//! An engine that plays one recording and leaves: for announcements, last words, and calls that test a line.
//!
//!   waiting ──Answered──► playing ──Finished or Interrupted──► HangUp
//!
//! Nothing that the caller does cuts it short. A server that drains waits for it as long as for any goodbye.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Clip, Engine, Input, ItemId, Leave, Note, Output};
use crate::samples::Samples;

/// Its one item.
const RECORDING: ItemId = ItemId(0);

/// The machine.
#[derive(Debug)]
pub struct Player {
    recording: Option<Arc<[i16]>>,
    words: Arc<str>,
    outputs: VecDeque<Output>,
}

impl Player {
    /// Plays `recording`, samples at 8 kHz, once the call is answered.
    #[must_use]
    pub fn new(recording: Arc<[i16]>) -> Self {
        Self::saying("[recording]".into(), recording)
    }

    /// As [`Player::new`], of a recording that says these words.
    #[must_use]
    pub fn saying(words: Arc<str>, recording: Arc<[i16]>) -> Self {
        Self { recording: Some(recording), words, outputs: VecDeque::new() }
    }

    fn play(&mut self) {
        let Some(recording) = self.recording.take() else { return };
        if recording.is_empty() {
            return self.outputs.push_back(Output::HangUp);
        }
        let span = Samples::ZERO..Samples::of(&recording);
        let audio = Clip::new(recording);
        self.outputs.extend([
            Output::Text { item: RECORDING, text: Arc::clone(&self.words), span },
            Output::Audio { item: RECORDING, audio, interruptible: false },
            Output::ItemEnd { item: RECORDING },
            Output::HangUp,
        ]);
    }
}

impl Engine for Player {
    fn handle(&mut self, input: Input<'_>, _now: Instant) {
        match input {
            Input::Answered => self.play(),
            Input::Goodbye => {
                self.outputs.extend([Output::Note(Note::Leaving(Leave::Operator)), Output::HangUp]);
            }
            Input::Audio(_)
            | Input::TurnStarted { .. }
            | Input::TurnEnded { .. }
            | Input::Key(_)
            | Input::Interrupted { .. }
            | Input::Finished { .. }
            | Input::Synthesized { .. }
            | Input::WallClock(_)
            | Input::Coded(_)
            | Input::SocketOpened
            | Input::SocketFailed(_)
            | Input::Message(_)
            | Input::Binary(_)
            | Input::Heard { .. }
            | Input::SocketClosed { .. }
            | Input::ToolResult { .. }
            | Input::Ended
            | Input::Judged(_)
            | Input::Instruct(_)
            | Input::Held(_)
            | Input::Nudge
            | Input::Wakeup => {}
        }
    }

    fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(player: &mut Player) -> Vec<Output> {
        std::iter::from_fn(|| Some(player.poll()).filter(|output| !matches!(output, Output::Timeout(_)))).collect()
    }

    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    fn epoch() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_recording_is_played_once_and_then_the_call_ends() {
        let mut player = Player::new(Arc::from([1, 2, 3]));
        assert_eq!(outputs(&mut player), []);
        player.handle(Input::Answered, epoch());
        let said = outputs(&mut player);
        assert!(matches!(&said[1], Output::Audio { audio, interruptible: false, .. } if audio.samples() == [1, 2, 3]));
        assert_eq!(said.last(), Some(&Output::HangUp));
        player.handle(Input::Answered, epoch());
        assert_eq!(outputs(&mut player), []);
    }

    #[test]
    fn an_empty_recording_ends_the_call_at_once() {
        let mut player = Player::new(Arc::from([]));
        player.handle(Input::Answered, epoch());
        assert_eq!(outputs(&mut player), [Output::HangUp]);
    }
}
