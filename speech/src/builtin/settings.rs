//! What an operator can set about the receptionist.

use std::time::Duration;

use super::phrases;

/// Settings of the [`Receptionist`](super::Receptionist).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Spoken when the call is answered, before the menu.
    pub greeting: String,
    /// Whether the caller may cut greeting and menu short.
    pub greeting_interruptible: bool,
    /// Whether the caller is repeated from the start (key `2` changes it).
    pub parrot: bool,
    /// Spoken before the first repetition.
    pub parrot_lead_in: Option<String>,
    /// How much of one turn is repeated at most: its beginning.
    pub parrot_limit: Duration,
    /// Keys closer than this are one entry.
    pub key_pause: Duration,
    /// Silence of both sides after which the caller is asked whether they're still there.
    pub idle: Duration,
    /// How often that is asked before the agent leaves.
    pub idle_prompts: u32,
    /// The last words.
    pub goodbye: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            greeting: phrases::GREETING.to_owned(),
            greeting_interruptible: true,
            parrot: true,
            parrot_lead_in: Some(phrases::LEAD_IN.to_owned()),
            parrot_limit: Duration::from_secs(15),
            key_pause: Duration::from_millis(1_500),
            idle: Duration::from_secs(8),
            idle_prompts: 2,
            goodbye: phrases::GOODBYE.to_owned(),
        }
    }
}

/// Every line that a receptionist with these settings says word for word, to be synthesized ahead. What isn't among them (the time, keys
/// read back) is composed during the call.
#[must_use]
pub fn lines(settings: &Settings) -> Vec<&str> {
    let own = [&*settings.greeting, &*settings.goodbye];
    let lead_in = settings.parrot_lead_in.as_deref();
    own.into_iter().chain(lead_in).chain(phrases::FIXED).chain(phrases::READING).collect()
}

/// What a receptionist with these settings says when the call is answered.
#[must_use]
pub fn opening(settings: &Settings) -> [&str; 2] {
    [&settings.greeting, phrases::MENU]
}
