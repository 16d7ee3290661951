//! Events for the record of a conversation.

use std::sync::Arc;

use crate::samples::Samples;

/// An event for the record of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The caller's keys were understood as one entry.
    Keys(String),
    /// Repeating the caller was switched on or off.
    Parrot {
        /// Whether it is on now.
        on: bool,
    },
    /// Nothing was heard of the caller, so we asked; the `count`th time in a row.
    StillThere {
        /// How often we've asked since the caller last moved.
        count: u32,
    },
    /// So much of what the caller said was dropped, as there was no session that could have heard it.
    Unheard(Samples),
    /// A tool that the engine carried out by itself, or refused.
    Tool {
        /// The tool.
        name: Arc<str>,
        /// What it was called with, as the model wrote it.
        arguments: Arc<str>,
        /// What the model was told.
        output: Arc<str>,
    },
    /// A remark of the bot's, for whoever reads the record.
    Remark(String),
    /// The agent takes leave.
    Leaving(Leave),
}

/// Why the agent takes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The caller asked for it.
    Caller,
    /// The agent thinks that all is said.
    Agent,
    /// The operator asked for it.
    Operator,
    /// The caller stayed silent through every prompt.
    Silence,
}
