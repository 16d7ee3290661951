//! Where a place in a template stands in the TOML that holds it. A text in quotes isn't its own source: it has escapes, and lines that are
//! joined.

/// Where byte `at` of `text` stands in `raw`, the quoted text that `text` was read from; none where `raw` isn't that.
pub(crate) fn place_in(raw: &str, text: &str, at: usize) -> Option<usize> {
    let mut written = Written::of(raw)?;
    for (here, expected) in text.char_indices() {
        let place = written.at();
        if here >= at {
            return Some(place);
        }
        let mut read = written.next()?;
        // Line ends are read as one character or two.
        if read == '\r' && expected == '\n' {
            read = written.next()?;
        }
        if read != expected {
            return None;
        }
    }
    Some(written.at())
}

/// The characters of a quoted text, as TOML 1.1 reads them, with their places.
struct Written<'a> {
    whole: &'a str,
    rest: &'a str,
    escapes: bool,
}

impl<'a> Written<'a> {
    fn of(whole: &'a str) -> Option<Self> {
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| whole.starts_with(quotes))?;
        let mut rest = whole.strip_prefix(quotes)?.strip_suffix(quotes)?;
        if quotes.len() == 3 {
            rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        }
        Some(Self { whole, rest, escapes: quotes.starts_with('"') })
    }

    /// Where what comes next stands.
    fn at(&mut self) -> usize {
        self.join_lines();
        // Both are slices of one text.
        self.rest.as_ptr().addr() - self.whole.as_ptr().addr()
    }

    fn next(&mut self) -> Option<char> {
        self.join_lines();
        match self.take()? {
            '\\' if self.escapes => self.escaped(),
            c => Some(c),
        }
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// A backslash at the end of a line takes the line break and all that is blank after it.
    fn join_lines(&mut self) {
        while let Some(after) = self.rest.strip_prefix('\\').filter(|_| self.escapes) {
            if !after.trim_start_matches([' ', '\t', '\r']).starts_with('\n') {
                return;
            }
            self.rest = after.trim_start_matches([' ', '\t', '\r', '\n']);
        }
    }

    fn escaped(&mut self) -> Option<char> {
        match self.take()? {
            'b' => Some('\u{8}'),
            't' => Some('\t'),
            'n' => Some('\n'),
            'f' => Some('\u{c}'),
            'r' => Some('\r'),
            'e' => Some('\u{1b}'),
            'x' => self.code(2),
            'u' => self.code(4),
            'U' => self.code(8),
            c => Some(c),
        }
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let mut code = 0_u32;
        for _ in 0..digits {
            code = code.checked_mul(16)?.checked_add(self.take()?.to_digit(16)?)?;
        }
        char::from_u32(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> String {
        let table: toml::Table = toml::from_str(&format!("x = {raw}")).unwrap();
        table["x"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_place_in_a_text_is_found_in_what_was_written() {
        for (raw, expected) in [
            ("\"one two X\"", 9),
            ("'one \\two X'", 10),
            ("\"a\\tb\\u00e9\\\\\\\"X\"", 15),
            ("\"\"\"\none\ntwo X\"\"\"", 12),
            ("\"\"\"one \\\n    two X\"\"\"", 17),
            ("'''\r\none\r\ntwo X'''", 14),
        ] {
            let text = read(raw);
            let found = place_in(raw, &text, text.find('X').unwrap());
            assert_eq!(found, Some(expected), "{raw:?}");
            assert_eq!(raw.as_bytes()[expected], b'X');
        }
    }

    #[test]
    fn the_end_of_a_text_has_a_place_too() {
        assert_eq!(place_in("\"abc\"", "abc", 3), Some(4));
        assert_eq!(place_in("\"\"\"abc\\\n \"\"\"", "abc", 3), Some(9));
    }

    #[test]
    fn what_is_no_source_of_the_text_has_no_places() {
        for (raw, text) in [("abc", "abc"), ("\"abc\"", "abd"), ("\"ab\"", "abc"), ("\"", "a"), ("", "")] {
            assert_eq!(place_in(raw, text, text.len()), None, "{raw:?}");
        }
    }
}
