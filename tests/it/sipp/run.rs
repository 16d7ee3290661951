//! Plays one scenario: SIPp against a server, or `talkpath call` against SIPp.

use super::scenario::{Role, Scenario, Way, folder};
use crate::programs::{Scratch, finish, finish_child, free_media_port, free_port, free_tcp_port, text, until_bound};
use crate::support::{HOME, HOME_6, talkpath};
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;
use talkpath_config::Listen;
use talkpath_sip::agent::Protocol;

/// What SIPp may take for any scenario, by its own clock and by ours.
const SECONDS: &str = "30s";
const LIMIT: Duration = Duration::from_secs(40);
/// Ports that were free may be taken when SIPp binds them.
const ATTEMPTS: usize = 4;
/// Where SIPp waits as callee behind the trunks of the folder's configuration, when it is tried by hand.
const BEHIND_THE_TRUNKS: &str = "127.0.0.1:5070";
/// As much of SIPp's log of messages is shown of a failure.
const SHOWN: usize = 12_000;

/// A scenario that was played to its end.
pub(super) struct Played {
    pub(super) scenario: Scenario,
    pub(super) way: Way,
    /// Where SIPp spoke SIP.
    pub(super) port: u16,
    /// What `talkpath call` said and how it ended, when SIPp was called.
    pub(super) call: Option<Output>,
    /// Where that call left its recording.
    pub(super) scratch: Scratch,
}

/// A scenario that is about to be played.
#[derive(Clone, Copy)]
struct Play<'a> {
    scenario: &'a Scenario,
    way: Way,
    port: u16,
    scratch: &'a Scratch,
}

/// Plays it over `way`; the error is what SIPp had to say.
pub(super) fn play(scenario: &Scenario, way: Way, servers: &[Listen]) -> Result<Played, String> {
    for _ in 0..ATTEMPTS {
        let (port, scratch) = (port(way), Scratch::new());
        let play = Play { scenario, way, port, scratch: &scratch };
        let (sipp, call) = match scenario.role {
            Role::Caller => (play.call_server(servers), None),
            Role::Callee => play.take_call(),
        };
        if sipp.status.success() {
            return Ok(Played { scenario: scenario.clone(), way, port, call, scratch });
        }
        if !play.log_of("errors").contains("bind") && !text(&sipp).contains("bind") {
            return Err(play.complaint(&sipp, call.as_ref()));
        }
    }
    Err(format!("no port stayed free in {ATTEMPTS} attempts"))
}

/// A port that no other SIPp of this process has or had: the server's records of calls are told apart by it.
fn port(way: Way) -> u16 {
    static USED: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let free = if way.tcp { free_tcp_port } else { free_port };
    let fresh = |port: &u16| USED.lock().unwrap().get_or_insert_default().insert(*port);
    std::iter::repeat_with(free).find(fresh).unwrap()
}

impl Play<'_> {
    fn call_server(self, servers: &[Listen]) -> Output {
        let protocol = if self.way.tcp { Protocol::Tcp } else { Protocol::Udp };
        let fits = |listen: &&Listen| listen.protocol == protocol && listen.address.is_ipv6() == self.way.six;
        let server = servers.iter().find(fits).unwrap().address;
        let called = self.scenario.called.as_ref().unwrap();
        let options = self.scenario.options.iter().map(|option| option.replace("HOST", &server.to_string()));
        finish(self.sipp().args(options).arg(server.to_string()).args(["-s", called]), LIMIT)
    }

    fn take_call(self) -> (Output, Option<Output>) {
        let Self { scenario, port, scratch, .. } = self;
        let mut sipp = self.sipp();
        let mut child = sipp
            .args(&scenario.options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let transport = if self.way.tcp { ";transport=tcp" } else { "" };
        let place = format!("{}{transport}", SocketAddr::new(self.home(), port));
        let bound = until_bound(port, || !matches!(child.try_wait(), Ok(None)));
        let call = bound.then(|| {
            let config = std::fs::read_to_string(folder().join("talkpath.toml")).unwrap();
            let config = scratch.file("sipp.toml", &config.replace(BEHIND_THE_TRUNKS, &place));
            let callee = scenario.number.clone().unwrap_or_else(|| format!("sip:sipp@{place}"));
            let mut call = talkpath();
            call.current_dir(scratch.path()).arg("call").arg(callee).arg("--config").arg(config);
            finish(call.arg("--record").args(&scenario.call), LIMIT)
        });
        (finish_child(child, &sipp, LIMIT), call)
    }

    fn home(self) -> IpAddr {
        if self.way.six { HOME_6 } else { HOME }
    }

    fn sipp(self) -> Command {
        let Self { scenario, port, scratch, .. } = self;
        let mut sipp = Command::new("sipp");
        // Scenarios name their media relative to the folder.
        sipp.current_dir(folder()).arg("-sf").arg(&scenario.path);
        let has = |wanted: &str| scenario.options.iter().any(|option| option == wanted);
        let home = self.home().to_string();
        if !has("-m") {
            sipp.args(["-m", "1"]);
        }
        if !has("-i") {
            sipp.args(["-i", &home]);
        }
        sipp.args(["-t", if self.way.tcp { "t1" } else { "u1" }]);
        sipp.args(["-nostdin", "-mi", &home, "-p", &port.to_string()]);
        sipp.args(["-mp", &free_media_port().to_string(), "-cp", &free_port().to_string()]);
        sipp.args(["-timeout", SECONDS, "-timeout_error"]);
        sipp.arg("-trace_err").arg("-error_file").arg(log(scratch, "errors"));
        sipp.arg("-trace_msg").arg("-message_file").arg(log(scratch, "messages"));
        sipp
    }

    fn log_of(self, name: &str) -> String {
        // SIPp makes the file of errors with the first.
        std::fs::read(log(self.scratch, name)).map(|log| String::from_utf8_lossy(&log).into_owned()).unwrap_or_default()
    }

    fn complaint(self, sipp: &Output, call: Option<&Output>) -> String {
        let (errors, messages) = (self.log_of("errors"), self.log_of("messages"));
        let shown: String = messages.chars().take(SHOWN).collect();
        let (call, status) = (call.map(text).unwrap_or_default(), sipp.status);
        format!("sipp ended with {status}\n--- its errors\n{errors}\n--- talkpath call\n{call}\n--- messages\n{shown}")
    }
}

fn log(scratch: &Scratch, name: &str) -> PathBuf {
    scratch.path().join(name)
}
