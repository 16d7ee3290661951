//! A carrier by hand: it reads every INVITE, and answers all of them the same way.

use crate::programs::PATIENCE;
use crate::support::HOME;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

/// A UDP server that refuses every INVITE with one status, and answers OPTIONS 200.
pub(crate) struct Carrier {
    address: SocketAddr,
    invites: Receiver<String>,
}

impl Carrier {
    /// `answer` is a status and what else its header says, such as "486 Busy Here".
    pub(crate) fn start(answer: &'static str) -> Self {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let (tell, invites) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            let mut last = String::new();
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let method = request.split(' ').next().unwrap_or_default();
                let status = match method {
                    "INVITE" => answer,
                    "OPTIONS" => "200 OK",
                    _ => continue,
                };
                drop(socket.send_to(response(&request, status).as_bytes(), from));
                let branch = field(&request, "Via").to_owned();
                if method == "INVITE" && branch != last {
                    last = branch;
                    if tell.send(request).is_err() {
                        return;
                    }
                }
            }
        });
        Self { address, invites }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next INVITE, retransmissions left out.
    pub(crate) fn invite(&self) -> String {
        self.invites.recv_timeout(PATIENCE).unwrap()
    }

    /// How many have come that nobody has asked for.
    pub(crate) fn count(&self) -> usize {
        self.invites.try_iter().count()
    }
}

fn response(request: &str, status: &str) -> String {
    let copied =
        ["Via", "From", "Call-ID", "CSeq"].map(|name| format!("{name}: {}\r\n", field(request, name))).concat();
    format!("SIP/2.0 {status}\r\n{copied}To: {};tag=carrier\r\nContent-Length: 0\r\n\r\n", field(request, "To"))
}

/// The value of a header field; "" without it.
pub(crate) fn field<'a>(message: &'a str, name: &str) -> &'a str {
    message
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value.trim())
}
