//! RTCP: sender and receiver reports, CNAME, BYE (RFC 3550 §6.2 to §6.6).
//!
//! Two take part, so the reduced minimum of §6.2 is never reached and the interval is T_min: 5 s, half of it before the first
//! report, each time random between 0.5 and 1.5 of it and divided by e - 3/2 (§6.3.1). The round trip is measured without
//! wall clocks: the far end returns the time stamp of a report of ours, and we remember when we sent that one.
//!
//! Driven by a media shard every 100 ms: datagrams of the RTCP socket into [`Reporter::handle_packet`], then
//! [`Reporter::poll`], which writes a compound packet when one is due. Reports allocate, a few times a minute.
//! Deviation: only SR, RR and BYE are read; a compound with a damaged SDES still counts.

mod read;
mod write;

use std::time::{Duration, Instant};

use rand::Rng;

use crate::rtp::{ReceiverStats, SenderStats};

/// "The RECOMMENDED value for a fixed minimum interval is 5 seconds" (RFC 3550 §6.2).
const T_MIN: f64 = 5.0;
/// "e - 3/2 = 1.21828" makes up for the timer's reconsideration (RFC 3550 §6.3.1).
const COMPENSATION: f64 = 1.218_28;
/// Reports of ours that are remembered for the round trip: half a minute of them.
const REMEMBERED: usize = 8;

/// Wall clock time: seconds since 1900 in 32.32 fixed point (RFC 3550 §4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// From the time since 1 January 1970 UTC.
    #[must_use]
    pub fn from_unix(since_epoch: Duration) -> Self {
        // 70 years with 17 leap days.
        let seconds = since_epoch.as_secs().wrapping_add(2_208_988_800);
        let fraction = (u64::from(since_epoch.subsec_nanos()) << 32) / 1_000_000_000;
        Self(seconds << 32 | fraction)
    }

    /// "The middle 32 bits out of 64" (RFC 3550 §6.4.1, LSR).
    pub(crate) fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// What the far end says of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// There and back, once measured.
    pub rtt: Option<Duration>,
    /// The fraction of our packets that were lost in the far end's last interval, 0 to 1.
    pub remote_loss: f32,
    /// Packets of ours that the far end has missed in all; negative when duplicates outweigh.
    pub remote_lost: i32,
    /// The jitter of our packets where they arrive.
    pub remote_jitter: Duration,
    /// Reports on us that have come.
    pub reports: u32,
}

/// What an RTCP datagram was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// A report, taken in.
    Taken,
    /// The far end leaves.
    Bye,
    /// RTCP, but nothing in it is for us.
    Ignored,
    /// Not RTCP.
    Malformed,
}

/// The last sender report of the far end.
#[derive(Clone, Copy, Debug)]
struct Heard {
    ssrc: u32,
    middle: u32,
    at: Instant,
}

/// What was received up to the last report (RFC 3550 A.3).
#[derive(Clone, Copy, Debug, Default)]
struct Prior {
    ssrc: Option<u32>,
    expected: u32,
    received: u32,
    packets_sent: u32,
}

/// RTCP of one leg.
#[derive(Debug)]
pub struct Reporter {
    ssrc: u32,
    cname: String,
    due: Instant,
    /// State of the generator of random intervals.
    random: u64,
    sent: [Option<(u32, Instant)>; REMEMBERED],
    heard: Option<Heard>,
    prior: Prior,
    quality: Quality,
}

impl Reporter {
    /// A reporter for the stream with our `ssrc`; `cname` is cut at 255 bytes.
    pub fn new(ssrc: u32, cname: &str, rng: &mut impl Rng, now: Instant) -> Self {
        let mut reporter = Self {
            ssrc,
            cname: write::cut(cname).to_owned(),
            due: now,
            random: rng.next_u64(),
            sent: [None; REMEMBERED],
            heard: None,
            prior: Prior::default(),
            quality: Quality::default(),
        };
        reporter.due = now + reporter.interval(T_MIN / 2.0);
        reporter
    }

    /// Takes one datagram from the RTCP socket.
    pub fn handle_packet(&mut self, data: &[u8], now: Instant) -> Report {
        read::compound(self, data, now)
    }

    /// Writes a report to `out` if one is due, and gives its length. `out` needs 400 bytes, else nothing is written.
    pub fn poll(
        &mut self,
        now: Instant,
        ntp: NtpTime,
        sender: &SenderStats,
        receiver: &ReceiverStats,
        out: &mut [u8],
    ) -> Option<usize> {
        if now < self.due {
            return None;
        }
        self.due = now + self.interval(T_MIN);
        self.report(now, ntp, sender, receiver, false, out)
    }

    /// Writes the last report, with a BYE (RFC 3550 §6.6). `None` when `out` is too short.
    pub fn bye(
        &mut self,
        now: Instant,
        ntp: NtpTime,
        sender: &SenderStats,
        receiver: &ReceiverStats,
        out: &mut [u8],
    ) -> Option<usize> {
        self.report(now, ntp, sender, receiver, true, out)
    }

    /// When [`Reporter::poll`] has something to write.
    #[must_use]
    pub fn due(&self) -> Instant {
        self.due
    }

    /// What the far end says of the line.
    #[must_use]
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// §6.3.1: between half and one and a half of `seconds`, compensated.
    fn interval(&mut self, seconds: f64) -> Duration {
        // A splitmix64 step: enough to keep reporters apart, which is all that it is for.
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ self.random >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let unit = f64::from((mixed >> 32) as u32) / f64::from(u32::MAX);
        Duration::from_secs_f64(seconds * (0.5 + unit) / COMPENSATION)
    }

    /// The far end's SR: to be quoted in our next report.
    fn heard_sender(&mut self, ssrc: u32, ntp: NtpTime, now: Instant) {
        self.heard = Some(Heard { ssrc, middle: ntp.middle(), at: now });
    }

    /// The far end's report on our stream.
    fn heard_report(&mut self, block: &rtcp_types::ReportBlock<'_>, now: Instant) {
        let quality = &mut self.quality;
        quality.reports = quality.reports.saturating_add(1);
        quality.remote_loss = f32::from(block.fraction_lost()) / 256.0;
        // 24 bits with a sign.
        quality.remote_lost = (block.cumulative_lost() << 8).cast_signed() >> 8;
        quality.remote_jitter = crate::duration_of(u64::from(block.interarrival_jitter()));
        let (quoted, delay) = (block.last_sender_report_timestamp(), block.delay_since_last_sender_report_timestamp());
        let of_ours = |&(middle, at): &(u32, Instant)| (middle == quoted).then_some(at);
        if let Some(at) = self.sent.iter().flatten().find_map(of_ours) {
            let delay = Duration::from_secs_f64(f64::from(delay) / 65536.0);
            quality.rtt = now.saturating_duration_since(at).checked_sub(delay).or(quality.rtt);
        }
    }
}

#[cfg(test)]
mod tests;
