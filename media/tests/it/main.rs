//! The media room from outside: hostile input, hostile networks, and both ends of a line joined.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

mod continuity;
mod joined;
mod mutation;
