//! The bot's audio, of which some may come too late or find no room.

use std::time::{Duration, Instant};

use crate::samples::Samples;

use super::Stream;
use super::command::Refusal;
use super::event::{Code, Event};
use super::room::Grant;

/// A bot is told no more often what was drained.
const DRAINED_EVERY: Duration = Duration::from_secs(1);

/// What was left out of the bot's audio.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// To bound the delay, since the bot was last told.
    drained: Samples,
    told: Option<Instant>,
    /// The bot was told that the queue is full, and there has been no room since.
    full: bool,
}

impl Stream {
    /// Audio to be heard.
    pub(super) fn sound(&mut self, bytes: &[u8], now: Instant) {
        if self.stage.is_last() || bytes.is_empty() {
            return;
        }
        self.nudges = 0;
        let item = match self.queue.current(now) {
            Ok(item) => item,
            Err(_full) => {
                return self.refuse(Refusal::new(Code::TooMany, "too many utterances wait to be heard"), None);
            }
        };
        // What comes of an utterance that was cut is late.
        let Some(item) = item else { return };
        let unheard = self.queue.unheard();
        let Some(utterance) = self.queue.open(None) else { return };
        let grant = self.room.grant(bytes, unheard, utterance.id.is_none());
        let taken = utterance.audio(bytes, grant.samples, self.settings.wire(), now);
        let out = &mut self.out;
        if let Some(audio) = taken.audio {
            out.push(audio);
            utterance.caption.tell(item, |text| out.push(text));
        }
        self.left_out(taken.left_out, grant, now);
    }

    /// Tells what there was no room for: once in a while, or once until there is room again.
    fn left_out(&mut self, samples: usize, grant: Grant, now: Instant) {
        if !grant.live {
            let was_full = std::mem::replace(&mut self.left_out.full, samples > 0);
            if samples > 0 && !was_full {
                self.refuse(
                    Refusal::new(Code::QueueFull, "more audio waits to be heard than may: it is dropped"),
                    None,
                );
            }
            return;
        }
        self.left_out.drained = self.left_out.drained + self.room.length(samples);
        let due = self.left_out.told.is_none_or(|told| now.saturating_duration_since(told) >= DRAINED_EVERY);
        if self.left_out.drained > Samples::ZERO && due {
            self.left_out.told = Some(now);
            let ms = std::mem::take(&mut self.left_out.drained).ms();
            self.tell(Event::Drained { ms });
        }
    }
}
