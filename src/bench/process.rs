//! The measured process: started, pinned to a core, its CPU time and memory read from `/proc`.

use anyhow::{Context, bail};
use rustix::process::{Pid, Resource, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The core that is measured.
pub(super) const MEASURED_CORE: usize = 0;

/// As many open files as the system lets us have: two sockets a call.
pub(super) fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays where it is");
    }
}

/// A process of ours; killed when dropped.
#[derive(Debug)]
pub(super) struct Measured {
    child: Child,
    pub(super) out: BufReader<ChildStdout>,
}

impl Measured {
    /// Starts this program with other arguments, on the measured core.
    pub(super) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's own file can't be found")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .context("the measured process can't be started")?;
        let out = child.stdout.take().context("the measured process has no output")?;
        let measured = Self { child, out: BufReader::new(out) };
        Ok(measured)
    }

    /// The next line that it prints.
    pub(super) fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.out.read_line(&mut line)? == 0 {
            bail!("the measured process ended early; run `talkpath serve` to see why");
        }
        Ok(line.trim().to_owned())
    }

    /// Pins all of its threads to the measured core, and this process to the others.
    pub(super) fn pin(&self) -> anyhow::Result<()> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        if cores < 2 {
            return Ok(());
        }
        let mut measured = CpuSet::new();
        measured.set(MEASURED_CORE);
        let mut others = CpuSet::new();
        (0..cores).filter(|core| *core != MEASURED_CORE).for_each(|core| others.set(core));
        pin_threads(&self.tasks(), &measured)?;
        pin_threads(&PathBuf::from("/proc/self/task"), &others)
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

fn pin_threads(tasks: &PathBuf, cores: &CpuSet) -> anyhow::Result<()> {
    for thread in fs::read_dir(tasks)? {
        let name = thread?.file_name();
        let Some(thread) = name.to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else { continue };
        if let Err(error) = sched_setaffinity(Some(thread), cores) {
            tracing::debug!(%error, "a thread that has just ended can't be pinned");
        }
    }
    Ok(())
}
