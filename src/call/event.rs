//! What is told of a call while it goes on: to the console, the log, and whoever subscribes.

use super::disposition::Disposition;
use crate::net::shard::{MediaEvent, Report};
use crate::recorder::Outcome;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::SocketAddr;
use talkpath_speech::engine::ToolId;
use utoipa::ToSchema;
use uuid::Uuid;

/// Names one call, in this process and any other: a UUID of version 7 (RFC 9562), so that later calls have greater ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct CallId(pub Uuid);

impl CallId {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for CallId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which way a call was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To us.
    Inbound,
    /// By us.
    Outbound,
}

/// Something that happened to a call.
#[derive(Clone, Debug)]
pub struct CallEvent {
    /// The call.
    pub call: CallId,
    /// What happened.
    pub kind: CallEventKind,
}

/// What can happen to a call.
#[derive(Clone, Debug)]
pub enum CallEventKind {
    /// It began: an INVITE came or left.
    Began {
        /// Which way.
        direction: Direction,
        /// The calling party, as the message names it.
        from: String,
        /// The called party.
        to: String,
        /// Where the other side's SIP comes from; of a call that we place, that is found out later.
        peer: Option<SocketAddr>,
    },
    /// Somebody is called: by us, or in the caller's name.
    Dialling {
        /// Who.
        to: String,
    },
    /// Their phone rings.
    Ringing,
    /// The caller is connected with them.
    Bridged {
        /// Who has answered.
        to: String,
    },
    /// It was answered; voice travels.
    Answered,
    /// This agent talks from now on.
    Agent {
        /// Its name.
        name: String,
    },
    /// What a tool came to that a model has called.
    ToolResult {
        /// The call of it.
        id: ToolId,
        /// What the model was told.
        output: String,
    },
    /// Something that was heard, said or pressed.
    Media(MediaEvent),
    /// A recording was finished or failed.
    Recorded(std::sync::Arc<Outcome>),
    /// It is over. Nothing follows but `Recorded`.
    Ended {
        /// How.
        disposition: Disposition,
        /// What travelled; absent when it was never answered.
        report: Option<Box<Report>>,
    },
}
