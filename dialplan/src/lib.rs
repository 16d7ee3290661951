//! The dialplan: facts of a call in, a decision out. Everything here is a function of its arguments: times are passed in
//! and random numbers come from a generator that is handed in.
//!
//! Routes are tried in the order in which they were written; the first whose every condition holds
//! decides. A call that no route takes is answered 404 (RFC 3261 §21.4.5). Whether a source gets
//! service at all ([`Admission`]) is asked before there is a call: strangers get 403 (§21.4.4).
//!
//! | question | asked of |
//! |---|---|
//! | which route takes the call, and why | [`decide`], [`explain`] |
//! | is this the PIN | [`Pin::typed`] |
//! | what number is meant, and how is it written | [`NumberPlan`], [`Rewrite`] |
//! | may it be dialled | [`Restrictions::check`], which [`Rewrite::outbound`] asks by itself |
//! | which trunk is tried next | [`Group::order`], [`Outcome::verdict`] |
//! | has the trunk room | [`Limiter`] |
//! | why did the call end | [`Cause`], [`DispositionKind`] |
//! | whom does a campaign call, when, and how fast | [`campaign`] |
//!
//! Driven by the call task in `talkpath`; fed by `talkpath-config`.

mod action;
pub mod campaign;
mod cause;
mod condition;
mod dial;
mod expression;
mod failover;
mod header;
mod limits;
mod menu;
mod numbers;
mod pattern;
mod pin;
mod restriction;
mod route;
mod schedule;
mod selection;
mod source;
mod template;
#[cfg(test)]
mod testing;

pub use action::Action;
pub use cause::{Cause, DispositionKind};
pub use condition::{Condition, Facts, Mismatch, Names};
pub use dial::{CallerIdentity, Dial, Strategy, Target, TargetError};
pub use expression::{Expression, ExpressionError};
pub use failover::{Outcome, Verdict};
pub use header::{HeaderCondition, HeaderTest};
pub use limits::{CapReached, Caps, Direction, Limiter};
pub use menu::{Choice, Keys, KeysError, Menu, Prompt};
pub use numbers::{Format, FormatError, NumberPlan, PlanError, Rewrite, is_e164};
pub use pattern::{NumberPattern, NumberRange, NumberSet, PatternError};
pub use pin::{Pin, PinCode, PinError, Typed};
pub use restriction::{Forbidden, Restricted, Restrictions};
pub use route::{Decision, Explanation, Route, decide, explain};
pub use schedule::{Clock, Days, Holiday, Miss, Schedule, ScheduleError, Window};
pub use selection::{Fitness, Group, Member, weighted_order};
pub use source::{Admission, Source, SourceError};
pub use template::{Template, TemplateError};
