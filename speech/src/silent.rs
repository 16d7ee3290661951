//! Engines for calls on which nobody of ours talks: one that says nothing, and one that lets the caller hear that it rings elsewhere.
//!
//! ```text
//!   Ringback:  waiting ──Answered──► two periods queued ──each one heard──► one more, for ever
//! ```
//!
//! Neither hears anything. Nothing cuts the ringback short, so whoever puts another engine in its place drops what is queued.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use crate::engine::{Clip, Engine, Input, ItemId, Leave, Note, Output};

/// Periods that wait to be heard: with one more at hand there is never a gap between two.
const AHEAD: u64 = 2;

/// Says nothing, hears nothing: for a call that is bridged to another.
#[derive(Debug, Default)]
pub struct Silent {
    rest: Rest,
}

/// Repeats one period of a ringback tone.
#[derive(Debug)]
pub struct Ringback {
    period: Arc<[i16]>,
    items: u64,
    rest: Rest,
}

/// What the two have in common: they end when the operator says so.
#[derive(Debug, Default)]
struct Rest {
    outputs: VecDeque<Output>,
    over: bool,
}

impl Rest {
    fn leave(&mut self) {
        self.over = true;
        self.outputs.extend([Output::Note(Note::Leaving(Leave::Operator)), Output::HangUp]);
    }

    fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(None))
    }
}

impl Ringback {
    /// Rings with `period`, samples at 8 kHz with the pause included, once the call is answered.
    #[must_use]
    pub fn new(period: Arc<[i16]>) -> Self {
        Self { period, items: 0, rest: Rest::default() }
    }

    fn ring(&mut self) {
        if self.rest.over || self.period.is_empty() {
            return;
        }
        let item = ItemId(self.items);
        self.items += 1;
        let audio = Clip::new(Arc::clone(&self.period));
        self.rest.outputs.extend([Output::Audio { item, audio, interruptible: false }, Output::ItemEnd { item }]);
    }
}

impl Engine for Silent {
    fn handle(&mut self, input: Input<'_>, _now: Instant) {
        if matches!(input, Input::Goodbye) {
            self.rest.leave();
        }
    }

    fn poll(&mut self) -> Output {
        self.rest.poll()
    }
}

impl Engine for Ringback {
    fn handle(&mut self, input: Input<'_>, _now: Instant) {
        match input {
            Input::Answered if self.items == 0 => (0..AHEAD).for_each(|_| self.ring()),
            Input::Finished { .. } if self.items > 0 => self.ring(),
            Input::Goodbye => self.rest.leave(),
            Input::Answered
            | Input::Audio(_)
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
        self.rest.poll()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    fn handle(engine: &mut dyn Engine, input: Input<'_>) -> Vec<Output> {
        engine.handle(input, Instant::now());
        std::iter::from_fn(|| Some(engine.poll()).filter(|output| !matches!(output, Output::Timeout(_)))).collect()
    }

    fn periods(outputs: &[Output]) -> usize {
        outputs.iter().filter(|output| matches!(output, Output::Audio { interruptible: false, .. })).count()
    }

    #[test]
    fn a_silent_engine_says_nothing_until_it_is_told_to_leave() {
        let mut silent = Silent::default();
        for input in [Input::Answered, Input::Key('1'), Input::Audio(&[1; 160]), Input::Nudge] {
            assert_eq!(handle(&mut silent, input), []);
        }
        assert_eq!(handle(&mut silent, Input::Goodbye).last(), Some(&Output::HangUp));
    }

    #[test]
    fn a_ringback_always_has_a_period_ahead_of_the_one_being_heard() {
        let mut ringback = Ringback::new(Arc::from([1, 2, 3]));
        assert_eq!(handle(&mut ringback, Input::Finished { item: ItemId(0) }), []);
        assert_eq!(periods(&handle(&mut ringback, Input::Answered)), 2);
        assert_eq!(periods(&handle(&mut ringback, Input::Answered)), 0);
        for heard in 0..50 {
            let outputs = handle(&mut ringback, Input::Finished { item: ItemId(heard) });
            assert_eq!(outputs.last(), Some(&Output::ItemEnd { item: ItemId(heard + 2) }));
            assert_eq!(periods(&outputs), 1);
        }
        assert_eq!(handle(&mut ringback, Input::Goodbye).last(), Some(&Output::HangUp));
        assert_eq!(handle(&mut ringback, Input::Finished { item: ItemId(51) }), []);
    }
}
