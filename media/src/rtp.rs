//! RTP: RFC 3550 §5.1 and A.1 to A.8, G.711 and telephone-events in it (RFC 3551, RFC 4733).
//!
//! [`Receiver`] turns one leg's packets into a continuous stream of samples, [`Sender`] turns frames into packets
//! whose timestamps are continuous. One of either per leg; the driver is a media shard.

mod jitter;
mod latch;
mod receiver;
mod sender;
mod sequence;

pub use receiver::{
    Disposition, DropReason, Frame, FrameKind, Heard, PATIENCE, Receiver, ReceiverSettings, ReceiverStats, TAKEOVER,
};
pub use sender::{Sender, SenderSettings, SenderStats};

/// Bytes of an RTP header without CSRC and extension.
pub const HEADER: usize = 12;

/// The payload type of comfort noise (RFC 3389, RFC 3551 §6).
pub const COMFORT_NOISE: u8 = 13;
