//! Offers as phones, trunks and gateways write them.

use super::*;

fn local() -> LocalMedia {
    LocalMedia {
        address: "203.0.113.7".parse().unwrap(),
        rtp_port: 20_000,
        laws: vec![Law::Mu, Law::A],
        ptime_ms: 20,
        dtmf_payload_type: Some(101),
        session_id: 42,
        version: 1,
    }
}

/// An offer with these lines after the usual head.
fn offered(lines: &str) -> Vec<u8> {
    let head = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n";
    format!("{head}{lines}\n").replace('\n', "\r\n").into_bytes()
}

fn answered(lines: &str) -> (String, MediaPlan) {
    let (body, plan) = answer(&offered(lines), &local()).unwrap();
    (String::from_utf8(body).unwrap(), plan)
}

fn line_of<'a>(body: &'a str, start: &str) -> Vec<&'a str> {
    body.lines().filter(|line| line.starts_with(start)).collect()
}

#[test]
fn an_offer_says_all_that_we_can() {
    let body = String::from_utf8(offer(&local())).unwrap();
    let expected = "v=0\r\no=- 42 1 IN IP4 203.0.113.7\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\n\
        m=audio 20000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";
    assert_eq!(body, expected);
    assert_eq!(origin(body.as_bytes()), Some(&b"- 42 1 IN IP4 203.0.113.7"[..]));
}

#[test]
fn the_offerers_order_and_payload_types_are_taken_over() {
    let (body, plan) = answered(
        "m=audio 4000 RTP/AVP 9 8 0 96\na=rtpmap:9 G722/8000\na=rtpmap:96 TELEPHONE-EVENT/8000\na=fmtp:96 0-16\na=ptime:30",
    );
    assert_eq!(line_of(&body, "m="), ["m=audio 20000 RTP/AVP 8 96"]);
    assert_eq!((plan.law, plan.payload_type, plan.ptime_ms), (Law::A, 8, 30));
    assert_eq!(plan.dtmf, Some(DtmfPlan { send: 96, receive: 96 }));
    assert_eq!(plan.remote_rtp, "192.0.2.1:4000".parse().unwrap());
    assert_eq!(plan.remote_rtcp, "192.0.2.1:4001".parse().unwrap());
    assert!(plan.send && plan.receive && !plan.is_held());
}

#[test]
fn a_law_may_come_at_a_dynamic_payload_type() {
    let (body, plan) =
        answered("m=audio 4000 RTP/AVP 0 97 98\na=rtpmap:0 X/8000\na=rtpmap:97 PCMA/16000\na=rtpmap:98 pcmu/8000/1");
    assert_eq!((plan.law, plan.receive_payload_type, plan.dtmf), (Law::Mu, 98, None));
    assert_eq!(line_of(&body, "a=rtpmap"), ["a=rtpmap:98 PCMU/8000"]);
}

#[test]
fn packet_times_are_kept_within_ten_and_sixty_milliseconds() {
    for (lines, ptime) in [
        ("", 20),
        ("\na=ptime:10", 10),
        ("\na=ptime:60", 60),
        ("\na=ptime:200", 60),
        ("\na=ptime:20.0", 20),
        ("\na=ptime:33", 30),
        ("\na=ptime:0", 20),
        ("\na=ptime:x", 20),
        ("\na=ptime:60\na=maxptime:40", 40),
        ("\na=maxptime:10", 10),
        ("\na=maxptime:5", 10),
    ] {
        let (body, plan) = answered(&format!("m=audio 4000 RTP/AVP 0{lines}"));
        assert_eq!(plan.ptime_ms, ptime, "{lines}");
        assert_eq!(line_of(&body, "a=ptime"), [format!("a=ptime:{ptime}")]);
    }
}

#[test]
fn directions_are_mirrored_and_hold_is_not_answered_sendrecv() {
    for (offered, answered_with, send, receive) in [
        ("a=sendrecv", "a=sendrecv", true, true),
        ("a=sendonly", "a=recvonly", false, true),
        ("a=recvonly", "a=sendonly", true, false),
        ("a=inactive", "a=inactive", false, false),
        ("c=IN IP4 0.0.0.0", "a=recvonly", false, true),
        ("c=IN IP4 0.0.0.0\na=inactive", "a=inactive", false, false),
    ] {
        let (body, plan) = answered(&format!("m=audio 4000 RTP/AVP 0\n{offered}"));
        assert!(body.contains(answered_with), "{offered}: {body}");
        assert_eq!((plan.send, plan.receive), (send, receive), "{offered}");
    }
    let (body, _) = answered("a=sendonly\nm=audio 4000 RTP/AVP 0");
    assert!(body.contains("a=recvonly"), "the session's direction holds for its lines");
    let (body, _) = answered("a=sendonly\nm=audio 4000 RTP/AVP 0\na=sendrecv");
    assert!(body.contains("a=sendrecv"), "the line's own comes first");
}

#[test]
fn every_line_is_mirrored_in_its_place_and_one_accepted() {
    let (body, plan) = answered(
        "m=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\nm=audio 4000 RTP/SAVP 0\nm=audio 0 RTP/AVP 0\n\
         m=audio 4004 RTP/AVP 8\nm=audio 4006 RTP/AVP 0\nm=application 9 UDP/BFCP *",
    );
    let expected = [
        "m=video 0 RTP/AVP 96",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 0 RTP/AVP 0",
        "m=audio 20000 RTP/AVP 8",
        "m=audio 0 RTP/AVP 0",
        "m=application 0 UDP/BFCP *",
    ];
    assert_eq!(line_of(&body, "m="), expected);
    assert_eq!(plan.remote_rtp.port(), 4004);
}

#[test]
fn nothing_in_common_is_said_so() {
    for lines in [
        "m=audio 4000 RTP/AVP 9 18",
        "m=audio 4000 RTP/SAVP 0 8",
        "m=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000",
        "m=video 4000 RTP/AVP 0",
        "m=audio 0 RTP/AVP 0",
        "",
    ] {
        assert_eq!(answer(&offered(lines), &local()), Err(SdpError::NoCommonCodec), "{lines}");
    }
}

#[test]
fn addresses_of_either_family_come_from_the_line_or_the_session() {
    let six = LocalMedia { address: "2001:db8::1".parse().unwrap(), ..local() };
    let body = offered("m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::5\na=rtcp:5005 IN IP6 2001:db8::6");
    let (_, plan) = answer(&body, &six).unwrap();
    assert_eq!(plan.remote_rtp, "[2001:db8::5]:4000".parse().unwrap());
    assert_eq!(plan.remote_rtcp, "[2001:db8::6]:5005".parse().unwrap());
    let (_, plan) = answered("m=audio 4000 RTP/AVP 0\na=rtcp:4100");
    assert_eq!(plan.remote_rtcp, "192.0.2.1:4100".parse().unwrap());
    assert!(String::from_utf8(offer(&six)).unwrap().contains("c=IN IP6 2001:db8::1\r\n"));
    let without = b"v=0\r\nm=audio 4000 RTP/AVP 0\r\n";
    assert_eq!(answer(without, &local()), Err(SdpError::NoConnection));
    let wrong = b"v=0\r\nc=IN IP4 192.0.2.999\r\nm=audio 4000 RTP/AVP 0\r\n";
    assert_eq!(answer(wrong, &local()), Err(SdpError::BadAddress("192.0.2.999".into())));
}

#[test]
fn an_address_that_we_cannot_send_to_is_nothing_in_common() {
    for connection in ["IN IP6 2001:db8::5", "IN IP4 224.2.1.1/127", "IN IP4 255.255.255.255", "IN IP6 ff15::101"] {
        let body = offered(&format!("m=audio 4000 RTP/AVP 0\nc={connection}"));
        assert_eq!(answer(&body, &local()), Err(SdpError::NoCommonCodec), "{connection}");
        assert_eq!(accept_answer(&offer(&local()), &body), Err(SdpError::NoCommonCodec), "{connection}");
    }
    // A line in each family: the one that we can reach is taken.
    let (body, plan) =
        answered("m=audio 4000 RTP/AVP 0\nc=IN IP6 2001:db8::5\nm=audio 4002 RTP/AVP 0\nc=IN IP4 192.0.2.3");
    assert_eq!(line_of(&body, "m="), ["m=audio 0 RTP/AVP 0", "m=audio 20000 RTP/AVP 0"]);
    assert_eq!(plan.remote_rtp, "192.0.2.3:4002".parse().unwrap());
    let (_, plan) = answered("m=audio 4000 RTP/AVP 0\nc=IN IP6 ::ffff:192.0.2.3");
    assert_eq!(plan.remote_rtp, "192.0.2.3:4000".parse().unwrap());
}

#[test]
fn a_host_name_is_agreed_on_without_an_address_and_is_no_hold() {
    let (body, plan) = answered("m=audio 4000 RTP/AVP 0\nc=IN IP4 media.pbx.example.com");
    assert!(body.contains("a=sendrecv") && plan.send && plan.receive);
    assert_eq!(plan.remote_rtp, "0.0.0.0:4000".parse().unwrap());
    assert_eq!(plan.receiver_settings().signalled, None);
    let six = LocalMedia { address: "2001:db8::1".parse().unwrap(), ..local() };
    let theirs = offered("m=audio 4000 RTP/AVP 0\nc=IN IP6 pbx");
    assert_eq!(accept_answer(&offer(&six), &theirs).unwrap().remote_rtp, "[::]:4000".parse().unwrap());
}

#[test]
fn feedback_is_mirrored_as_a_profile_and_not_used() {
    let (body, plan) = answered("m=audio 4000 RTP/AVPF 0\na=rtcp-fb:0 trr-int 100");
    assert_eq!((line_of(&body, "m="), plan.law), (vec!["m=audio 20000 RTP/AVPF 0"], Law::Mu));
    assert!(!body.contains("rtcp-fb"));
}

#[test]
fn a_further_offer_repeats_the_lines_and_payload_types_of_before() {
    let theirs =
        "m=video 5000 RTP/AVP 96\nm=audio 4000 RTP/AVP 97 98\na=rtpmap:97 PCMA/8000\na=rtpmap:98 telephone-event/8000";
    let (first, _) = answered(theirs);
    let again = offer_again(first.as_bytes(), &local(), Direction::SendOnly).unwrap();
    let again = String::from_utf8(again).unwrap();
    assert_eq!(line_of(&again, "m="), ["m=video 0 RTP/AVP 96", "m=audio 20000 RTP/AVP 97 0 98"]);
    let maps = ["a=rtpmap:97 PCMA/8000", "a=rtpmap:0 PCMU/8000", "a=rtpmap:98 telephone-event/8000"];
    assert_eq!(line_of(&again, "a=rtpmap"), maps);
    assert!(again.contains("a=sendonly") && again.contains("o=- 42 2 IN"));
    let answered_again = offered("m=video 0 RTP/AVP 96\nm=audio 4000 RTP/AVP 97\na=rtpmap:97 PCMA/8000\na=recvonly");
    let plan = accept_answer(again.as_bytes(), &answered_again).unwrap();
    assert_eq!((plan.law, plan.receive_payload_type, plan.receive), (Law::A, 97, false));
    let refused = offered("m=audio 0 RTP/AVP 0");
    assert_eq!(offer_again(&refused, &local(), Direction::SendReceive), Err(SdpError::NoCommonCodec));
}

/// RFC 3261 §14.2: "include as many media formats and media types that the UA is willing to support".
#[test]
fn a_further_offer_has_everything_again_and_gives_no_payload_type_another_meaning() {
    let (answer, _) = answered("m=audio 4000 RTP/AVP 101\na=rtpmap:101 PCMU/8000");
    let again = String::from_utf8(offer_again(answer.as_bytes(), &local(), Direction::SendReceive).unwrap()).unwrap();
    assert_eq!(line_of(&again, "m="), ["m=audio 20000 RTP/AVP 101 8"], "101 is no key here");
    let (answer, _) = answered("m=audio 4000 RTP/AVP 0");
    let again = String::from_utf8(offer_again(answer.as_bytes(), &local(), Direction::SendReceive).unwrap()).unwrap();
    assert_eq!(line_of(&again, "m="), ["m=audio 20000 RTP/AVP 0 8 101"]);
    let elsewhere = offered("m=audio 4000 RTP/AVP 8");
    assert_eq!(accept_answer(again.as_bytes(), &elsewhere).unwrap().law, Law::A);
}

#[test]
fn the_version_grows_only_when_something_differs() {
    let first = offer(&local());
    let same = offer_again(&first, &local(), Direction::SendReceive).unwrap();
    assert_eq!(same, first);
    let held = offer_again(&same, &local(), Direction::SendOnly).unwrap();
    assert_eq!(origin(&held), Some(&b"- 42 2 IN IP4 203.0.113.7"[..]));
    let theirs = offered("m=audio 4000 RTP/AVP 0");
    let (one, _) = answer_again(&held, &theirs, &local()).unwrap();
    let (two, _) = answer_again(&one, &theirs, &local()).unwrap();
    assert_eq!((origin(&one), two == one), (Some(&b"- 42 3 IN IP4 203.0.113.7"[..]), true));
    let moved = LocalMedia { address: "203.0.113.8".parse().unwrap(), ..local() };
    let moved = String::from_utf8(offer_again(&two, &moved, Direction::SendReceive).unwrap()).unwrap();
    assert!(moved.contains("o=- 42 4 IN IP4 203.0.113.7\r\n") && moved.contains("c=IN IP4 203.0.113.8\r\n"));
    assert_eq!(revised(b"no description", b"v=0".to_vec()), b"v=0");
}

#[test]
fn what_phones_write_beside_the_media_is_no_obstacle() {
    for head in [
        &b"v=0\no=user -3 -1 IN IP4 10.0.0.1\ns=Gespr\xE4ch\nc=IN IP4 192.0.2.1\nt=0 0\n"[..],
        b"v=0\r\no= 1 99999999999999999999999 IN IP4 x\r\ns=\r\nc=IN IP4 192.0.2.1\r\nt=3034423619 xx\r\n",
        b"\r\nv=0\nc=IN IP4 192.0.2.1\nb=AS:x\ni=\xFF\xFE\nk=prompt\n",
        b"v=0\nc=IN IP4 192.0.2.1\nc=IN IP4 192.0.2.9\no=a\no=b\ns=x\ns=y\nz=q\n",
    ] {
        let body = [head, b"m=audio 4000 RTP/AVP 0\na=tool:\xE9t\xE9\na=fmtp\n"].concat();
        let (_, plan) = answer(&body, &local()).unwrap();
        assert_eq!(plan.remote_rtp, "192.0.2.1:4000".parse().unwrap());
    }
}

#[test]
fn an_offer_of_sixty_kilobytes_is_answered_like_any_other() {
    let maps = "a=rtpmap:96 telephone-event/8000\n".repeat(1500);
    let (body, plan) = answered(&format!("m=audio 4000 RTP/AVP{}\n{maps}", " 96 0".repeat(2500)));
    assert_eq!((line_of(&body, "m="), plan.law), (vec!["m=audio 20000 RTP/AVP 0 96"], Law::Mu));
}

#[test]
fn what_is_no_session_description_is_malformed() {
    for body in
        [&b""[..], b"\x00\x01\x02", b"v=1\r\n", b"m=audio 4000 RTP/AVP 0\r\n", b"v=0\r\nm=audio 70000 RTP/AVP 0\r\n"]
    {
        assert!(matches!(answer(body, &local()), Err(SdpError::Malformed(_))), "{body:?}");
    }
}

#[test]
fn an_answer_to_our_offer_becomes_a_plan() {
    let ours = offer(&local());
    let plan =
        accept_answer(&ours, &offered("m=audio 4000 RTP/AVP 8 0 97\na=rtpmap:97 telephone-event/8000\na=ptime:30"));
    let plan = plan.unwrap();
    assert_eq!((plan.law, plan.payload_type, plan.receive_payload_type, plan.ptime_ms), (Law::A, 8, 8, 30));
    assert_eq!(plan.alternative, Some((Law::Mu, 0)));
    assert_eq!(plan.dtmf, Some(DtmfPlan { send: 97, receive: 101 }));
    assert_eq!(plan.receiver_settings().signalled, Some("192.0.2.1:4000".parse().unwrap()));
    assert_eq!(plan.sender_settings().dtmf_payload_type, Some(97));
}

#[test]
fn an_answer_that_refuses_or_misfits_is_told_apart() {
    let ours = offer(&local());
    for lines in ["m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 18", "m=audio 4000 RTP/SAVP 0", "m=video 4000 RTP/AVP 0"]
    {
        assert_eq!(accept_answer(&ours, &offered(lines)), Err(SdpError::NoCommonCodec), "{lines}");
    }
    let misfit = SdpError::MediaLines { offered: 1, answered: 0 };
    assert_eq!(accept_answer(&ours, &offered("")), Err(misfit));
}

#[test]
fn an_offer_to_hold_lets_us_send_alone() {
    let ours = offer_with(&local(), Direction::SendOnly);
    let (body, theirs) = answer(&ours, &LocalMedia { rtp_port: 30_000, ..local() }).unwrap();
    let plan = accept_answer(&ours, &body).unwrap();
    assert_eq!((plan.send, plan.receive), (true, false));
    assert_eq!((theirs.send, theirs.receive, theirs.is_held()), (false, true, true));
    let inactive = offer_with(&local(), Direction::Inactive);
    let plan = accept_answer(&inactive, &answer(&inactive, &local()).unwrap().0).unwrap();
    assert_eq!((plan.send, plan.receive), (false, false));
}

#[test]
fn without_keys_of_our_own_none_are_agreed_on() {
    let without = LocalMedia { dtmf_payload_type: None, ..local() };
    let body = offered("m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000");
    let (text, plan) = answer(&body, &without).unwrap();
    assert_eq!(plan.dtmf, None);
    assert!(!String::from_utf8(text).unwrap().contains("telephone-event"));
}

#[test]
fn the_law_that_the_offerer_prefers_and_we_have_is_told() {
    let offer =
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 101 8 0\r\n\
        a=rtpmap:101 telephone-event/8000\r\n";
    assert_eq!(super::preferred_law(offer, &[Law::Mu, Law::A]), Some(Law::A));
    assert_eq!(super::preferred_law(offer, &[Law::Mu]), Some(Law::Mu));
    assert_eq!(super::preferred_law(b"nonsense", &[Law::Mu]), None);
}
