//! What can go wrong in this room, sorted by whose fault it is.

use flite_rs::data::DataError;

/// A fault of the speech room. None arises from what a caller says or sends.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Our misuse: the steps of barge-in must follow each other, each at a longer voice than the one before.
    #[error("barge-in steps must grow: suspect {suspect_ms} ms < likely {likely_ms} ms < sure {sure_ms} ms")]
    Steps {
        /// [`crate::turn::Settings::suspect_ms`].
        suspect_ms: u32,
        /// [`crate::turn::Settings::likely_ms`].
        likely_ms: u32,
        /// [`crate::turn::Settings::sure_ms`].
        sure_ms: u32,
    },
    /// Our misuse: a turn-taking setting lies outside what makes sense.
    #[error("turn setting `{setting}` must lie between {low} and {high}")]
    Setting {
        /// The name of the field of [`crate::turn::Settings`].
        setting: &'static str,
        /// The least value allowed.
        low: i32,
        /// The greatest value allowed.
        high: i32,
    },
    /// Our misuse: a setting of a remote engine doesn't fit.
    #[error("engine setting `{setting}` {why}")]
    Remote {
        /// The name of the field of [`crate::realtime::Settings`] or [`crate::stream::Settings`].
        setting: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The build's fault: the voice that is compiled into the program can't be read.
    #[error("the embedded voice can't be read")]
    Voice(#[from] DataError),
}
