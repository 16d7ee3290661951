//! How long to wait: back-off with jitter, refresh ahead of expiry, keep-alives.

use std::time::{Duration, Instant};

use rand::Rng;

use super::Settings;

/// A Retry-After beyond it is taken for this: whatever a registrar says, we come back within the hour.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// However long a binding lasts, it is refreshed this often.
const LONGEST_REFRESH: Duration = Duration::from_secs(86_400);

/// Time for a refresh to fail (timer F is 32 s) and to be tried again before the binding ends.
const LEAD: Duration = Duration::from_secs(40);

/// A random time from `least` to `most`.
pub(super) fn between(least: Duration, most: Duration, rng: &mut dyn Rng) -> Duration {
    let span = most.saturating_sub(least).as_nanos().saturating_mul(rng.next_u32().into()) >> 32;
    least.saturating_add(Duration::from_nanos(u64::try_from(span).unwrap_or(u64::MAX)))
}

/// Never overflows: no time in SIP is longer than 2^32 seconds.
pub(super) fn later(now: Instant, delay: Duration) -> Instant {
    now.checked_add(delay.min(Duration::from_secs(u32::MAX.into()))).unwrap_or(now)
}

/// After `failures` in a row, the first of which counts 1.
pub(super) fn after_failure(settings: &Settings, failures: u32, rng: &mut dyn Rng) -> Duration {
    let doubled = 1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    let pause = settings.first_pause.saturating_mul(doubled).min(settings.longest_pause);
    between(pause / 2, pause, rng)
}

/// As long as Retry-After says, a little longer so that not all come at once, and never sooner than after a first
/// failure.
pub(super) fn after_retry_after(settings: &Settings, delay: Duration, rng: &mut dyn Rng) -> Duration {
    let delay = delay.min(LONGEST_RETRY_AFTER).max(settings.first_pause);
    between(delay, delay.saturating_add(delay / 10), rng)
}

/// After a refusal that only people can mend.
pub(super) fn after_refusal(pause: Duration, rng: &mut dyn Rng) -> Duration {
    between(pause, pause.saturating_add(pause / 4), rng)
}

/// From being granted `granted` to the refresh: a fifth of it ahead of its end, more if that leaves no time for a
/// second attempt, and up to a tenth earlier by chance.
pub(super) fn refresh(granted: Duration, rng: &mut dyn Rng) -> Duration {
    let granted = granted.min(LONGEST_REFRESH);
    let lead = (granted / 5).max(LEAD.min(granted / 2));
    let latest = granted.saturating_sub(lead);
    between(latest.saturating_sub(granted / 10), latest, rng).max(Duration::from_secs(1))
}
