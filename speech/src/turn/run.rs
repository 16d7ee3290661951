//! A run of voice: successive voiced frames with holes too short to end it.
//!
//! Clicks must not add up: a run younger than [`YOUNG`] bears a hole of one frame only, and a run that is mostly holes starts afresh.

use crate::samples::Samples;

use super::FRAME;

/// Until it is this long, a run is as likely a click.
const YOUNG: Samples = Samples::from_ms(60);

/// Voice from `start` to `end`, `voiced` of it in voiced frames.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: Samples,
    end: Samples,
    voiced: Samples,
}

/// The run of voice that is under way, if any.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run(Option<Span>);

impl Run {
    /// Adds the frame at `at`; a hole longer than `hole` ends the run.
    pub(super) fn push(&mut self, at: Samples, voice: bool, hole: Samples) {
        let end = at + FRAME;
        if !voice {
            let borne = |span: &Span| end - span.end <= if span.end - span.start < YOUNG { FRAME } else { hole };
            self.0 = self.0.filter(borne);
            return;
        }
        let fresh = Span { start: at, end, voiced: FRAME };
        let grown = self.0.map_or(fresh, |span| Span { end: end.max(span.end), voiced: span.voiced + FRAME, ..span });
        let mostly_holes = grown.voiced + grown.voiced < grown.end - grown.start;
        self.0 = Some(if mostly_holes { fresh } else { grown });
    }

    /// Where the run began.
    pub(super) fn start(&self) -> Option<Samples> {
        self.0.map(|span| span.start)
    }

    /// From its first voiced frame to the end of its last.
    pub(super) fn length(&self) -> Samples {
        self.0.map_or(Samples::ZERO, |span| span.end - span.start)
    }

    /// Forgets the run.
    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
