//! What a test phone hears: every packet of the other side, in order, and questions about them.

use super::line::Packet;
use std::time::{Duration, Instant};
use talkpath_media::g711::Law;
use talkpath_media::level::dbov_of_law;
use tokio::sync::mpsc;

/// Quieter packets are silence: between the noise of an idle line and the softest speech.
const AUDIBLE_DBOV: f32 = -50.0;

/// Whether a person would hear something in this.
pub(super) fn is_audible(law: Law, payload: &[u8]) -> bool {
    dbov_of_law(law, payload) > AUDIBLE_DBOV
}

/// One packet, judged.
#[derive(Clone, Debug)]
pub struct Heard {
    /// As it came.
    pub packet: Packet,
    /// Its level.
    pub level_dbov: f32,
}

impl Heard {
    /// Whether a person would hear something.
    #[must_use]
    pub fn is_audible(&self) -> bool {
        self.level_dbov > AUDIBLE_DBOV
    }

    /// How much audio it holds.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.packet.payload.len() as u64 * 125)
    }
}

/// Listens to one call and remembers all of it.
#[derive(Debug)]
pub struct Ear {
    packets: mpsc::Receiver<Packet>,
    law: Law,
    heard: Vec<Heard>,
    others: Vec<Packet>,
}

impl Ear {
    pub(super) fn new(packets: mpsc::Receiver<Packet>, law: Law) -> Self {
        Self { packets, law, heard: Vec::new(), others: Vec::new() }
    }

    /// The next packet of voice; none when the line has been taken down.
    pub async fn next(&mut self) -> Option<&Heard> {
        loop {
            let packet = self.packets.recv().await?;
            if self.take_in(packet) {
                return self.heard.last();
            }
        }
    }

    /// Waits until `length` of sound has come in one piece; gives the arrival of its first packet.
    pub async fn until_sound(&mut self, length: Duration) -> Option<Instant> {
        self.until(length, Heard::is_audible).await
    }

    /// Waits until `length` of silence has come in one piece; gives the arrival of its first packet.
    pub async fn until_silence(&mut self, length: Duration) -> Option<Instant> {
        self.until(length, |heard| !heard.is_audible()).await
    }

    async fn until(&mut self, length: Duration, wanted: impl Fn(&Heard) -> bool) -> Option<Instant> {
        let mut run: Option<(Instant, Duration)> = None;
        loop {
            let heard = self.next().await?;
            run = wanted(heard).then(|| match run {
                Some((since, so_far)) => (since, so_far + heard.length()),
                None => (heard.packet.arrived, heard.length()),
            });
            if let Some((since, so_far)) = run
                && so_far >= length
            {
                return Some(since);
            }
        }
    }

    /// Takes in what has come meanwhile, without waiting.
    pub fn catch_up(&mut self) {
        while let Ok(packet) = self.packets.try_recv() {
            self.take_in(packet);
        }
    }

    /// False for packets that aren't voice: keys.
    fn take_in(&mut self, packet: Packet) -> bool {
        let voice = packet.payload_type == self.law.payload_type();
        if voice {
            let level_dbov = dbov_of_law(self.law, &packet.payload);
            self.heard.push(Heard { packet, level_dbov });
        } else {
            self.others.push(packet);
        }
        voice
    }

    /// Everything heard so far.
    #[must_use]
    pub fn heard(&self) -> &[Heard] {
        &self.heard
    }

    /// Every packet so far that isn't voice: keys (RFC 4733).
    #[must_use]
    pub fn others(&self) -> &[Packet] {
        &self.others
    }

    /// Everything heard so far, as samples.
    #[must_use]
    pub fn samples(&self) -> Vec<i16> {
        self.decode(self.heard.iter())
    }

    /// Everything that arrived since `since`, as samples.
    #[must_use]
    pub fn samples_since(&self, since: Instant) -> Vec<i16> {
        self.decode(self.heard.iter().filter(|heard| heard.packet.arrived >= since))
    }

    fn decode<'a>(&self, heard: impl Iterator<Item = &'a Heard>) -> Vec<i16> {
        heard.flat_map(|heard| heard.packet.payload.iter()).map(|byte| self.law.decode_byte(*byte)).collect()
    }
}
