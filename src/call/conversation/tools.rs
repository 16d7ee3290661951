//! What a model wants done: each tool comes to a result that the model is told, whatever becomes of it.

use super::Conversation;
use crate::call::cast::line;
use crate::call::event::CallEventKind;
use futures_util::FutureExt;
use serde_json::json;
use std::panic::AssertUnwindSafe;
use talkpath_speech::engine::{Task, ToolCall, ToolId};
use tracing::{Instrument, info};

/// Tools that one call may have at work at once.
const AT_WORK: usize = 8;
/// What a model is told of a tool that has failed by a fault of ours.
const FAULT: &str =
    r#"{"error":"the tool has failed by a fault of the server; it may have done what it should or not"}"#;

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
                    json!({ "sent": digits }).to_string()
                };
                self.work(id, pressing);
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
                self.work(id, request.send());
            }
        }
        Ok(())
    }

    /// Has a tool work. A model is told also of one that fails by a fault of ours.
    fn work(&mut self, id: ToolId, tool: impl Future<Output = String> + Send + 'static) {
        let working = async move { (id, unfailing(tool).await) };
        self.tasks.spawn(working.in_current_span());
    }

    /// Tells the model, and the record, what has come of a tool.
    pub(super) async fn done(&mut self, id: ToolId, output: String) {
        self.live.media.tool_result(id, output.clone()).await;
        self.tell(CallEventKind::ToolResult { id, output });
    }
}

/// What a tool came to, also where it has panicked.
async fn unfailing(tool: impl Future<Output = String>) -> String {
    let output = AssertUnwindSafe(tool).catch_unwind().await;
    output.unwrap_or_else(|_panic| FAULT.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tool_that_panics_has_a_result_as_any_other() {
        assert_eq!(unfailing(async { "42".to_owned() }).await, "42");
        let told = unfailing(async {
            tokio::task::yield_now().await;
            panic!("a fault of ours")
        });
        assert!(told.await.contains("has failed"));
    }
}
