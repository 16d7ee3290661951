//! Programs beside the test: each on free ports, in a directory of its own, and with a limit to its life.

use std::fmt::Debug;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::HOME;

/// How long a program may take for what a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How often the system is asked what it doesn't tell by itself.
const LOOK: Duration = Duration::from_millis(5);

/// A directory that is gone with the test.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("talkpath-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// A file of it with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A failing test leaves what it was about.
        if !thread::panicking() {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }
}

/// A UDP port that was free a moment ago; somebody else may take it before it is used.
pub(crate) fn free_port() -> u16 {
    UdpSocket::bind((HOME, 0)).unwrap().local_addr().unwrap().port()
}

/// A TCP port, as [`free_port`].
pub(crate) fn free_tcp_port() -> u16 {
    TcpListener::bind((HOME, 0)).unwrap().local_addr().unwrap().port()
}

/// An even UDP port with the three above it free too (voice, video, and the RTCP of both), as [`free_port`].
pub(crate) fn free_media_port() -> u16 {
    let free = |port: &u16| port.is_multiple_of(2) && (1..4).all(|more| UdpSocket::bind((HOME, port + more)).is_ok());
    std::iter::repeat_with(free_port).find(free).unwrap()
}

/// Waits until somebody has bound this UDP port, or listens on this TCP port; false when who should has `ended` instead.
pub(crate) fn until_bound(port: u16, mut ended: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !is_bound(port) {
        if Instant::now() >= deadline || ended() {
            return false;
        }
        thread::sleep(LOOK);
    }
    true
}

fn is_bound(port: u16) -> bool {
    // Of a UDP socket the kernel says "close" until it is connected; of a TCP socket, "listen".
    let bound = format!(":{port:04X}");
    let is = |line: &str, state: &str| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        fields.next().is_some_and(|local| local.ends_with(&bound)) && fields.nth(1) == Some(state)
    };
    [("udp", "07"), ("udp6", "07"), ("tcp", "0A"), ("tcp6", "0A")].into_iter().any(|(table, state)| {
        // Without IPv6 there is no table of it.
        let sockets = std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default();
        sockets.lines().any(|line| is(line, state))
    })
}

/// Runs a program to its end; one that takes longer than `limit` is killed and the test fails.
pub(crate) fn finish(command: &mut Command, limit: Duration) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    finish_child(child, command, limit)
}

/// As [`finish`], of a program that was started already.
pub(crate) fn finish_child(child: Child, name: &impl Debug, limit: Duration) -> Output {
    let process = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    let (tell, ended) = channel();
    thread::spawn(move || drop(tell.send(child.wait_with_output())));
    if let Ok(output) = ended.recv_timeout(limit) {
        return output.unwrap();
    }
    rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
    let said = ended.recv().unwrap().unwrap();
    panic!("{name:?} took longer than {limit:?}; it said:\n{}", text(&said));
}

/// All that a program said.
pub(crate) fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A program that runs until the test ends, and whose lines are read as they come.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = channel();
        forward(child.stdout.take().unwrap(), tell.clone());
        forward(child.stderr.take().unwrap(), tell);
        Self { child, lines, said: Vec::new() }
    }

    /// Waits for a line that holds `wanted`, and gives it.
    pub(crate) fn until(&mut self, wanted: &str) -> String {
        self.try_until(wanted).unwrap_or_else(|why| panic!("waited for {wanted:?}: {why}"))
    }

    /// As [`Program::until`]; the error is all that it said instead.
    pub(crate) fn try_until(&mut self, wanted: &str) -> Result<String, String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(wanted) {
                        return Ok(line);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(format!("it never came\n{}", self.said.join("\n"))),
                Err(RecvTimeoutError::Disconnected) => return Err(format!("it ended\n{}", self.said.join("\n"))),
            }
        }
    }

    /// Types on its console.
    pub(crate) fn type_in(&mut self, keys: &str) {
        let console = self.child.stdin.as_mut().unwrap();
        console.write_all(keys.as_bytes()).and_then(|()| console.flush()).unwrap();
    }

    /// Asks it to end, as an operator would.
    pub(crate) fn terminate(&self) {
        let process = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Ends it and all that it has started; it leads a process group of its own.
    pub(crate) fn kill_group(&self) {
        let group = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    }

    /// Everything that it said and that was waited for.
    pub(crate) fn said(&self) -> &[String] {
        &self.said
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        // Its output ends with it.
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.said.push(line);
        }
        assert!(Instant::now() < deadline, "it never ended:\n{}", self.said.join("\n"));
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn forward(from: impl Read + Send + 'static, tell: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            if tell.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
        }
    });
}
