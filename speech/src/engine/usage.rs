//! What a remote engine charges for.

/// One charge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// What for.
    pub of: UsageOf,
    /// What was read.
    pub input: Tokens,
    /// Of it, what was at hand from before.
    pub cached: u64,
    /// What was written.
    pub output: Tokens,
    /// Seconds of audio, where that is what is charged.
    pub seconds: f64,
}

/// What is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageOf {
    /// An answer of the model.
    Response,
    /// Writing down what the caller said.
    Transcription,
}

/// Tokens by kind. Kinds that the provider doesn't tell apart are in the total only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// All of them.
    pub total: u64,
    /// Those of text.
    pub text: u64,
    /// Those of audio.
    pub audio: u64,
}
