//! Logs: quiet by default, complete when asked.

use tracing_subscriber::EnvFilter;

/// Starts logging to standard error; `base` is the level without any `-v`.
pub(super) fn start(base: &str, verbose: u8) {
    let level = match verbose {
        0 => base,
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(verbose >= 2).init();
}
