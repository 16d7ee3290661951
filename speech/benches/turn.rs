//! What 20 ms cost in the turn machine: a frame sent, a frame heard, and what is to be done about it.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use talkpath_speech::turn::{FRAME, Playback, Settings, Turn, VoiceFrame};
use talkpath_speech::{ItemId, Samples};

fn frames(c: &mut Criterion, name: &str, speaks: bool) {
    let mut turn = Turn::new(Settings::default());
    if speaks {
        turn.handle_playout(Playback::Started { item: ItemId(1), interruptible: true });
    }
    let mut number = 0;
    c.bench_function(name, |b| {
        b.iter(|| {
            let at = Samples(number * FRAME.0);
            number += 1;
            // Syllables of the agent, and the line's echo of them: no caller.
            let level = -14.0 - (number % 10) as f32 * 3.0;
            turn.handle_sent(at, if speaks { level } else { -127.0 });
            turn.handle_voice(VoiceFrame { at, voiced: speaks, level_dbov: black_box(level - 25.0) });
            while turn.poll().is_some() {}
        });
    });
}

fn turn(c: &mut Criterion) {
    frames(c, "turn machine, nobody speaks", false);
    frames(c, "turn machine, the agent speaks and the line echoes", true);
}

/// All of them in less than a minute.
fn quick() -> Criterion {
    let (warm_up, measurement) = (Duration::from_millis(300), Duration::from_millis(700));
    Criterion::default().warm_up_time(warm_up).measurement_time(measurement).sample_size(20)
}

criterion_group! {
    name = benches;
    config = quick();
    targets = turn
}
criterion_main!(benches);
