//! What a call leaves behind that isn't over yet: an engine that takes leave of the other side, a socket whose last messages
//! are on their way. Nobody waits for it, and it is given a moment only.

use super::socket::{Closing, Socket};
use super::talk::{hand_over, send};
use std::time::{Duration, Instant};
use talkpath_speech::engine::{Engine, Input, Output};
use tokio_tungstenite::tungstenite::Message;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is left of an engine whose call is over.
pub(super) struct Parting {
    stage: Stage,
    until: Instant,
}

enum Stage {
    /// It may still say and hear something.
    Leaving(Box<dyn Engine>, Socket),
    Closing(Closing),
}

/// How one look at a parting ends.
enum Look {
    Wait(Stage),
    Done,
}

impl Parting {
    /// Of an engine whose call is over; none when there is nothing to be done.
    pub(super) fn of(mut engine: Box<dyn Engine>, socket: Option<Socket>, now: Instant) -> Option<Self> {
        engine.handle(Input::Ended, now);
        let leaving = leave(engine, socket?, now);
        Self::waiting(leaving, now)
    }

    pub(super) fn closing(closing: Closing, now: Instant) -> Self {
        Self { stage: Stage::Closing(closing), until: now + PATIENCE }
    }

    fn waiting(look: Look, now: Instant) -> Option<Self> {
        match look {
            Look::Wait(stage) => Some(Self { stage, until: now + PATIENCE }),
            Look::Done => None,
        }
    }

    /// A tick has come; itself, if it isn't over.
    pub(super) fn tick(self, now: Instant) -> Option<Self> {
        let Self { stage, until } = self;
        if now >= until {
            return None;
        }
        let look = match stage {
            Stage::Leaving(mut engine, mut socket) => {
                socket.tick();
                let mut open = Some(socket);
                while hand_over(&mut *engine, &mut open, now) {}
                match open {
                    Some(socket) => leave(engine, socket, now),
                    None => Look::Done,
                }
            }
            Stage::Closing(mut closing) => {
                if closing.is_done() {
                    Look::Done
                } else {
                    Look::Wait(Stage::Closing(closing))
                }
            }
        };
        match look {
            Look::Wait(stage) => Some(Self { stage, until }),
            Look::Done => None,
        }
    }
}

/// Sends what the engine still has to say, and closes the socket when it says so.
fn leave(mut engine: Box<dyn Engine>, socket: Socket, now: Instant) -> Look {
    let mut open = Some(socket);
    loop {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "there is no call any more for which it could want anything else"
        )]
        match engine.poll() {
            Output::Send(text) => send(&mut *engine, &mut open, Message::text(text), now),
            Output::SendBinary(bytes) => send(&mut *engine, &mut open, Message::binary(bytes), now),
            Output::Disconnect { code } => {
                return match open.and_then(|socket| socket.close(code)) {
                    Some(closing) => Look::Wait(Stage::Closing(closing)),
                    None => Look::Done,
                };
            }
            // A call that is over dials nobody.
            Output::Connect(_) => return Look::Done,
            Output::Timeout(_) => {
                return match open {
                    Some(socket) => Look::Wait(Stage::Leaving(engine, socket)),
                    None => Look::Done,
                };
            }
            _ => {}
        }
    }
}
