//! The measured process: started, pinned to a core, its CPU time and memory read from `/proc`.

use anyhow::{Context, bail};
use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// One core to measure on, and the others for whoever measures.
#[derive(Clone, Debug)]
pub(super) struct Cores {
    pub(super) measured: CpuSet,
}

impl Cores {
    /// Takes the first core that this process may use for the measured one and keeps to the others from now on.
    pub(super) fn divide() -> anyhow::Result<Self> {
        let ours = sched_getaffinity(None).context("the cores of this process can't be read")?;
        let mut usable = (0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core));
        let first = usable.next().context("this process may use no core")?;
        let mut others = CpuSet::new();
        usable.for_each(|core| others.set(core));
        if others.count() == 0 {
            bail!("the bench needs two cores: one for the server, one for its callers");
        }
        let mut measured = CpuSet::new();
        measured.set(first);
        pin_threads(Path::new("/proc/self/task"), &others)?;
        Ok(Self { measured })
    }
}

/// A process of ours; killed when dropped.
#[derive(Debug)]
pub(super) struct Measured {
    child: Child,
    input: ChildStdin,
    pub(super) out: BufReader<ChildStdout>,
}

impl Measured {
    /// Starts this program with other arguments, on the cores of whoever measures.
    pub(super) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's own file can't be found")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the measured process can't be started")?;
        let out = child.stdout.take().context("the measured process has no output")?;
        let input = child.stdin.take().context("the measured process has no input")?;
        Ok(Self { child, input, out: BufReader::new(out) })
    }

    /// The next line that it prints.
    pub(super) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.out.read_line(&mut line)? == 0 {
            bail!("the measured process ended early; run `talkpath serve` to see why");
        }
        Ok(line.trim().to_owned())
    }

    /// Asks it something; the answer is a line that it prints.
    pub(super) fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        writeln!(self.input, "{question}")?;
        self.line()
    }

    /// Pins all of its threads to the measured core.
    pub(super) fn pin(&self, cores: &Cores) -> anyhow::Result<()> {
        pin_threads(&self.tasks(), &cores.measured)
    }

    /// CPU time so far, of all threads.
    pub(super) fn cpu(&self) -> anyhow::Result<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(self.tasks()).context("the measured process is gone")? {
            // Threads may end while we look.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory in kB.
    pub(super) fn resident_kb(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().next().context("no VmRSS")?.parse()?)
    }

    fn tasks(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/task", self.child.id()))
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            tracing::debug!(%error, "the measured process had ended");
        }
    }
}

fn pin_threads(tasks: &Path, cores: &CpuSet) -> anyhow::Result<()> {
    for thread in fs::read_dir(tasks)? {
        let name = thread?.file_name();
        let Some(thread) = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else { continue };
        if let Err(error) = sched_setaffinity(Some(thread), cores) {
            tracing::debug!(%error, "a thread that has just ended can't be pinned");
        }
    }
    Ok(())
}
