//! Logs: quiet by default, complete when asked.

use std::io::IsTerminal;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// Starts logging to standard error; `base` is the level without any `-v`. Keep what is returned: what is still to be written
/// is written when it is dropped.
///
/// A thread of its own writes. Whoever logs never waits for the terminal: what finds no room is left out.
pub(super) fn start(base: &str, verbose: u8) -> WorkerGuard {
    let level = match verbose {
        0 => base,
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let (writer, guard) = tracing_appender::non_blocking(std::io::stderr());
    // Colours are for eyes: a file or a journal gets none.
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(ansi);
    logs.with_target(verbose >= 2).init();
    guard
}
