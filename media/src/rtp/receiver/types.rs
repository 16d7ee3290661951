//! What a receiver is made of and what it yields.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{PATIENCE, TAKEOVER};
use crate::{dtmf::KeyPress, g711::Law, rtp::latch::Rules};

/// What a receiver is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverSettings {
    /// The law that was agreed on.
    pub law: Law,
    /// The payload type that carries it towards us.
    pub payload_type: u8,
    /// A second law that may be sent to us without asking, when both were agreed on.
    pub alternative: Option<(Law, u8)>,
    /// The payload type of keys towards us.
    pub dtmf_payload_type: Option<u8>,
    /// Where the far end said that it receives: packets from there may always take the latch.
    pub signalled: Option<SocketAddr>,
    /// The far end's host in SIP. When it is known, only packets from there or from the signalled host are heard at once.
    pub peer: Option<IpAddr>,
    /// After how much silence of these two any other host is heard.
    pub patience: Duration,
    /// After how much silence another source may succeed the latched one.
    pub takeover: Duration,
}

impl ReceiverSettings {
    /// `law` at its static payload type, no keys, any source.
    #[must_use]
    pub const fn new(law: Law) -> Self {
        Self {
            law,
            payload_type: law.payload_type(),
            alternative: None,
            dtmf_payload_type: None,
            signalled: None,
            peer: None,
            patience: PATIENCE,
            takeover: TAKEOVER,
        }
    }

    pub(super) const fn latch(&self) -> Rules {
        let Self { signalled, peer, patience, takeover, .. } = *self;
        Rules { signalled, peer, patience, takeover }
    }
}

/// What became of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It belongs to the stream, or to another that the next packet may confirm: poll.
    Accepted,
    /// It changes nothing.
    Dropped(DropReason),
}

/// Why a datagram was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No RTP packet.
    Malformed,
    /// RTCP on the RTP port (RFC 5761 §4), which was not agreed on.
    Rtcp,
    /// A payload type that was not agreed on.
    UnknownPayloadType,
    /// Comfort noise (RFC 3389): the silence that it describes is filled by the clock.
    ComfortNoise,
    /// Not from the latched source.
    Stranger,
    /// Of the stream before the last change of SSRC.
    FormerStream,
    /// Of another SSRC that no second packet has confirmed.
    UnconfirmedStream,
    /// A jump of the sequence number that no second packet has confirmed yet.
    ImplausibleSequence,
    /// Received before.
    Duplicate,
    /// Its time was concealed or filled.
    Late,
    /// Further ahead of real time than a sender can be.
    Ahead,
    /// More packets wait than can be held: nobody polls.
    Overflow,
}

/// Where samples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// They arrived.
    Received,
    /// They were lost, or nothing has come for a while: made up from what was heard before.
    Concealed,
    /// Silence: nobody sent anything, or the loss was too long to conceal.
    Filled,
}

/// A stretch of the caller's audio, at most 60 ms; the next begins where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Position of the first sample since [`super::Receiver::new`].
    pub start: u64,
    /// Linear samples at 8 kHz.
    pub samples: &'a [i16],
    /// Where they come from.
    pub kind: FrameKind,
}

/// What [`super::Receiver::poll`] yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// The next stretch of audio.
    Audio(Frame<'a>),
    /// A key went down or came up.
    Key(KeyPress),
    /// Another source is latched: send there from now on.
    SourceChanged {
        /// Its address.
        from: SocketAddr,
    },
}
