//! Keys received: RFC 4733 §2.5.2.
//!
//!   idle ──event──► pressed ──E bit, next key, or 100 ms without an event──► idle
//!
//! An event is known by its timestamp, so a lost start, a lost end and any retransmission give one press and one
//! release. The marker bit is not asked for: some gateways never set it. A key held for longer than 65535 samples
//! comes in segments (§2.5.1.3): the next timestamp continues the last without an E bit between them; gateways that
//! move the timestamp with every packet of one key are heard in the same way, also when they retransmit its end: for 150 ms an
//! end of the same key within its duration is the same end. So is, and goes on, a key during which the SSRC changes: under another
//! SSRC timestamps mean something else, but the key and its duration are known again. Driven by [`crate::rtp::Receiver`].

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::{Digit, Event, KeyPress};

/// A key of which nothing was heard for this long has come up: its end packets are lost.
const RELEASE: Duration = Duration::from_millis(100);
/// For this long after a release the key's retransmitted ends are known by more than their timestamp.
const ECHO: Duration = Duration::from_millis(150);
/// Presses and releases that wait to be polled; more are dropped, oldest first.
const WAITING: usize = 32;

#[derive(Clone, Copy, Debug)]
struct Pressed {
    digit: Digit,
    start: u64,
    /// Timestamp of the segment that plays.
    timestamp: u32,
    /// Duration of the segments before it.
    before: u32,
    duration: u32,
    heard: Instant,
    /// Whether the stream that it was pressed in is over: its timestamp says nothing any more.
    moved: bool,
}

impl Pressed {
    /// Duration of the segment that plays.
    fn segment(&self) -> u32 {
        self.duration.saturating_sub(self.before)
    }
}

/// A key that has come up.
#[derive(Clone, Copy, Debug)]
struct Over {
    key: Pressed,
    released: Instant,
}

impl Over {
    /// Whether a packet is one more of this key.
    fn is_echo(&self, digit: Digit, timestamp: u32, event: Event, now: Instant) -> bool {
        let recent = now.saturating_duration_since(self.released) < ECHO;
        if timestamp == self.key.timestamp && (recent || !self.key.moved) {
            return true;
        }
        if !recent || digit != self.key.digit {
            return false;
        }
        let later = timestamp.wrapping_sub(self.key.timestamp).cast_signed();
        let segment = self.key.segment();
        if self.key.moved {
            event.end && u32::from(event.duration) >= segment
        } else if later > 0 {
            event.end && later.unsigned_abs() <= segment
        } else {
            // Overtaken on its way.
            later.unsigned_abs() <= self.key.before
        }
    }
}

/// The keys of one line.
#[derive(Debug)]
pub struct KeyReceiver {
    pressed: Option<Pressed>,
    /// The last keys that are over.
    over: [Option<Over>; 4],
    waiting: VecDeque<KeyPress>,
}

impl Default for KeyReceiver {
    fn default() -> Self {
        Self::new()
    }
}

impl KeyReceiver {
    /// No key is down.
    #[must_use]
    pub fn new() -> Self {
        Self { pressed: None, over: [None; 4], waiting: VecDeque::with_capacity(WAITING) }
    }

    /// Takes one telephone-event payload; `start` is `timestamp` on the sample clock.
    pub fn handle_event(&mut self, timestamp: u32, marker: bool, payload: &[u8], start: u64, now: Instant) {
        let Some(event) = Event::parse(payload) else { return };
        let Some(digit) = Digit::from_event(event.code) else { return };
        if self.over.iter().flatten().any(|over| over.is_echo(digit, timestamp, event, now)) {
            return;
        }
        if !self.grow(digit, timestamp, marker, event, now) {
            self.release(now);
            let duration = u32::from(event.duration);
            self.press(Pressed { digit, start, timestamp, before: 0, duration, heard: now, moved: false });
        }
        if event.end {
            self.release(now);
        }
    }

    /// Whether the event belongs to the key that is down, which then has been down for longer.
    fn grow(&mut self, digit: Digit, timestamp: u32, marker: bool, event: Event, now: Instant) -> bool {
        let Some(pressed) = self.pressed.as_mut() else { return false };
        let advance = timestamp.wrapping_sub(pressed.timestamp);
        if pressed.moved {
            if digit != pressed.digit || u32::from(event.duration) < pressed.segment() {
                return false;
            }
            (pressed.timestamp, pressed.moved) = (timestamp, false);
        } else if advance != 0 {
            if marker || digit != pressed.digit || advance > pressed.segment() {
                return false;
            }
            pressed.timestamp = timestamp;
            pressed.before = pressed.before.saturating_add(advance);
        }
        pressed.duration = pressed.duration.max(pressed.before.saturating_add(u32::from(event.duration)));
        pressed.heard = now;
        true
    }

    /// Lets go a key of which nothing is heard any more.
    pub fn handle_time(&mut self, now: Instant) {
        if self.pressed.is_some_and(|pressed| now.saturating_duration_since(pressed.heard) >= RELEASE) {
            self.release(now);
        }
    }

    /// Another stream begins: timestamps of the old one mean nothing, but a key that is down may go on, and one that has just come
    /// up may be told again.
    pub fn restart(&mut self) {
        let over = self.over.iter_mut().flatten().map(|over| &mut over.key);
        over.chain(&mut self.pressed).for_each(|key| key.moved = true);
    }

    /// The next press or release.
    pub fn poll(&mut self) -> Option<KeyPress> {
        self.waiting.pop_front()
    }

    fn press(&mut self, pressed: Pressed) {
        self.pressed = Some(pressed);
        self.tell(pressed, false);
    }

    fn release(&mut self, now: Instant) {
        if let Some(pressed) = self.pressed.take() {
            self.over.rotate_right(1);
            self.over[0] = Some(Over { key: pressed, released: now });
            self.tell(pressed, true);
        }
    }

    fn tell(&mut self, pressed: Pressed, end: bool) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        let Pressed { digit, start, duration, .. } = pressed;
        self.waiting.push_back(KeyPress { digit, start, duration, end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Keys {
        receiver: KeyReceiver,
        now: Instant,
    }

    impl Keys {
        fn new() -> Self {
            #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
            let now = Instant::now();
            Self { receiver: KeyReceiver::new(), now }
        }

        /// An event 20 ms after the last; a duration with a minus sign is the end.
        fn event(&mut self, key: char, timestamp: u32, duration: i32) -> &mut Self {
            self.now += Duration::from_millis(20);
            let code = Digit::from_char(key).unwrap().event();
            let length = u16::try_from(duration.unsigned_abs()).unwrap();
            let event = Event { code, end: duration < 0, volume: 10, duration: length };
            self.receiver.handle_event(timestamp, false, &event.build(), u64::from(timestamp), self.now);
            self
        }

        fn told(&mut self) -> String {
            std::iter::from_fn(|| self.receiver.poll())
                .map(|key| if key.end { format!("{}{} ", key.digit, key.duration) } else { key.digit.to_string() })
                .collect()
        }
    }

    #[test]
    fn a_key_is_told_once_though_its_end_comes_three_times() {
        let mut keys = Keys::new();
        keys.event('5', 100, 160).event('5', 100, 320);
        keys.event('5', 100, -480).event('5', 100, -480).event('5', 100, -480);
        assert_eq!(keys.told(), "55480 ");
    }

    #[test]
    fn a_lost_start_and_a_lost_middle_change_nothing() {
        assert_eq!(Keys::new().event('7', 100, -800).told(), "77800 ");
        assert_eq!(Keys::new().event('7', 100, 640).event('7', 100, 320).event('7', 100, -800).told(), "77800 ");
    }

    #[test]
    fn a_key_whose_end_is_lost_comes_up_by_itself_and_stays_up() {
        let mut keys = Keys::new();
        keys.event('#', 100, 160).event('#', 100, 320);
        keys.receiver.handle_time(keys.now + Duration::from_millis(99));
        assert_eq!(keys.told(), "#");
        keys.receiver.handle_time(keys.now + RELEASE);
        keys.event('#', 100, -480);
        assert_eq!(keys.told(), "#320 ");
    }

    #[test]
    fn the_next_key_lets_go_the_last_even_if_it_is_the_same() {
        let mut keys = Keys::new();
        keys.event('1', 1000, 800).event('1', 2600, 160).event('2', 4200, 160).event('2', 4200, -320);
        assert_eq!(keys.told(), "11800 11160 22320 ");
    }

    #[test]
    fn retransmitted_ends_of_earlier_keys_are_known_again() {
        let mut keys = Keys::new();
        keys.event('1', 1000, -160).event('2', 2000, -160).event('1', 1000, -160).event('2', 2000, -160);
        assert_eq!(keys.told(), "11160 22160 ");
    }

    #[test]
    fn a_key_held_for_longer_than_a_segment_is_one_key() {
        let mut keys = Keys::new();
        keys.event('*', 1000, 65_000).event('*', 1000, 65_535).event('*', 66_535, 160).event('*', 66_535, -320);
        assert_eq!(keys.told(), "**65855 ");
    }

    #[test]
    fn a_gateway_that_moves_the_timestamp_presses_one_key() {
        let mut keys = Keys::new();
        keys.event('9', 1000, 160).event('9', 1160, 320).event('9', 1320, 480).event('9', 1480, -640);
        assert_eq!(keys.told().chars().filter(|&c| c == ' ').count(), 1);
    }

    #[test]
    fn a_gateway_that_moves_the_timestamp_of_retransmitted_ends_presses_one_key() {
        let mut keys = Keys::new();
        keys.event('9', 1000, 160).event('9', 1160, 320).event('9', 1320, -480).event('9', 1480, -480);
        keys.event('9', 1640, -480);
        assert_eq!(keys.told().matches(' ').count(), 1);
        keys.event('9', 2600, 160).event('9', 2760, -320).event('8', 2920, -320);
        assert_eq!(keys.told().matches(' ').count(), 2, "the next press and another key are keys");
    }

    #[test]
    fn after_a_while_an_end_alone_is_a_key_again() {
        let mut keys = Keys::new();
        keys.event('9', 1000, -800);
        keys.now += ECHO;
        assert_eq!(keys.event('9', 1800, -800).told(), "99800 99800 ");
    }

    #[test]
    fn a_key_goes_on_and_its_end_is_known_again_in_another_stream() {
        let mut keys = Keys::new();
        keys.event('3', 1000, 160).event('3', 1000, 320).receiver.restart();
        keys.event('3', 900_000, 480).event('3', 900_000, -640);
        keys.receiver.restart();
        keys.event('3', 77, -640).event('3', 77, -640);
        assert_eq!(keys.told(), "33640 ");
        keys.now += ECHO;
        keys.event('3', 900_000, 160).event('3', 900_000, -320);
        assert_eq!(keys.told(), "33320 ", "timestamps of a stream that is over mean nothing later");
    }

    #[test]
    fn events_that_are_no_keys_are_not_heard() {
        let mut keys = Keys::new();
        keys.receiver.handle_event(1, true, &[16, 0, 0, 160], 0, keys.now);
        keys.receiver.handle_event(1, true, &[1, 0, 0], 0, keys.now);
        assert_eq!(keys.told(), "");
    }
}
