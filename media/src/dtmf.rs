//! Keys as RTP telephone-events: RFC 4733 §2.3 (payload), §2.5 (procedures).
//!
//!    0                   1                   2                   3
//!   |     event     |E|R| volume    |          duration             |
//!
//! [`KeyReceiver`] hears them inside [`crate::rtp::Receiver`], [`KeySender`] sends them inside [`crate::rtp::Sender`].

mod receiver;
mod sender;

pub use receiver::KeyReceiver;
pub use sender::KeySender;

/// A key of a telephone: 0-9, *, #, A-D (events 0 to 15, RFC 4733 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digit(u8);

const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

impl Digit {
    /// The key with this event code; none above 15.
    #[must_use]
    pub const fn from_event(event: u8) -> Option<Self> {
        if event < 16 { Some(Self(event)) } else { None }
    }

    /// The key that is printed `key`, in either case.
    #[must_use]
    pub fn from_char(key: char) -> Option<Self> {
        let key = key.to_ascii_uppercase();
        let event = KEYS.iter().position(|&known| known == key)?;
        Self::from_event(u8::try_from(event).ok()?)
    }

    /// Its event code, 0 to 15.
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// What is printed on it.
    #[must_use]
    pub const fn as_char(self) -> char {
        KEYS[(self.0 & 15) as usize]
    }
}

impl std::fmt::Display for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

/// A key that was pressed or let go. Each key gives exactly one of either, in this order: count the presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPress {
    /// Which key.
    pub digit: Digit,
    /// Where it was pressed, on the receiver's sample clock.
    pub start: u64,
    /// How long it has been down so far, in samples; all of it when `end` is set.
    pub duration: u32,
    /// False when it goes down, true when it has come up (or nothing more was heard of it).
    pub end: bool,
}

/// One telephone-event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) code: u8,
    pub(crate) end: bool,
    pub(crate) volume: u8,
    pub(crate) duration: u16,
}

impl Event {
    pub(crate) const LEN: usize = 4;

    /// The first event in `payload`: several events in one packet are not for keys (RFC 4733 §2.3).
    pub(crate) fn parse(payload: &[u8]) -> Option<Self> {
        let &[code, flags, high, low, ..] = payload else { return None };
        let duration = u16::from_be_bytes([high, low]);
        Some(Self { code, end: flags & 0x80 != 0, volume: flags & 0x3F, duration })
    }

    pub(crate) fn build(self) -> [u8; Self::LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, u8::from(self.end) << 7 | self.volume & 0x3F, high, low]
    }
}

/// How long the key of an event payload has been down, in samples; 0 when there is none.
pub(crate) fn elapsed(payload: &[u8]) -> u64 {
    Event::parse(payload).map_or(0, |event| u64::from(event.duration))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_known_by_code_and_by_print() {
        for event in 0..16 {
            let digit = Digit::from_event(event).unwrap();
            assert_eq!(Digit::from_char(digit.as_char()), Some(digit));
            assert_eq!(digit.event(), event);
        }
        assert_eq!(Digit::from_char('b').unwrap().to_string(), "B");
        assert_eq!((Digit::from_event(16), Digit::from_char('x')), (None, None));
    }

    #[test]
    fn events_are_four_bytes() {
        let event = Event { code: 11, end: true, volume: 10, duration: 800 };
        assert_eq!(event.build(), [11, 0x8A, 3, 32]);
        assert_eq!(Event::parse(&event.build()), Some(event));
        assert_eq!(Event::parse(&[1, 2, 3]), None);
    }
}
