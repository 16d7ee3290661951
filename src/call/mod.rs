//! One task a call, from its INVITE to its record.
//!
//!   inbound:  INVITE ─► trunk, phone, route ─► action: agent, menu, PIN, dial ─► answered ─► conversation ─► end, or next action
//!   outbound: target ─► tries ─► INVITE with our offer ─► 2xx with the answer ─► shard ─► conversation ─► end
//!
//! The task sees only events at the rate of people. It never touches audio: the shard does, from [`Opening`]
//! to [`Report`]. Whatever ends the call (BYE, the engine, the server's drain, a lost peer) ends both sides here.
//!
//! [`Opening`]: crate::net::shard::Opening
//! [`Report`]: crate::net::shard::Report

mod cast;
mod context;
mod conversation;
mod disposition;
mod event;
mod facts;
mod inbound;
mod info;
mod media;
mod order;
mod place;

pub(crate) use cast::Part;
pub use cast::{APOLOGY, Brief, Cast, CastError, Scene};
pub use context::{Context, Parts, Phase};
pub use disposition::{Disposition, Party};
pub use event::{CallEvent, CallEventKind, CallId, Direction};
pub use facts::CallFacts;
pub use inbound::answer;
pub(crate) use info::TYPES as KEY_TYPES;
pub use order::{NotLive, Order, Roster};
pub use place::{Callee, Goal, Outgoing, Try, Wanted, place};
