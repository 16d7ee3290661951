//! What messages cost: the bar is an INVITE of 900 bytes read in under 1.5 µs.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use talkpath_sip::message::{Message, Response, StatusCode};

fn messages(c: &mut Criterion) {
    let bytes = Bytes::from(include_str!("invite.sip").replace('\n', "\r\n"));
    let Ok(Message::Request(invite)) = Message::parse_datagram(bytes.clone()) else { return };
    let mut group = c.benchmark_group("message");
    group.throughput(Throughput::Bytes(900));
    group.bench_function("parse INVITE", |b| b.iter(|| Message::parse_datagram(black_box(bytes.clone()))));
    group.bench_function("print INVITE", |b| b.iter(|| black_box(&invite).to_bytes()));
    group.bench_function("answer INVITE", |b| b.iter(|| Response::to(black_box(&invite), StatusCode::OK).to_bytes()));
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
