//! The room of speech: who has the floor, what was heard, and what talks.
//!
//! | module | holds |
//! |---|---|
//! | [`turn`] | the turn machine: endpointing and the three steps of barge-in |
//! | [`engine`] | the seam that every speech engine, embedded or remote, sits behind |
//! | [`ledger`] | what the caller has heard, the transcript, the latency of each turn |
//! | [`builtin`] | the embedded receptionist: an engine without network or models |
//! | [`player`] | an engine that plays one recording |
//! | [`menu`], [`pin`] | engines that ask a question which keys answer |
//! | [`silent`] | engines for calls on which nobody of ours talks |
//! | [`realtime`] | remote realtime engines: OpenAI, Azure, Qwen-Omni |
//! | [`stream`] | the customer's own bot over a WebSocket, in our protocol or in that of Twilio Media Streams |
//! | [`tools`] | what a model may call |
//! | [`voice`] | the embedded voice: English text to 8 kHz samples |
//!
//! Everything here is pure: no socket, no clock, no thread. A driver feeds facts in and drains what comes out
//! until it is told to wait.

pub mod builtin;
pub mod engine;
mod error;
mod inquiry;
mod keypad;
pub mod ledger;
pub mod menu;
pub mod pin;
pub mod player;
pub mod realtime;
mod samples;
mod script;
pub mod silent;
pub mod stream;
pub mod tools;
pub mod turn;
pub mod voice;

pub use builtin::Receptionist;
pub use engine::{Engine, Input, ItemId, Output};
pub use error::Error;
pub use inquiry::Prompt;
pub use ledger::Ledger;
pub use realtime::Realtime;
pub use samples::Samples;
pub use stream::Stream;
pub use turn::Turn;
pub use voice::{Speech, Voice};
