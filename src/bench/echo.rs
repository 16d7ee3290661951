//! The floor: a process that sends every datagram back, on as many sockets as there are calls, at the same ticks.

use crate::net::ticker::Ticker;
use clap::Args;
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of the echo process.
#[derive(Args, Clone, Debug)]
pub struct EchoArguments {
    /// How many sockets; their ports are printed, one a line.
    #[arg(long)]
    pub sockets: u32,
}

/// Echoes until it is killed.
///
/// # Errors
/// When a socket can't be bound or the timer fails.
pub fn run(arguments: &EchoArguments) -> anyhow::Result<ExitCode> {
    crate::net::limits::raise_open_files(usize::try_from(arguments.sockets)?);
    let mut sockets = Vec::new();
    let mut out = std::io::stdout().lock();
    for _ in 0..arguments.sockets {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        writeln!(out, "{}", socket.local_addr()?.port())?;
        sockets.push(socket);
    }
    out.flush()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ticker = Ticker::new(Duration::from_millis(5))?;
        let mut buffer = [0_u8; 2_048];
        loop {
            ticker.next().await?;
            for socket in &sockets {
                while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    // A packet that the system won't take is one that the callers miss.
                    drop(socket.send_to(buffer.get(..length).unwrap_or_default(), from));
                }
            }
        }
    })
}
