//! How loud a stretch of audio is, in dBov: decibels below the overload point, a full-scale square wave
//! (RFC 6464 §3). A full-scale sine is -3 dBov, digital silence [`SILENT`].

use std::sync::LazyLock;

use crate::g711::Law;

/// The level of digital silence, in dBov.
pub const SILENT: f32 = -127.0;

/// Squares of the 256 values of each law: the level of encoded audio needs no decoding.
static SQUARES: LazyLock<[[u32; 256]; 2]> = LazyLock::new(|| {
    let mut squares = [[0; 256]; 2];
    for (table, law) in squares.iter_mut().zip([Law::Mu, Law::A]) {
        for (byte, square) in (0..=u8::MAX).zip(table.iter_mut()) {
            *square = i32::from(law.decode_byte(byte)).pow(2).unsigned_abs();
        }
    }
    squares
});

/// The level of `samples` in dBov; [`SILENT`] when empty.
#[must_use]
pub fn dbov(samples: &[i16]) -> f32 {
    let sum: u64 = samples.iter().map(|&sample| u64::from(i32::from(sample).pow(2).unsigned_abs())).sum();
    from_squares(sum, samples.len())
}

/// The level of `bytes` of `law` in dBov; [`SILENT`] when empty. Law A's silence byte counts as -72 dBov.
#[must_use]
pub fn dbov_of_law(law: Law, bytes: &[u8]) -> f32 {
    let [mu, a] = &*SQUARES;
    let table = match law {
        Law::Mu => mu,
        Law::A => a,
    };
    from_squares(bytes.iter().map(|&byte| u64::from(table[usize::from(byte)])).sum(), bytes.len())
}

fn from_squares(sum: u64, count: usize) -> f32 {
    if sum == 0 || count == 0 {
        return SILENT;
    }
    let mean = sum as f64 / count as f64;
    ((10.0 * (mean / (32768.0 * 32768.0)).log10()) as f32).max(SILENT)
}

/// A level that rises at once and falls slowly: what was loud in the last few hundred milliseconds.
#[derive(Clone, Debug)]
pub struct Meter {
    level: f32,
    fall_db_per_second: f32,
}

impl Meter {
    /// A silent meter that falls by `fall_db_per_second` once the sound is over.
    #[must_use]
    pub fn new(fall_db_per_second: f32) -> Self {
        Self { level: SILENT, fall_db_per_second }
    }

    /// Takes the level of a stretch of `samples` at 8 kHz and gives the level held.
    pub fn update(&mut self, level_dbov: f32, samples: usize) -> f32 {
        let fallen = self.level - self.fall_db_per_second * samples as f32 / crate::SAMPLE_RATE as f32;
        self.level = level_dbov.max(fallen).max(SILENT);
        self.level
    }

    /// The level held, in dBov.
    #[must_use]
    pub fn level_dbov(&self) -> f32 {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Tone;

    #[test]
    fn levels_are_relative_to_a_full_scale_square() {
        assert_eq!(dbov(&[]), SILENT);
        assert_eq!(dbov(&[0; 160]), SILENT);
        assert!(dbov(&[i16::MIN; 160]).abs() < 0.01);
        let mut sine = [0; 800];
        Tone::new(&[1000.0], -3.01).fill(&mut sine);
        assert!((dbov(&sine) + 3.01).abs() < 0.05);
    }

    #[test]
    fn encoded_audio_has_the_level_of_its_samples() {
        let mut sine = [0; 800];
        Tone::new(&[440.0], -20.0).fill(&mut sine);
        for law in [Law::Mu, Law::A] {
            let mut bytes = [0; 800];
            law.encode(&sine, &mut bytes);
            assert!((dbov_of_law(law, &bytes) + 20.0).abs() < 0.2);
        }
        assert_eq!(dbov_of_law(Law::Mu, &[Law::Mu.silence(); 160]), SILENT);
        assert!(dbov_of_law(Law::A, &[Law::A.silence(); 160]) < -70.0);
    }

    #[test]
    fn a_meter_rises_at_once_and_falls_slowly() {
        let mut meter = Meter::new(100.0);
        assert_eq!(meter.update(-20.0, 160), -20.0);
        assert!((meter.update(SILENT, 800) + 30.0).abs() < 0.01);
        assert_eq!(meter.update(-10.0, 160), -10.0);
        assert_eq!(meter.level_dbov(), -10.0);
    }
}
