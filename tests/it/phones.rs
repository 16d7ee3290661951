//! Telephones that register with us: baresip with an account, over UDP and TCP. It calls agents, is dialled by a route, and is
//! bridged; its voice is judged by tones on both sides.

use crate::bursts::Bursts;
use crate::programs::PATIENCE;
use crate::softphone::{Account, Softphone, installed};
use crate::sound::{call, listen, until_pause, until_sound};
use crate::support::{address, event, patiently, phone, server};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath::call::CallEventKind;
use talkpath::net::shard::MediaEvent;
use talkpath::phone::DialOptions;
use talkpath::server::Server;
use talkpath_media::g711::Law;

const ITS_PITCHES: [f32; 2] = [700.0, 1_000.0];
const OUR_PITCHES: [f32; 2] = [500.0, 1_250.0];
const LEVEL_DBOV: f32 = -15.0;

/// A server with one user and an agent.
fn office() -> Server {
    server(
        "[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n\
         [[agent]]\nname = \"receptionist\"\ngreeting = \"Hello.\"\nparrot_lead_in = \"\"\n\
         [[route]]\nname = \"desk\"\nmatch = { to = \"100\" }\naction = { dial = \"phone:desk\" }\n\
         [[route]]\nname = \"phones\"\nmatch = { phone = \"*\" }\naction = { agent = \"receptionist\" }\n",
    )
}

fn tcp(server: &Server) -> SocketAddr {
    server.listening().nth(1).unwrap().address
}

/// Waits until the user has a telephone, or none.
pub(crate) async fn until_registered(server: &Server, wanted: usize) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let bindings = server.sip().bindings("desk").await;
        if bindings.len() == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{wanted} telephones never were registered, but {bindings:?}");
        tokio::task::yield_now().await;
    }
}

fn desk(registrar: SocketAddr, transport: &'static str) -> Account {
    Account::At { registrar, user: "desk", password: "secret", transport }
}

async fn is_dialled_and_bridged(transport: &'static str, registrar: impl Fn(&Server) -> SocketAddr) {
    if !installed() {
        return;
    }
    let server = office();
    let (its, ours) = (Bursts::new(ITS_PITCHES, LEVEL_DBOV), Bursts::new(OUR_PITCHES, LEVEL_DBOV));
    // It sings twice: before it holds the call, and after it has taken it up again.
    let voice = [its.between(1.0, 10.0), its.between(0.0, 20.0)].concat();
    let mut softphone = Softphone::start_as(desk(registrar(&server), transport), &voice, None);
    until_registered(&server, 1).await;
    let mut events = server.subscribe();

    let phone = talkpath::phone::Phone::start_realtime(crate::support::HOME).unwrap();
    let dialled = phone.dial(address(&server), "100", DialOptions { laws: vec![Law::Mu], ..DialOptions::default() });
    let mut call = patiently("the softphone to answer", dialled).await.unwrap();
    softphone.program.until("Call established");
    let said = call.mouth().begin(Arc::from(&*ours.samples));
    listen(&mut call.ear, Duration::from_secs(4)).await;
    patiently("our tones", said).await.unwrap();
    let first = its.find(&call.ear.samples(), 0).expect("the softphone's tones cross the bridge");

    // Keys, both ways.
    call.mouth().press('4');
    softphone.program.until("4");
    softphone.program.type_in("7");
    let key =
        event(
            &mut events,
            |kind| {
                if let CallEventKind::Media(MediaEvent::OtherKey(key)) = kind { Some(*key) } else { None }
            },
        );
    assert_eq!(patiently("the softphone's key", key).await, '7');

    // Hold and resume, by the softphone.
    softphone.program.type_in("x");
    softphone.program.until("call: hold");
    softphone.program.type_in("X");
    softphone.program.until("call: resume");
    listen(&mut call.ear, Duration::from_secs(12)).await;
    its.find(&call.ear.samples(), first + its.samples.len()).expect("the softphone's tones after it has resumed");

    patiently("the end", call.hang_up()).await.unwrap();
    softphone.program.until("terminated");
    ours.find(&softphone.heard(), 0).expect("our tones cross the bridge");
    until_registered(&server, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_registers_is_dialled_and_bridged_over_udp() {
    is_dialled_and_bridged("udp", address).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_registers_is_dialled_and_bridged_over_tcp() {
    is_dialled_and_bridged("tcp", tcp).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_softphone_with_an_account_calls_an_agent() {
    if !installed() {
        return;
    }
    let server = office();
    let mut events = server.subscribe();
    let dial = "/dial 200";
    let mut softphone = Softphone::start_as(desk(address(&server), "udp"), &[0; 8_000 * 20], Some(dial));
    softphone.program.until("Call established");
    let said = event(&mut events, |kind| {
        if let CallEventKind::Media(MediaEvent::AgentSaid { heard, .. }) = kind { Some(heard.clone()) } else { None }
    });
    assert!(patiently("the greeting", said).await.contains("Hello"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_phone_dials_is_read_for_the_world() {
    if !installed() {
        return;
    }
    let server = server(
        "[numbers]\ncountry = \"49\"\n[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n\
         [[route]]\nname = \"berlin\"\nmatch = { phone = \"*\", to = \"+4930*\" }\naction = { agent = \"receptionist\" }\n",
    );
    let dial = "/dial 030100";
    let mut softphone = Softphone::start_as(desk(address(&server), "udp"), &[0; 8_000 * 20], Some(dial));
    softphone.program.until("Call established");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_registers_nobody() {
    if !installed() {
        return;
    }
    let server = office();
    let account = Account::At { registrar: address(&server), user: "desk", password: "guess", transport: "udp" };
    let mut softphone = Softphone::start_as(account, &[0; 8_000], None);
    let refused = softphone.program.until("401");
    assert!(refused.contains("Unauthorized"), "{refused}");
    assert!(server.sip().bindings("desk").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_dialled_who_is_not_there() {
    let server = office();
    let phone = phone();
    let dialled = phone.dial(address(&server), "100", DialOptions::default());
    let refused = patiently("a refusal", dialled).await.unwrap_err().to_string();
    assert!(refused.contains("480"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_to_be_a_phone_without_proof_gets_no_call() {
    let server = office();
    let raw = crate::raw::Raw::udp(address(&server));
    let reply = raw.ask("INVITE", "desk", "receptionist");
    assert!(reply.starts_with("SIP/2.0 401 "), "{reply}");
    assert!(reply.contains("WWW-Authenticate: Digest realm=\"talkpath\""), "{reply}");
}

/// A menu leads to an agent, and a PIN guards another; what is typed there is told to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn keys_lead_through_a_menu_and_past_a_pin() {
    let server = server(
        "[[agent]]\nname = \"sales\"\ngreeting = \"This is sales.\"\n\
         [[menu]]\nname = \"main\"\nprompt = \"Press one or two.\"\n\
         options = { 1 = { agent = \"sales\" }, 2 = { pin = { pins = [\"4711\"], then = { agent = \"sales\" } } } }\n\
         [[route]]\nname = \"all\"\naction = { menu = \"main\" }\n",
    );
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    call.mouth().press('2');
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    for key in "1234#".chars() {
        call.mouth().press(key);
    }
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    for key in "4711".chars() {
        call.mouth().press(key);
    }
    let mut keys = String::new();
    loop {
        let kind = patiently("what the agent says", events.recv()).await.unwrap().kind;
        if let CallEventKind::Media(MediaEvent::Key(key)) = kind {
            keys.push(key);
        } else if let CallEventKind::Media(MediaEvent::AgentSaid { heard, .. }) = kind
            && heard.contains("This is sales.")
        {
            break;
        }
    }
    assert_eq!(keys, "2", "a PIN is told to nobody");
    patiently("the end", call.hang_up()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_knows_no_pin_is_hung_up_on() {
    let server = server(
        "[[agent]]\nname = \"vault\"\ngreeting = \"Welcome.\"\n[[route]]\nname = \"all\"\n\
         action = { pin = { pins = [\"4711\"], attempts = 2, then = { agent = \"vault\" } } }\n",
    );
    let mut call = call(address(&server), DialOptions::default()).await;
    for _ in 0..2 {
        until_sound(&mut call.ear).await;
        until_pause(&mut call.ear).await;
        "0000".chars().for_each(|key| call.mouth().press(key));
    }
    let ended = tokio::time::timeout(Duration::from_secs(20), call.ended()).await;
    assert!(ended.is_ok(), "it is hung up on");
}
