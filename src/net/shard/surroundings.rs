//! What a call finds around it on its shard: services that all share, and buffers that each uses in turn.

use super::Services;
use super::command::Command;
use tokio::sync::mpsc;

/// Larger than any packet of 60 ms with room for extensions.
pub(super) const DATAGRAM: usize = 1_500;

/// What a call finds around it on its shard.
pub(super) struct Surroundings<'a> {
    pub(super) services: &'a Services,
    pub(super) commands: &'a mpsc::WeakSender<Command>,
}

/// Buffers that every call of the shard uses in turn.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) datagram: [u8; DATAGRAM],
}
