//! From what an agent is to be, to the engine that speaks for it.

use super::command::EngineSpec;
use talkpath_speech::builtin::Receptionist;
use talkpath_speech::engine::Engine;
use talkpath_speech::menu::Menu;
use talkpath_speech::pin::PinGate;
use talkpath_speech::player::Player;
use talkpath_speech::silent::{Ringback, Silent};

/// Makes the engine of one call, on the shard where it will live.
pub(super) fn engine(spec: EngineSpec) -> Box<dyn Engine> {
    match spec {
        EngineSpec::Builtin(settings) => Box::new(Receptionist::new(settings)),
        EngineSpec::Play(audio) => Box::new(Player::new(audio)),
        EngineSpec::Menu(settings) => Box::new(Menu::new(settings)),
        EngineSpec::Pin(settings) => Box::new(PinGate::new(settings)),
        EngineSpec::Ringback(period) => Box::new(Ringback::new(period)),
        EngineSpec::Silent => Box::new(Silent::default()),
    }
}
