//! Ways to write a number.

use std::fmt;
use std::str::FromStr;

/// Ways to write a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// As it comes.
    #[default]
    AsIs,
    /// `+4930123456`.
    E164,
    /// `4930123456`: E.164 without the plus.
    Digits,
    /// `004930123456`: as it is dialled from abroad.
    International,
    /// `030123456`: as it is dialled within the country; numbers of other countries as from abroad.
    National,
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "as-is" => Ok(Self::AsIs),
            "e164" => Ok(Self::E164),
            "digits" => Ok(Self::Digits),
            "international" => Ok(Self::International),
            "national" => Ok(Self::National),
            _ => Err(FormatError(text.into())),
        }
    }
}

/// A format that there isn't.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is no format of numbers; write \"as-is\", \"e164\", \"digits\", \"international\" or \"national\"")]
pub struct FormatError(pub String);

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsIs => "as-is",
            Self::E164 => "e164",
            Self::Digits => "digits",
            Self::International => "international",
            Self::National => "national",
        })
    }
}
