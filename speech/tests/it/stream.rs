//! The stream engine against strict bots of both dialects, joined by a link with delays, all on virtual time.

mod bot;
mod cost;
mod drift;
mod losses;
mod random;
mod scenes;
mod twilio;
mod world;
