//! What follows from a fact: what turn machine and engine want is done until both are quiet, and what the agent does is told.

use super::Talk;
use crate::net::shard::command::{AgentState, MediaEvent};
use crate::net::shard::surroundings::Surroundings;
use std::time::Instant;
use talkpath_speech::Samples;
use talkpath_speech::engine::{Input, Output};
use talkpath_speech::turn::{self, Action, Answer};

impl Talk {
    /// Does what turn machine and engine want until both are quiet.
    pub(super) fn settle(&mut self, now: Instant, around: &Surroundings<'_>) {
        loop {
            while let Some(action) = self.turn.poll() {
                self.act(action, now);
            }
            let output = self.engine.poll();
            let drained = matches!(output, Output::Timeout(_));
            self.grant(output, now, around);
            if drained {
                break;
            }
        }
        self.tell_state();
    }

    fn act(&mut self, action: Action, now: Instant) {
        match action {
            Action::Duck => {
                self.mouth.playout().duck(true);
                self.tell(MediaEvent::Ducked);
            }
            Action::Unduck => self.mouth.playout().duck(false),
            Action::Pause => {
                self.mouth.playout().pause();
                self.tell(MediaEvent::Paused);
            }
            Action::Resume => {
                self.mouth.playout().resume();
                self.tell(MediaEvent::Resumed);
            }
            Action::Flush { cause, .. } => {
                if cause != turn::Cause::Key {
                    self.tell(MediaEvent::Interrupted);
                }
                self.interrupt(now);
            }
            Action::CallerStarted { at } => {
                self.caller_began = at;
                self.ledger.caller_started(at);
                self.tell(MediaEvent::CallerStarted { at: at.duration() });
                self.engine.handle(Input::TurnStarted { at: at - self.origin }, now);
            }
            Action::CallerStopped { at } => self.caller_stopped(at, now),
            Action::Nudge => self.engine.handle(Input::Nudge, now),
        }
    }

    fn caller_stopped(&mut self, at: Samples, now: Instant) {
        self.ledger.caller_stopped(at);
        self.ledger.clock().end_of_speech(at, self.position, now);
        self.ledger.clock().asked(now);
        self.told_latency = false;
        self.tell(MediaEvent::CallerStopped { from: self.caller_began.duration(), to: at.duration() });
        self.turn.handle_engine(Answer::Asked);
        self.engine.handle(Input::TurnEnded { at: at - self.origin }, now);
    }

    /// Tells what the agent is doing, when that has changed.
    fn tell_state(&mut self) {
        let state = match self.turn.state() {
            turn::State::Listening | turn::State::CallerSpeaking => AgentState::Listening,
            turn::State::Thinking => AgentState::Thinking,
            turn::State::Speaking => AgentState::Speaking,
        };
        if state != self.told_state {
            self.told_state = state;
            self.tell(MediaEvent::State(state));
        }
    }
}
