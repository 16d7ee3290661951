//! A call as it happens, for people: one line an event.

use crate::call::{CallEvent, CallEventKind, CallId, Direction};
use crate::net::shard::{MediaEvent, Report};
use crate::recorder::Outcome;
use std::io::Write;
use std::time::{Duration, Instant};
use talkpath_speech::engine::{ToolCall, Trouble};

/// Prints calls to a terminal.
#[derive(Debug)]
pub(super) struct Console {
    began: Instant,
}

impl Console {
    pub(super) fn new() -> Self {
        Self { began: Instant::now() }
    }

    /// Prints one line, with the time since the beginning.
    pub(super) fn line(&self, who: &str, text: &str) {
        let at = self.began.elapsed().as_secs_f64();
        // What peers write is not to steer the terminal.
        let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        // A terminal that is gone is no reason to stop the call.
        drop(writeln!(std::io::stdout().lock(), "{at:8.3}  {who:<9} {text}"));
    }

    /// Prints what happened to a call, if people want to know.
    pub(super) fn event(&self, event: &CallEvent) {
        Called { console: self, call: event.call }.event(event);
    }
}

/// Prints what happened to one call: its number stands on each line.
struct Called<'a> {
    console: &'a Console,
    call: CallId,
}

impl Called<'_> {
    fn line(&self, who: &str, text: &str) {
        self.console.line(who, &format!("#{} {text}", self.call));
    }

    fn event(&self, event: &CallEvent) {
        match &event.kind {
            CallEventKind::Began { direction: Direction::Inbound, from, to, peer: Some(peer) } => {
                self.line("call", &format!("{from} calls {to} (from {peer})"));
            }
            CallEventKind::Began { direction: Direction::Inbound, from, to, peer: None } => {
                self.line("call", &format!("{from} calls {to}"));
            }
            CallEventKind::Began { direction: Direction::Outbound, to, .. } => {
                self.line("call", &format!("calling {to}"));
            }
            CallEventKind::Dialling { to } => self.line("call", &format!("dialling {to}")),
            CallEventKind::Bridged { to } => self.line("call", &format!("connected with {to}")),
            CallEventKind::Ringing => self.line("call", "it rings"),
            CallEventKind::Answered => self.line("call", "answered"),
            CallEventKind::Agent { name } => self.line("call", &format!("agent \"{name}\" talks")),
            CallEventKind::ToolResult { output, .. } => self.line("tool", output),
            CallEventKind::Media(media) => self.media(media),
            CallEventKind::Recorded(outcome) => self.recorded(outcome),
            CallEventKind::Ended { disposition, report } => {
                self.line("call", &format!("ended: {disposition}"));
                if let Some(report) = report {
                    self.report(report);
                }
            }
        }
    }

    fn media(&self, event: &MediaEvent) {
        match event {
            MediaEvent::AgentSaid { heard, interrupted: false, .. } => self.line("agent", heard),
            MediaEvent::AgentSaid { heard, interrupted: true, .. } => {
                self.line("agent", &format!("{heard} -- (interrupted here)"));
            }
            MediaEvent::CallerStopped { from, to } => {
                self.line("caller", &format!("(spoke for {:.1} s)", seconds(to.saturating_sub(*from))));
            }
            MediaEvent::Key(key) => self.line("caller", &format!("(pressed {key})")),
            MediaEvent::Interrupted => self.line("caller", "(takes the floor)"),
            MediaEvent::Resumed => self.line("agent", "(goes on where it paused)"),
            MediaEvent::Latency { total, endpointing, engine } => self.line(
                "latency",
                &format!(
                    "{} ms from the end of speech to the first packet ({} to be sure of the end, {} engine)",
                    total.as_millis(),
                    endpointing.as_millis(),
                    engine.as_millis(),
                ),
            ),
            MediaEvent::NoMedia { silent } => {
                self.line("call", &format!("no packet from the other side for {} s", silent.as_secs()));
            }
            MediaEvent::Failed => self.line("call", "ended by a fault of ours"),
            MediaEvent::OtherKey(key) => self.line("other", &format!("(pressed {key})")),
            MediaEvent::CallerSaid { text, finished: true, .. } => self.line("caller", text),
            MediaEvent::Trouble(Trouble::Reconnecting { attempt, why }) => {
                self.line("engine", &format!("lost ({why}); connecting again, try {attempt}"));
            }
            MediaEvent::Trouble(Trouble::Recovered) => self.line("engine", "is back"),
            MediaEvent::Trouble(Trouble::Lost(loss)) => self.line("engine", &format!("lost for good: {loss}")),
            MediaEvent::Tool(ToolCall { name, arguments, .. }) => self.line("tool", &format!("{name} {arguments}")),
            MediaEvent::TimeIsUp => self.line("call", "has lasted as long as it may"),
            MediaEvent::CallerSaid { finished: false, .. }
            | MediaEvent::State(_)
            | MediaEvent::EngineReady
            | MediaEvent::Usage(_)
            | MediaEvent::Noted(_)
            | MediaEvent::CallerStarted { .. }
            | MediaEvent::Ducked
            | MediaEvent::Paused
            | MediaEvent::Decided(_)
            | MediaEvent::HangUp => {}
        }
    }

    fn report(&self, report: &Report) {
        let leg = &report.leg;
        let mut packets = format!(
            "sent {}, received {}, lost {}, late {}, jitter {:.1} ms",
            leg.sent,
            leg.received,
            leg.lost,
            leg.late,
            leg.jitter.as_secs_f64() * 1e3,
        );
        if !leg.skipped.is_zero() {
            packets += &format!(", left out {} ms (this machine stood still)", leg.skipped.as_millis());
        }
        self.line("packets", &packets);
    }

    fn recorded(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Written { path, samples } => {
                let length = f64::from(*samples) / 8_000.0;
                self.line("recording", &format!("{} ({length:.1} s; caller left, agent right)", path.display()));
            }
            Outcome::Failed { path, error } => {
                self.line("recording", &format!("{} could not be written: {error}", path.display()));
            }
        }
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
