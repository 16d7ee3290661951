//! Who said what on a call, as it follows from its events.

use super::entry::{Charge, Party, What};
use serde::Serialize;
use std::collections::VecDeque;
use utoipa::ToSchema;

/// Turns, keys and tool calls that are kept of one call; of more the oldest are dropped.
const MOST: usize = 2_000;

/// What was said and done on a call, as far as it was heard.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Conversation {
    /// Both sides' turns, in the order of their beginning.
    #[schema(value_type = Vec<Turn>)]
    pub turns: VecDeque<Turn>,
    /// Keys, in their order.
    #[schema(value_type = Vec<Pressed>)]
    pub keys: VecDeque<Pressed>,
    /// What the model wanted done, and what came of it.
    #[schema(value_type = Vec<Called>)]
    pub tools: VecDeque<Called>,
    /// Times that the caller took the floor from the agent.
    pub interruptions: u64,
    /// Times that the agent paused, and went on.
    pub false_alarms: u64,
    /// What the remote engine has charged so far, all together.
    pub usage: Charge,
    /// How long the caller waited for each answer.
    #[schema(value_type = Vec<Waited>)]
    pub latency: VecDeque<Waited>,
}

/// One side's turn.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq)]
pub struct Turn {
    /// Whose.
    pub who: Speaker,
    /// The words: of the agent's those that were heard; of the caller's, where somebody writes them down.
    pub text: String,
    /// Where it began on the media clock, in milliseconds.
    pub from_ms: u64,
    /// Where it ended, or was cut.
    pub to_ms: u64,
    /// The other side cut it short.
    pub interrupted: bool,
    /// The engine's number of the utterance, to tell later texts of it.
    #[serde(skip)]
    item: Option<u64>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The person.
    Caller,
    /// We.
    Agent,
}

/// A key.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct Pressed {
    /// By whom.
    pub by: Party,
    /// Which.
    pub key: String,
}

/// A call of a tool.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct Called {
    /// Its number.
    pub id: u64,
    /// The tool.
    pub name: String,
    /// Its arguments, as the model wrote them.
    pub arguments: String,
    /// What the model was told; null until then.
    pub output: Option<String>,
}

/// How long the caller waited for an answer, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq, Eq)]
pub struct Waited {
    /// From the end of speech to the first packet.
    pub total_ms: u64,
    /// Of it: until it was sure that the caller had finished.
    pub endpointing_ms: u64,
    /// Of it: the engine's own time.
    pub engine_ms: u64,
}

impl Conversation {
    /// Takes the next event.
    pub(super) fn take(&mut self, what: &What) {
        match what {
            What::CallerStopped { from_ms, to_ms } => self.insert(Turn::of(Speaker::Caller, "", *from_ms, *to_ms)),
            What::CallerText { item, text, from_ms, to_ms, .. } => {
                self.caller_text(*item, text, from_ms.zip(*to_ms));
            }
            What::AgentText { text, interrupted, from_ms, to_ms } => {
                self.insert(Turn { interrupted: *interrupted, ..Turn::of(Speaker::Agent, text, *from_ms, *to_ms) });
            }
            What::Interrupted => self.interruptions += 1,
            What::Resumed => self.false_alarms += 1,
            What::Key { by, key } => bounded(&mut self.keys, Pressed { by: *by, key: key.clone() }),
            What::ToolCall { id, name, arguments } => {
                let called = Called { id: *id, name: name.clone(), arguments: arguments.clone(), output: None };
                bounded(&mut self.tools, called);
            }
            What::ToolResult { id, output } => {
                if let Some(called) = self.tools.iter_mut().rev().find(|called| called.id == *id) {
                    called.output = Some(output.clone());
                }
            }
            What::Usage(charge) => self.usage.add(charge),
            What::Latency { total_ms, endpointing_ms, engine_ms } => {
                let (total_ms, endpointing_ms, engine_ms) = (*total_ms, *endpointing_ms, *engine_ms);
                bounded(&mut self.latency, Waited { total_ms, endpointing_ms, engine_ms });
            }
            What::Began { .. }
            | What::Dialling { .. }
            | What::Ringing
            | What::Answered
            | What::Agent { .. }
            | What::Bridged { .. }
            | What::AgentState { .. }
            | What::CallerStarted { .. }
            | What::Ducked
            | What::Paused
            | What::Chosen { .. }
            | What::Engine { .. }
            | What::Note { .. }
            | What::TimeIsUp
            | What::NoMedia { .. }
            | What::Recorded { .. }
            | What::Ended { .. } => {}
        }
    }

    /// Files a turn where it began: who talks over somebody began after them but may be done before.
    fn insert(&mut self, turn: Turn) {
        let at = self.turns.iter().rposition(|earlier| earlier.from_ms <= turn.from_ms).map_or(0, |at| at + 1);
        self.turns.insert(at, turn);
        if self.turns.len() > MOST {
            self.turns.pop_front();
        }
    }

    /// The words of the caller's turn that they were said in: the one that has had them before, or that lies over their span, or the last.
    fn caller_text(&mut self, item: u64, text: &str, span: Option<(u64, u64)>) {
        let mut callers: Vec<&mut Turn> = self.turns.iter_mut().filter(|turn| turn.who == Speaker::Caller).collect();
        let known = callers.iter().position(|turn| turn.item == Some(item));
        let over = span.and_then(|(from, to)| {
            let overlap = |turn: &Turn| turn.to_ms.min(to).saturating_sub(turn.from_ms.max(from));
            let free = |turn: &Turn| turn.item.is_none() && overlap(turn) > 0;
            (0..callers.len()).filter(|at| free(callers[*at])).max_by_key(|at| overlap(callers[*at]))
        });
        let last = || callers.iter().rposition(|turn| turn.item.is_none() && span.is_none());
        if let Some(at) = known.or(over).or_else(last) {
            callers[at].item = Some(item);
            text.clone_into(&mut callers[at].text);
            return;
        }
        // Words of a turn that isn't over yet, or that our own ears have missed.
        let (from_ms, to_ms) = span.unwrap_or_else(|| {
            let end = self.turns.back().map_or(0, |turn| turn.to_ms);
            (end, end)
        });
        self.insert(Turn { item: Some(item), ..Turn::of(Speaker::Caller, text, from_ms, to_ms) });
    }
}

impl Turn {
    fn of(who: Speaker, text: &str, from_ms: u64, to_ms: u64) -> Self {
        Self { who, text: text.to_owned(), from_ms, to_ms, interrupted: false, item: None }
    }
}

impl Charge {
    fn add(&mut self, other: &Self) {
        self.input_tokens += other.input_tokens;
        self.input_audio_tokens += other.input_audio_tokens;
        self.cached_tokens += other.cached_tokens;
        self.output_tokens += other.output_tokens;
        self.output_audio_tokens += other.output_audio_tokens;
        self.seconds += other.seconds;
    }
}

fn bounded<T>(all: &mut VecDeque<T>, one: T) {
    if all.len() == MOST {
        all.pop_front();
    }
    all.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(item: u64, text: &str, span: Option<(u64, u64)>) -> What {
        let (from_ms, to_ms) = span.unzip();
        What::CallerText { item, text: text.to_owned(), r#final: true, from_ms, to_ms }
    }

    fn told(events: &[What]) -> Vec<(Speaker, String)> {
        let mut conversation = Conversation::default();
        events.iter().for_each(|event| conversation.take(event));
        conversation.turns.into_iter().map(|turn| (turn.who, turn.text)).collect()
    }

    #[test]
    fn words_are_filed_with_the_turn_that_they_were_said_in() {
        let first = What::CallerStopped { from_ms: 1_000, to_ms: 2_000 };
        let answer = What::AgentText { text: "Yes.".into(), interrupted: false, from_ms: 2_500, to_ms: 3_000 };
        let second = What::CallerStopped { from_ms: 4_000, to_ms: 5_000 };
        let late = [first, answer, second, text(2, "Thanks.", Some((4_100, 4_900))), text(1, "Hel", None)];
        let whole = [&late[..], &[text(1, "Hello?", None)]].concat();
        let (caller, agent) = (Speaker::Caller, Speaker::Agent);
        let wanted = [(caller, "Hello?".to_owned()), (agent, "Yes.".to_owned()), (caller, "Thanks.".to_owned())];
        assert_eq!(told(&whole), wanted);
    }

    #[test]
    fn words_of_a_turn_that_our_ears_have_missed_are_not_lost() {
        let answer = What::AgentText { text: "Yes?".into(), interrupted: false, from_ms: 0, to_ms: 800 };
        let turns = told(&[answer, text(1, "Mm.", Some((900, 1_000)))]);
        assert_eq!(turns[1], (Speaker::Caller, "Mm.".to_owned()));
    }

    #[test]
    fn a_call_that_never_ends_is_kept_in_bounds() {
        let mut conversation = Conversation::default();
        for at in 0..3 * MOST as u64 {
            conversation.take(&What::CallerStopped { from_ms: at * 10, to_ms: at * 10 + 5 });
            conversation.take(&What::Key { by: Party::Caller, key: "1".into() });
        }
        assert_eq!((conversation.turns.len(), conversation.keys.len()), (MOST, MOST));
        assert_eq!(conversation.turns[0].from_ms, 2 * MOST as u64 * 10);
    }
}
