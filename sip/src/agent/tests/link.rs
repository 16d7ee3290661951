//! A network between user agents that is itself a pure machine: seeded latency, jitter, loss and duplication;
//! reordering follows from jitter.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How bad the network is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Conditions {
    pub(crate) latency: Duration,
    pub(crate) jitter: Duration,
    pub(crate) loss: f64,
    pub(crate) duplication: f64,
}

impl Conditions {
    /// 10 ms each way and nothing lost.
    pub(crate) const GOOD: Self =
        Self { latency: Duration::from_millis(10), jitter: Duration::ZERO, loss: 0.0, duplication: 0.0 };
}

/// A datagram on its way.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) data: Bytes,
}

pub(crate) struct Link {
    pub(crate) conditions: Conditions,
    random: StdRng,
    on_the_way: BTreeMap<(Instant, u64), Datagram>,
    serial: u64,
}

impl Link {
    pub(crate) fn new(conditions: Conditions, seed: u64) -> Self {
        Self { conditions, random: StdRng::seed_from_u64(seed), on_the_way: BTreeMap::new(), serial: 0 }
    }

    pub(crate) fn send(&mut self, datagram: Datagram, now: Instant) {
        if self.random.random_bool(self.conditions.loss) {
            return;
        }
        let copies = 1 + u32::from(self.random.random_bool(self.conditions.duplication));
        for _ in 0..copies {
            let late = self.conditions.jitter.mul_f64(self.random.random_range(0.0..=1.0));
            self.serial += 1;
            self.on_the_way.insert((now + self.conditions.latency + late, self.serial), datagram.clone());
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    pub(crate) fn arrive(&mut self, now: Instant) -> Option<Datagram> {
        if self.next()? > now {
            return None;
        }
        self.on_the_way.pop_first().map(|(_, datagram)| datagram)
    }
}
