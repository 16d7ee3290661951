//! Starting a SIP driver: sockets bound, the user agent told how we serve, and the task on its way.

use super::bind::{Socket, bind};
use super::command::SipHandle;
use super::datagrams::Datagrams;
use super::driver::{Driver, Incoming, Inlets};
use super::streams::{Doorman, Streams, listen};
use super::ways::{Listening, Ways};
use anyhow::Context;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;
use talkpath_config::Listen;
use talkpath_sip::agent::{Newcomer, Protocol, Settings, SocketId, UserAgent, Verdict};
use talkpath_sip::digest::{self, Secret};
use talkpath_sip::message::{Method, Text};
use talkpath_sip::registrar::Registrar;
use tokio::sync::mpsc;

/// Requests of call tasks that may wait for the driver.
const COMMANDS: usize = 1_024;
/// New calls that may wait to be taken; beyond it they are answered 503.
const INCOMING: usize = 1_024;
/// Messages of connections that may wait for the driver; beyond it the connections aren't read.
const ARRIVALS: usize = 1_024;
/// Accepted connections that may wait for the driver.
const ACCEPTED: usize = 64;

/// The two ends of a started driver.
#[derive(Debug)]
pub struct Started {
    /// For requests.
    pub sip: SipHandle,
    /// Where new calls arrive.
    pub incoming: mpsc::Receiver<Incoming>,
}

/// Tells what the user of a name has to know.
pub type Secrets = Box<dyn Fn(&Text) -> Option<Secret> + Send>;

/// The telephones of our users.
pub struct Telephones {
    /// Who may register.
    pub registrar: Registrar,
    /// How they are challenged.
    pub digest: digest::Settings,
    /// What the user of a name has to know.
    pub secret: Secrets,
}

/// Binds every place of `listen` and starts the driver on the current runtime. `judge` says who gets service; who has to
/// prove himself does so by what `telephones` knows, and may register there.
///
/// # Errors
/// When a socket can't be bound: the sentence says which, why, and what to do.
pub fn start(
    places: &[Listen],
    external: Option<IpAddr>,
    judge: impl Fn(&Newcomer<'_>) -> Verdict + Send + Sync + 'static,
    telephones: Option<Telephones>,
    mut settings: Settings,
) -> anyhow::Result<Started> {
    let judge = Arc::new(judge);
    let at_the_door = Arc::clone(&judge);
    let doorman: Doorman = Arc::new(move |source| at_the_door(&Newcomer { source, request: None }));
    let (tell_accepted, accepted) = mpsc::channel(ACCEPTED);
    let (mut listening, mut sockets) = (Vec::new(), Vec::new());
    for (place, number) in places.iter().zip(1..) {
        let (bound, socket) = (bind(*place)?, SocketId(number));
        let address = bound.local_addr().context("a SIP socket has no address")?;
        listening.push(Listening { listen: Listen { address, ..*place }, socket });
        match bound {
            Socket::Udp(udp) => sockets.push((socket, udp)),
            Socket::Tcp(tcp) => listen(tcp, Arc::clone(&doorman), tell_accepted.clone()),
        }
    }
    settings.protocols = [Protocol::Udp, Protocol::Tcp]
        .into_iter()
        .filter(|protocol| places.iter().any(|place| place.protocol == *protocol))
        .collect();
    if telephones.is_some() {
        settings.asked = vec![Method::Register];
    }
    let mut random = StdRng::try_from_rng(&mut SysRng).context("the system gives no randomness")?;
    let digest = telephones.as_ref().map(|telephones| digest(&telephones.digest, &mut random));
    let (incoming, new_calls) = mpsc::channel(INCOMING);
    let (commands, requests) = mpsc::channel(COMMANDS);
    let (tell, arrivals) = mpsc::channel(ARRIVALS);
    let mut agent = UserAgent::new(settings, random);
    agent.set_admission(move |newcomer| judge(newcomer));
    let registrar = match (telephones, digest) {
        (Some(Telephones { registrar, secret, .. }), Some(digest)) => {
            agent.set_authentication(digest, move |user, _| secret(user));
            registrar
        }
        _ => Registrar::default(),
    };
    let mut ways = Ways::new(&listening, external);
    agent.set_ways(move |peer, protocol| ways.to(peer, protocol));
    let ways = Ways::new(&listening, external);
    let driver = Driver::new(agent, Datagrams::new(sockets), Streams::new(tell), ways, incoming, doorman, registrar);
    tokio::spawn(driver.run(Inlets { requests, arrivals, accepted }));
    Ok(Started { sip: SipHandle::new(commands, listening, external), incoming: new_calls })
}

/// What challenges are made and judged by; its nonces are good until this process ends.
fn digest(settings: &digest::Settings, random: &mut StdRng) -> digest::Server {
    let mut key = [0; 32];
    random.fill_bytes(&mut key);
    digest::Server::new(settings.clone(), key, random, Instant::now())
}
