//! What every test of whole calls needs: a server, a telephone, peers' programs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;
use talkpath::call::{CallEvent, CallEventKind};
use talkpath::net::shard::{LegReport, MediaEvent};
use talkpath::phone::Phone;
use talkpath::server::Server;
use talkpath_config::{Config, Listen};
use tokio::sync::broadcast;

/// Where tests live.
pub(crate) const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Where those live that are about IPv6.
pub(crate) const HOME_6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Whether this machine has IPv6. At home one that hasn't is named and what needs it is skipped; in CI that is a failure.
pub(crate) fn has_ipv6() -> bool {
    let Err(error) = UdpSocket::bind((HOME_6, 0)) else { return true };
    assert!(std::env::var_os("CI").is_none(), "CI must have IPv6: {error}");
    eprintln!("SKIPPED: there is no IPv6 here: {error}");
    false
}

/// A configuration on loopback and free ports, with `more` TOML added; `more` begins with keys of no table.
pub(crate) fn config(more: &str) -> Config {
    config_at(&[HOME], more)
}

fn config_at(homes: &[IpAddr], more: &str) -> Config {
    let mut config = Config::parse(more, Path::new("test.toml")).unwrap();
    let both = |home: &IpAddr| [Listen::udp((*home, 0).into()), Listen::tcp((*home, 0).into())];
    config.sip.listen = homes.iter().flat_map(both).collect();
    config.http.listen = None;
    config.media.rtp_ports = talkpath_config::RtpPorts::Any;
    config
}

/// A server in this process; see [`config`].
pub(crate) fn server(more: &str) -> Server {
    Server::start(config(more)).unwrap()
}

/// A server at each of these, by UDP and TCP.
pub(crate) fn server_at(homes: &[IpAddr], more: &str) -> Server {
    Server::start(config_at(homes, more)).unwrap()
}

/// Where it answers.
pub(crate) fn address(server: &Server) -> SocketAddr {
    server.listening().next().unwrap().address
}

/// A telephone beside it.
pub(crate) fn phone() -> Phone {
    Phone::start(HOME).unwrap()
}

/// Waits for the first event that `wanted` makes something of.
pub(crate) async fn event<T>(
    events: &mut broadcast::Receiver<CallEvent>,
    wanted: impl Fn(&CallEventKind) -> Option<T>,
) -> T {
    loop {
        if let Some(found) = wanted(&events.recv().await.unwrap().kind) {
            return found;
        }
    }
}

/// How the next call ends.
pub(crate) async fn end_of(events: &mut broadcast::Receiver<CallEvent>) -> String {
    let ended = event(events, |kind| {
        if let CallEventKind::Ended { disposition, .. } = kind { Some(disposition.to_string()) } else { None }
    });
    patiently("the call's end", ended).await
}

/// The report of the next call that ends.
pub(crate) async fn report(events: &mut broadcast::Receiver<CallEvent>) -> Box<talkpath::net::shard::Report> {
    let ended =
        event(events, |kind| if let CallEventKind::Ended { report, .. } = kind { report.clone() } else { None });
    patiently("the call's end", ended).await
}

/// Everything that was told of the next call that ends, and its report.
pub(crate) async fn story(
    events: &mut broadcast::Receiver<CallEvent>,
) -> (Vec<MediaEvent>, Box<talkpath::net::shard::Report>) {
    let mut told = Vec::new();
    loop {
        match patiently("the call's end", events.recv()).await.unwrap().kind {
            CallEventKind::Media(event) => told.push(event),
            CallEventKind::Ended { report, .. } => return (told, report.unwrap()),
            CallEventKind::Began { .. }
            | CallEventKind::Dialling { .. }
            | CallEventKind::Ringing
            | CallEventKind::Bridged { .. }
            | CallEventKind::Answered
            | CallEventKind::Agent { .. }
            | CallEventKind::ToolResult { .. }
            | CallEventKind::Recorded(_) => {}
        }
    }
}

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// Waits, but not for ever.
pub(crate) async fn patiently<T>(what: &str, waited_for: impl Future<Output = T>) -> T {
    let Ok(came) = tokio::time::timeout(PATIENCE, waited_for).await else { panic!("waited {PATIENCE:?} for {what}") };
    came
}

/// The program under test.
pub(crate) fn talkpath() -> Command {
    Command::new(env!("CARGO_BIN_EXE_talkpath"))
}

/// Whether a peer's program is there. At home a missing one is named and its tests are skipped; in CI that is a failure.
pub(crate) fn peer(program: &str, package: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return true;
    }
    assert!(std::env::var_os("CI").is_none(), "{program} is missing: apt-get install {package}");
    eprintln!("SKIPPED: {program} is missing (apt-get install {package})");
    false
}

/// How one attempt at something that a machine which stands still would spoil came out.
#[derive(Debug)]
pub(crate) enum Attempt {
    /// It was judged, and held.
    Judged,
    /// It can't be judged: a media thread of ours came so late that it left packets out, and said so.
    Disturbed(String),
}

impl Attempt {
    /// Disturbed by what `report` says was left out, if anything.
    pub(crate) fn disturbed_by(leg: &LegReport) -> Option<Self> {
        (!leg.skipped.is_zero()).then(|| Self::Disturbed(format!("{:?} were left out", leg.skipped)))
    }
}

/// How often something is tried before the machine is called too noisy to judge it on.
const ATTEMPTS: usize = 5;

/// Tries until an attempt could be judged. A machine that never keeps still for as long as an attempt takes is no fault of
/// the program's: that is printed and passes.
pub(crate) async fn undisturbed(what: &str, mut attempt: impl AsyncFnMut() -> Attempt) {
    for _ in 0..ATTEMPTS {
        match attempt().await {
            Attempt::Judged => return,
            Attempt::Disturbed(how) => eprintln!("DISCARDED an attempt at {what}: {how}"),
        }
    }
    eprintln!("MACHINE TOO NOISY for {what}: {ATTEMPTS} attempts of {ATTEMPTS} were disturbed");
}
