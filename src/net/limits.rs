//! How many files the system lets us have open: two sockets a call, and a recording.

use rustix::process::{Resource, getrlimit, setrlimit};
use tracing::{debug, warn};

/// Files a call: RTP, RTCP, recording.
const A_CALL: u64 = 3;
/// Files that the server needs for itself.
const OURS: u64 = 64;

/// Raises the limit as far as is permitted, and warns when `calls` at once would not fit.
pub fn raise_open_files(calls: usize) {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        debug!(%error, "the limit of open files stays where it is");
    }
    let needed = (calls as u64).saturating_mul(A_CALL).saturating_add(OURS);
    // No limit at all is none to warn of.
    if let Some(files) = getrlimit(Resource::Nofile).current
        && files < needed
    {
        warn!(files, needed, "too few open files for sip.max_calls; raise the hard limit (ulimit -Hn, LimitNOFILE=)");
    }
}
