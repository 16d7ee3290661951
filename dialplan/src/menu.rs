//! Menus: "for sales press 1". What the keys pressed so far mean is a pure function of them.
//!
//! Options may be of several digits, and one may begin another (1 and 12). Then a key that completes the shorter one leaves
//! it open until the next key, `#`, or the pause between keys decides: the longest option that was pressed is taken.
//!
//! Driven by the call task: it plays the prompt, hands over all keys since then with each new one, and keeps the times.

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

/// What the keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed<'a> {
    /// This option, and nothing longer can be meant.
    Chosen(&'a Choice),
    /// More keys may follow. When none does in time, this option is meant; none is as wrong as [`Pressed::Invalid`].
    NeedMore {
        /// The option that is pressed already.
        otherwise: Option<&'a Choice>,
    },
    /// No option begins like this.
    Invalid,
}

impl Menu {
    /// What `keys`, all that were pressed since the prompt, mean. No key at all needs more.
    #[must_use]
    pub fn press(&self, keys: &str) -> Pressed<'_> {
        let exact = self.option(keys);
        let longer = self.options.keys().any(|option| option.0.len() > keys.len() && option.0.starts_with(keys));
        match (exact, longer) {
            (Some(choice), false) => Pressed::Chosen(choice),
            (otherwise, true) => Pressed::NeedMore { otherwise },
            // As on every telephone, # says that what stands before it is all.
            (None, false) => {
                keys.strip_suffix('#').and_then(|keys| self.option(keys)).map_or(Pressed::Invalid, Pressed::Chosen)
            }
        }
    }

    fn option(&self, keys: &str) -> Option<&Choice> {
        self.options.iter().find(|(option, _)| option.0 == keys).map(|(_, choice)| choice)
    }
}

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
    use proptest::prelude::*;

    fn agent(name: &str) -> Choice {
        Choice::Action(Action::Agent(name.into()))
    }

    fn menu(options: &[&str]) -> Menu {
        Menu {
            name: "main".into(),
            prompt: Prompt::Text("Press a key.".into()),
            options: options.iter().map(|keys| (keys.parse().unwrap(), agent(keys))).collect(),
            timeout: Duration::from_secs(5),
            between: Duration::from_secs(2),
            attempts: 3,
            invalid: None,
            exhausted: None,
        }
    }

    #[test]
    fn the_longest_option_that_was_pressed_is_meant() {
        let menu = menu(&["1", "12", "123", "9", "*", "#1", "45"]);
        let (one, twelve) = (agent("1"), agent("12"));
        for (keys, meaning) in [
            ("", Pressed::NeedMore { otherwise: None }),
            ("9", Pressed::Chosen(&agent("9"))),
            ("*", Pressed::Chosen(&agent("*"))),
            ("1", Pressed::NeedMore { otherwise: Some(&one) }),
            ("12", Pressed::NeedMore { otherwise: Some(&twelve) }),
            ("123", Pressed::Chosen(&agent("123"))),
            ("1#", Pressed::Chosen(&one)),
            ("12#", Pressed::Chosen(&twelve)),
            ("13", Pressed::Invalid),
            ("4", Pressed::NeedMore { otherwise: None }),
            ("4#", Pressed::Invalid),
            ("45", Pressed::Chosen(&agent("45"))),
            ("#", Pressed::NeedMore { otherwise: None }),
            ("#1", Pressed::Chosen(&agent("#1"))),
            ("0", Pressed::Invalid),
            ("##", Pressed::Invalid),
        ] {
            assert_eq!(menu.press(keys), meaning, "{keys}");
        }
    }

    #[test]
    fn keys_that_no_telephone_has_are_refused() {
        for text in ["", "a", "1 2", "1,2", "١"] {
            assert_eq!(text.parse::<Keys>(), Err(KeysError(text.into())));
        }
    }

    proptest! {
        #[test]
        fn pressing_an_option_key_by_key_never_fails_and_ends_with_it(
            options in proptest::collection::btree_set("[0-9*]{1,3}", 1..6), pick in any::<prop::sample::Index>()
        ) {
            let options: Vec<_> = options.iter().map(String::as_str).collect();
            let menu = menu(&options);
            let keys = pick.get(&options);
            for length in 0..keys.len() {
                let needs_more = matches!(menu.press(keys.get(..length).unwrap()), Pressed::NeedMore { .. });
                prop_assert!(needs_more);
            }
            let wanted = agent(keys);
            let (chosen, open) = (Pressed::Chosen(&wanted), Pressed::NeedMore { otherwise: Some(&wanted) });
            let meant = menu.press(keys);
            prop_assert!(meant == chosen || meant == open);
            // Confirmed, it is chosen in either case, unless # continues an option, which here none does.
            let confirmed = format!("{keys}#");
            prop_assert_eq!(menu.press(&confirmed), chosen);
        }
    }
}
