//! The room as a whole: turn machine, receptionist, ledger and voice joined by a playout queue in miniature, 20 ms at a time.

mod call;
#[path = "../fake/mod.rs"]
mod fake;
mod realtime;
mod scenes;
mod stream;
