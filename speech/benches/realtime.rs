//! What a second of call costs in the realtime engine: the caller's audio out in appends, the agent's in as deltas.

use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{Criterion, criterion_group, criterion_main};
use talkpath_speech::realtime::{Encoding, Realtime, Secret, Service, Settings};
use talkpath_speech::{Engine, Input, Output};

#[expect(clippy::disallowed_methods, reason = "a bench's epoch")]
fn ready(audio: Encoding, append_ms: u64) -> (Realtime, Instant) {
    let now = Instant::now();
    let mut settings = Settings::new(Service::OpenAi, "m", Secret("k".to_owned()));
    settings.audio = audio;
    settings.append = Duration::from_millis(append_ms);
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

fn drain(engine: &mut Realtime) {
    while !matches!(black_box(engine.poll()), Output::Timeout(_)) {}
}

fn delta(bytes: usize) -> String {
    let delta = STANDARD.encode(vec![1; bytes]);
    format!(
        r#"{{"type":"response.output_audio.delta","event_id":"event_1","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"{delta}"}}"#
    )
}

fn second(c: &mut Criterion) {
    let (mut engine, now) = ready(Encoding::Pcm, 40);
    c.bench_function("a second of the caller, pcm 24 kHz in 40 ms appends", |b| {
        b.iter(|| {
            for _ in 0..50 {
                engine.handle(Input::Audio(black_box(&[7; 480])), now);
                drain(&mut engine);
            }
        });
    });
    let (mut engine, now) = ready(Encoding::Mulaw, 100);
    c.bench_function("a second of the caller, pcmu in 100 ms appends", |b| {
        b.iter(|| {
            for _ in 0..50 {
                engine.handle(Input::Coded(black_box(&[7; 160])), now);
                drain(&mut engine);
            }
        });
    });
    for (name, audio, bytes) in [("pcm 24 kHz", Encoding::Pcm, 9_600), ("pcmu", Encoding::Mulaw, 1_600)] {
        let (mut engine, now) = ready(audio, 40);
        let message = delta(bytes);
        c.bench_function(&format!("a second of the agent, {name} in 200 ms deltas"), |b| {
            b.iter(|| {
                for _ in 0..5 {
                    engine.handle(Input::Message(black_box(&message)), now);
                    drain(&mut engine);
                }
            });
        });
    }
}

/// All of them in less than a minute.
fn quick() -> Criterion {
    let (warm_up, measurement) = (Duration::from_millis(300), Duration::from_millis(700));
    Criterion::default().warm_up_time(warm_up).measurement_time(measurement).sample_size(20)
}

criterion_group! {
    name = benches;
    config = quick();
    targets = second
}
criterion_main!(benches);
