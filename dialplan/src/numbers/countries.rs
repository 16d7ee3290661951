//! The dialling prefixes that are usual in a country, by its code, and which numbers are dialled there without one.
//!
//! After ITU-T's "List of dialling procedures". Where callers choose a carrier by the prefix, the usual one is given. A
//! configuration can say otherwise; what isn't listed dials 00 and 0, as most of the world does.

use super::{NANP, NANP_DIGITS};

/// The international and the national prefix of a country; empty where there is none.
pub(super) fn prefixes(country: &str) -> (&'static str, &'static str) {
    (international(country), national(country))
}

fn international(country: &str) -> &'static str {
    match country {
        NANP => "011",
        "7" | "375" | "992" | "993" => "810",
        "53" => "119",
        "61" => "0011",
        "62" | "65" | "66" | "82" | "592" | "852" | "855" | "976" => "001",
        "81" => "010",
        "234" => "009",
        "254" | "255" | "256" => "000",
        "886" => "002",
        _ => "00",
    }
}

fn national(country: &str) -> &'static str {
    match country {
        NANP => "1",
        "7" | "375" | "993" => "8",
        "36" => "06",
        // Closed numbering plans: the whole number is always dialled.
        "30" | "34" | "39" | "45" | "47" | "48" | "52" | "65" | "216" | "351" | "352" | "354" | "356" | "357"
        | "371" | "372" | "376" | "377" | "378" | "420" | "502" | "503" | "504" | "505" | "506" | "507" | "852"
        | "853" | "965" | "968" | "973" | "974" | "992" | "998" => "",
        _ => "0",
    }
}

/// Whether `digits` are a whole number of `country` that is dialled as it is although others need a prefix: ten digits
/// in North America; mobile numbers in China and India.
pub(super) fn dial_bare(country: &str, digits: &str) -> bool {
    let begins = |first: std::ops::RangeInclusive<char>| digits.starts_with(|c| first.contains(&c));
    match country {
        NANP => digits.len() == NANP_DIGITS && begins('2'..='9'),
        "86" => digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..]),
        "91" => digits.len() == 10 && begins('6'..='9'),
        _ => false,
    }
}
