//! What a call finds around it on its shard: services that all share, and buffers that each uses in turn.

use super::Services;
use super::command::Command;
use super::parting::Parting;
use super::socket::Closing;
use std::cell::RefCell;
use std::time::Instant;
use tokio::sync::mpsc;

/// Larger than any packet of 60 ms with room for extensions.
pub(super) const DATAGRAM: usize = 1_500;

/// What a call finds around it on its shard.
pub(super) struct Surroundings<'a> {
    pub(super) services: &'a Services,
    pub(super) commands: &'a mpsc::WeakSender<Command>,
    pub(super) partings: &'a RefCell<Vec<Parting>>,
}

impl Surroundings<'_> {
    /// Leaves an engine to take leave by itself.
    pub(super) fn part(&self, parting: Option<Parting>) {
        self.partings.borrow_mut().extend(parting);
    }

    /// Leaves a socket to send its last messages.
    pub(super) fn close(&self, closing: Closing) {
        self.part(Some(Parting::closing(closing, Instant::now())));
    }
}

/// Buffers that every call of the shard uses in turn.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) datagram: [u8; DATAGRAM],
}
