//! Placing calls: from whom is wanted to who has answered.
//!
//!   target (a phone, a trunk, a group, a URI) ─► lines that ring together ─► tries of each line, one after the other
//!       ─► places that the name of each leads to ─► one INVITE each ─► answered, or the next
//!
//! Which outcome is worth another try is `talkpath_dialplan`'s to say.

mod attempt;
mod hunt;
mod line;
mod outgoing;
mod placing;
mod redirect;

pub(super) use attempt::{EarlyLeg, Found, Picked};
pub(super) use hunt::{Hunt, Hunted};

pub use line::{Goal, Try, Wanted};
pub use outgoing::{Callee, Outgoing, place};
