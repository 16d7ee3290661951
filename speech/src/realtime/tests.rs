//! The parts of the machine, each by itself. Whole calls against a strict server are in `tests/it/realtime`.

use super::*;

mod answers;
mod endpoints;
mod failures;
mod feeds;
mod messages;
mod spans;

fn settings(service: Service) -> Settings {
    Settings::new(service, "gpt realtime/2", Secret("sk-1".to_owned()))
}
