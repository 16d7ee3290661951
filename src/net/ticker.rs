//! The beat of a media shard: wake-ups on an absolute grid, and how late each one came.
//!
//! On Linux a `timerfd` in the shard's reactor: tokio's own timers round up to a millisecond, which
//! alone would be half of the pacing bar. Elsewhere tokio's clock has to do.

use std::io;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
mod system {
    use super::{Duration, io};
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use std::os::fd::OwnedFd;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A periodic timer of the kernel.
    #[derive(Debug)]
    pub(super) struct Beat(AsyncFd<OwnedFd>);

    impl Beat {
        #[expect(
            deprecated,
            reason = "the constructor that replaces it is unsafe; the descriptor is owned here and never closed or exchanged before the end"
        )]
        pub(super) fn new(period: Duration) -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            let nanos = i64::try_from(period.as_nanos()).unwrap_or(i64::MAX);
            let every = Timespec { tv_sec: nanos / 1_000_000_000, tv_nsec: nanos % 1_000_000_000 };
            let spec = Itimerspec { it_interval: every, it_value: every };
            timerfd_settime(&timer, TimerfdTimerFlags::empty(), &spec)?;
            Ok(Self(AsyncFd::with_interest(timer, Interest::READABLE)?))
        }

        pub(super) async fn next(&mut self) -> io::Result<()> {
            loop {
                let mut guard = self.0.readable_mut().await?;
                let mut expirations = [0_u8; 8];
                match rustix::io::read(guard.get_inner(), &mut expirations) {
                    Ok(_) => return Ok(()),
                    Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Duration, io};
    use tokio::time::{Interval, MissedTickBehavior, interval};

    /// Tokio's interval timer.
    #[derive(Debug)]
    pub(super) struct Beat(Interval);

    impl Beat {
        pub(super) fn new(period: Duration) -> io::Result<Self> {
            let mut interval = interval(period);
            interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
            Ok(Self(interval))
        }

        pub(super) async fn next(&mut self) -> io::Result<()> {
            self.0.tick().await;
            Ok(())
        }
    }
}

/// Wakes its task once a period, on a grid that doesn't drift.
#[derive(Debug)]
pub struct Ticker {
    beat: system::Beat,
    period: Duration,
    expected: Instant,
}

/// One wake-up.
#[derive(Clone, Copy, Debug)]
pub struct Tick {
    /// The time of the wake-up.
    pub now: Instant,
    /// How long after its due time it came.
    pub lateness: Duration,
}

impl Ticker {
    /// Starts ticking; must be called on the runtime that will await it.
    ///
    /// # Errors
    /// When the system has no timer to give.
    pub fn new(period: Duration) -> io::Result<Self> {
        let beat = system::Beat::new(period)?;
        Ok(Self { beat, period, expected: Instant::now() + period })
    }

    /// Waits for the next tick; ticks that were missed count as one late one.
    ///
    /// # Errors
    /// When the system's timer fails.
    pub async fn next(&mut self) -> io::Result<Tick> {
        self.beat.next().await?;
        let now = Instant::now();
        let lateness = now.saturating_duration_since(self.expected);
        let missed = lateness.as_nanos() / self.period.as_nanos().max(1);
        self.expected += self.period * u32::try_from(missed + 1).unwrap_or(u32::MAX);
        Ok(Tick { now, lateness })
    }
}
