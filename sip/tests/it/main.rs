//! The SIP room's tests across modules, in one binary.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

/// Where the messages of RFC 4475, RFC 5118 and trunks are kept.
const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/corpus");

mod message_corpus;
mod message_cost;
mod message_exercise;
mod message_faults;
mod message_invalid;
mod message_ipv6;
mod message_limits;
mod message_mutation;
mod message_opinion;
mod message_print;
mod message_properties;
mod message_semantic;
mod message_trunk;
mod message_uri;
mod message_valid;
