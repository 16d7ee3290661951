//! Bots that were written for Twilio.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use talkpath_speech::Input;
use talkpath_speech::engine::{Fault, Trouble};
use talkpath_speech::stream::{Settings, call_sid};
use talkpath_speech::turn::{Action, BargeIn};

use super::world::{Bot, Frame, World};
use crate::fake::stream::twilio;

#[derive(Default)]
struct Twilio {
    heard: twilio::Twilio,
    script: Vec<Frame>,
}

impl Twilio {
    fn say(&mut self, message: &Value) {
        self.script.push(Frame::Text(message.to_string()));
    }

    fn media(&mut self, level: u8, bytes: usize) {
        let payload = STANDARD.encode(vec![level; bytes]);
        self.say(&json!({ "event": "media", "streamSid": self.heard.stream, "media": { "payload": payload } }));
    }

    fn mark(&mut self, name: &str) {
        self.say(&json!({ "event": "mark", "streamSid": self.heard.stream, "mark": { "name": name } }));
    }

    fn marks(&self) -> Vec<&str> {
        let marks = self.heard.events.iter().filter(|event| event["event"] == "mark");
        marks.filter_map(|event| event["mark"]["name"].as_str()).collect()
    }
}

impl Bot for Twilio {
    fn opened(&mut self) {
        self.heard = twilio::Twilio::default();
    }

    fn receive(&mut self, frame: Frame) {
        match frame {
            Frame::Binary(bytes) => self.heard.receive_binary(&bytes),
            Frame::Text(text) => self.heard.receive_text(&text),
        }
        assert_eq!(self.heard.violations, [""; 0]);
    }

    fn poll(&mut self, _ms: u64) -> Vec<Frame> {
        let script = std::mem::take(&mut self.script);
        for frame in &script {
            if let Frame::Text(text) = frame {
                self.heard.says(text);
            }
        }
        script
    }
}

fn world() -> World<Twilio> {
    World::answered(Settings::twilio("wss://bot.example/twilio"), Twilio::default())
}

/// The level that the harness makes of a byte.
fn level(byte: u8) -> i16 {
    i16::from(byte) * 50
}

#[test]
fn a_call_is_told_as_twilio_tells_it() {
    let mut world = World::ringing(Settings::twilio("wss://bot.example/twilio"), Twilio::default());
    world.ring(3_000);
    assert_eq!(world.bot.heard.messages, 0, "nothing before the call is answered");
    world.feed(Input::Answered);
    world.speaks(300);
    world.key('#');
    world.silence(730);
    world.feed(Input::Ended);
    world.ring(100);
    let kinds: Vec<_> = world.bot.heard.events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["start", "dtmf", "stop"]);
    let start = &world.bot.heard.events[0]["start"];
    assert_eq!(start["callSid"], call_sid("call-7"));
    let parameters = json!({ "customer": "42", "from_number": "+4930123456", "to_number": "+4989654321" });
    assert_eq!(start["customParameters"], parameters);
    assert_eq!(world.bot.heard.events[1]["dtmf"]["digit"], "#");
    let heard: Vec<u8> = world.bot.heard.payloads.concat();
    let said = world.said.iter().map(|&sample| if sample == 0 { 0xff } else { 0x20 });
    assert!(heard.into_iter().eq(said), "all that the caller said, silence included");
    assert_eq!((world.ready, world.disconnects.as_slice()), (1, &[1000][..]));
}

#[test]
fn media_of_any_size_is_heard_whole_and_marks_come_back_in_order_when_it_was() {
    let mut world = world();
    for (n, bytes) in [1, 159, 160, 7_000, 680].into_iter().enumerate() {
        world.bot.media(0x30, bytes);
        world.bot.mark(&format!("m{n}"));
        world.bot.mark("same");
    }
    world.silence(500);
    assert_eq!(world.bot.marks(), ["m0", "same", "m1", "same", "m2", "same"]);
    world.silence(1_000);
    assert_eq!(world.bot.marks().len(), 10);
    assert_eq!(world.sent_of(level(0x30)), 8_000);
    world.bot.mark("idle");
    world.silence(100);
    assert_eq!(world.bot.marks().last(), Some(&"idle"));
}

#[test]
fn a_clear_silences_at_once_and_sends_all_marks_back_in_order() {
    let mut world = world();
    world.bot.media(0x30, 80_000);
    world.bot.mark("a");
    world.bot.media(0x31, 8_000);
    world.bot.mark("b");
    world.silence(500);
    world.bot.say(&json!({ "event": "clear", "streamSid": "MZ" }));
    world.bot.media(0x32, 800);
    world.bot.mark("c");
    world.silence(60);
    assert_eq!(world.bot.marks(), ["a", "b"]);
    let heard = world.sent_of(level(0x30));
    world.silence(1_000);
    assert!((3_200..4_400).contains(&heard), "{heard}");
    assert_eq!((world.sent_of(level(0x30)), world.sent_of(level(0x31))), (heard, 0));
    assert_eq!((world.sent_of(level(0x32)), world.bot.marks().last()), (800, Some(&"c")));
}

#[test]
fn a_bot_of_twilio_cuts_itself_unless_the_operator_says_otherwise() {
    for (mode, whole) in [(None, true), (Some(BargeIn::Steps), false)] {
        let mut settings = Settings::twilio("wss://bot.example/twilio");
        settings.interruption = mode.unwrap_or(settings.interruption);
        let mut world = World::answered(settings, Twilio::default());
        world.bot.media(0x30, 24_000);
        world.bot.mark("end");
        world.silence(500);
        world.speaks(1_000);
        assert_eq!(world.bot.marks().len(), usize::from(!whole));
        world.silence(2_000);
        assert_eq!((world.sent_of(level(0x30)) == 24_000, world.bot.marks().len()), (whole, 1));
        let ducked = world.call.actions.iter().any(|(_, action)| *action == Action::Duck);
        assert_eq!(ducked, !whole);
    }
}

#[test]
fn what_twilio_would_pass_over_is_passed_over() {
    let mut world = world();
    for text in [
        "{",
        "[]",
        "7",
        r#"{"event":"media"}"#,
        r#"{"event":"media","media":{"payload":"!!!"}}"#,
        r#"{"event":"Clear"}"#,
        r#"{"event":"mark"}"#,
        r#"{"event":"hangup"}"#,
        r#"{"type":"clear"}"#,
    ] {
        world.bot.script.push(Frame::Text(text.to_owned()));
    }
    world.bot.script.push(Frame::Binary(vec![0; 320]));
    let payload = STANDARD.encode([0x30; 160].map(|_| 0x3f)).replace('/', "\\/");
    assert!(payload.contains('\\'));
    world.bot.script.push(Frame::Text(format!(
        r#"{{"event":"media","streamSid":"MZ0","extra":{{}},"media":{{"payload":"{payload}","chunk":1}}}}"#
    )));
    world.silence(200);
    assert_eq!((world.sent_of(level(0x3f)), world.call.ended.len()), (160, 0));
}

#[test]
fn a_bot_of_twilio_that_closes_has_hung_up_and_one_that_is_lost_is_replaced() {
    let mut world = world();
    world.bot.media(0x30, 8_000);
    world.silence(100);
    world.close(Some(1000));
    world.silence(1_500);
    assert_eq!((world.sent_of(level(0x30)), world.call.over), (8_000, true));
    for code in [None, Some(1001), Some(1011)] {
        let mut world = self::world();
        world.bot.media(0x30, 800);
        world.silence(100);
        world.close(code);
        world.silence(500);
        assert_eq!(world.endpoints.len(), 1);
        let [Trouble::Lost(loss)] = world.troubles.as_slice() else { panic!("{:?}", world.troubles) };
        assert_eq!(loss.fault, Fault::Failing);
    }
}
