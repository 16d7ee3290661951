//! One task a call, from its INVITE to its record.
//!
//!   inbound:  INVITE ─► route ─► offer read, ports bound ─► shard ─► 180 ─► 200 ─► ACK ─┐
//!   outbound: ports bound ─► INVITE with our offer ─► 2xx with the answer ─► shard ───────┴─► conversation ─► end
//!
//! The task sees only events at the rate of people. It never touches audio: the shard does, from [`Opening`]
//! to [`Report`]. Whatever ends the call (BYE, the engine, the server's drain, a lost peer) ends both sides here.
//!
//! [`Opening`]: crate::net::shard::Opening
//! [`Report`]: crate::net::shard::Report

mod context;
mod conversation;
mod disposition;
mod event;
mod inbound;
mod media;
mod outbound;

pub use context::{Context, Phase};
pub use disposition::{Disposition, Party};
pub use event::{CallEvent, CallEventKind, CallId, Direction};
pub use inbound::answer;
pub use outbound::{Outgoing, place};
