//! The witness: a thread that does nothing but notice when the machine stood still.

use super::process::Cores;
use rustix::thread::sched_setaffinity;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often it looks.
const BEAT: Duration = Duration::from_millis(1);
/// Later than this, and the machine stood still.
const STALL: Duration = Duration::from_millis(2);
/// A stall taints this much around it.
pub(super) const WINDOW: Duration = Duration::from_millis(100);

/// Runs until it is asked what it saw.
#[derive(Debug)]
pub(super) struct Witness {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Instant>>,
}

/// When the machine stood still.
#[derive(Clone, Debug, Default)]
pub(super) struct Stalls(Vec<Instant>);

impl Witness {
    /// Starts on the measured core, at real-time priority where that is permitted, one step above the media thread: our own long ticks must
    /// not look like a machine that stood still.
    pub(super) fn start(cores: &Cores) -> std::io::Result<Self> {
        let measured = cores.measured;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("witness".into()).spawn(move || {
            if let Err(error) = sched_setaffinity(None, &measured) {
                tracing::debug!(%error, "the witness runs on any core");
            }
            crate::net::shard::raise_priority(1);
            watch(&stopped)
        })?;
        Ok(Self { stop, thread })
    }

    pub(super) fn finish(self) -> Stalls {
        self.stop.store(true, Ordering::Relaxed);
        Stalls(self.thread.join().unwrap_or_default())
    }
}

fn watch(stopped: &AtomicBool) -> Vec<Instant> {
    let mut stalls = Vec::new();
    let mut expected = Instant::now();
    while !stopped.load(Ordering::Relaxed) {
        expected += BEAT;
        thread::sleep(expected.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        if now.saturating_duration_since(expected) > STALL {
            stalls.push(now);
            expected = now;
        }
    }
    stalls
}

impl Stalls {
    /// Whether `at` lies in a window that counts.
    pub(super) fn spare(&self, at: Instant) -> bool {
        let next = self.0.partition_point(|stall| *stall < at);
        let near = |stall: Option<&Instant>| stall.is_some_and(|stall| distance(*stall, at) < WINDOW);
        !near(self.0.get(next)) && !near(next.checked_sub(1).and_then(|before| self.0.get(before)))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

fn distance(one: Instant, other: Instant) -> Duration {
    one.max(other) - one.min(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_near_a_stall_does_not_count() {
        let stall = Instant::now() + Duration::from_secs(1);
        let stalls = Stalls(vec![stall]);
        assert!(!stalls.spare(stall + Duration::from_millis(99)));
        assert!(!stalls.spare(stall - Duration::from_millis(99)));
        assert!(stalls.spare(stall + Duration::from_millis(101)));
        assert!(stalls.spare(stall - Duration::from_millis(101)));
    }
}
