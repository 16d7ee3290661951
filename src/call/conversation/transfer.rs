//! Handing the caller over: somebody is rung while the caller waits, then both are bridged.
//!
//!   the agent's last words, heard to their end ─► ringing, or what is to be heard there ─► answered: bridged, the agent is gone
//!                                                                                       └► nobody: the agent is told why, and goes on
//!
//! Nobody is rung before: who answers at once would cut the words short, or wait for their end in silence.

use super::{Conversation, Live, Party};
use crate::call::event::CallEventKind;
use crate::call::media::Voice;
use crate::call::place::{Found, Hunt, Hunted, Picked};
use crate::net::shard::{EngineSpec, Side};
use serde_json::json;
use talkpath_dialplan::Dial;
use talkpath_speech::engine::ToolId;
use tokio::sync::oneshot;
use tracing::info;

/// Somebody is to take the caller over.
pub(super) struct Transfer {
    stage: Stage,
    /// The tool that asked for it, while its engine still waits to hear of it.
    tool: Option<ToolId>,
}

/// How far it is.
enum Stage {
    /// The agent's last words are being heard.
    LastWords { heard: oneshot::Receiver<()>, dial: Dial },
    /// Others are being rung.
    Ringing(Box<Hunt>),
}

/// What happens next on the way to somebody else.
pub(super) enum Progress {
    /// The last words were heard, or never will be.
    WordsHeard,
    /// Something happened to those who are being rung.
    Hunted(Hunted),
}

/// What happens next to a transfer; never anything without one.
pub(super) async fn progress(transfer: &mut Option<Transfer>) -> Progress {
    match transfer.as_mut().map(|transfer| &mut transfer.stage) {
        Some(Stage::LastWords { heard, .. }) => {
            drop(heard.await);
            Progress::WordsHeard
        }
        Some(Stage::Ringing(hunt)) => Progress::Hunted(hunt.next().await),
        None => std::future::pending().await,
    }
}

impl Transfer {
    /// Whoever asked for it is gone, the caller waits on.
    pub(super) fn forget_tool(&mut self) {
        self.tool = None;
    }
}

impl Conversation<'_> {
    /// Will ring somebody when the caller has heard the agent's last words.
    pub(super) async fn hand_over(&mut self, tool: ToolId, dial: Dial) {
        let heard = self.live.media.ring(self.live.context).await;
        self.transfer = Some(Transfer { stage: Stage::LastWords { heard, dial }, tool: Some(tool) });
    }

    pub(super) async fn progress(&mut self, progress: Progress) {
        match progress {
            Progress::WordsHeard => self.ring(),
            Progress::Hunted(hunted) => self.hunted(hunted).await,
        }
    }

    fn ring(&mut self) {
        let Live { context, sip, media, facts, .. } = &self.live;
        if let Some(Transfer { stage, .. }) = &mut self.transfer
            && let Stage::LastWords { dial, .. } = stage
        {
            *stage = Stage::Ringing(Box::new(Hunt::new(dial, facts, Some(media.law), None, context, sip)));
        }
    }

    async fn hunted(&mut self, hunted: Hunted) {
        let Live { context, media, .. } = &mut self.live;
        match hunted {
            Hunted::Dialling(to) => self.tell(CallEventKind::Dialling { to }),
            Hunted::Ringing => self.tell(CallEventKind::Ringing),
            Hunted::Early(early) => media.adopt(early.leg).await,
            Hunted::Silent => {
                drop(media.ring(context).await);
                media.part().await;
            }
            Hunted::Answered(picked) => self.connect(*picked).await,
            Hunted::Nobody(disposition) => {
                media.come_back().await;
                info!(%disposition, "nobody took the caller over: the agent goes on");
                if let Some(tool) = self.transfer.take().and_then(|transfer| transfer.tool) {
                    let why = json!({ "error": format!("the transfer failed: {disposition}") });
                    self.done(tool, why.to_string()).await;
                }
            }
        }
    }

    async fn connect(&mut self, picked: Picked) {
        let Picked { session, events, found, who, permit } = picked;
        let Live { context, media, .. } = &mut self.live;
        match found {
            Found::Fresh(prepared, agreed) => media.adopt(prepared.into_leg(agreed)).await,
            Found::Early(plan) => media.update(Side::Other, plan).await,
        }
        // The agent's part is over: nobody pays for its silence.
        media.talk_as(Voice::plain(context, EngineSpec::Silent)).await;
        self.party = Some(Party { session, events, permit });
        self.cast = None;
        if let Some(tool) = self.transfer.take().and_then(|transfer| transfer.tool) {
            self.tell(CallEventKind::ToolResult { id: tool, output: json!({ "connected": who }).to_string() });
        }
        self.tell(CallEventKind::Bridged { to: who });
    }
}
