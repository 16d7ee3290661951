//! sipsak, which operators try servers with: it asks whether we are here, and registers as a phone would.

use crate::programs::{PATIENCE, finish, text};
use crate::support::{address, patiently, peer, server};
use std::net::SocketAddr;
use std::process::Command;
use talkpath::server::Server;

/// A server with one user; nothing when sipsak isn't there.
fn office() -> Option<Server> {
    peer("sipsak", "sipsak").then(|| server("[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n"))
}

/// Its exit status and what it said: 0 for a 2xx.
async fn sipsak(at: SocketAddr, arguments: &'static [&'static str]) -> (Option<i32>, String) {
    let mut command = Command::new("sipsak");
    command.args(arguments).args(["-s", &format!("sip:desk@{at}")]);
    let finished = tokio::task::spawn_blocking(move || finish(&mut command, PATIENCE));
    let output = patiently("sipsak to end", finished).await.unwrap();
    (output.status.code(), text(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_answered_over_udp_and_tcp() {
    let Some(server) = office() else { return };
    for (place, arguments) in server.listening().zip([&["-vv"][..], &["-vv", "-E", "tcp"]]) {
        let (status, said) = sipsak(place.address, arguments).await;
        assert_eq!(status, Some(0), "{place}: {said}");
        assert!(said.contains("SIP/2.0 200 OK") && said.contains("Allow: INVITE"), "{place}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_registers_with_the_right_password_alone() {
    const WRONG: &[&str] = &["-U", "-C", "sip:desk@127.0.0.1:9", "-x", "600", "-u", "desk", "-a", "wrong"];
    const RIGHT: &[&str] = &["-U", "-C", "sip:desk@127.0.0.1:9", "-x", "600", "-u", "desk", "-a", "secret"];
    let Some(server) = office() else { return };
    let (status, said) = sipsak(address(&server), WRONG).await;
    assert_eq!(status, Some(2), "{said}");
    assert!(server.sip().bindings("desk").await.is_empty());
    let (status, said) = sipsak(address(&server), RIGHT).await;
    assert_eq!(status, Some(0), "{said}");
    let bindings = server.sip().bindings("desk").await;
    assert_eq!(bindings.len(), 1, "{bindings:?}");
}
