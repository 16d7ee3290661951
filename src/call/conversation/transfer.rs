//! Handing the caller over: somebody is rung while the caller waits, then both are bridged.
//!
//!   the agent's last words ─► ringing, or what is to be heard there ─► answered: bridged, the agent is gone
//!                                                                   └► nobody: the agent is told why, and goes on

use super::{Conversation, Live, Party};
use crate::call::event::CallEventKind;
use crate::call::media::Voice;
use crate::call::place::{Found, Hunt, Hunted, Picked};
use crate::net::shard::{EngineSpec, Side};
use serde_json::json;
use talkpath_dialplan::Dial;
use talkpath_speech::engine::ToolId;
use tracing::info;

/// Somebody is being rung for the caller.
pub(super) struct Transfer {
    hunt: Hunt,
    /// The tool that asked for it, while its engine still waits to hear of it.
    tool: Option<ToolId>,
}

/// What happens next to those who are being rung; never anything without them.
pub(super) async fn hunted(transfer: &mut Option<Transfer>) -> Hunted {
    match transfer {
        Some(transfer) => transfer.hunt.next().await,
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
    /// Rings somebody.
    pub(super) async fn hand_over(&mut self, tool: ToolId, dial: &Dial) {
        let Live { context, sip, media, facts, .. } = &mut self.live;
        let hunt = Hunt::new(dial, facts, Some(media.law), None, context, sip);
        media.ring(context).await;
        self.transfer = Some(Transfer { hunt, tool: Some(tool) });
    }

    pub(super) async fn hunted(&mut self, hunted: Hunted) {
        let Live { context, media, .. } = &mut self.live;
        match hunted {
            Hunted::Dialling(to) => self.tell(CallEventKind::Dialling { to }),
            Hunted::Ringing => self.tell(CallEventKind::Ringing),
            Hunted::Early(early) => media.adopt(early.leg).await,
            Hunted::Silent => {
                media.ring(context).await;
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
