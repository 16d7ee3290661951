//! Menus: "for sales press 1". What is asked, what each option does, and how long it is waited for.
//!
//! Options may be of several digits, and one may begin another (1 and 12). What the keys pressed so far mean is the menu's of
//! the room of speech, which plays the prompt, too: the longest option that was pressed is taken.

use crate::action::Action;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Menu {
    /// How actions call it.
    pub name: String,
    /// What the caller hears; a key cuts it short.
    pub prompt: Prompt,
    /// What keys do.
    pub options: BTreeMap<Keys, Choice>,
    /// How long it waits after the prompt for a first key.
    pub timeout: Duration,
    /// How long it waits for a further key, where one may follow.
    pub between: Duration,
    /// How often the prompt is heard before it gives up; at least once.
    pub attempts: u8,
    /// What is said of keys that mean nothing, before the prompt again.
    pub invalid: Option<Prompt>,
    /// What happens when the attempts are used up; without it the caller hears a goodbye and is hung up.
    pub exhausted: Option<Box<Action>>,
}

/// Something that is said to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Spoken by the embedded voice.
    Text(String),
    /// A WAV file.
    File(PathBuf),
}

/// What an option does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The call goes on there.
    Action(Action),
    /// The prompt again, which costs no attempt.
    Repeat,
}

/// The keys of an option: one or more of 0 to 9, `*` and `#`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Keys(String);

/// Keys that no telephone has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" can't be pressed; an option is one or more of the keys 0 to 9, * and #")]
pub struct KeysError(pub String);

impl FromStr for Keys {
    type Err = KeysError;

    fn from_str(text: &str) -> Result<Self, KeysError> {
        let key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#');
        if text.is_empty() || !text.chars().all(key) {
            return Err(KeysError(text.into()));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_no_telephone_has_are_refused() {
        for text in ["", "a", "1 2", "1,2", "١"] {
            assert_eq!(text.parse::<Keys>(), Err(KeysError(text.into())));
        }
    }
}
