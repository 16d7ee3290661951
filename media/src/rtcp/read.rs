//! Reading compound packets: RFC 3550 §6.1.

use std::time::Instant;

use rtcp_types::{Bye, ReceiverReport, SenderReport, prelude::*};

use super::{NtpTime, Report, Reporter};

/// Takes in all reports of a compound packet up to the first piece that isn't RTCP.
pub(super) fn compound(reporter: &mut Reporter, mut data: &[u8], now: Instant) -> Report {
    let mut outcome = Report::Malformed;
    while let Some((packet, rest)) = split(data) {
        data = rest;
        match packet.get(1).copied().unwrap_or_default() {
            SenderReport::PACKET_TYPE => sender_report(reporter, packet, now, &mut outcome),
            ReceiverReport::PACKET_TYPE => receiver_report(reporter, packet, now, &mut outcome),
            Bye::PACKET_TYPE if Bye::parse(packet).is_ok() => outcome = Report::Bye,
            // SDES, APP, feedback, extended reports (RFC 5761 §4 keeps this range for RTCP).
            192..=223 if outcome == Report::Malformed => outcome = Report::Ignored,
            _ => {}
        }
    }
    outcome
}

/// The first packet of a compound by its length field, and what follows.
fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let &[first, _, high, low, ..] = data else { return None };
    let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
    if first >> 6 != 2 {
        return None;
    }
    data.split_at_checked(length)
}

fn sender_report(reporter: &mut Reporter, packet: &[u8], now: Instant, outcome: &mut Report) {
    let Ok(report) = SenderReport::parse(packet) else { return };
    reporter.heard_sender(report.ssrc(), NtpTime(report.ntp_timestamp()), now);
    let ssrc = reporter.ssrc;
    if let Some(block) = report.report_blocks().find(|block| block.ssrc() == ssrc) {
        reporter.heard_report(&block, now);
    }
    taken(outcome);
}

fn receiver_report(reporter: &mut Reporter, packet: &[u8], now: Instant, outcome: &mut Report) {
    let Ok(report) = ReceiverReport::parse(packet) else { return };
    let ssrc = reporter.ssrc;
    if let Some(block) = report.report_blocks().find(|block| block.ssrc() == ssrc) {
        reporter.heard_report(&block, now);
    }
    taken(outcome);
}

fn taken(outcome: &mut Report) {
    if *outcome != Report::Bye {
        *outcome = Report::Taken;
    }
}
