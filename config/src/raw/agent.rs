//! `[[agent]]`, and the thresholds of its turn-taking.

use crate::value::Name;
use serde::Deserialize;
use talkpath_speech::turn;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    pub(crate) name: Spanned<Name>,
    #[serde(default)]
    pub(crate) engine: EngineKind,
    pub(crate) greeting: Option<String>,
    pub(crate) greeting_interruptible: Option<bool>,
    pub(crate) parrot_lead_in: Option<String>,
    pub(crate) ring: Option<u32>,
    pub(crate) turn: Option<Spanned<Turn>>,
}

/// The engines that an agent may name.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineKind {
    #[default]
    Builtin,
}

/// The thresholds of the turn machine, under the names that they have there.
macro_rules! turn {
    ($($field:ident: $kind:ty),* $(,)?) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Turn {
            $($field: Option<$kind>,)*
        }

        impl Turn {
            /// What was written, over the defaults.
            pub(crate) fn resolve(self) -> turn::Settings {
                let mut settings = turn::Settings::default();
                $(if let Some(value) = self.$field {
                    settings.$field = value;
                })*
                settings
            }
        }
    };
}

turn! {
    suspect_ms: u32,
    likely_ms: u32,
    sure_ms: u32,
    gap_ms: u32,
    resume_after_ms: u32,
    duck_db: f32,
    start_ms: u32,
    preroll_ms: u32,
    end_silence_ms: u32,
    max_turn_ms: u32,
    min_level_dbov: f32,
    noise_margin_db: f32,
    noise_ceiling_dbov: f32,
    echo_window_ms: u32,
    echo_return_loss_db: f32,
    echo_margin_db: f32,
    keys_interrupt: bool,
    key_mask_ms: u32,
    watchdog_ms: u32,
    backchannels: Vec<String>,
}
