//! What a receiver counts: for RTCP (RFC 3550 §6.4.1, A.3), for the call's record and for who looks after the line.

use super::DropReason;

/// Counters of one leg's incoming stream. Those of RTCP are of the present SSRC, the others of the whole call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverStats {
    /// The far end's synchronisation source; none before the first packet.
    pub ssrc: Option<u32>,
    /// "extended highest sequence number received", of the present SSRC.
    pub extended_highest_sequence: u32,
    /// Packets that the present SSRC has sent, going by its sequence numbers.
    pub expected: u32,
    /// Packets that came from the present SSRC, late ones included, duplicates not.
    pub received_of_ssrc: u32,
    /// Interarrival jitter in timestamp units of 125 µs.
    pub jitter: u32,
    /// Packets of the stream that arrived, over all SSRCs.
    pub received: u64,
    /// Their payload octets.
    pub octets: u64,
    /// Packets that never came, over all SSRCs.
    pub lost: u64,
    /// Packets that came when their time had been concealed or filled.
    pub late: u64,
    /// Packets that came again.
    pub duplicated: u64,
    /// Packets that were overtaken.
    pub reordered: u64,
    /// Samples concealed.
    pub concealed: u64,
    /// Samples of silence filled in.
    pub filled: u64,
    /// Packets from sources that are not latched.
    pub strangers: u64,
    /// Packets of no use: comfort noise, unknown payload types, RTCP.
    pub ignored: u64,
    /// Datagrams that are no RTP.
    pub malformed: u64,
    /// Packets that came faster than real time, jumped, or found nobody polling.
    pub refused: u64,
}

impl ReceiverStats {
    pub(super) fn count(&mut self, reason: DropReason) {
        let counter = match reason {
            DropReason::Malformed => &mut self.malformed,
            DropReason::Rtcp | DropReason::UnknownPayloadType | DropReason::ComfortNoise => &mut self.ignored,
            DropReason::Stranger => &mut self.strangers,
            DropReason::Duplicate => &mut self.duplicated,
            DropReason::Late | DropReason::FormerStream => &mut self.late,
            DropReason::UnconfirmedStream
            | DropReason::ImplausibleSequence
            | DropReason::Ahead
            | DropReason::Overflow => &mut self.refused,
        };
        *counter += 1;
    }

    /// A stream is over: what it lost stays lost.
    pub(super) fn end_stream(&mut self, expected: u64, received: u32) {
        self.lost += expected.saturating_sub(u64::from(received));
    }

    /// The counters with those of the present stream.
    pub(super) fn of_stream(mut self, ssrc: u32, first: u16, expected: u64, received: u32, jitter: u32) -> Self {
        self.ssrc = Some(ssrc);
        self.expected = expected as u32;
        self.extended_highest_sequence = u32::from(first).wrapping_add(self.expected).wrapping_sub(1);
        self.received_of_ssrc = received;
        self.jitter = jitter;
        self.lost += expected.saturating_sub(u64::from(received));
        self
    }
}
