//! What is counted over all calls, for Prometheus. Fed by the calls' events, so at the rate of people.

use crate::call::{CallEventKind, Context, Direction};
use crate::net::shard::MediaEvent;
use crate::record::Ending;
use crate::trunk::{Health, Registered};
use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use talkpath_speech::engine::Trouble;

/// Bounds of the answers' latencies, in seconds.
const LATENCIES: [f64; 10] = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfDirection {
    direction: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfEnding {
    disposition: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfState {
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfTool {
    tool: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfTrunk {
    trunk: String,
}

/// Counters of one server.
#[derive(Debug)]
pub struct Meter {
    registry: Registry,
    began: Family<OfDirection, Counter>,
    answered: Counter,
    ended: Family<OfEnding, Counter>,
    latency: Histogram,
    interruptions: Counter,
    false_alarms: Counter,
    engines: Family<OfState, Counter>,
    tools: Family<OfTool, Counter>,
    live: Gauge,
    media: Gauge,
    registered: Family<OfTrunk, Gauge>,
    up: Family<OfTrunk, Gauge>,
    trunk_calls: Family<OfTrunk, Gauge>,
}

impl Default for Meter {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("talkpath");
        let meter = Self {
            began: Family::default(),
            answered: Counter::default(),
            ended: Family::default(),
            latency: Histogram::new(LATENCIES),
            interruptions: Counter::default(),
            false_alarms: Counter::default(),
            engines: Family::default(),
            tools: Family::default(),
            live: Gauge::default(),
            media: Gauge::default(),
            registered: Family::default(),
            up: Family::default(),
            trunk_calls: Family::default(),
            registry: Registry::default(),
        };
        registry.register("calls", "Calls that began", meter.began.clone());
        registry.register("calls_answered", "Calls that were answered", meter.answered.clone());
        registry.register("calls_ended", "Calls that are over, by how they ended", meter.ended.clone());
        let words = "From the end of the caller's speech to the first packet of the answer, in seconds";
        registry.register("answer_latency_seconds", words, meter.latency.clone());
        registry.register("interruptions", "Times that a caller cut an agent short", meter.interruptions.clone());
        registry.register("false_alarms", "Times that an agent paused and went on", meter.false_alarms.clone());
        registry.register("engine_states", "What became of remote engines' sessions", meter.engines.clone());
        registry.register("tool_calls", "Tools that models called", meter.tools.clone());
        registry.register("live_calls", "Calls that are not over", meter.live.clone());
        registry.register("media_calls", "Calls whose voice travels", meter.media.clone());
        registry.register(
            "trunk_registered",
            "1 while the trunk's registrar holds our binding",
            meter.registered.clone(),
        );
        registry.register("trunk_up", "1 while the trunk answers OPTIONS", meter.up.clone());
        registry.register("trunk_calls", "Live calls of the trunk", meter.trunk_calls.clone());
        Self { registry, ..meter }
    }
}

impl Meter {
    /// Takes an event of a call.
    pub(crate) fn take(&self, event: &CallEventKind) {
        match event {
            CallEventKind::Began { direction, .. } => {
                let direction = match direction {
                    Direction::Inbound => "inbound",
                    Direction::Outbound => "outbound",
                };
                self.began.get_or_create(&OfDirection { direction }).inc();
            }
            CallEventKind::Answered => drop(self.answered.inc()),
            CallEventKind::Ended { disposition, .. } => {
                let disposition = Ending::from(disposition.kind()).name();
                self.ended.get_or_create(&OfEnding { disposition }).inc();
            }
            CallEventKind::Media(event) => self.take_media(event),
            CallEventKind::Dialling { .. }
            | CallEventKind::Ringing
            | CallEventKind::Bridged { .. }
            | CallEventKind::Agent { .. }
            | CallEventKind::ToolResult { .. }
            | CallEventKind::Recorded(_) => {}
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "most of what happens is not counted")]
    fn take_media(&self, event: &MediaEvent) {
        match event {
            MediaEvent::Latency { total, .. } => self.latency.observe(total.as_secs_f64()),
            MediaEvent::Interrupted => drop(self.interruptions.inc()),
            MediaEvent::Resumed => drop(self.false_alarms.inc()),
            MediaEvent::EngineReady => self.engine("ready"),
            MediaEvent::Trouble(Trouble::Reconnecting { .. }) => self.engine("reconnecting"),
            MediaEvent::Trouble(Trouble::Recovered) => self.engine("recovered"),
            MediaEvent::Trouble(Trouble::Lost(_)) => self.engine("lost"),
            MediaEvent::Tool(call) => {
                self.tools.get_or_create(&OfTool { tool: call.name.to_string() }).inc();
            }
            _ => {}
        }
    }

    fn engine(&self, state: &'static str) {
        self.engines.get_or_create(&OfState { state }).inc();
    }

    /// Everything, in Prometheus' text format.
    pub(crate) fn text(&self, context: &Context) -> String {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.live.set(count(context.roster.live_calls()));
        self.media.set(count(context.shards.calls()));
        for trunk in context.trunks.iter() {
            let label = OfTrunk { trunk: trunk.settings.name.clone() };
            let standing = trunk.standing();
            let standing = standing.borrow();
            if !matches!(standing.registered, Registered::NotWanted) {
                let registered = matches!(standing.registered, Registered::Yes);
                self.registered.get_or_create(&label).set(registered.into());
            }
            if !matches!(standing.health, Health::Unknown) {
                self.up.get_or_create(&label).set(matches!(standing.health, Health::Up(_)).into());
            }
            self.trunk_calls.get_or_create(&label).set(count(standing.calls));
        }
        let mut written = String::new();
        if text::encode(&mut written, &self.registry).is_err() {
            tracing::warn!("the metrics can't be written");
        }
        written
    }
}
