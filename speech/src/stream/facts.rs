//! What a bot is told of the call before anything is said.

use std::collections::BTreeMap;

use serde::Serialize;

/// A call, as its bot is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The call's name, the same for its whole life: printable ASCII without blanks.
    pub call_id: String,
    /// Who called whom.
    pub direction: Direction,
    /// The caller's number or address.
    pub from: String,
    /// Whom it was dialled to.
    pub to: String,
    /// The trunk that it came or went by.
    pub trunk: Option<String>,
    /// The agent that the bot is.
    pub agent: String,
    /// What the route, the campaign or the API gave along. With Twilio these are the `customParameters`.
    pub variables: BTreeMap<String, String>,
    /// Header fields of the INVITE that the operator lets through.
    pub headers: BTreeMap<String, String>,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They called us.
    #[default]
    Inbound,
    /// We called them.
    Outbound,
}
