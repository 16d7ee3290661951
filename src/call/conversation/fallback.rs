//! When an engine is beyond repair: the next that its agent names talks, and at last somebody says sorry.

use super::Conversation;
use crate::call::event::CallEventKind;
use talkpath_speech::engine::Loss;
use tracing::{info, warn};

impl Conversation<'_> {
    /// Puts the next in the place of the agent whose engine is lost.
    pub(super) async fn fall_back(&mut self, loss: &Loss) {
        let Some(cast) = self.cast.take() else { return };
        warn!(agent = cast.name(), fault = ?loss.fault, "its engine is lost: {loss}");
        let next = cast.understudy(self.live.scene());
        info!(agent = next.name(), "talks in its place");
        // Nobody waits any more for what the lost engine wanted done.
        self.tasks.shutdown().await;
        let media = &self.live.media;
        media.talk_as(next.voice().clone()).await;
        if let Some(transfer) = &mut self.transfer {
            transfer.forget_tool();
            drop(media.ring(self.live.context).await);
        }
        self.tell(CallEventKind::Agent { name: next.name().to_owned() });
        self.cast = Some(next);
    }
}
