//! The shard's thread: its runtime, its ticks, and the calls that live on it.

use super::TICK_MS;
use super::call::MediaCall;
use super::command::{COMMANDS, CallKey, Command, Load, MediaEvent, ShardHandle, Side};
use super::leg::Leg;
use super::parting::Parting;
use super::report::Report;
use super::surroundings::{DATAGRAM, Scratch, Surroundings};
use super::wheel::{TickNumber, Wheel};
use super::{Services, command::Opening};
use crate::net::ticker::{Tick, Ticker};
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use talkpath_media::rtcp::NtpTime;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, error, warn};

/// The beat of a shard.
const TICK: Duration = Duration::from_millis(TICK_MS);
/// Ticks between two looks at RTCP: 100 ms.
const RTCP_TICKS: TickNumber = 100 / TICK_MS;
/// Ticks between two publications of the shard's own state: a second.
const PUBLISH_TICKS: TickNumber = 1_000 / TICK_MS;
/// A tick this late is heard.
const LATE: Duration = Duration::from_millis(15);
/// The share of ticks that may be late before the shard takes no more calls: one in this many.
const LATE_SHARE: u32 = 5;
/// Ticks over which a packet's calls are spread when they begin.
const SPREAD: TickNumber = 4;

struct Shard {
    calls: HashMap<CallKey, Box<MediaCall>>,
    wheel: Wheel,
    due: Vec<CallKey>,
    scratch: Scratch,
    services: Services,
    commands: mpsc::WeakSender<Command>,
    /// What calls that are over have left to be done.
    partings: RefCell<Vec<Parting>>,
    load: Arc<Load>,
    began: Instant,
    tick: TickNumber,
    next_rtcp: TickNumber,
    next_publication: TickNumber,
    late_ticks: u32,
}

/// Starts the thread.
pub(super) fn start(index: usize, realtime: bool, services: Services) -> std::io::Result<ShardHandle> {
    let (commands, requests) = mpsc::channel(COMMANDS);
    let load = Arc::new(Load::default());
    let handle = ShardHandle::new(commands.clone(), Arc::clone(&load));
    let commands = commands.downgrade();
    thread::Builder::new().name(format!("media-{index}")).spawn(move || {
        if realtime {
            raise_priority(0);
        }
        let runtime = match Builder::new_current_thread().enable_all().build_local(LocalOptions::default()) {
            Ok(runtime) => runtime,
            Err(error) => return error!(%error, "a media thread has no runtime"),
        };
        runtime.block_on(async {
            let ticker = match Ticker::new(TICK) {
                Ok(ticker) => ticker,
                Err(error) => return error!(%error, "a media thread has no timer"),
            };
            Shard::new(services, commands, load).run(ticker, requests).await;
        });
    })?;
    Ok(handle)
}

/// The wall clock, as RTCP wants it.
fn ntp_now() -> NtpTime {
    NtpTime::from_unix(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

/// The real-time priority of media threads: above everything ordinary, below what the system itself needs.
const PRIORITY: u8 = 10;

/// Real-time priority where it is permitted, `above` that of media threads; the ordinary one otherwise.
pub(crate) fn raise_priority(above: u8) {
    #[cfg(target_os = "linux")]
    {
        use thread_priority::unix::{
            RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
        };
        use thread_priority::{ThreadPriority, ThreadPriorityValue};
        let Ok(value) = ThreadPriorityValue::try_from(PRIORITY + above) else { return };
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        let raised = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Crossplatform(value), policy);
        if let Err(error) = raised {
            debug!(?error, "media threads run at the ordinary priority (CAP_SYS_NICE would raise it)");
        }
    }
}

impl Shard {
    fn new(services: Services, commands: mpsc::WeakSender<Command>, load: Arc<Load>) -> Self {
        Self {
            calls: HashMap::new(),
            wheel: Wheel::default(),
            due: Vec::new(),
            scratch: Scratch { datagram: [0; DATAGRAM] },
            services,
            commands,
            partings: RefCell::default(),
            load,
            began: Instant::now(),
            tick: 0,
            next_rtcp: RTCP_TICKS,
            next_publication: PUBLISH_TICKS,
            late_ticks: 0,
        }
    }

    /// Ticks until every handle is gone.
    async fn run(mut self, mut ticker: Ticker, mut requests: mpsc::Receiver<Command>) {
        loop {
            let tick = match ticker.next().await {
                Ok(tick) => tick,
                Err(error) => return error!(%error, "a media thread's timer failed; its calls end"),
            };
            if !self.obey_all(&mut requests, tick.now) {
                return;
            }
            self.tick(tick);
        }
    }

    /// False when nobody can ask for anything any more.
    fn obey_all(&mut self, requests: &mut mpsc::Receiver<Command>, now: Instant) -> bool {
        loop {
            match requests.try_recv() {
                Ok(command) => self.obey(command, now),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn obey(&mut self, command: Command, now: Instant) {
        match command {
            Command::Open(opening) => self.open(*opening, now),
            Command::Close(key, reply) => {
                // A task that doesn't wait for its report any more needs none.
                drop(self.close(key, now).map(|report| reply.send(Box::new(report))));
            }
            Command::Answered(key) => self.with(key, |call, around| call.answered(now, around)),
            Command::Update(key, side, plan) => self.with(key, |call, around| call.update(side, plan, now, around)),
            Command::Press(key, side, digit, length) => self.with(key, |call, _| call.press(side, digit, length)),
            Command::Adopt(key, leg) => self.with(key, |call, around| call.adopt(leg, now, around)),
            Command::Release(key, side, reply) => self.release(key, side, reply, now),
            Command::Become(key, what) => {
                self.with(key, |call, around| call.become_other(what.0, what.1, now, around));
            }
            Command::ToolResult(key, id, output) => {
                self.with(key, |call, around| call.talk().tool_result(id, output, now, around));
            }
            Command::Say(key, line) => self.with(key, |call, _| call.talk().say_ourselves(&line.text, &line.speech)),
            Command::Ring(key, period, begun) => {
                self.with(key, |call, around| call.talk().ring(period, begun, now, around))
            }
            Command::ComeBack(key) => self.with(key, |call, around| call.come_back(now, around)),
            Command::Interrupt(key) => self.with(key, |call, around| call.talk().silence(now, around)),
            Command::Listen(key, listener) => self.with(key, |call, _| call.talk().let_listen(listener)),
            Command::Key(key, side, digit) => self.with(key, |call, around| call.key(side, digit, now, around)),
            Command::Judged(key, right) => self.with(key, |call, around| call.talk().judged(right, now, around)),
            Command::Goodbye(key) => self.with(key, |call, around| call.talk().goodbye(now, around)),
            Command::Synthesized(key, ticket, speech) => {
                self.with(key, |call, around| call.talk().synthesized(ticket, speech, now, around));
            }
        }
    }

    fn open(&mut self, opening: Opening, now: Instant) {
        let (key, events) = (opening.key, opening.events.clone());
        let due = self.wheel.quietest(SPREAD);
        let around = Surroundings { services: &self.services, commands: &self.commands, partings: &self.partings };
        match catch_unwind(AssertUnwindSafe(|| MediaCall::open(opening, due, now, &around))) {
            Ok(call) => {
                self.wheel.insert(key, due);
                self.calls.insert(key, Box::new(call));
            }
            Err(_) => {
                self.load.calls.fetch_sub(1, Ordering::Relaxed);
                if events.try_send(MediaEvent::Failed).is_err() {
                    debug!(?key, "a call that could not begin has nobody to tell");
                }
            }
        }
    }

    fn close(&mut self, key: CallKey, now: Instant) -> Option<Report> {
        let call = self.calls.remove(&key)?;
        self.load.calls.fetch_sub(1, Ordering::Relaxed);
        // What a fault leaves behind may be at fault again.
        let (report, parting) = catch_unwind(AssertUnwindSafe(|| call.close(now, ntp_now()))).ok()?;
        self.partings.get_mut().extend(parting);
        Some(report)
    }

    fn release(&mut self, key: CallKey, side: Side, reply: oneshot::Sender<Box<Leg>>, now: Instant) {
        let mut released = None;
        match side {
            Side::Other => self.with(key, |call, around| released = call.part(now, around)),
            Side::Caller => {
                released = self.calls.remove(&key).map(|call| {
                    self.load.calls.fetch_sub(1, Ordering::Relaxed);
                    let (leg, parting) = call.surrender(now);
                    self.partings.get_mut().extend(parting);
                    leg
                });
            }
        }
        // Whoever doesn't wait for it any more lets it fall, and its ports with it.
        drop(released.map(|leg| reply.send(leg)));
    }

    fn tick(&mut self, Tick { now, lateness }: Tick) {
        let elapsed = now.saturating_duration_since(self.began).as_millis();
        self.tick = TickNumber::try_from(elapsed).unwrap_or(self.tick) / TICK_MS;
        self.send_due(now);
        self.receive(now);
        self.part(now);
        if self.tick >= self.next_rtcp {
            self.next_rtcp = self.tick + RTCP_TICKS;
            self.report(now);
            self.sweep(now);
        }
        if lateness > LATE {
            // One late tick stands for all those that never came.
            let missed = u32::try_from(lateness.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX);
            self.late_ticks = self.late_ticks.saturating_add(missed);
        }
        if self.tick >= self.next_publication {
            self.next_publication = self.tick + PUBLISH_TICKS;
            self.publish();
        }
    }

    /// Packets first: they are what pacing is measured by.
    fn send_due(&mut self, now: Instant) {
        let mut due = std::mem::take(&mut self.due);
        self.wheel.take_due(self.tick, &mut due);
        for key in due.drain(..) {
            let tick = self.tick;
            let mut next = None;
            self.with(key, |call, around| next = Some(call.send(tick, now, around)));
            if let Some(next) = next {
                self.wheel.insert(key, next);
            }
        }
        self.due = due;
    }

    fn receive(&mut self, now: Instant) {
        self.each(|call, scratch, around| call.receive(now, scratch, around));
    }

    /// Lets engines and sockets whose calls are over come to their end.
    fn part(&mut self, now: Instant) {
        let waiting = std::mem::take(self.partings.get_mut());
        let left = waiting.into_iter().filter_map(|parting| {
            // A fault in it is the end of it.
            catch_unwind(AssertUnwindSafe(|| parting.tick(now))).ok().flatten()
        });
        let left: Vec<_> = left.collect();
        self.partings.get_mut().extend(left);
    }

    fn report(&mut self, now: Instant) {
        let wall = ntp_now();
        self.each(|call, scratch, _| call.report(now, wall, scratch));
    }

    /// Lets every call do something; a panic in it ends that call and no other.
    fn each(&mut self, mut step: impl FnMut(&mut MediaCall, &mut Scratch, &Surroundings<'_>)) {
        let around = Surroundings { services: &self.services, commands: &self.commands, partings: &self.partings };
        let mut failed = Vec::new();
        for (key, call) in &mut self.calls {
            if catch_unwind(AssertUnwindSafe(|| step(call, &mut self.scratch, &around))).is_err() {
                failed.push(*key);
            }
        }
        failed.into_iter().for_each(|key| self.fail(key));
    }

    /// Lets one call do something; a panic in it ends that call and no other.
    fn with(&mut self, key: CallKey, step: impl FnOnce(&mut MediaCall, &Surroundings<'_>)) {
        let around = Surroundings { services: &self.services, commands: &self.commands, partings: &self.partings };
        let Some(call) = self.calls.get_mut(&key) else { return };
        if catch_unwind(AssertUnwindSafe(|| step(call, &around))).is_err() {
            self.fail(key);
        }
    }

    fn fail(&mut self, key: CallKey) {
        error!(?key, "a fault of ours ends this call's voice");
        if let Some(mut call) = self.calls.remove(&key) {
            self.load.calls.fetch_sub(1, Ordering::Relaxed);
            call.talk().want_end(MediaEvent::Failed);
            call.talk().is_deserted();
        }
    }

    /// Calls whose task is gone (it failed, or was dropped) end here: nobody else would end them.
    fn sweep(&mut self, now: Instant) {
        let deserted: Vec<_> =
            self.calls.iter_mut().filter_map(|(key, call)| call.talk().is_deserted().then_some(*key)).collect();
        for key in deserted {
            warn!(?key, "nobody listens to this call's events any more: its media end");
            let recording = self.calls.get_mut(&key).and_then(|call| call.talk().recording());
            drop(self.close(key, now));
            if let Some(id) = recording {
                self.services.recorder.abandon(id);
            }
        }
    }

    fn publish(&mut self) {
        let late = self.late_ticks > u32::try_from(PUBLISH_TICKS).unwrap_or(u32::MAX) / LATE_SHARE;
        if late {
            warn!(late = self.late_ticks, calls = self.calls.len(), "ticks come late: no new calls for a second");
        }
        self.load.late.store(late, Ordering::Relaxed);
        self.late_ticks = 0;
    }
}
