//! The room as a whole: turn machine, receptionist, ledger and voice joined by a playout queue in miniature, 20 ms at a time.

mod call;
#[path = "../fake/mod.rs"]
#[expect(dead_code, reason = "the rest is for tests of whole calls")]
mod fake;
mod realtime;
mod scenes;
mod stream;
