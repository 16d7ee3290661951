//! Whole calls, over real sockets: the server in this process or as a program, its callers beside it.
//!
//! Everything is on loopback and on ports of the system's choice. Nothing sleeps to wait for something: tests wait for the
//! packet, the event or the line of output that they are about. A test that needs a peer program says so by name when it
//! is missing ([`support::peer`]); with `CI=true` that is a failure.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

/// Where the SIP room keeps the messages of RFC 4475, RFC 5118 and trunks.
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sip/tests/it/corpus");

mod audio;
mod baresip;
mod barge_in;
mod bridge;
mod bursts;
mod calls;
mod carrier;
mod command_call;
mod command_trunk;
#[allow(dead_code, reason = "tests of whole calls take what they need")]
mod fakes;
mod hold;
mod hostile;
mod http;
mod ipv6;
mod kamailio;
mod led;
mod many;
#[path = "../../sip/tests/it/message_corpus.rs"]
#[expect(dead_code, reason = "the SIP room's own tests ask more of it")]
mod message_corpus;
mod models;
mod moves;
mod names;
mod network;
mod phones;
mod process;
mod streams;
mod torture;
mod trunks;

mod programs;
mod raw;
mod sipp;
mod sipsak;
mod softphone;
mod sound;
mod support;
