//! G.711: the two companding laws, and gain and change of law as 256-byte tables.
//!
//! A sample is one byte, so whatever is done to single samples (decode, change of law, gain) is a table of 256
//! entries: the tick copies and maps, it never computes. Decoding goes through the tables of
//! audio-codec-algorithms, a change of law at unity gain through those of ITU-T G.711 (tables 3 and 4), which
//! are transparent in tandem.

use audio_codec_algorithms as codec;

/// A companding law of G.711.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Law {
    /// µ-law, PCMU: North America and Japan.
    Mu,
    /// A-law, PCMA: elsewhere.
    A,
}

impl Law {
    /// The static payload type of RFC 3551 §6: 0 for PCMU, 8 for PCMA.
    #[must_use]
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Mu => 0,
            Self::A => 8,
        }
    }

    /// The encoding name in an `a=rtpmap`.
    #[must_use]
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Self::Mu => "PCMU",
            Self::A => "PCMA",
        }
    }

    /// The byte that stands for silence: the smallest positive value.
    #[must_use]
    pub const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xFF,
            Self::A => 0xD5,
        }
    }

    /// One byte as a linear sample.
    #[inline]
    #[must_use]
    pub fn decode_byte(self, byte: u8) -> i16 {
        match self {
            Self::Mu => codec::decode_ulaw(byte),
            Self::A => codec::decode_alaw(byte),
        }
    }

    /// One linear sample as a byte.
    #[inline]
    #[must_use]
    pub fn encode_sample(self, sample: i16) -> u8 {
        match self {
            Self::Mu => codec::encode_ulaw(sample),
            Self::A => codec::encode_alaw(sample),
        }
    }

    /// Decodes as many bytes as both slices hold, and says how many.
    pub fn decode(self, bytes: &[u8], samples: &mut [i16]) -> usize {
        let pairs = samples.iter_mut().zip(bytes);
        match self {
            Self::Mu => pairs.for_each(|(sample, &byte)| *sample = codec::decode_ulaw(byte)),
            Self::A => pairs.for_each(|(sample, &byte)| *sample = codec::decode_alaw(byte)),
        }
        bytes.len().min(samples.len())
    }

    /// Encodes as many samples as both slices hold, and says how many.
    pub fn encode(self, samples: &[i16], bytes: &mut [u8]) -> usize {
        let pairs = bytes.iter_mut().zip(samples);
        match self {
            Self::Mu => pairs.for_each(|(byte, &sample)| *byte = codec::encode_ulaw(sample)),
            Self::A => pairs.for_each(|(byte, &sample)| *byte = codec::encode_alaw(sample)),
        }
        bytes.len().min(samples.len())
    }
}

/// A map from the bytes of one law to the bytes of another (or the same), with a gain.
#[derive(Clone, PartialEq, Eq)]
pub struct GainTable {
    bytes: [u8; 256],
}

impl std::fmt::Debug for GainTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GainTable")
    }
}

impl GainTable {
    /// `gain` is linear: 1.0 leaves the level, 0.0 is silence; louder than full scale is clipped.
    #[must_use]
    pub fn new(from: Law, to: Law, gain: f32) -> Self {
        let mut table = Self { bytes: [0; 256] };
        for (byte, mapped) in (0..=u8::MAX).zip(table.bytes.iter_mut()) {
            *mapped = Self::map_byte(from, to, gain, byte);
        }
        table
    }

    /// As [`GainTable::new`], the gain in decibels: -12.0 is a quarter of the amplitude.
    #[must_use]
    pub fn decibels(from: Law, to: Law, gain_db: f32) -> Self {
        Self::new(from, to, 10f32.powf(gain_db / 20.0))
    }

    fn map_byte(from: Law, to: Law, gain: f32, byte: u8) -> u8 {
        if gain == 1.0 {
            return match (from, to) {
                (Law::Mu, Law::Mu) | (Law::A, Law::A) => byte,
                (Law::Mu, Law::A) => codec::convert_ulaw_to_alaw(byte),
                (Law::A, Law::Mu) => codec::convert_alaw_to_ulaw(byte),
            };
        }
        if gain == 0.0 {
            return to.silence();
        }
        // `as` saturates: louder than full scale is clipped.
        to.encode_sample((f32::from(from.decode_byte(byte)) * gain).round() as i16)
    }

    /// One byte mapped.
    #[inline]
    #[must_use]
    pub fn get(&self, byte: u8) -> u8 {
        self.bytes[usize::from(byte)]
    }

    /// Maps `bytes` in place.
    pub fn apply(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.get(*byte);
        }
    }

    /// Maps as many bytes as both slices hold, and says how many.
    pub fn map(&self, source: &[u8], target: &mut [u8]) -> usize {
        for (mapped, &byte) in target.iter_mut().zip(source) {
            *mapped = self.get(byte);
        }
        source.len().min(target.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_decodes_and_encodes_to_its_own_value() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=u8::MAX {
                let sample = law.decode_byte(byte);
                assert_eq!(law.decode_byte(law.encode_sample(sample)), sample, "{law:?} {byte}");
            }
        }
    }

    #[test]
    fn silence_is_the_smallest_sample() {
        assert_eq!(Law::Mu.decode_byte(Law::Mu.silence()), 0);
        assert_eq!(Law::A.decode_byte(Law::A.silence()), 8);
    }

    #[test]
    fn slices_decode_as_far_as_both_reach() {
        let mut samples = [1; 4];
        assert_eq!(Law::Mu.decode(&[0xFF, 0x80], &mut samples), 2);
        assert_eq!(samples, [0, 32124, 1, 1]);
        let mut bytes = [0; 2];
        assert_eq!(Law::Mu.encode(&[0, 32124, 5], &mut bytes), 2);
        assert_eq!(bytes, [0xFF, 0x80]);
    }

    #[test]
    fn a_change_of_law_and_back_is_transparent_but_for_the_two_loudest_steps() {
        let there = GainTable::new(Law::Mu, Law::A, 1.0);
        let back = GainTable::new(Law::A, Law::Mu, 1.0);
        for byte in 0..=u8::MAX {
            let (first, second) = (Law::Mu.decode_byte(byte), Law::Mu.decode_byte(back.get(there.get(byte))));
            let step = (f64::from(first).abs() / 16.0).max(16.0);
            assert!((f64::from(first) - f64::from(second)).abs() <= step, "{first} became {second}");
        }
    }

    #[test]
    fn twelve_decibels_down_is_a_quarter_of_the_amplitude() {
        for (from, to) in [(Law::Mu, Law::Mu), (Law::A, Law::A), (Law::Mu, Law::A), (Law::A, Law::Mu)] {
            let table = GainTable::decibels(from, to, -12.04);
            let loud = table.get(from.encode_sample(16000));
            let heard = f32::from(to.decode_byte(loud));
            assert!((heard - 4000.0).abs() < 200.0, "{from:?} to {to:?}: {heard}");
        }
    }

    #[test]
    fn no_gain_at_all_is_silence_and_too_much_is_clipped() {
        let mute = GainTable::new(Law::Mu, Law::A, 0.0);
        let loud = GainTable::new(Law::Mu, Law::Mu, 1000.0);
        assert!((0..=u8::MAX).all(|byte| mute.get(byte) == Law::A.silence()));
        assert_eq!(loud.get(Law::Mu.encode_sample(5000)), 0x80);
    }
}
