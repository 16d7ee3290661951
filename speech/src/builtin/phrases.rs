//! Every word that the receptionist says.

use crate::engine::WallClock;

pub(super) const GREETING: &str = "Hello, this is talkpath, your telephone receptionist.";
pub(super) const MENU: &str = "Say something and I will repeat it in your own voice. \
    Press one for the time, two to switch repeating on or off, three to hear me read, nine to say goodbye, or zero to hear this again.";
pub(super) const LEAD_IN: &str = "You said:";
pub(super) const PARROT_ON: &str = "I will repeat what you say.";
pub(super) const PARROT_OFF: &str = "I will not repeat what you say.";
pub(super) const NOT_REPEATED: &str =
    "I heard you. Press two if you want me to repeat what you say, or zero for the menu.";
pub(super) const STILL_THERE: &str = "Are you still there?";
pub(super) const GONE_QUIET: &str = "I can not hear anybody.";
pub(super) const GOODBYE: &str = "Thank you for calling. Goodbye.";

/// All of the above that no setting replaces.
pub(super) const FIXED: [&str; 6] = [MENU, PARROT_ON, PARROT_OFF, NOT_REPEATED, STILL_THERE, GONE_QUIET];

/// A minute of reading, a sentence a line.
pub(super) const READING: [&str; 12] = [
    "Here is a short history of the way from your mouth to my ear.",
    "At first there was one pair of wires for every two people, and one person had to shout to be heard at the other end.",
    "Then came the exchange, a room where somebody sat before a board of holes and joined two callers with a cord.",
    "An undertaker who thought that the operators sent his customers elsewhere built a switch that needed no operator.",
    "Soon everybody could turn a dial, and every turn sent a train of pulses down the line.",
    "Keys replaced the dial, and each of them sings two notes at once, chosen so that hardly any voice can sing them.",
    "Later the voice itself became numbers, eight thousand of them every second.",
    "Each number is squeezed into eight bits, with finer steps where the voice is soft and coarser ones where it is loud.",
    "For many years those numbers kept a fixed place on every line, whether somebody spoke or not.",
    "Today they travel in packets, fifty of them every second, and each packet finds its own way.",
    "Some are late, some are lost, and some arrive before those that were sent ahead of them.",
    "If you have heard every word of this, then all of them have found their way to you.",
];

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// The time of day in a sentence.
pub(super) fn time(WallClock { hour, minute }: WallClock) -> String {
    let (hour, minute) = (hour % 24, minute % 60);
    let name = number((hour + 11) % 12 + 1);
    let clock = match minute {
        0 if hour == 0 => return "It is midnight.".to_owned(),
        0 if hour == 12 => return "It is noon.".to_owned(),
        0 => format!("{name} o'clock"),
        1..=9 => format!("{name} oh {}", number(minute)),
        _ => format!("{name} {}", number(minute)),
    };
    let part = match hour {
        0..12 => "morning",
        12..18 => "afternoon",
        _ => "evening",
    };
    format!("It is {clock} in the {part}.")
}

/// Keys read back.
pub(super) fn pressed(keys: &str) -> String {
    let names: Vec<String> = keys.chars().map(key).collect();
    format!("You pressed {}.", names.join(", "))
}

fn key(key: char) -> String {
    match key {
        '*' => "star".to_owned(),
        '#' => "hash".to_owned(),
        _ => key.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).map_or_else(|| key.to_string(), number),
    }
}

/// A number below a hundred in words.
fn number(number: u8) -> String {
    let unit = |number: u8| UNITS.get(usize::from(number)).copied();
    let tens = TENS.get(usize::from(number / 10)).copied().unwrap_or_default();
    match (unit(number), number % 10) {
        (Some(name), _) => name.to_owned(),
        (None, 0) => tens.to_owned(),
        (None, rest) => format!("{tens} {}", unit(rest).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_sentences() {
        for (hour, minute, said) in [
            (0, 0, "It is midnight."),
            (12, 0, "It is noon."),
            (0, 7, "It is twelve oh seven in the morning."),
            (9, 0, "It is nine o'clock in the morning."),
            (12, 30, "It is twelve thirty in the afternoon."),
            (13, 15, "It is one fifteen in the afternoon."),
            (23, 59, "It is eleven fifty nine in the evening."),
        ] {
            assert_eq!(time(WallClock { hour, minute }), said);
        }
    }

    #[test]
    fn keys_are_read_back_by_name() {
        assert_eq!(pressed("42"), "You pressed four, two.");
        assert_eq!(pressed("*0A#"), "You pressed star, zero, A, hash.");
    }
}
