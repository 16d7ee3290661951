//! The scenarios of `sipp-scenarios/`, all of them: each as caller against a server of this process with the folder's
//! `talkpath.toml`, or as callee of `talkpath call`.
//!
//! SIPp judges its side of the signalling; our records of the calls are judged here, and the voice of two of them.

mod run;
mod scenario;
mod voice;

use crate::programs::{Scratch, text};
use crate::support::{HOME, HOME_6, has_ipv6, patiently, peer};
use run::{Played, play};
use scenario::{Role, Scenario, Way, folder, index};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use talkpath::call::{CallEvent, CallEventKind, CallId, Disposition};
use talkpath::net::shard::{MediaEvent, Report};
use talkpath::server::Server;
use talkpath_config::{Config, Listen};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Scenarios at once.
const AT_ONCE: usize = 16;
/// How often a voice is tried that isn't whole: from the second time on only those few are at work.
const ROUNDS: usize = 3;
/// Calls that are over must be gone by then.
const GONE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_of_the_folder_holds() {
    if !peer("sipp", "sip-tester") {
        return;
    }
    let (mut plays, mut failures, mut rounds) = (plays(), Vec::new(), 0..ROUNDS);
    while !plays.is_empty() && rounds.next().is_some() {
        let (spoilt, wrong): (Vec<_>, _) = round(plays).await.into_iter().partition(|failure| failure.voice);
        failures.extend(wrong);
        plays = spoilt.iter().map(|failure| failure.play.clone()).collect();
        if rounds.is_empty() {
            failures.extend(spoilt);
        } else {
            spoilt.iter().for_each(|failure| eprintln!("DISCARDED {failure}"));
        }
    }
    let complaints: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert!(complaints.is_empty(), "{} failed:\n\n{}", complaints.len(), complaints.join("\n\n"));
}

/// A scenario that didn't hold.
struct Failure {
    play: (Scenario, Way),
    /// What travelled isn't what was sent, and all else is right: SIPp or a media thread of ours may have stood still.
    voice: bool,
    why: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { play: (scenario, way), why, .. } = self;
        write!(f, "{} by {way}: {why}", scenario.name)
    }
}

/// Plays against a server of their own, and judges.
async fn round(plays: Vec<(Scenario, Way)>) -> Vec<Failure> {
    let recordings = Scratch::new();
    let server = server(&recordings);
    let (events, places) = (tokio::spawn(collect(server.subscribe())), server.listening().collect::<Vec<_>>());
    let (played, mut failures) = tokio::task::spawn_blocking(move || play_all(plays, &places)).await.unwrap();
    assert!(server.sip().bindings("desk").await.is_empty(), "a phone is left registered");
    // A call that has outlived its scenario would be drained for as long as this.
    let gone = tokio::time::timeout(GONE, server.drain(GONE * 2)).await;
    assert!(gone.is_ok(), "a call is left over");
    let events = patiently("the last event", events).await.unwrap();
    failures.extend(played.iter().filter_map(|played| judge(played, &events).err().map(|failure| *failure)));
    failures
}

#[test]
fn the_index_names_every_scenario_and_what_it_proves() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let index = index(&Scenario::all());
    assert!(readme.contains(&index), "sipp-scenarios/README.md should hold this table:\n\n{index}");
}

fn server(recordings: &Scratch) -> Server {
    let mut config = Config::load(&folder().join("talkpath.toml")).unwrap();
    let homes = [HOME].into_iter().chain(has_ipv6().then_some(HOME_6));
    config.sip.listen = homes.flat_map(|home| [Listen::udp((home, 0).into()), Listen::tcp((home, 0).into())]).collect();
    config.http.listen = None;
    config.recording.enabled = true;
    config.recording.directory = recordings.path().to_owned();
    Server::start(config).unwrap()
}

async fn collect(mut events: Receiver<CallEvent>) -> Vec<CallEvent> {
    let mut all = Vec::new();
    loop {
        match events.recv().await {
            Ok(event) => all.push(event),
            Err(RecvError::Lagged(missed)) => panic!("{missed} events were missed"),
            Err(RecvError::Closed) => return all,
        }
    }
}

/// Every scenario that is wanted and possible, in each of its ways.
fn plays() -> Vec<(Scenario, Way)> {
    let possible: Vec<_> = Scenario::all().into_iter().filter(is_wanted).filter(is_possible).collect();
    let in_each_way = |scenario: &Scenario| {
        let ways = scenario.ways.iter().filter(|way| !way.six || has_ipv6());
        ways.map(|way| (scenario.clone(), *way)).collect::<Vec<_>>()
    };
    (0..repetitions()).flat_map(|_| possible.iter().flat_map(in_each_way)).collect()
}

fn play_all(plays: Vec<(Scenario, Way)>, servers: &[Listen]) -> (Vec<Played>, Vec<Failure>) {
    let waiting = Mutex::new(VecDeque::from(plays));
    let (played, failures) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let work = || {
        while let Some((scenario, way)) = { waiting.lock().unwrap().pop_front() } {
            match play(&scenario, way, servers) {
                Ok(result) => played.lock().unwrap().push(result),
                Err(why) => failures.lock().unwrap().push(Failure { play: (scenario, way), voice: false, why }),
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    (played.into_inner().unwrap(), failures.into_inner().unwrap())
}

/// Whether its name has in it what `TALKPATH_SCENARIO` says.
fn is_wanted(scenario: &Scenario) -> bool {
    std::env::var("TALKPATH_SCENARIO").map_or(true, |wanted| scenario.name.contains(&wanted))
}

/// How often each is played: once, or as often as `TALKPATH_REPEAT` says.
fn repetitions() -> usize {
    std::env::var("TALKPATH_REPEAT").map_or(1, |times| times.parse().expect("TALKPATH_REPEAT is a number"))
}

/// Whether this machine permits what the scenario needs. At home one that can't be played is named; in CI that is a failure.
fn is_possible(scenario: &Scenario) -> bool {
    const SOCK_RAW: i32 = 3;
    let Some(needs) = &scenario.needs else { return true };
    assert_eq!(needs, "raw sockets", "{} needs what nobody can judge", scenario.name);
    let raw = socket2::Socket::new(socket2::Domain::IPV4, SOCK_RAW.into(), Some(socket2::Protocol::UDP));
    let Err(error) = raw else { return true };
    assert!(std::env::var_os("CI").is_none(), "{} needs {needs}, and CI must have them: {error}", scenario.name);
    eprintln!("SKIPPED: {} needs {needs}: {error} (run the test as root)", scenario.name);
    false
}

fn judge(played: &Played, events: &[CallEvent]) -> Result<(), Box<Failure>> {
    let failed = |voice| move |why| Box::new(Failure { play: (played.scenario.clone(), played.way), voice, why });
    match played.scenario.role {
        Role::Caller => {
            let call = judge_record(played, events).map_err(failed(false))?;
            if played.scenario.name == "uac-basic-call-with-rtp" { judge_voice(call, events) } else { Ok(()) }
        }
        Role::Callee => {
            let said = judge_call(played).map_err(failed(false))?;
            if played.scenario.name != "uas-answered" {
                return Ok(());
            }
            voice::judge_echo(played.scratch.path(), &said)
        }
    }
    .map_err(failed(true))
}

/// What the server has to say of the calls that came from this SIPp; gives the first.
fn judge_record(played: &Played, events: &[CallEvent]) -> Result<Option<CallId>, String> {
    let calls: Vec<_> = events.iter().filter(|event| began_at(event, played.port)).map(|event| event.call).collect();
    let ends: Vec<_> = calls.iter().map(|call| end(*call, events)).collect();
    let told: Vec<_> = ends.iter().map(|(disposition, _)| disposition.to_string()).collect();
    let expected: Vec<_> = played.scenario.expect.iter().cloned().collect();
    ensure(told == expected, || format!("the server tells {told:?}, not {expected:?}"))?;
    if matches!(&*played.scenario.name, "uac-dtmf-telephone-event" | "uac-info-key" | "uac-info-key-alone") {
        let keys = keys(calls[0], events);
        ensure(keys == "9", || format!("the keys that were understood are {keys:?}, not \"9\""))?;
    }
    Ok(calls.first().copied())
}

fn judge_voice(call: Option<CallId>, events: &[CallEvent]) -> Result<(), String> {
    let call = call.ok_or("there was no call")?;
    let (_, report) = end(call, events);
    voice::judge_parrot(&voice::recorded(call, events), report.ok_or("there is no report")?)
}

/// What `talkpath call` printed, and its exit status.
fn judge_call(played: &Played) -> Result<String, String> {
    let call = played.call.as_ref().ok_or("it was never called")?;
    let (said, expected) = (text(call), played.scenario.expect.as_ref().unwrap());
    let end = said.lines().find_map(|line| line.split_once("ended: ")).map(|(_, end)| end);
    ensure(end == Some(expected), || format!("talkpath call ends with {end:?}, not {expected:?}; it said:\n{said}"))?;
    let answered = expected.starts_with("answered");
    ensure(call.status.success() == answered, || format!("talkpath call ends with {}", call.status))?;
    Ok(said)
}

/// Whether it is the beginning of a call from that SIPp: its connections come from ports of the system's choice, but its From
/// names its own.
fn began_at(event: &CallEvent, port: u16) -> bool {
    matches!(&event.kind, CallEventKind::Began { from, .. } if from.ends_with(&format!(":{port}")))
}

fn end(call: CallId, events: &[CallEvent]) -> (&Disposition, Option<&Report>) {
    let ended = |event: &CallEvent| event.call == call && matches!(event.kind, CallEventKind::Ended { .. });
    let end = events.iter().find(|event| ended(event)).map(|event| &event.kind);
    let Some(CallEventKind::Ended { disposition, report }) = end else { panic!("call {call} has no end") };
    (disposition, report.as_deref())
}

fn keys(call: CallId, events: &[CallEvent]) -> String {
    let key = |event: &CallEvent| {
        if let CallEventKind::Media(MediaEvent::Key(key)) = event.kind { Some(key) } else { None }
    };
    events.iter().filter(|event| event.call == call).filter_map(key).collect()
}

fn ensure(right: bool, complaint: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(complaint()) }
}
