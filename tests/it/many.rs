//! Two hundred calls at once: every one answered, heard and answered again, nothing lost, and nothing left when they are over.

use crate::sound::{PARROT, listen};
use crate::support::{address, patiently, phone, report, server};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use talkpath::call::{CallEvent, CallEventKind};
use talkpath::net::shard::Report;
use talkpath::phone::{DialOptions, LineCounts, Phone, PhoneCall};
use talkpath::server::Server;
use talkpath_speech::voice::Voice;
use tokio::sync::broadcast;

/// Calls at once.
const CALLS: usize = 200;
/// New calls a second: a busy trunk's.
const SETUP: Duration = Duration::from_millis(10);

/// File descriptors are the process's: this test needs one of its own.
#[test]
fn two_hundred_calls_at_once_lose_nothing_and_leave_nothing() {
    let tests = std::env::current_exe().unwrap();
    let arguments = ["--exact", "many::two_hundred_calls_in_a_process_of_their_own", "--ignored", "--nocapture"];
    let output = Command::new(tests).args(arguments).output().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by two_hundred_calls_at_once_lose_nothing_and_leave_nothing"]
async fn two_hundred_calls_in_a_process_of_their_own() {
    let server = server(PARROT);
    let phone = phone();
    // After a first call every thread has what it needs.
    let mut events = server.subscribe();
    let first =
        patiently("an answer", phone.dial(address(&server), "receptionist", DialOptions::default())).await.unwrap();
    patiently("the end", first.hang_up()).await.unwrap();
    report(&mut events).await;
    let idle = descriptors();
    let mut calls = dial_all(&phone, &server).await;
    assert!(descriptors() >= idle + 2 * CALLS, "each call has its sockets");
    assert_eq!(server.context().shards.calls(), CALLS);

    // Everybody lets the greeting begin, so that an agent has learnt that the line doesn't echo.
    listen(&mut calls[CALLS - 1].ear, Duration::from_millis(1_500)).await;
    let sentence: Arc<[i16]> = Voice::new().unwrap().synthesize("I would like to hear this line.").into();
    let speaking: Vec<_> = calls.iter().map(|call| call.mouth().begin(Arc::clone(&sentence))).collect();
    for said in speaking {
        patiently("the callers", said).await.unwrap();
    }
    let mut counts = Vec::new();
    for call in calls {
        counts.push(patiently("the end", call.hang_up()).await.unwrap());
    }
    judge(&counts, &reports(events).await);
    patiently("the shards to be empty", empty(&server, idle)).await;
}

async fn dial_all(phone: &Phone, server: &Server) -> Vec<PhoneCall> {
    let mut beat = tokio::time::interval(SETUP);
    let mut calls = Vec::new();
    for call in 1..=CALLS {
        beat.tick().await;
        let options = DialOptions { listen: call == CALLS, ..DialOptions::default() };
        calls.push(patiently("an answer", phone.dial(address(server), "receptionist", options)).await.unwrap());
    }
    calls
}

fn judge(counts: &[LineCounts], reports: &[Box<Report>]) {
    let mut all = LineCounts::default();
    counts.iter().for_each(|counts| all += *counts);
    assert_eq!((all.lost, all.doubled, all.broken_timestamps), (0, 0, 0), "{all:?}");
    let skipped: Duration = reports.iter().map(|report| report.leg.skipped).sum();
    assert!(all.skipped <= talkpath_media::samples_in(skipped) as u64, "{all:?} against {skipped:?}");
    for report in reports {
        assert_eq!((report.leg.lost, report.leg.unsent, report.leg.strangers), (0, 0, 0), "{report:?}");
        assert_eq!((report.refused, report.lost_events), (Duration::ZERO, 0), "{report:?}");
    }
    let heard = reports.iter().filter(|report| report.turns.interruptions == 1).count();
    assert_eq!(heard, CALLS);
    eprintln!("{all:?}, skipped {skipped:?}");
}

async fn reports(mut events: broadcast::Receiver<CallEvent>) -> Vec<Box<Report>> {
    let mut reports = Vec::new();
    while reports.len() < CALLS {
        if let CallEventKind::Ended { report, .. } = patiently("reports", events.recv()).await.unwrap().kind {
            reports.push(report.unwrap());
        }
    }
    reports
}

/// Waits until the server's shards hold no call and the process no more files than before.
async fn empty(server: &Server, idle: usize) {
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    while server.context().shards.calls() > 0 || descriptors() > idle {
        beat.tick().await;
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
