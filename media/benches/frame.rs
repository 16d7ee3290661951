//! What one 20 ms frame costs in each per-frame function: the sum over both directions is a call's share of a tick.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{Criterion, criterion_group, criterion_main};
use rand::{SeedableRng, rngs::StdRng};
use talkpath_media::{
    g711::{GainTable, Law},
    level,
    playout::{ItemId, Playout, PlayoutSettings},
    plc::Concealer,
    record::Aligner,
    resample::Resampler,
    rtp::{Receiver, ReceiverSettings, Sender, SenderSettings},
    sdp::{self, LocalMedia},
    tone::{Tone, level_at},
    vad::{Mode, Vad},
};

const FRAME: usize = 160;

fn speech() -> [i16; FRAME] {
    let mut samples = [0; FRAME];
    Tone::new(&[180.0, 700.0, 1900.0], -25.0).fill(&mut samples);
    samples
}

fn rtp(c: &mut Criterion) {
    #[expect(clippy::disallowed_methods, reason = "a bench's epoch")]
    let mut now = Instant::now();
    let settings = SenderSettings { payload_type: 0, dtmf_payload_type: Some(101), ptime_ms: 20 };
    let mut sender = Sender::new(settings, &mut StdRng::seed_from_u64(1));
    let mut receiver = Receiver::new(ReceiverSettings::new(Law::Mu), now);
    let (mut packet, from) = ([0; 200], "192.0.2.1:4000".parse().expect("an address"));
    c.bench_function("rtp packetize", |b| b.iter(|| sender.packetize(black_box(&[0x55; FRAME]), &mut packet)));
    c.bench_function("rtp packetize, receive, four ticks", |b| {
        b.iter(|| {
            let length = sender.packetize(black_box(&[0x55; FRAME]), &mut packet);
            now += Duration::from_millis(20);
            let disposition = receiver.handle_packet(from, &packet[..length], now);
            for _ in 0..4 {
                receiver.handle_time(now);
                while let Some(heard) = receiver.poll() {
                    black_box(&heard);
                }
            }
            disposition
        });
    });
}

fn playout(c: &mut Criterion) {
    let (mut playout, mut out) = (Playout::new(PlayoutSettings::new(Law::Mu)), [0; FRAME]);
    c.bench_function("playout silence", |b| b.iter(|| playout.fill(black_box(&mut out))));
    c.bench_function("playout push 20 ms, fill", |b| {
        b.iter(|| {
            playout.push(ItemId(1), black_box(&[0x55; FRAME]));
            let info = playout.fill(&mut out);
            while playout.poll().is_some() {}
            info
        });
    });
    playout.duck(true);
    c.bench_function("playout push 20 ms, fill ducked", |b| {
        b.iter(|| {
            playout.push(ItemId(1), black_box(&[0x55; FRAME]));
            playout.fill(&mut out)
        });
    });
}

fn samples(c: &mut Criterion) {
    let (speech, mut bytes, mut samples) = (speech(), [0; FRAME], [0; FRAME]);
    c.bench_function("g711 encode", |b| b.iter(|| Law::Mu.encode(black_box(&speech), &mut bytes)));
    c.bench_function("g711 decode", |b| b.iter(|| Law::Mu.decode(black_box(&bytes), &mut samples)));
    let table = GainTable::decibels(Law::Mu, Law::A, -6.0);
    c.bench_function("g711 gain table", |b| b.iter(|| table.apply(black_box(&mut bytes))));
    c.bench_function("level", |b| b.iter(|| level::dbov(black_box(&speech))));
    c.bench_function("level of law", |b| b.iter(|| level::dbov_of_law(Law::Mu, black_box(&bytes))));
    c.bench_function("goertzel", |b| b.iter(|| level_at(697.0, black_box(&speech))));
    let mut vad = Vad::new(Mode::Aggressive);
    c.bench_function("vad", |b| {
        b.iter(|| {
            vad.push(black_box(&speech), |frame| {
                black_box(frame);
            })
        });
    });
    for (from, to, length) in [(8000, 24_000, FRAME), (24_000, 8000, 3 * FRAME), (8000, 16_000, FRAME)] {
        let mut resampler = Resampler::new(from, to).expect("rates of the telephone");
        let (input, mut out) = (vec![1000; length], Vec::with_capacity(4 * FRAME));
        c.bench_function(&format!("resample {from} to {to}"), |b| {
            b.iter(|| {
                out.clear();
                resampler.push(black_box(&input), &mut out);
            });
        });
    }
    let mut aligner = Aligner::new();
    let mut position = 0;
    c.bench_function("record, both voices", |b| {
        b.iter(|| {
            aligner.agent(black_box(&speech));
            aligner.caller(position, black_box(&speech));
            position += FRAME as u64;
            aligner.poll()
        });
    });
}

fn rare(c: &mut Criterion) {
    let speech = speech();
    c.bench_function("conceal a lost packet", |b| {
        let (mut concealer, mut heard, mut out) = (Concealer::new(), speech, [0; FRAME]);
        b.iter(|| {
            concealer.conceal(black_box(&mut out));
            heard.copy_from_slice(&speech);
            concealer.heard(&mut heard);
        });
    });
    let local = LocalMedia {
        address: "203.0.113.7".parse().expect("an address"),
        rtp_port: 20_000,
        laws: vec![Law::Mu, Law::A],
        ptime_ms: 20,
        dtmf_payload_type: Some(101),
        session_id: 1,
        version: 1,
    };
    let offer = sdp::offer(&local);
    c.bench_function("sdp answer", |b| b.iter(|| sdp::answer(black_box(&offer), &local)));
}

/// All of them in less than a minute.
fn quick() -> Criterion {
    let (warm_up, measurement) = (Duration::from_millis(300), Duration::from_millis(700));
    Criterion::default().warm_up_time(warm_up).measurement_time(measurement).sample_size(20)
}

criterion_group! {
    name = frame;
    config = quick();
    targets = rtp, playout, samples, rare
}
criterion_main!(frame);
