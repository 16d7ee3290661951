//! IPv6 throughout, on the loopback: calls and their voice, a phone that registers and is dialled, a trunk, and both families
//! in one call.

use crate::raw::{Call, Raw, field, register, reply, sdp, status};
use crate::sound::{PARROT, assert_whole, coded, song, trimmed, until_pause, until_sound};
use crate::support::{HOME, HOME_6, address, has_ipv6, patiently, report, server_at};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use talkpath::phone::{DialOptions, Phone};
use talkpath::server::Server;
use talkpath_media::g711::Law;

/// Calls `server` from `home`, sings, and hears the same song.
async fn sings_and_hears_itself(home: IpAddr, server: SocketAddr) -> talkpath::phone::LineCounts {
    let phone = Phone::start_realtime(home).unwrap();
    let dialled = phone.dial(server, "receptionist", DialOptions::default());
    let mut call = patiently("an answer", dialled).await.unwrap();
    assert_eq!(call.remote.ip(), home);
    until_sound(&mut call.ear).await;
    let song = song();
    let said = patiently("the song's end", call.mouth().say(Arc::from(&*song.samples))).await.unwrap();
    call.ear.catch_up();
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    let (heard, sung) = (call.ear.samples_since(said.ended), coded(Law::Mu, &song.samples));
    let (heard, sung) = (trimmed(&heard), trimmed(&sung));
    assert!(sung.starts_with(heard) && heard.len() + 320 >= sung.len(), "{} of {}", heard.len(), sung.len());
    patiently("the end", call.hang_up()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_and_its_voice_travel_by_ipv6_sample_for_sample() {
    if !has_ipv6() {
        return;
    }
    let server = server_at(&[HOME_6], PARROT);
    let mut events = server.subscribe();
    let counts = sings_and_hears_itself(HOME_6, address(&server)).await;
    let report = report(&mut events).await;
    assert_whole(&counts, &report);
    assert_eq!((report.leg.lost, report.leg.strangers, report.leg.unsent), (0, 0, 0), "{:?}", report.leg);
}

/// A caller by IPv4 is led through a trunk by IPv6: each leg says its own address, and the voice crosses.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_crosses_from_one_family_to_the_other() {
    if !has_ipv6() {
        return;
    }
    let far = server_at(&[HOME_6], PARROT);
    let near = server_at(
        &[HOME, HOME_6],
        &format!(
            "[[trunk]]\nname = \"carrier\"\nservers = [\"sip:{}\"]\noptions = 0\n\
             [[route]]\nname = \"out\"\naction = {{ dial = \"trunk:carrier\" }}\n",
            address(&far)
        ),
    );
    let mut far_ends = far.subscribe();
    sings_and_hears_itself(HOME, address(&near)).await;
    let report = report(&mut far_ends).await;
    assert_eq!((report.leg.lost, report.leg.strangers), (0, 0), "{:?}", report.leg);
}

/// A server with one user, whom every call dials.
fn office() -> Server {
    server_at(
        &[HOME_6],
        "[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n\
         [[route]]\nname = \"desk\"\naction = { dial = \"phone:desk\" }\n",
    )
}

async fn is_registered_and_dialled(phone: impl FnOnce(&Server) -> Raw) {
    if !has_ipv6() {
        return;
    }
    let server = office();
    let mut desk = phone(&server);
    let ok = register(&mut desk, "desk", "secret");
    assert_eq!(status(&ok), 200, "{ok}");
    assert!(field(&ok, "Contact").unwrap().contains(&format!("@{}>", desk.own)), "{ok}");
    assert_eq!(server.sip().bindings("desk").await.len(), 1);
    let raw = Raw::udp(address(&server));
    let caller = std::thread::spawn(move || {
        let mut call = Call::new(raw, "100");
        let refused = call.ask("INVITE", "", &sdp((HOME_6, 9).into(), 1, "0", ""));
        call.acknowledge_refusal(&refused);
        status(&refused)
    });
    let invite = desk.message().unwrap();
    assert!(invite.starts_with(&format!("INVITE sip:desk@{} SIP/2.0", desk.own)), "{invite}");
    assert!(invite.contains("c=IN IP6 ::1\r\n") && invite.contains("Contact: <sip:raw@[::1]:"), "{invite}");
    desk.send(reply(&invite, "486 Busy Here", "").as_bytes());
    assert_eq!(caller.join().unwrap(), 486);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_registers_and_is_dialled_by_ipv6_over_udp() {
    is_registered_and_dialled(|server| Raw::udp(address(server))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_registers_and_is_dialled_by_ipv6_over_tcp() {
    is_registered_and_dialled(|server| Raw::tcp(server.listening().nth(1).unwrap().address)).await;
}
