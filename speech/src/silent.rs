//! An engine for calls on which nobody of ours talks: it says nothing and hears nothing, until the operator wants the call to end.

use std::collections::VecDeque;
use std::time::Instant;

use crate::engine::{Engine, Input, Leave, Note, Output};

/// Says nothing, hears nothing: for a call that is bridged to another.
#[derive(Debug, Default)]
pub struct Silent {
    outputs: VecDeque<Output>,
}

impl Engine for Silent {
    fn handle(&mut self, input: Input<'_>, _now: Instant) {
        if matches!(input, Input::Goodbye) {
            self.outputs.extend([Output::Note(Note::Leaving(Leave::Operator)), Output::HangUp]);
        }
    }

    fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Timeout(None))
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

    #[test]
    fn a_silent_engine_says_nothing_until_it_is_told_to_leave() {
        let mut silent = Silent::default();
        for input in [Input::Answered, Input::Key('1'), Input::Audio(&[1; 160]), Input::Nudge] {
            assert_eq!(handle(&mut silent, input), []);
        }
        assert_eq!(handle(&mut silent, Input::Goodbye).last(), Some(&Output::HangUp));
    }
}
