//! Plays one scenario: SIPp against a server, or `talkpath call` against SIPp.

use super::scenario::{Role, Scenario, folder};
use crate::programs::{Scratch, finish, finish_child, free_pair, free_port, free_tcp_port, text, until_bound};
use crate::support::{HOME, talkpath};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// What SIPp may take for any scenario, by its own clock and by ours.
const SECONDS: &str = "30s";
const LIMIT: Duration = Duration::from_secs(40);
/// Ports that were free may be taken when SIPp binds them.
const ATTEMPTS: usize = 4;
/// As much of SIPp's log of messages is shown of a failure.
const SHOWN: usize = 12_000;

/// A scenario that was played to its end.
pub(super) struct Played {
    pub(super) scenario: Scenario,
    /// Where SIPp spoke SIP.
    pub(super) port: u16,
    /// What `talkpath call` said and how it ended, when SIPp was called.
    pub(super) call: Option<Output>,
    /// Where that call left its recording.
    pub(super) scratch: Scratch,
}

/// One attempt with SIPp.
struct Attempt {
    port: u16,
    scratch: Scratch,
    sipp: Output,
    call: Option<Output>,
}

/// Plays it; the error is what SIPp had to say.
pub(super) fn play(scenario: &Scenario, server: SocketAddr) -> Result<Played, String> {
    for _ in 0..ATTEMPTS {
        let attempt = match scenario.role {
            Role::Caller => call_server(scenario, server),
            Role::Callee => take_call(scenario),
        };
        if attempt.sipp.status.success() {
            let Attempt { port, call, scratch, .. } = attempt;
            return Ok(Played { scenario: scenario.clone(), port, call, scratch });
        }
        if !attempt.log("errors").contains("bind") && !text(&attempt.sipp).contains("bind") {
            return Err(attempt.complaint());
        }
    }
    Err(format!("no port stayed free in {ATTEMPTS} attempts"))
}

fn call_server(scenario: &Scenario, server: SocketAddr) -> Attempt {
    let (port, scratch) = (free_port(), Scratch::new());
    let called = scenario.called.as_ref().unwrap();
    let mut sipp = sipp(scenario, port, &scratch);
    let sipp = finish(sipp.arg(server.to_string()).args(["-s", called]), LIMIT);
    Attempt { port, scratch, sipp, call: None }
}

fn take_call(scenario: &Scenario) -> Attempt {
    let (port, scratch) = (free_port(), Scratch::new());
    let mut command = sipp(scenario, port, &scratch);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let call = until_bound(port).then(|| {
        let mut call = talkpath();
        call.current_dir(scratch.path()).arg("call").arg(format!("sip:sipp@{HOME}:{port}")).arg("--record");
        finish(call.args(&scenario.call), LIMIT)
    });
    Attempt { port, sipp: finish_child(child, &command, LIMIT), call, scratch }
}

fn sipp(scenario: &Scenario, port: u16, scratch: &Scratch) -> Command {
    let mut sipp = Command::new("sipp");
    // Scenarios name their media relative to the folder.
    sipp.current_dir(folder()).arg("-sf").arg(&scenario.path).args(&scenario.options);
    let home = HOME.to_string();
    if !scenario.options.iter().any(|option| option == "-m") {
        sipp.args(["-m", "1"]);
    }
    sipp.args(["-nostdin", "-i", &home, "-mi", &home, "-p", &port.to_string()]);
    sipp.args(["-mp", &free_pair().to_string(), "-cp", &free_tcp_port().to_string()]);
    sipp.args(["-timeout", SECONDS, "-timeout_error"]);
    sipp.arg("-trace_err").arg("-error_file").arg(log(scratch, "errors"));
    sipp.arg("-trace_msg").arg("-message_file").arg(log(scratch, "messages"));
    sipp
}

fn log(scratch: &Scratch, name: &str) -> PathBuf {
    scratch.path().join(name)
}

impl Attempt {
    fn log(&self, name: &str) -> String {
        // SIPp makes the file of errors with the first.
        std::fs::read(log(&self.scratch, name))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    fn complaint(&self) -> String {
        let (errors, messages) = (self.log("errors"), self.log("messages"));
        let shown: String = messages.chars().take(SHOWN).collect();
        let call = self.call.as_ref().map(text).unwrap_or_default();
        let status = self.sipp.status;
        format!("sipp ended with {status}\n--- its errors\n{errors}\n--- talkpath call\n{call}\n--- messages\n{shown}")
    }
}
