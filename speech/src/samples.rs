//! The media clock: positions and lengths in samples at 8 kHz.
//!
//! A caller's stream is continuous (gaps are filled before they get here), so a count of its samples is a clock that neither
//! stops nor runs ahead. Turn-taking, playout positions and the transcript all speak it.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A position in a stream, or a length, in samples at 8 kHz. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Samples(pub u64);

impl Samples {
    /// The beginning of the stream, or no length at all.
    pub const ZERO: Self = Self(0);
    /// Samples in a second.
    pub const RATE: u32 = 8_000;

    /// The samples in `ms` milliseconds.
    #[must_use]
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(8))
    }

    /// The length of a slice of 8 kHz samples.
    #[must_use]
    pub const fn of(samples: &[i16]) -> Self {
        Self(samples.len() as u64)
    }

    /// Whole milliseconds.
    #[must_use]
    pub const fn ms(self) -> u64 {
        self.0 / 8
    }

    /// The same span in real time.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_micros(self.0.saturating_mul(125))
    }

    /// As an index into a slice of samples.
    #[must_use]
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Add for Samples {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Samples {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 8_000, self.ms() % 1_000)
    }
}
