//! From what an agent is to be, to the engine that speaks for it.

use super::command::{EngineSpec, Remote};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use talkpath_speech::builtin::Receptionist;
use talkpath_speech::engine::Engine;
use talkpath_speech::menu::Menu;
use talkpath_speech::pin::PinGate;
use talkpath_speech::player::Player;
use talkpath_speech::realtime::Realtime;
use talkpath_speech::silent::Silent;
use talkpath_speech::stream::Stream;

/// An engine, and what a remote one encrypts its socket by.
pub(crate) struct Made {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

/// Makes the engine of one call, on the shard where it will live.
pub(crate) fn engine(spec: EngineSpec, now: Instant) -> Made {
    let here = |engine: Box<dyn Engine>| Made { engine, tls: None };
    match spec {
        EngineSpec::Builtin(settings) => here(Box::new(Receptionist::new(settings))),
        EngineSpec::Play(audio) => here(Box::new(Player::new(audio))),
        EngineSpec::Announce(line) => here(Box::new(Player::saying(line.text, Arc::clone(&line.speech.audio)))),
        EngineSpec::Menu(settings) => here(Box::new(Menu::new(settings))),
        EngineSpec::Pin(settings) => here(Box::new(PinGate::new(settings))),
        EngineSpec::Silent => here(Box::<Silent>::default()),
        EngineSpec::Realtime(remote) => {
            let Remote { settings, tls } = *remote;
            Made { engine: Box::new(Realtime::new(settings, now)), tls: Some(tls) }
        }
        EngineSpec::Stream(remote) => {
            let Remote { settings: (settings, facts), tls } = *remote;
            let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Made { engine: Box::new(Stream::new(settings, facts, unix, now)), tls: Some(tls) }
        }
    }
}
