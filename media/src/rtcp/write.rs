//! Writing reports: RFC 3550 §6.4 (SR, RR), §6.5 (CNAME), §6.6 (BYE), A.3 (losses).

use std::time::Instant;

use rtcp_types::{
    Bye, Compound, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk, SdesItem, SenderReport,
    prelude::RtcpPacketWriterExt,
};

use super::{NtpTime, Prior, Reporter};
use crate::rtp::{ReceiverStats, SenderStats};

/// At most 255 bytes of a CNAME, at a character's end.
pub(super) fn cut(cname: &str) -> &str {
    let end = (0..=cname.len().min(255)).rev().find(|&end| cname.is_char_boundary(end)).unwrap_or(0);
    cname.get(..end).unwrap_or_default()
}

impl Reporter {
    pub(super) fn report(
        &mut self,
        now: Instant,
        ntp: NtpTime,
        sender: &SenderStats,
        receiver: &ReceiverStats,
        bye: bool,
        out: &mut [u8],
    ) -> Option<usize> {
        let block = self.block(now, receiver);
        let chunk = SdesChunk::builder(self.ssrc).add_item(SdesItem::builder(SdesItem::CNAME, &self.cname));
        let mut compound = Compound::builder();
        // "A receiver that has sent since the second to last report is a sender" (§6.4).
        let sending = sender.packets != self.prior.packets_sent;
        compound = if sending {
            let report = SenderReport::builder(self.ssrc)
                .ntp_timestamp(ntp.0)
                .rtp_timestamp(sender.timestamp)
                .packet_count(sender.packets)
                .octet_count(sender.octets);
            compound.add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            })
        } else {
            let report = ReceiverReport::builder(self.ssrc);
            compound.add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            })
        };
        compound = compound.add_packet(Sdes::builder().add_chunk(chunk));
        if bye {
            compound = compound.add_packet(Bye::builder().add_source(self.ssrc));
        }
        let length = compound.write_into(out).ok()?;
        if sending {
            self.sent.rotate_right(1);
            self.sent[0] = Some((ntp.middle(), now));
        }
        self.prior = Prior {
            ssrc: receiver.ssrc,
            expected: receiver.expected,
            received: receiver.received_of_ssrc,
            packets_sent: sender.packets,
        };
        Some(length)
    }

    /// The report block on the far end's stream; none before there is one.
    fn block(&self, now: Instant, receiver: &ReceiverStats) -> Option<ReportBlockBuilder> {
        let ssrc = receiver.ssrc?;
        let prior = if self.prior.ssrc == Some(ssrc) { self.prior } else { Prior::default() };
        let expected = receiver.expected.saturating_sub(prior.expected);
        let received = receiver.received_of_ssrc.saturating_sub(prior.received);
        let lost = i64::from(receiver.expected) - i64::from(receiver.received_of_ssrc);
        let (quoted, delay) = match self.heard {
            Some(heard) if heard.ssrc == ssrc => (heard.middle, now.saturating_duration_since(heard.at)),
            Some(_) | None => (0, std::time::Duration::ZERO),
        };
        let block = ReportBlock::builder(ssrc)
            .fraction_lost(fraction(expected, received))
            // 24 bits with a sign (§6.4.1).
            .cumulative_lost(lost.clamp(-0x80_0000, 0x7F_FFFF) as u32 & 0xFF_FFFF)
            .extended_sequence_number(receiver.extended_highest_sequence)
            .interarrival_jitter(receiver.jitter)
            .last_sender_report_timestamp(quoted)
            .delay_since_last_sender_report_timestamp((delay.as_secs_f64() * 65536.0) as u32);
        Some(block)
    }
}

/// Losses of an interval in 256ths; none when more came than was expected (A.3).
fn fraction(expected: u32, received: u32) -> u8 {
    let lost = expected.saturating_sub(received);
    let fraction = u64::from(lost) * 256 / u64::from(expected.max(1));
    u8::try_from(fraction).unwrap_or(u8::MAX)
}
