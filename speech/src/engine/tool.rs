//! What a model wants done.

use std::sync::Arc;

/// Ties an [`Output::Tool`](super::Output::Tool) to its [`Input::ToolResult`](super::Input::ToolResult).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolId(pub u64);

/// A call of a tool. Its arguments have been checked as far as this room knows the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// To come back with.
    pub id: ToolId,
    /// The tool, one of those that were declared.
    pub name: Arc<str>,
    /// A JSON object, as the model wrote it.
    pub arguments: Arc<str>,
    /// What is to be done.
    pub task: Task,
}

/// What a driver is asked to do for a model. [`crate::tools`] describes those that are built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Press keys towards the other side.
    SendDtmf {
        /// Out of `0`..`9`, `*`, `#`, `A`..`D`; `,` is a pause of half a second.
        digits: String,
    },
    /// Hand the caller to somebody else.
    Transfer {
        /// As the model named them; who may be named is for the driver to decide.
        target: String,
        /// Why, for whoever takes the call.
        reason: Option<String>,
    },
    /// A tool of the operator's: [`ToolCall::name`] and [`ToolCall::arguments`] say all.
    Custom,
}
