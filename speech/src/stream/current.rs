//! What audio that comes now belongs to.
//!
//! ```text
//!   None ──begin, or audio──► Open ──end──► None
//!                              └──cut──► Late ──begin, end, clear──► None
//!                                └────► LateNameless ──the same, the end of the caller's turn, or a gap──► None
//! ```

use std::time::{Duration, Instant};

use crate::engine::ItemId;

use super::utterance::Utterance;

/// Audio outside utterances that pauses for so long after it was cut has come to its end: what follows is new.
const GAP: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Current {
    /// Nothing: it begins something.
    None,
    Open(ItemId),
    /// An utterance that was cut.
    Late,
    /// What was said outside utterances and was cut.
    LateNameless {
        last: Instant,
    },
}

impl Current {
    /// What was open was cut.
    pub(super) fn cut(utterance: &Utterance, now: Instant) -> Self {
        if utterance.id.is_some() { Self::Late } else { Self::LateNameless { last: now } }
    }

    /// Audio comes.
    pub(super) fn at(&mut self, now: Instant) -> Self {
        if let Self::LateNameless { last } = self {
            let gap = now.saturating_duration_since(std::mem::replace(last, now)) >= GAP;
            if gap {
                *self = Self::None;
            }
        }
        *self
    }
}
