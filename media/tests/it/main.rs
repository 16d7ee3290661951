//! The media room from outside: hostile input, hostile networks, and both ends of a line joined.

mod continuity;
mod joined;
mod mutation;
