//! What is at the other end of a remote engine's socket and of a tool's request, on loopback and ports of the system's choice.
//!
//! [`Realtime`] is a realtime service in each dialect, [`Bot`] a bot on the stream protocol or on Twilio's: the strict machines of the speech
//! room, behind real WebSockets with and without TLS. [`WebServer`] is a web server for tools. They write down what comes and when; what
//! shouldn't have come is a violation, and [`Fake::assert_strict`] says that there was none. They never end a test by themselves.
//!
//! | file | holds |
//! |---|---|
//! | `host.rs` | a fake: its constructors' common part, what it wrote down, how to wait for it |
//! | `door.rs` | who is let in and how: [`Admission`], TLS by an [`Authority`] of our own |
//! | `socket.rs` | one connection: a machine joined to a WebSocket, and the mishaps |
//! | `realtime.rs`, `bot.rs`, `web.rs` | the three fakes |
//!
//! A fake has one session at a time: a connection that is opened takes the place of the one before, as when a lost engine dials again.

mod bot;
mod door;
mod host;
#[path = "../../../speech/tests/fake/mod.rs"]
#[expect(dead_code, reason = "the speech room's own tests ask more of them")]
mod machines;
mod realtime;
mod socket;
mod tests;
mod web;

#[allow(unused_imports, reason = "names of what the fakes give")]
pub(crate) use {
    bot::{Bot, Say},
    door::{Admission, Authority, Upgrade},
    host::{Fake, Heard, Left, Received, Sent, State},
    machines::Mishap,
    machines::realtime::{End, Plan, Speech},
    realtime::{KEY, MODEL, Provider, Realtime},
    web::{Answer, Request, WebServer},
};
