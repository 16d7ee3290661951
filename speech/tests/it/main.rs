//! The room as a whole: turn machine, receptionist, ledger and voice joined by a playout queue in miniature, 20 ms at a time.

mod call;
mod realtime;
mod scenes;
mod stream;
