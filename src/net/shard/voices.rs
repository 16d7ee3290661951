//! From what an agent is to be, to the engine that speaks for it.

use super::command::EngineSpec;
use talkpath_speech::builtin::Receptionist;
use talkpath_speech::engine::Engine;
use talkpath_speech::player::Player;

/// Makes the engine of one call, on the shard where it will live.
pub(super) fn engine(spec: EngineSpec) -> Box<dyn Engine> {
    match spec {
        EngineSpec::Builtin(settings) => Box::new(Receptionist::new(settings)),
        EngineSpec::Play(audio) => Box::new(Player::new(audio)),
    }
}
