//! What a model wants done: each tool comes to a result that the model is told, whatever becomes of it.

use super::Conversation;
use crate::call::cast::line;
use crate::call::event::CallEventKind;
use serde_json::json;
use talkpath_speech::engine::{Task, ToolCall, ToolId};
use tracing::{Instrument, info};

/// Tools that one call may have at work at once.
const AT_WORK: usize = 8;

impl Conversation<'_> {
    /// Begins what a model wants done.
    pub(super) async fn tool(&mut self, call: ToolCall) {
        let ToolCall { id, name, arguments, task } = call;
        info!(tool = %name, "the model calls a tool");
        match self.begin(id, &name, &arguments, task).await {
            Ok(()) => {}
            Err(why) => {
                info!(tool = %name, why, "the tool is refused");
                self.done(id, json!({ "error": why }).to_string()).await;
            }
        }
    }

    async fn begin(&mut self, id: ToolId, name: &str, arguments: &str, task: Task) -> Result<(), String> {
        let cast = self.cast.as_ref().ok_or("nobody is here to do this")?;
        if self.tasks.len() >= AT_WORK {
            return Err(format!("{AT_WORK} tools are at work already; wait for one of them"));
        }
        match task {
            Task::SendDtmf { digits } => {
                let keypad = self.live.media.keypad();
                let pressing = async move {
                    keypad.press_all(&digits).await;
                    (id, json!({ "sent": digits }).to_string())
                };
                self.tasks.spawn(pressing.in_current_span());
            }
            Task::Transfer { target, reason } => {
                if self.transfer.is_some() {
                    return Err("somebody is being called already".into());
                }
                let dial = cast.target(&target)?.clone();
                info!(target, reason, "handing the caller over");
                self.hand_over(id, dial).await;
            }
            Task::Custom => {
                let context = self.live.context;
                let request = context.toolbox.request(name, arguments, cast.variables())?;
                if let Some(words) = context.toolbox.said_meanwhile(name) {
                    self.live.media.say(line(words, context)).await;
                }
                let working = async move { (id, request.send().await) };
                self.tasks.spawn(working.in_current_span());
            }
        }
        Ok(())
    }

    /// Tells the model, and the record, what has come of a tool.
    pub(super) async fn done(&mut self, id: ToolId, output: String) {
        self.live.media.tool_result(id, output.clone()).await;
        self.tell(CallEventKind::ToolResult { id, output });
    }
}
