//! What the hot path costs: a frame and a message of audio, one allocation each.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use talkpath_speech::stream::Rate::{Hz16000, Hz24000};
use talkpath_speech::stream::{Audio, Dialect, Settings, Stream};
use talkpath_speech::{Engine, Input, ItemId, Output, Samples};

use super::bot::settings;
use super::world::facts;

/// An engine on which a call is under way.
#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn talking(settings: Settings) -> (Stream, Instant) {
    let now = Instant::now();
    let mut engine = Stream::new(settings, facts(), Duration::ZERO, now);
    drain(&mut engine);
    engine.handle(Input::SocketOpened, now);
    engine.handle(Input::Answered, now);
    drain(&mut engine);
    (engine, now)
}

fn drain(engine: &mut Stream) -> usize {
    std::iter::from_fn(|| Some(engine.poll()).filter(|output| !matches!(output, Output::Timeout(_)))).count()
}

fn forms() -> [Settings; 3] {
    let mut mulaw = settings(Hz16000, Hz16000);
    mulaw.dialect = Dialect::Talkpath(Audio::Mulaw);
    [settings(Hz16000, Hz24000), mulaw, Settings::twilio("wss://bot.example/")]
}

#[test]
fn a_frame_costs_one_allocation() {
    for settings in forms() {
        let what = format!("{:?}", settings.dialect);
        let (mut engine, now) = talking(settings);
        let coded = !matches!(engine.wire(), talkpath_speech::engine::Wire::Pcm { .. });
        let frame = |engine: &mut Stream| {
            engine.handle(if coded { Input::Coded(&[7; 160]) } else { Input::Audio(&[7; 320]) }, now);
        };
        (0..4).for_each(|_| frame(&mut engine));
        drain(&mut engine);
        let mut sent = 0;
        let info = allocation_counter::measure(|| {
            for _ in 0..100 {
                frame(&mut engine);
                sent += drain(&mut engine);
            }
        });
        assert_eq!((sent, info.count_total), (100, 100), "{what}");
    }
}

#[test]
fn a_message_of_audio_costs_one_allocation() {
    for settings in forms() {
        let what = format!("{:?}", settings.dialect);
        let twilio = matches!(settings.dialect, Dialect::Twilio { .. });
        let (mut engine, now) = talking(settings);
        let payload = STANDARD.encode([1; 960]);
        let media = format!(r#"{{"event":"media","streamSid":"MZ","media":{{"payload":"{payload}"}}}}"#);
        let message = |engine: &mut Stream| {
            engine.handle(if twilio { Input::Message(&media) } else { Input::Binary(&[1; 960]) }, now);
        };
        (0..4).for_each(|_| message(&mut engine));
        drain(&mut engine);
        let mut given = 0;
        let info = allocation_counter::measure(|| {
            for _ in 0..100 {
                message(&mut engine);
                given += drain(&mut engine);
            }
        });
        assert_eq!((given, info.count_total), (100, 100), "{what}");
        // What is told of playback costs nothing.
        let info = allocation_counter::measure(|| {
            engine.handle(Input::Heard { item: ItemId(0), heard: Samples(160) }, now);
            drain(&mut engine);
        });
        assert_eq!(info.count_total, 0, "{what}");
    }
}
