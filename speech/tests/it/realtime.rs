//! The realtime engine against a strict server, joined by a link with delays, all on virtual time.

mod cost;
mod dialects;
mod losses;
mod random;
mod scenes;
mod tools;
pub(crate) mod world;
