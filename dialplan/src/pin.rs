//! PINs: a secret that is typed on the telephone before the call goes on.
//!
//! A PIN is compared with every one that would do, in a time that depends on none of them, and is never printed.

use crate::action::Action;
use crate::menu::Prompt;
use std::fmt;
use std::hint::black_box;
use std::str::FromStr;
use std::time::Duration;

/// The shortest PIN: 10,000 of them, against a few attempts a call.
const MIN_DIGITS: usize = 4;
/// The longest PIN.
const MAX_DIGITS: usize = 16;

/// Asks for a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The PINs that do; at least one.
    pub pins: Vec<PinCode>,
    /// What the caller hears.
    pub prompt: Prompt,
    /// How often the caller may try; at least once. Then the call is hung up.
    pub attempts: u8,
    /// How long each key is waited for.
    pub timeout: Duration,
    /// What happens to callers who know one.
    pub then: Box<Action>,
}

/// One PIN: 4 to 16 digits. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PinCode {
    /// The digits, filled up with zero bytes.
    digits: [u8; MAX_DIGITS],
    length: usize,
}

/// A PIN that is none. What was written is not told, as it is meant to be secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a PIN is {MIN_DIGITS} to {MAX_DIGITS} digits, in quotes")]
pub struct PinError;

/// What the keys typed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// They are a PIN.
    Accepted,
    /// They may become one; when no more follow in time, they are wrong.
    NeedMore,
    /// They are no PIN.
    Wrong,
}

impl Pin {
    /// What `keys`, all that were typed since the prompt, mean. `#` ends them, and so do as many as the longest PIN has.
    #[must_use]
    pub fn typed(&self, keys: &str) -> Typed {
        let (digits, ended) = keys.split_once('#').map_or((keys, false), |(digits, _)| (digits, true));
        if self.knows(digits) {
            Typed::Accepted
        } else if ended || digits.len() >= self.longest() {
            Typed::Wrong
        } else {
            Typed::NeedMore
        }
    }

    /// Digits of the longest PIN.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.pins.iter().map(|pin| pin.length).max().unwrap_or_default()
    }

    fn knows(&self, digits: &str) -> bool {
        let Ok(typed) = digits.parse() else { return false };
        // All are compared, and each wholly.
        self.pins.iter().fold(false, |known, pin| known | pin.same(&typed))
    }
}

impl PinCode {
    fn same(&self, other: &Self) -> bool {
        let pairs = self.digits.iter().zip(&other.digits);
        black_box(pairs.fold(0, |different, (a, b)| different | (a ^ b))) == 0
    }
}

impl FromStr for PinCode {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let mut digits = [0; MAX_DIGITS];
        let place = digits.get_mut(..text.len()).ok_or(PinError)?;
        if text.len() < MIN_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PinError);
        }
        place.copy_from_slice(text.as_bytes());
        Ok(Self { digits, length: text.len() })
    }
}

impl fmt::Debug for PinCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(pins: &[&str]) -> Pin {
        Pin {
            pins: pins.iter().map(|text| text.parse().unwrap()).collect(),
            prompt: Prompt::Text("Your PIN, please.".into()),
            attempts: 3,
            timeout: Duration::from_secs(5),
            then: Box::new(Action::Agent("vault".into())),
        }
    }

    #[test]
    fn a_pin_is_accepted_when_it_is_complete_and_refused_when_it_cannot_become_one() {
        let pin = pin(&["1234", "987654"]);
        for (keys, meaning) in [
            ("", Typed::NeedMore),
            ("123", Typed::NeedMore),
            ("1234", Typed::Accepted),
            ("1234#", Typed::Accepted),
            ("1235", Typed::NeedMore),
            ("1235#", Typed::Wrong),
            ("9876", Typed::NeedMore),
            ("987654", Typed::Accepted),
            ("987655", Typed::Wrong),
            ("12340", Typed::NeedMore),
            ("#", Typed::Wrong),
            ("12*4", Typed::NeedMore),
            ("12*4#", Typed::Wrong),
            ("12345678901234567890", Typed::Wrong),
        ] {
            assert_eq!(pin.typed(keys), meaning, "{keys}");
        }
    }

    #[test]
    fn a_pin_is_never_printed_and_no_error_tells_it() {
        assert!(!format!("{:?}", pin(&["739184"])).contains("739"));
        assert!(!"7391x".parse::<PinCode>().unwrap_err().to_string().contains("7391"));
    }

    #[test]
    fn a_pin_is_of_digits_and_neither_short_nor_long() {
        for text in ["", "123", "12345678901234567", "12a4", "12#4", "١٢٣٤"] {
            assert_eq!(text.parse::<PinCode>(), Err(PinError));
        }
    }
}
