//! A quarter of a million mutated messages, the same ones in every run: none may panic, and what is read must read
//! the same from what we print.

use std::thread;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use talkpath_sip::message::Message;

use crate::message_corpus::all;
use crate::message_exercise;

const INPUTS: usize = 250_000;
const THREADS: usize = 2;

/// Bytes that mean something to a SIP parser.
const SPICE: &[u8] = b"\r\n\t \"<>;:,=@?%&[]()\\/*\0\x7f\x80\xff0123456789aZ";
/// Pieces that do.
const PIECES: &[&str] = &[
    "\r\n",
    "\r\n ",
    "\r\n\r\n",
    "Content-Length: 18446744073709551615\r\n",
    "SIP/2.0",
    "SIP/2.0/UDP ",
    "sip:",
    "tel:+",
    "<sip:",
    ">;tag=",
    "\"\\",
    "%00",
    "%4",
    "[::",
    ":::1.2.3.4]",
    ";;",
    ",,",
    "4294967296",
    "z9hG4bK",
    "*",
];

fn mutate(seed: &[u8], other: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..=24)).min(bytes.len());
        let byte = SPICE[rng.random_range(0..SPICE.len())];
        match rng.random_range(0..8) {
            0 | 1 if at < bytes.len() => bytes[at] = byte,
            2 => bytes.insert(at, byte),
            3 => drop(bytes.drain(at..end)),
            4 => drop(bytes.splice(at..at, PIECES[rng.random_range(0..PIECES.len())].bytes())),
            5 => drop(bytes.splice(at..end, bytes[at..end].repeat(2))),
            6 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            _ => {
                let from = rng.random_range(0..other.len());
                let to = (from + rng.random_range(1..=64)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
        }
    }
    bytes
}

fn run(seeds: &[Bytes], mut rng: StdRng) -> (usize, usize) {
    let (mut read, mut sum) = (0, 0usize);
    for _ in 0..INPUTS / THREADS {
        let seed = &seeds[rng.random_range(0..seeds.len())];
        let other = &seeds[rng.random_range(0..seeds.len())];
        let bytes = Bytes::from(mutate(seed, other, &mut rng));
        match Message::parse_datagram(bytes) {
            Ok(message) => {
                read += 1;
                sum = sum.wrapping_add(message_exercise::message(&message));
                if rng.next_u32().is_multiple_of(8) {
                    let printed = message.to_bytes();
                    assert_eq!(Message::parse_datagram(printed.clone()).unwrap().to_bytes(), printed);
                }
            }
            Err(error) => {
                let answer = error.into_answerable().map(|request| message_exercise::message(&(*request).into()));
                sum = sum.wrapping_add(answer.unwrap_or(0));
            }
        }
    }
    (read, sum)
}

#[test]
fn no_mutated_message_panics_and_what_is_read_is_read_again() {
    let seeds: Vec<Bytes> = all().into_iter().map(|(_, bytes)| bytes).filter(|bytes| bytes.len() < 1_500).collect();
    let results: Vec<(usize, usize)> = thread::scope(|scope| {
        let start = |n: usize| {
            let seeds = &seeds;
            scope.spawn(move || run(seeds, StdRng::seed_from_u64(u64::try_from(n).unwrap())))
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let read: usize = results.iter().map(|(read, _)| read).sum();
    assert!(read > INPUTS / 10 && read < INPUTS, "{read} of {INPUTS} were read: the mutations test nothing");
}
