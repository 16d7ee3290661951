//! A running server: SIP drivers, shards, one task a call, and an orderly end.

use crate::call::{self, CallEvent, Context, Disposition, Outgoing, Phase};
use crate::net::limits;
use crate::net::ports::PortPool;
use crate::net::shard::{Services, Shards};
use crate::net::sip::{self, Incoming, Listen, SipHandle, Started};
use crate::recorder::Recorder;
use crate::trunk::{self, TrunkStatus};
use crate::voice::Synthesizer;
use anyhow::Context as _;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::{Config, Trunk};
use talkpath_sip::agent::{Newcomer, Settings, Verdict};
use tokio::sync::{broadcast, mpsc, watch};
use tracing::{error, info};

/// Events of calls that a slow subscriber may be behind before it loses the oldest.
const EVENTS: usize = 4_096;
/// How long agents may take for their goodbyes before every call is hung up.
const GOODBYE: Duration = Duration::from_secs(12);
/// How long hung-up calls may take to end.
const HANGUP: Duration = Duration::from_secs(4);
/// How long our last requests may take to be answered.
const SETTLE: Duration = Duration::from_secs(4);

/// A server; dropping it hangs up its calls and waits for nothing, [`Server::drain`] ends it properly.
#[derive(Debug)]
pub struct Server {
    context: Arc<Context>,
    sip: SipHandle,
    events: broadcast::Sender<CallEvent>,
    phase: watch::Sender<Phase>,
    /// Each call task holds a clone: when the last is gone, so is the last call.
    alive: mpsc::Sender<Never>,
    all_gone: mpsc::Receiver<Never>,
}

/// Cuts a drain short.
#[derive(Clone, Debug)]
pub struct Hurry(watch::Sender<Phase>);

impl Hurry {
    /// Every call is hung up now.
    pub fn hang_up(&self) {
        self.0.send_replace(Phase::HangUp);
    }
}

/// A message that is never sent.
#[derive(Debug)]
enum Never {}

impl Server {
    /// Binds every address and starts serving on the current runtime.
    ///
    /// # Errors
    /// When an address can't be bound or a thread not started; the sentence says what to do.
    pub fn start(config: Config) -> anyhow::Result<Self> {
        limits::raise_open_files(config.sip.max_calls);
        config.recording.check()?;
        let services = Services {
            voice: Synthesizer::start(config.fixed_lines()).context("the voice can't be started")?,
            recorder: Recorder::start().context("the recorder can't be started")?,
            zone: jiff::tz::TimeZone::system(),
        };
        let media = &config.media;
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let shards = Shards::start(media.shards.on(cores), media.realtime, &services)
            .context("the media threads can't be started")?;
        let ports = PortPool::new(media.rtp_ports, media.dscp);
        let (events, _) = broadcast::channel(EVENTS);
        let (phase, phases) = watch::channel(Phase::Serving);
        let (statuses, trunks): (Vec<_>, Vec<_>) = config.trunks.iter().map(unregistered).unzip();
        let context = Context::new(config, trunks, ports, shards, services, events.clone(), phases);
        let (alive, all_gone) = mpsc::channel(1);
        let context = Arc::new(context);
        let Started { sip, incoming } = listen(&context)?;
        tokio::spawn(take_calls(incoming, sip.clone(), Arc::clone(&context), alive.clone()));
        let server = Self { context, sip, events, phase, alive, all_gone };
        server.register(statuses);
        Ok(server)
    }

    /// One task for each trunk that we register with.
    fn register(&self, statuses: Vec<watch::Sender<TrunkStatus>>) {
        for (trunk, status) in self.context.config.trunks.iter().zip(statuses) {
            if !trunk.register {
                continue;
            }
            let sip = &self.sip;
            let keeping = trunk::keep(trunk.clone(), sip.clone(), Arc::clone(&self.context), status);
            let alive = self.alive.clone();
            tokio::spawn(async move {
                keeping.await;
                drop(alive);
            });
        }
    }

    /// Where SIP is listened for.
    pub fn listening(&self) -> impl Iterator<Item = Listen> {
        self.sip.listening()
    }

    /// What happens to calls from now on; a subscriber that is too slow loses the oldest events.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<CallEvent> {
        self.events.subscribe()
    }

    /// What the calls of this server share.
    #[must_use]
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Places a call and takes it to its end; when `stop` comes first, every call of this server is hung up.
    pub async fn place_until(&self, outgoing: Outgoing, stop: impl Future<Output = ()>) -> Disposition {
        let mut placing = std::pin::pin!(call::place(outgoing, self.sip.clone(), Arc::clone(&self.context)));
        tokio::select! {
            disposition = placing.as_mut() => disposition,
            () = stop => {
                self.phase.send_replace(Phase::HangUp);
                placing.await
            }
        }
    }

    /// Takes no new calls, gives live ones `time`, then lets agents say goodbye, then hangs up; returns when none is left.
    pub async fn drain(self, time: Duration) {
        let Self { context, sip, events: _, phase, alive, mut all_gone } = self;
        sip.drain().await;
        drop(alive);
        for (next, patience) in [(Phase::Draining, time), (Phase::Goodbye, GOODBYE), (Phase::HangUp, HANGUP)] {
            info!(?next, calls = context.shards.calls(), "draining");
            // In a hurry, the phases that are left take no time.
            phase.send_if_modified(|phase| {
                let later = next > *phase;
                *phase = next.max(*phase);
                later
            });
            tokio::select! {
                _ = all_gone.recv() => break,
                () = tokio::time::sleep(patience) => {}
                () = context.reached(Phase::HangUp), if next < Phase::HangUp => {}
            }
        }
        // The last BYE may need to be sent again before the other side has it.
        if tokio::time::timeout(SETTLE, sip.settled()).await.is_err() {
            info!("not every BYE was answered");
        }
    }

    /// [`Server::drain`], with what is left of it when the operator is in a hurry: hangs up at once.
    #[must_use]
    pub fn hurry(&self) -> Hurry {
        Hurry(self.phase.clone())
    }
}

/// Binds the listeners and starts the SIP driver.
fn listen(context: &Arc<Context>) -> anyhow::Result<Started> {
    let config = &context.config.sip;
    let settings = Settings { max_sessions: config.max_calls, ..Settings::default() };
    let admitted = Arc::clone(&context.admitted);
    let judge = move |newcomer: &Newcomer<'_>| {
        if admitted.admits(newcomer.source) { Verdict::Welcome } else { Verdict::Stranger }
    };
    let places: Vec<_> = config.listen.iter().copied().map(Listen::udp).collect();
    let started = sip::start(&places, config.external, judge, settings)?;
    for place in started.sip.listening() {
        info!(%place, "listening for SIP");
    }
    Ok(started)
}

fn unregistered(trunk: &Trunk) -> (watch::Sender<TrunkStatus>, watch::Receiver<TrunkStatus>) {
    let says = if trunk.register { "not registered yet" } else { "not to be registered" };
    let (name, says) = (trunk.name.clone(), says.to_owned());
    watch::channel(TrunkStatus { name, contact_user: None, says, registered: false, registrations: 0 })
}

/// One task for each call that comes in, until the server drains: from then on the user agent refuses them itself.
async fn take_calls(
    mut incoming: mpsc::Receiver<Incoming>,
    sip: SipHandle,
    context: Arc<Context>,
    alive: mpsc::Sender<Never>,
) {
    loop {
        tokio::select! {
            biased;
            call = incoming.recv() => match call {
                Some(call) => begin(call, &sip, &context, &alive),
                None => break,
            },
            () = context.reached(Phase::Draining), if !incoming.is_closed() => incoming.close(),
        }
    }
    if *context.phase().borrow() == Phase::Serving {
        error!("SIP has failed: no call can come in; restart the server");
    }
}

fn begin(call: Incoming, sip: &SipHandle, context: &Arc<Context>, alive: &mpsc::Sender<Never>) {
    let answering = call::answer(call, sip.clone(), Arc::clone(context));
    let alive = alive.clone();
    tokio::spawn(async move {
        answering.await;
        drop(alive);
    });
}
