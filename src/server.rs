//! A running server: SIP drivers, shards, one task a call, and an orderly end.

use crate::call::{self, CallEvent, Context, Disposition, Outgoing, Phase};
use crate::net::limits;
use crate::net::ports::PortPool;
use crate::net::shard::{Services, Shards};
use crate::net::sip::{self, Incoming, SipHandle, Started};
use crate::recorder::Recorder;
use crate::trunk::{self, TrunkStatus};
use crate::voice::Synthesizer;
use anyhow::Context as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::{Config, Trunk};
use talkpath_sip::agent::Settings;
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
    sip: Vec<SipHandle>,
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
        let mut server = Self { context: Arc::new(context), sip: Vec::new(), events, phase, alive, all_gone };
        server.listen()?;
        server.register(statuses)?;
        Ok(server)
    }

    fn listen(&mut self) -> anyhow::Result<()> {
        let config = &self.context.config.sip;
        for address in &config.listen {
            let settings = Settings { max_sessions: config.max_calls, ..Settings::default() };
            let Started { sip, incoming } = {
                let admitted = Arc::clone(&self.context.admitted);
                sip::start(*address, config.external, move |source| admitted.admits(source), settings)?
            };
            info!(address = %sip.bound(), "listening for SIP over UDP");
            tokio::spawn(take_calls(incoming, sip.clone(), Arc::clone(&self.context), self.alive.clone()));
            self.sip.push(sip);
        }
        Ok(())
    }

    /// One task for each trunk that we register with.
    fn register(&self, statuses: Vec<watch::Sender<TrunkStatus>>) -> anyhow::Result<()> {
        for (trunk, status) in self.context.config.trunks.iter().zip(statuses) {
            if !trunk.register {
                continue;
            }
            let ip = trunk.registrar.host().and_then(|host| host.ip());
            let family = |sip: &&SipHandle| ip.is_none_or(|ip| sip.bound().is_ipv4() == ip.is_ipv4());
            let sip = self.sip.iter().find(family).with_context(|| {
                format!("no listener can reach the registrar of trunk \"{}\"; add one to sip.listen", trunk.name)
            })?;
            let keeping = trunk::keep(trunk.clone(), sip.clone(), Arc::clone(&self.context), status);
            let alive = self.alive.clone();
            tokio::spawn(async move {
                keeping.await;
                drop(alive);
            });
        }
        Ok(())
    }

    /// The addresses that SIP is listened for on.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.sip.iter().map(SipHandle::bound)
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
    ///
    /// # Errors
    /// When no listener is of the peer's address family.
    pub async fn place_until(&self, outgoing: Outgoing, stop: impl Future<Output = ()>) -> anyhow::Result<Disposition> {
        let family = |sip: &&SipHandle| sip.bound().is_ipv4() == outgoing.peer.is_ipv4();
        let sip = self.sip.iter().find(family).with_context(|| {
            format!("no listener of this server can reach {}; add one to sip.listen", outgoing.peer)
        })?;
        let mut placing = std::pin::pin!(call::place(outgoing, sip.clone(), Arc::clone(&self.context)));
        tokio::select! {
            disposition = placing.as_mut() => Ok(disposition),
            () = stop => {
                self.phase.send_replace(Phase::HangUp);
                Ok(placing.await)
            }
        }
    }

    /// Takes no new calls, gives live ones `time`, then lets agents say goodbye, then hangs up; returns when none is left.
    pub async fn drain(self, time: Duration) {
        let Self { context, sip, events: _, phase, alive, mut all_gone } = self;
        for listener in &sip {
            listener.drain().await;
        }
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
        let settled = async {
            for listener in &sip {
                listener.settled().await;
            }
        };
        if tokio::time::timeout(SETTLE, settled).await.is_err() {
            info!("not every BYE was answered");
        }
    }

    /// [`Server::drain`], with what is left of it when the operator is in a hurry: hangs up at once.
    #[must_use]
    pub fn hurry(&self) -> Hurry {
        Hurry(self.phase.clone())
    }
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
        error!(address = %sip.bound(), "the SIP listener has failed: no call can come in; restart the server");
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
