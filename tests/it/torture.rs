//! The torture messages of RFC 4475, those of RFC 5118, and what trunks send, at a running server: each gets the answer that is
//! due, or none, and an ordinary call is answered after it.
//!
//! The messages are those that the SIP room keeps, as they are; they name hosts that don't exist, so what comes back is awaited
//! where they come from, at the port that their Via names.

use crate::message_corpus;
use crate::raw::{Raw, call_and_hang_up, field, sdp, status};
use crate::sound::{PARROT, until_sound};
use crate::support::{address, patiently, phone, server};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use talkpath::phone::{DialOptions, Phone};
use talkpath_sip::message::{HeaderName, Message, Transport};

/// After so many messages a call with voice is made; after each a short one.
const VOICE_EVERY: usize = 10;
/// Where the message of this number comes from: nobody else of this machine lives there, another run of these tests neither. Each has an
/// address of its own, as a port that was let go of may not be free at once: a program that another test starts holds all that is open until it
/// runs.
fn home(number: usize) -> IpAddr {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + u8::try_from(number).unwrap(), high, low).into()
}

const SDP: &str = "Content-Type: application/sdp\r\n";

/// What is due to a message.
#[derive(Clone, Copy)]
enum Due {
    /// These final responses; a call that is answered is ended.
    Answers(&'static [u16]),
    /// Not a word.
    Silence,
    /// Not a word, and the end of the connection.
    Closed,
}
use Due::{Answers, Closed, Silence};

/// Every message, where it is described (RFC 4475, from 5118 on RFC 5118), what is due to it, and why.
#[rustfmt::skip]
const ALL: [(&str, &str, Due, &str); 67] = [
    ("valid/wsinv", "§3.1.1.1", Answers(&[481]), "its To has a tag of no call of ours"),
    ("valid/intmeth", "§3.1.1.2", Answers(&[501]), "a method that nobody knows"),
    ("valid/esc01", "§3.1.1.3", Answers(&[200]), "escapes in the user part"),
    ("valid/escnull", "§3.1.1.4", Answers(&[405]), "we are no registrar"),
    ("valid/esc02", "§3.1.1.5", Answers(&[501]), "RE%47IST%45R isn't REGISTER"),
    ("valid/lwsdisp", "§3.1.1.6", Answers(&[200]), "no space between display name and address"),
    ("valid/longreq", "§3.1.1.7", Answers(&[200]), "long, and well-formed"),
    ("valid/dblreq", "§3.1.1.8", Answers(&[405]), "what follows the body in a datagram is nothing"),
    ("valid/semiuri", "§3.1.1.9", Answers(&[200]), "a semicolon in the user part"),
    ("valid/transports", "§3.1.1.10", Answers(&[200]), "unknown transports below the topmost Via"),
    ("valid/mpart01", "§3.1.1.11", Answers(&[405]), "MESSAGE is not taken here"),
    ("valid/unreason", "§3.1.1.12", Silence, "a response to nothing of ours"),
    ("valid/noreason", "§3.1.1.13", Silence, "a response to nothing of ours"),
    ("invalid/badinv01", "§3.1.2.1", Answers(&[400]), "separators without values"),
    ("invalid/clerr", "§3.1.2.2", Answers(&[400]), "less body than its length says"),
    ("invalid/ncl", "§3.1.2.3", Answers(&[400]), "a negative length"),
    ("invalid/scalar02", "§3.1.2.4", Answers(&[400]), "a CSeq beyond 32 bits"),
    ("invalid/scalarlg", "§3.1.2.5", Silence, "a response that can't be read"),
    ("invalid/quotbal", "§3.1.2.6", Answers(&[400]), "a quote that doesn't end"),
    ("invalid/ltgtruri", "§3.1.2.7", Answers(&[400]), "angle brackets around the Request-URI"),
    ("invalid/lwsruri", "§3.1.2.8", Answers(&[400]), "space in the Request-URI"),
    ("invalid/lwsstart", "§3.1.2.9", Answers(&[400]), "two spaces in the start line"),
    ("invalid/trws", "§3.1.2.10", Answers(&[400]), "spaces after the start line"),
    ("invalid/escruri", "§3.1.2.11", Answers(&[400]), "header fields in the Request-URI"),
    ("semantic/baddate", "§3.1.2.12", Answers(&[200]), "a Date that nobody needs"),
    ("invalid/regbadct", "§3.1.2.13", Answers(&[400]), "a Contact that should have brackets"),
    ("invalid/badaspec", "§3.1.2.14", Answers(&[400]), "space within a To"),
    ("invalid/baddn", "§3.1.2.15", Answers(&[400]), "a display name that should be quoted"),
    ("invalid/badvers", "§3.1.2.16", Answers(&[505]), "SIP/7.0"),
    ("invalid/mismatch01", "§3.1.2.17", Answers(&[400]), "CSeq has another method"),
    ("invalid/mismatch02", "§3.1.2.18", Answers(&[400]), "CSeq has another method, and nobody knows this one"),
    ("invalid/bigcode", "§3.1.2.19", Silence, "a response that can't be read"),
    ("semantic/badbranch", "§3.2.1", Answers(&[200]), "a branch that is but the magic cookie"),
    ("invalid/insuf", "§3.3.1", Answers(&[400]), "Call-ID, From and To are missing"),
    ("semantic/unkscm", "§3.3.2", Answers(&[416]), "a scheme that nobody knows"),
    ("semantic/novelsc", "§3.3.3", Answers(&[416]), "a scheme that isn't ours"),
    ("semantic/unksm2", "§3.3.4", Answers(&[405]), "we are no registrar, whatever scheme To has"),
    ("semantic/bext01", "§3.3.5", Answers(&[420]), "extensions that nobody supports"),
    ("semantic/invut", "§3.3.6", Answers(&[415]), "a body that nobody understands"),
    ("semantic/regaut01", "§3.3.7", Answers(&[405]), "we are no registrar, whatever is proved"),
    ("invalid/multi01", "§3.3.8", Answers(&[400]), "two From, two Call-ID"),
    ("invalid/mcl01", "§3.3.9", Answers(&[400]), "two lengths that differ"),
    ("semantic/bcast", "§3.3.10", Silence, "a response for somebody else"),
    ("semantic/zeromf", "§3.3.11", Answers(&[200]), "it has arrived, and need go no further"),
    ("semantic/cparam01", "§3.3.12", Answers(&[405]), "we are no registrar"),
    ("semantic/cparam02", "§3.3.13", Answers(&[405]), "we are no registrar"),
    ("semantic/regescrt", "§3.3.14", Answers(&[405]), "we are no registrar"),
    ("semantic/sdp01", "§3.3.15", Answers(&[406]), "nothing that we could answer with is accepted"),
    ("semantic/inv2543", "§3.4.1", Answers(&[400]), "RFC 2543 needed no Contact, RFC 3261 does"),
    ("ipv6/ipv6-good", "5118 §4.1", Answers(&[405]), "we are no registrar"),
    ("ipv6/ipv6-bad", "5118 §4.2", Answers(&[400]), "an address without its brackets"),
    ("ipv6/port-ambiguous", "5118 §4.3", Answers(&[405]), "well-formed, whatever was meant"),
    ("ipv6/port-unambiguous", "5118 §4.4", Answers(&[405]), "we are no registrar"),
    ("ipv6/via-received-param-with-delim", "5118 §4.5", Answers(&[481]), "a BYE of no call of ours"),
    ("ipv6/via-received-param-no-delim", "5118 §4.5", Answers(&[200]), "received is ours to write"),
    ("ipv6/ipv6-in-sdp", "5118 §4.6", Answers(&[200]), "SIP by IPv6, voice by IPv4"),
    ("ipv6/mult-ip-in-header", "5118 §4.7", Answers(&[481]), "a BYE of no call of ours"),
    ("ipv6/mult-ip-in-sdp", "5118 §4.8", Answers(&[200]), "SIP by IPv6, voice by IPv4"),
    ("ipv6/ipv4-mapped-ipv6", "5118 §4.9", Answers(&[200]), "IPv4 as IPv6 in Via and Contact"),
    ("ipv6/ipv6-bug-abnf-3-colons", "5118 §4.10", Answers(&[200]), "three colons, as a grammar once allowed"),
    ("ipv6/ipv6-correct-abnf-2-colons", "5118 §4.10", Answers(&[200]), "the two that were meant"),
    ("trunk/anonymous", "", Answers(&[200]), "no user in Contact, no offer"),
    ("trunk/compact", "", Answers(&[200]), "compact forms, session timer"),
    ("trunk/folded", "", Silence, "a response to nothing of ours"),
    ("trunk/latin1", "", Answers(&[200]), "bytes that are no UTF-8"),
    ("trunk/sip2sip", "", Silence, "a response to nothing of ours"),
    ("trunk/tel", "", Answers(&[200]), "tel in From, To and Request-URI"),
];

/// What is due on a stream, where it is something else.
#[rustfmt::skip]
const BY_TCP: [(&str, Due, &str); 5] = [
    ("valid/dblreq", Answers(&[405, 400]), "what follows is another request; it lacks a Contact"),
    ("invalid/clerr", Silence, "the rest of the body may come yet"),
    ("invalid/ncl", Closed, "nobody knows where it ends"),
    ("invalid/mcl01", Closed, "nobody knows where it ends"),
    ("semantic/inv2543", Closed, "it has no length"),
];

#[test]
fn every_message_that_is_kept_has_its_due() {
    let kept: BTreeSet<_> = message_corpus::all().into_iter().map(|(name, _)| name).collect();
    let told: BTreeSet<_> = ALL.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(kept, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_torture_message_gets_its_due_by_udp_and_an_ordinary_call_is_answered_after_it() {
    let server = server(PARROT);
    let (server, phone) = (address(&server), phone());
    for (number, (name, section, due, why)) in ALL.into_iter().enumerate() {
        let message = message(name);
        let mut raw = Raw::udp_from(SocketAddr::new(home(number), response_port(&message)), server);
        judge(&mut raw, &message, due, || call_and_hang_up(Raw::udp(server), "receptionist"))
            .unwrap_or_else(|wrong| panic!("{name} ({section}, {why}): {wrong}"));
        call_with_voice(number, &phone, server).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_torture_message_gets_its_due_by_tcp_and_an_ordinary_call_is_answered_after_it() {
    let server = server(PARROT);
    let (by_udp, by_tcp, phone) = (address(&server), server.listening().nth(1).unwrap().address, phone());
    for (number, (name, section, due, why)) in ALL.into_iter().enumerate() {
        let otherwise = BY_TCP.iter().find(|(other, ..)| *other == name);
        let (due, why) = otherwise.map_or((due, why), |(_, due, why)| (*due, why));
        let mut raw = Raw::tcp(by_tcp);
        judge(&mut raw, &message(name), due, || call_and_hang_up(Raw::tcp(by_tcp), "receptionist"))
            .unwrap_or_else(|wrong| panic!("{name} ({section}, {why}): {wrong}"));
        call_with_voice(number, &phone, by_udp).await;
    }
}

/// One of the messages. Those about IPv6 are all of one call, and would be taken for one another: each gets a Call-ID of its
/// own.
fn message(name: &str) -> Bytes {
    let (folder, file) = name.split_once('/').unwrap();
    let message = message_corpus::load(folder, file);
    if folder != "ipv6" {
        return message;
    }
    let text = String::from_utf8(message.to_vec()).unwrap();
    text.replace("Call-ID: ", &format!("Call-ID: {file}-")).into()
}

/// Where responses to a message go by its topmost Via: to where it came from, at the port that is named there (§18.2.2).
fn response_port(message: &Bytes) -> u16 {
    let via = match Message::parse_datagram(message.clone()) {
        Ok(message) => message.headers().via().ok(),
        Err(error) => error.answerable().and_then(|request| request.headers.via().ok()),
    };
    let Some(via) = via else { return 5060 };
    via.port().unwrap_or(if *via.transport() == Transport::Tls { 5061 } else { 5060 })
}

/// Sends it and awaits its due, makes a call, and sees that nothing more has come until then.
fn judge(raw: &mut Raw, message: &[u8], due: Due, call: impl FnOnce()) -> Result<(), String> {
    raw.send(message);
    let expected = match due {
        Answers(expected) => expected,
        Silence | Closed => &[],
    };
    for expected in expected {
        let answer = raw.answer();
        if status(&answer) != *expected {
            return Err(format!("{expected} is due, not\n{answer}"));
        }
        if *expected == 200 && field(&answer, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE")) {
            hang_up(raw, &answer);
        }
    }
    if matches!(due, Closed) {
        if let Some(came) = raw.receive() {
            return Err(format!("nothing is due but the end, not\n{came}"));
        }
        call();
        return Ok(());
    }
    call();
    // What was sent before the answers to that call is here by now.
    raw.set_patience(Duration::from_millis(1));
    match raw.try_receive() {
        Err(_) => Ok(()),
        Ok(more) => Err(format!("nothing more is due, not\n{more:?}")),
    }
}

/// Confirms a 200 and ends its call.
fn hang_up(raw: &mut Raw, ok: &str) {
    let Ok(Message::Response(response)) = Message::parse_datagram(ok.to_owned().into()) else { panic!("a response") };
    let headers = &response.headers;
    let number = headers.cseq().unwrap().number;
    let copied = |name: HeaderName| headers.get(&name).unwrap().to_string();
    let (from, to, call_id) = (copied(HeaderName::From), copied(HeaderName::To), copied(HeaderName::CallId));
    let (target, own) = (headers.contact().unwrap().unwrap().uri, raw.own);
    // Those without an offer are answered with ours: the ACK has to bring the answer.
    let answer = sdp(SocketAddr::new(own.ip(), 9), 1, "0", "");
    for (method, number, kind, body) in [("ACK", number, SDP, &*answer), ("BYE", number + 1, "", "")] {
        let length = body.len();
        let request = format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKtorture{number};rport\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\n{kind}Content-Length: {length}\r\n\r\n{body}"
        );
        raw.send(request.as_bytes());
    }
    assert_eq!(status(&raw.answer()), 200, "to the BYE");
}

async fn call_with_voice(number: usize, phone: &Phone, server: SocketAddr) {
    if !(number + 1).is_multiple_of(VOICE_EVERY) {
        return;
    }
    let dialled = phone.dial(server, "receptionist", DialOptions::default());
    let mut call = patiently("an answer", dialled).await.unwrap();
    until_sound(&mut call.ear).await;
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    assert_eq!((counts.lost, counts.doubled, counts.broken_timestamps), (0, 0, 0), "after {number}: {counts:?}");
}
