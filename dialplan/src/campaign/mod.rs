//! Campaigns: lists of people who are called, when they may be, as fast as is right, and never twice by mistake.
//!
//!   contact ─► [`Gate`] (may it be dialled now, and if not, why) ─► [`Pacer`] (how many now) ─► attempt ─► [`Disposition`]
//!                 ▲                                                                                        │
//!                 └──────────── [`RetryRules`] (again, when, which number) ◄───────────────────────────────┤
//!                                                             [`Breaker`] (is it the trunk's fault) ◄──────┘
//!
//! All of it is a function of facts and of the times passed in; whoever drives it keeps the lists and dials.

mod abandon;
mod breaker;
mod disposition;
mod gate;
mod life;
mod pacer;
mod retry;
#[cfg(test)]
mod simulation;

pub use abandon::Abandonment;
pub use breaker::{Admission, Breaker, BreakerSettings, BreakerState};
pub use disposition::{Disposition, UnknownDisposition};
pub use gate::{Blocked, Consent, ContactFacts, Gate, SuppressionList};
pub use life::{LifeError, LifeState, LifeVerb};
pub use pacer::{Pace, Pacer, Ramp, Ratio, Room, Staff};
pub use retry::{Next, Past, RetryRule, RetryRules};
