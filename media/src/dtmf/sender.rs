//! Keys sent: RFC 4733 §2.5.1.
//!
//!   idle ──key──► down (an update each slot) ──duration reached──► three ends ──► 60 ms of audio ──► idle
//!
//! Events take the place of audio packets, one a slot, while the RTP clock runs on. Driven by [`crate::rtp::Sender`].
//! Deviation: a key is at most 8 s long, so that its duration fits one segment.

use std::collections::VecDeque;

use super::{Digit, Event};

/// "the final packet SHOULD be sent a total of three times" (RFC 4733 §2.5.1.4).
const ENDS: u8 = 3;
/// Between two keys, so that a gateway can play both: 60 ms.
const GAP: u32 = 480;
/// Keys that may wait.
const WAITING: usize = 64;
const SHORTEST: u32 = 320;
const LONGEST: u32 = 64_000;
/// -10 dBm0.
const VOLUME: u8 = 10;

#[derive(Clone, Copy, Debug)]
enum State {
    Idle { quiet: u32 },
    Down { digit: Digit, timestamp: u32, duration: u32, elapsed: u32, ends: u8 },
}

/// An event packet to send in this slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventPacket {
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload: [u8; Event::LEN],
}

/// The keys that one leg sends.
#[derive(Debug)]
pub struct KeySender {
    state: State,
    waiting: VecDeque<(Digit, u32)>,
}

impl Default for KeySender {
    fn default() -> Self {
        Self::new()
    }
}

impl KeySender {
    /// Nothing to send.
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Idle { quiet: GAP }, waiting: VecDeque::new() }
    }

    /// Queues a key of `duration` samples (40 ms to 8 s; others are brought into these bounds). False when 64 wait.
    pub fn push(&mut self, digit: Digit, duration: u32) -> bool {
        let room = self.waiting.len() < WAITING;
        if room {
            self.waiting.push_back((digit, duration.clamp(SHORTEST, LONGEST)));
        }
        room
    }

    /// Whether a key is being sent or waits.
    #[must_use]
    pub fn is_sending(&self) -> bool {
        matches!(self.state, State::Down { .. }) || !self.waiting.is_empty()
    }

    /// What to send instead of audio in the slot that begins at `timestamp` and lasts `advance` samples.
    pub(crate) fn next(&mut self, timestamp: u32, advance: u32) -> Option<EventPacket> {
        if let State::Idle { quiet } = self.state {
            match self.waiting.front() {
                Some(&(digit, duration)) if quiet >= GAP => {
                    self.waiting.pop_front();
                    self.state = State::Down { digit, timestamp, duration, elapsed: 0, ends: ENDS };
                }
                Some(_) | None => {
                    self.state = State::Idle { quiet: quiet.saturating_add(advance) };
                    return None;
                }
            }
        }
        self.update(advance)
    }

    fn update(&mut self, advance: u32) -> Option<EventPacket> {
        let State::Down { digit, timestamp, duration, elapsed, ends } = &mut self.state else { return None };
        let marker = *elapsed == 0;
        *elapsed = elapsed.saturating_add(advance).min(*duration);
        let end = elapsed == duration;
        let length = u16::try_from(*elapsed).unwrap_or(u16::MAX);
        let event = Event { code: digit.event(), end, volume: VOLUME, duration: length };
        let packet = EventPacket { timestamp: *timestamp, marker, payload: event.build() };
        if end {
            *ends = ends.saturating_sub(1);
            if *ends == 0 {
                self.state = State::Idle { quiet: 0 };
            }
        }
        Some(packet)
    }
}
