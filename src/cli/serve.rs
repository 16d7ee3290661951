//! `talkpath serve`: answers calls until it is told to stop.

use super::console::Console;
use super::stop::Stop;
use super::{Common, logging};
use crate::call::CallEvent;
use crate::server::Server;
use anyhow::{Context, ensure};
use clap::Args;
use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use talkpath_config::{Listen, ListenError};
use talkpath_sip::agent::Protocol;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Arguments of `talkpath serve`.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArguments {
    /// Listen here instead of where the configuration says; may be given more than once.
    #[arg(long, value_name = "udp://ADDRESS:PORT")]
    pub listen: Vec<String>,
    /// Listen for HTTP here instead of where the configuration says; "" for nowhere.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<String>,
    /// Print every call as it happens, as is done anyway on a terminal.
    #[arg(long)]
    pub show: bool,
}

pub(super) fn run(arguments: &ServeArguments, common: &Common) -> anyhow::Result<ExitCode> {
    let mut config = common.load()?;
    if !arguments.listen.is_empty() {
        config.sip.listen = arguments.listen.iter().map(|text| listen_address(text)).collect::<Result<_, _>>()?;
    }
    if let Some(text) = &arguments.http {
        config.http.listen = http_address(text, config.http.key.is_some())?;
    }
    let _logs = logging::start("warn", common.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        let drain = config.drain;
        // Before anything is said of us: whoever reads that we are here may already stop us.
        let mut stop = Stop::new()?;
        let server = Server::start(config)?;
        if arguments.show || std::io::stdout().is_terminal() {
            show(server.subscribe());
        }
        greet(&server);
        stop.wanted().await;
        say(&format!("Stopping: no new calls; live ones get {} s. Again to hang them up now.", drain.as_secs()));
        let hurry = server.hurry();
        let mut draining = std::pin::pin!(server.drain(drain));
        tokio::select! {
            () = draining.as_mut() => {}
            () = stop.wanted() => {
                say("Hanging up. Again to stop at once.");
                hurry.hang_up();
                tokio::select! {
                    () = draining => {}
                    () = stop.wanted() => {}
                }
            }
        }
        say("Stopped.");
        Ok(ExitCode::SUCCESS)
    })
}

/// Without a transport it is UDP.
fn listen_address(text: &str) -> anyhow::Result<Listen> {
    let listen = if text.contains("://") { text.parse() } else { format!("udp://{text}").parse() };
    listen.map_err(|_| ListenError(text.to_owned())).context("--listen")
}

fn http_address(text: &str, has_key: bool) -> anyhow::Result<Option<SocketAddr>> {
    if text.is_empty() {
        return Ok(None);
    }
    let address: SocketAddr =
        text.parse().with_context(|| format!("--http: \"{text}\" is no place to listen; write ADDRESS:PORT"))?;
    ensure!(has_key || address.ip().is_loopback(), "--http: {address} can be reached by others: set http.key too");
    Ok(Some(address))
}

/// Nobody may be reading any more: that is no reason to drop a call.
fn say(text: &str) {
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// Says where we are and how to call us.
fn greet(server: &Server) {
    let program = std::env::args().next().unwrap_or_else(|| "talkpath".into());
    for place in server.listening() {
        let address = place.address;
        say(&format!("talkpath answers SIP on {place}."));
        let (reachable, here) = (reachable_at(address), reachable_here(address));
        if place.protocol == Protocol::Tcp {
            continue;
        }
        say(&format!(
            "  Call it: sip:receptionist@{reachable} from any softphone, or: {program} call sip:hello@{here}"
        ));
    }
    if let Some(http) = server.http() {
        say(&format!("talkpath answers HTTP on http://{http}; what it can do is shown at http://{http}/docs."));
    }
    let allowed: Vec<_> = server.context().config.sip.admission.allow.iter().map(ToString::to_string).collect();
    say(&format!("  Calls are taken from: {}. Ctrl-C to stop.", allowed.join(", ")));
}

/// Where a program on this machine calls us: by loopback if we listen there.
fn reachable_here(bound: SocketAddr) -> SocketAddr {
    let loopback: IpAddr = if bound.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(if bound.ip().is_unspecified() { loopback } else { bound.ip() }, bound.port())
}

/// An address that can be dialled: the machine's own when we listen on all of them.
fn reachable_at(bound: SocketAddr) -> SocketAddr {
    if !bound.ip().is_unspecified() {
        return bound;
    }
    let outside: IpAddr =
        if bound.is_ipv4() { [192, 0, 2, 1].into() } else { [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into() };
    let own = crate::net::address::LocalAddresses::new(bound.ip()).towards(outside);
    let own = if own.is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { own };
    SocketAddr::new(own, bound.port())
}

/// Prints calls on a thread of its own: a terminal that stands still must not hold up a call.
fn show(mut events: broadcast::Receiver<CallEvent>) {
    let shown = std::thread::Builder::new().name("console".into()).spawn(move || {
        let console = Console::new();
        loop {
            match events.blocking_recv() {
                Ok(event) => console.event(&event),
                Err(RecvError::Lagged(missed)) => console.line("console", &format!("({missed} events were not shown)")),
                Err(RecvError::Closed) => return,
            }
        }
    });
    if let Err(error) = shown {
        tracing::warn!(%error, "calls are not shown");
    }
}
