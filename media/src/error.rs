//! What can go wrong in this room, sorted by whose fault it is.
//!
//! Packets on the voice path never yield an error: they are accepted or dropped with a reason
//! ([`crate::rtp::Disposition`]) and counted.

/// Why a session description or a setting can't be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Malformed: the body is no session description (RFC 8866 §5). SIP: 400.
    #[error("not a session description: {0}")]
    Malformed(#[from] sdp_types::ParserError),
    /// Malformed: the accepted media line has no connection address (RFC 8866 §5.7). SIP: 400.
    #[error("no c= line for the audio stream")]
    NoConnection,
    /// Malformed: the connection address is neither an IP literal nor a host name. SIP: 400.
    #[error("connection address {0:?} is neither an IP address nor a host name")]
    BadAddress(String),
    /// Peer: nothing in this offer or answer is a codec, transport, kind of address and port that we have. SIP: 488.
    #[error("no audio stream with a codec in common")]
    NoCommonCodec,
    /// Peer: the answer doesn't have the media lines of the offer in the offer's order (RFC 3264 §6).
    #[error("the answer has {answered} media lines, the offer {offered}")]
    MediaLines {
        /// Media lines in the offer.
        offered: usize,
        /// Media lines in the answer.
        answered: usize,
    },
    /// Ours: the resampler has no ratio for these rates.
    #[error("can't resample {from} Hz to {to} Hz")]
    SampleRates {
        /// Input rate in Hz.
        from: u32,
        /// Output rate in Hz.
        to: u32,
    },
}
