//! A running server: SIP drivers, shards, one task a call, and an orderly end.

use crate::api;
use crate::call::{self, Awaited, CallEvent, CallId, Context, Disposition, Outgoing, Parts, Phase};
use crate::door::Door;
use crate::net::limits;
use crate::net::ports::PortPool;
use crate::net::resolve::Resolver;
use crate::net::shard::{Services, Shards};
use crate::net::sip::{self, Incoming, SipHandle, Started, Telephones};
use crate::net::tls::Tls;
use crate::net::websocket::Dialer;
use crate::recorder::Recorder;
use crate::tool::Toolbox;
use crate::trunk::{self, Trunks};
use crate::voice::Synthesizer;
use crate::wav;
use anyhow::Context as _;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::{Config, Listen, Phone};
use talkpath_sip::agent::{Newcomer, Settings};
use talkpath_sip::digest;
use talkpath_sip::message::Text;
use talkpath_sip::registrar::{Limits, Registrar};
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
    http: Option<SocketAddr>,
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

/// Places calls that nobody waits for, until the server drains.
#[derive(Clone, Debug)]
pub(crate) struct Placer {
    context: Arc<Context>,
    sip: SipHandle,
    /// It keeps no server alive.
    alive: mpsc::WeakSender<Never>,
}

impl Placer {
    /// What the calls of the server share.
    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Places a call; false when the server takes no new ones.
    pub(crate) fn place(&self, call: CallId, outgoing: Outgoing) -> bool {
        self.begin(|sip, context| call::place(call, outgoing, sip, context))
    }

    /// Waits for a caller by WebSocket; false when the server takes no new calls.
    pub(crate) fn await_caller(&self, call: CallId, awaited: Awaited) -> bool {
        self.begin(|sip, context| call::await_caller(call, awaited, sip, context))
    }

    fn begin<T: Future + Send + 'static>(&self, call: impl FnOnce(SipHandle, Arc<Context>) -> T) -> bool {
        let Some(alive) = self.alive.upgrade().filter(|_| *self.context.phase().borrow() == Phase::Serving) else {
            return false;
        };
        let call = call(self.sip.clone(), Arc::clone(&self.context));
        tokio::spawn(async move {
            call.await;
            drop(alive);
        });
        true
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
        let resolver = Resolver::new(config.sip.dns)?;
        let services = Services {
            voice: Synthesizer::start(config.fixed_lines().into_iter().chain([call::APOLOGY.to_owned()]))
                .context("the voice can't be started")?,
            dialer: Dialer::new(resolver.clone()),
            recorder: Recorder::start().context("the recorder can't be started")?,
            zone: jiff::tz::TimeZone::system(),
        };
        let tls = Tls::new(config.engines.iter().filter_map(|engine| engine.authorities().flatten()))?;
        let media = &config.media;
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let shards = Shards::start(media.shards.on(cores), media.realtime, &services)
            .context("the media threads can't be started")?;
        let ports = PortPool::new(media.rtp_ports, media.dscp);
        let (events, _) = broadcast::channel(EVENTS);
        let (phase, phases) = watch::channel(Phase::Serving);
        let parts = Parts {
            trunks: Trunks::new(&config.trunks),
            sounds: sounds(&config)?,
            toolbox: Toolbox::new(&config.tools, &resolver, tls.system())?,
            tls,
            ports,
            shards,
            services,
            config,
            resolver,
        };
        let context = Context::new(parts, events.clone(), phases);
        let (alive, all_gone) = mpsc::channel(1);
        let context = Arc::new(context);
        let Started { sip, incoming } = listen(&context)?;
        let placer = Placer { context: Arc::clone(&context), sip: sip.clone(), alive: alive.downgrade() };
        let http = api::start(&context.config.http, placer)?;
        tokio::spawn(take_calls(incoming, sip.clone(), Arc::clone(&context), alive.clone()));
        let server = Self { context, sip, http, events, phase, alive, all_gone };
        server.look_after_trunks();
        Ok(server)
    }

    /// Tasks that keep us registered, and that ask whether trunks live.
    fn look_after_trunks(&self) {
        for trunk in self.context.trunks.iter() {
            let (sip, context) = (self.sip.clone(), Arc::clone(&self.context));
            if trunk.settings.register {
                let keeping = trunk::keep(Arc::clone(trunk), sip.clone(), Arc::clone(&context));
                let alive = self.alive.clone();
                tokio::spawn(async move {
                    keeping.await;
                    drop(alive);
                });
            }
            tokio::spawn(trunk::watch(Arc::clone(trunk), sip, context));
        }
    }

    /// Where SIP is listened for.
    pub fn listening(&self) -> impl Iterator<Item = Listen> {
        self.sip.listening()
    }

    /// Where HTTP is listened for, if anywhere.
    #[must_use]
    pub fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// For requests to its user agent.
    #[must_use]
    pub fn sip(&self) -> &SipHandle {
        &self.sip
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
    pub async fn place_until(&self, call: CallId, outgoing: Outgoing, stop: impl Future<Output = ()>) -> Disposition {
        let mut placing = std::pin::pin!(call::place(call, outgoing, self.sip.clone(), Arc::clone(&self.context)));
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
        let Self { context, sip, http: _, events: _, phase, alive, mut all_gone } = self;
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
    let config = &context.config;
    let settings = Settings {
        max_sessions: config.sip.max_calls,
        info: call::KEY_TYPES.map(str::to_owned).to_vec(),
        ..Settings::default()
    };
    let door = Door::new(config, context.trunks.clone());
    let judge = door.clone();
    let telephones = Telephones {
        registrar: Registrar::new(config.phones.iter().map(may_register)),
        digest: digest::Settings {
            realm: config.sip.realm.clone(),
            algorithms: config.sip.digest.clone(),
            ..digest::Settings::default()
        },
        secret: Box::new(move |user| door.secret(user)),
    };
    let challenged = !config.phones.is_empty() || config.trunks.iter().any(|trunk| trunk.challenge);
    let telephones = challenged.then_some(telephones);
    let judge = move |newcomer: &Newcomer<'_>| judge.judge(newcomer);
    let started = sip::start(&config.sip.listen, config.sip.external, judge, telephones, settings)?;
    for place in started.sip.listening() {
        info!(%place, "listening for SIP");
    }
    Ok(started)
}

fn may_register(phone: &Phone) -> (Text, Limits) {
    let limits = Limits {
        telephones: phone.max_contacts,
        least: phone.min_expires,
        longest: phone.max_expires,
        ..Limits::default()
    };
    (Text::from(&phone.user), limits)
}

/// Every file that is played, read before the first call.
fn sounds(config: &Config) -> anyhow::Result<HashMap<PathBuf, Arc<[i16]>>> {
    config.prompt_files().into_iter().map(|file| Ok((file.clone(), wav::read(&file)?))).collect()
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
    // A server that was dropped has nothing left to tell.
    let is_there = context.phase().has_changed().is_ok();
    if is_there && *context.phase().borrow() == Phase::Serving {
        error!("SIP has failed: no call can come in; restart the server");
    }
}

fn begin(call: Incoming, sip: &SipHandle, context: &Arc<Context>, alive: &mpsc::Sender<Never>) {
    let (sip, context, alive) = (sip.clone(), Arc::clone(context), alive.clone());
    // Made inside: a future that is moved into another takes its room twice for the whole call.
    tokio::spawn(async move {
        call::answer(call, sip, context).await;
        drop(alive);
    });
}
