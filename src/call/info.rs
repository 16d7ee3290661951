//! Keys in INFO requests: `application/dtmf-relay` (`Signal=5`, `Duration=160`) and `application/dtmf` (`5`), which no RFC
//! describes and every PBX can send.

use talkpath_sip::agent::Body;

/// The content types that are understood.
pub(crate) const TYPES: [&str; 2] = ["application/dtmf-relay", "application/dtmf"];

/// The key that an INFO says was pressed, if it says so.
pub(super) fn key(body: &Body) -> Option<char> {
    let text = std::str::from_utf8(&body.content).ok()?;
    let signal = text.lines().find_map(|line| {
        let (name, value) = line.split_once('=')?;
        name.trim().eq_ignore_ascii_case("Signal").then_some(value)
    });
    let signal = signal.unwrap_or(text).trim();
    match signal {
        "10" => Some('*'),
        "11" => Some('#'),
        _ => {
            let mut chars = signal.chars();
            let key = chars.next().map(|key| key.to_ascii_uppercase()).filter(|_| chars.next().is_none())?;
            matches!(key, '0'..='9' | '*' | '#' | 'A'..='D').then_some(key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use talkpath_sip::message::Text;

    fn said(content_type: &'static str, content: &'static str) -> Option<char> {
        key(&Body { content_type: Text::from_static(content_type), content: content.into() })
    }

    #[test]
    fn the_key_is_found_in_both_forms() {
        for (content, expected) in [
            ("Signal=5\r\nDuration=160\r\n", Some('5')),
            ("Signal= *\r\nDuration= 250", Some('*')),
            ("signal=11\r\n", Some('#')),
            ("Duration=100\r\nSignal=d", Some('D')),
            ("Signal=55\r\n", None),
            ("Signal=\r\n", None),
            ("Signal=!\r\n", None),
        ] {
            assert_eq!(said("application/dtmf-relay", content), expected, "{content}");
        }
        assert_eq!(said("application/dtmf", " 7\r\n"), Some('7'));
        assert_eq!(said("application/dtmf", ""), None);
    }
}
