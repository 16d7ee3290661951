//! Backchannels: what a listener says without wanting the floor.

/// Whether `text` is nothing but backchannels (or nothing at all).
pub(super) fn backchannel(text: &str, backchannels: &[String]) -> bool {
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    text.split_whitespace().map(bare).filter(|word| !word.is_empty()).all(|word| backchannels.contains(&word))
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_listeners_noises_are_backchannels() {
        let list = ["mm-hm", "yeah", "okay"].map(String::from);
        for text in ["Mm-hm.", "yeah, okay!", "", " ... "] {
            assert!(super::backchannel(text, &list), "{text}");
        }
        for text in ["okay but wait", "no", "Stop."] {
            assert!(!super::backchannel(text, &list), "{text}");
        }
    }
}
