//! What the hot path costs: appends and deltas, one allocation each.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use talkpath_speech::realtime::{Encoding, Realtime};
use talkpath_speech::{Engine, Input, Output};

use super::world::settings;
use crate::fake::realtime::Dialect;

/// An engine whose session is ready and whose answer `r` is under way.
#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn ready(audio: Encoding) -> (Realtime, Instant) {
    let (mut settings, now) = (settings(Dialect::Ga), Instant::now());
    settings.audio = audio;
    let mut engine = Realtime::new(settings, now);
    engine.handle(Input::SocketOpened, now);
    for message in [
        r#"{"type":"session.created"}"#,
        r#"{"type":"session.updated"}"#,
        r#"{"type":"response.created","response":{"id":"r"}}"#,
    ] {
        engine.handle(Input::Message(message), now);
    }
    engine.handle(Input::Answered, now);
    drain(&mut engine);
    (engine, now)
}

fn drain(engine: &mut Realtime) -> usize {
    std::iter::from_fn(|| Some(engine.poll()).filter(|output| !matches!(output, Output::Timeout(_)))).count()
}

#[test]
fn an_append_costs_one_allocation() {
    for audio in [Encoding::Pcm, Encoding::Mulaw] {
        let (mut engine, now) = ready(audio);
        let frame = |engine: &mut Realtime| match audio {
            Encoding::Pcm => engine.handle(Input::Audio(&[7; 480]), now),
            Encoding::Mulaw | Encoding::Alaw => engine.handle(Input::Coded(&[7; 160]), now),
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
        assert_eq!((sent, info.count_total), (50, 50), "{audio:?}");
    }
}

#[test]
fn a_delta_of_audio_costs_one_allocation() {
    for audio in [Encoding::Pcm, Encoding::Mulaw] {
        let (mut engine, now) = ready(audio);
        let delta = STANDARD.encode([1; 4_800]);
        let message = format!(
            r#"{{"type":"response.output_audio.delta","event_id":"e","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"{delta}"}}"#
        );
        (0..4).for_each(|_| engine.handle(Input::Message(&message), now));
        drain(&mut engine);
        let mut given = 0;
        let info = allocation_counter::measure(|| {
            for _ in 0..100 {
                engine.handle(Input::Message(&message), now);
                given += drain(&mut engine);
            }
        });
        assert_eq!((given, info.count_total), (100, 100), "{audio:?}");
    }
}
