//! Interarrival jitter: RFC 3550 §6.4.1 and A.8.

use std::time::Instant;

use crate::{SAMPLE_RATE, samples_between};

/// An estimate in timestamp units, kept in sixteenths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jitter {
    last: Option<(Instant, u32)>,
    sixteenths: u32,
}

impl Jitter {
    /// Takes a packet with RTP `timestamp` that arrived at `now`.
    pub(crate) fn update(&mut self, now: Instant, timestamp: u32) {
        if let Some((then, earlier)) = self.last {
            let arrived = i64::try_from(samples_between(then, now)).unwrap_or(i64::MAX);
            let sent = i64::from(timestamp.wrapping_sub(earlier).cast_signed());
            let difference = u32::try_from(arrived.saturating_sub(sent).unsigned_abs()).unwrap_or(u32::MAX);
            // A second and more is a jump of the sender's clock, not jitter.
            if difference < SAMPLE_RATE {
                self.sixteenths = self.sixteenths.saturating_add(difference) - ((self.sixteenths + 8) >> 4);
            }
        }
        self.last = Some((now, timestamp));
    }

    /// A new stream: its timestamps have nothing to do with the last.
    pub(crate) fn restart(&mut self) {
        self.last = None;
    }

    /// The jitter in timestamp units.
    pub(crate) fn samples(&self) -> u32 {
        self.sixteenths >> 4
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(arrivals_ms: impl Iterator<Item = u64>) -> u32 {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let epoch = Instant::now();
        let mut jitter = Jitter::default();
        for (n, ms) in arrivals_ms.enumerate() {
            let timestamp = (u32::MAX - 1000).wrapping_add(n as u32 * 160);
            jitter.update(epoch + Duration::from_millis(ms), timestamp);
        }
        jitter.samples()
    }

    #[test]
    fn punctual_packets_have_no_jitter() {
        assert_eq!(after((0..5).map(|n| n * 20)), 0);
    }

    #[test]
    fn packets_that_alternate_by_ten_milliseconds_have_that_jitter() {
        let jitter = after((0..400).map(|n| n * 20 + n % 2 * 10));
        assert!((78..=80).contains(&jitter), "{jitter}");
    }
}
