//! G.711 by the formulae of ITU-T G.711 §3: a second opinion on the tables that calls are coded with.

/// A law of companding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Law {
    Mu,
    A,
}

impl Law {
    /// The byte of silence.
    pub(crate) fn silence(self) -> u8 {
        self.encode(0)
    }

    pub(crate) fn decode(self, byte: u8) -> i16 {
        match self {
            Self::Mu => {
                let (exponent, mantissa) = (i16::from(!byte >> 4 & 7), i16::from(!byte & 15));
                let magnitude = ((mantissa << 3 | 0x84) << exponent) - 0x84;
                if byte & 0x80 == 0 { -magnitude } else { magnitude }
            }
            Self::A => {
                let code = byte ^ 0x55;
                let (exponent, mantissa) = (i16::from(code >> 4 & 7), i16::from(code & 15));
                let magnitude = match exponent {
                    0 => mantissa << 4 | 8,
                    _ => (mantissa << 4 | 0x108) << (exponent - 1),
                };
                if code & 0x80 == 0 { -magnitude } else { magnitude }
            }
        }
    }

    pub(crate) fn encode(self, sample: i16) -> u8 {
        let negative = if sample < 0 { 0x80 } else { 0 };
        match self {
            Self::Mu => {
                let magnitude = i32::from(sample).abs().min(32_635) + 0x84;
                let exponent = magnitude.ilog2() - 7;
                !(negative | code(exponent, magnitude >> (exponent + 3)))
            }
            Self::A => {
                // Below zero, the step that ends at it is the first.
                let magnitude = i32::from(if sample < 0 { !sample } else { sample });
                let exponent = if magnitude < 0x100 { 0 } else { magnitude.ilog2() - 7 };
                (0x80 ^ negative | code(exponent, magnitude >> (exponent + 3).max(4))) ^ 0x55
            }
        }
    }

    pub(crate) fn decode_all(self, bytes: &[u8]) -> Vec<i16> {
        bytes.iter().map(|byte| self.decode(*byte)).collect()
    }

    pub(crate) fn encode_all(self, samples: &[i16]) -> Vec<u8> {
        samples.iter().map(|sample| self.encode(*sample)).collect()
    }
}

fn code(exponent: u32, mantissa: i32) -> u8 {
    (exponent as u8) << 4 | (mantissa & 15) as u8
}
