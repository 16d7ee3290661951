//! What the library's parser must not be given: it recurses along chains (`a + a + ..`, `a | d | ..`, `{% elif %}`), which aren't among what it
//! bounds, and a stack has an end.
//!
//! So the text is looked through once, tag by tag, as the library's lexer does. What would make both disagree on where a tag ends is
//! refused: maps, whose braces look like one, and `raw`, in which tags are none.

use super::Fault;

/// Bytes of one tag, texts in quotes not counted: so deep, at most, is what stands in it.
const MOST_OF_TAG: usize = 400;
/// Each nests in the one before.
const MOST_ELIF: usize = 64;

/// Refuses what nests too deep.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let (mut at, mut elifs) = (0, 0);
    while let Some(tag) = Tag::after(text, at)? {
        if tag.word == "raw" {
            let instead = "there is no raw; what looks like a tag is written {{ \"{{\" }}";
            return Err(Fault::syntax(text, tag.begin, instead));
        }
        elifs += usize::from(tag.word == "elif");
        if elifs > MOST_ELIF {
            return Err(Fault::syntax(text, tag.begin, format!("there are more than {MOST_ELIF} elifs")));
        }
        at = tag.end;
    }
    Ok(())
}

/// `{{ .. }}`, `{% .. %}` or `{# .. #}`.
struct Tag<'a> {
    begin: usize,
    end: usize,
    /// Of `{% .. %}`, what it begins with.
    word: &'a str,
}

impl<'a> Tag<'a> {
    /// The first at or after `from`; what has no end goes on to that of the text.
    fn after(text: &'a str, from: usize) -> Result<Option<Self>, Fault> {
        let rest = text.get(from..).unwrap_or_default();
        let Some(begin) = ["{{", "{%", "{#"].iter().filter_map(|begin| rest.find(begin)).min().map(|at| from + at)
        else {
            return Ok(None);
        };
        let inner = text.get(begin + 2..).unwrap_or_default();
        let (end, word) = match text.as_bytes().get(begin + 1) {
            Some(b'#') => (inner.find("#}").map(|at| at + 2), ""),
            Some(b'%') => (end_of_code(text, begin, inner, "%}")?, word(inner)),
            _ => (end_of_code(text, begin, inner, "}}")?, ""),
        };
        Ok(Some(Self { begin, end: begin + 2 + end.unwrap_or(inner.len()), word }))
    }
}

fn word(inner: &str) -> &str {
    let inner = inner.trim_start_matches(['-', '+']).trim_start();
    inner.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Where in `inner`, the text behind the `{{` at `begin`, the tag is over.
fn end_of_code(text: &str, begin: usize, inner: &str, mark: &str) -> Result<Option<usize>, Fault> {
    let (mut quote, mut escaped, mut code) = (None, false, 0);
    for (at, byte) in inner.bytes().enumerate() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'\\' => escaped = true,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if inner.as_bytes().get(at..).is_some_and(|rest| rest.starts_with(mark.as_bytes())) => {
                return Ok(Some(at + mark.len()));
            }
            None if byte == b'{' => {
                return Err(Fault::syntax(text, begin + 2 + at, "there are no maps in templates; a value is a text"));
            }
            None => code += 1,
        }
        if code > MOST_OF_TAG {
            return Err(Fault::syntax(text, begin, format!("this is longer than {MOST_OF_TAG} bytes")));
        }
    }
    Ok(None)
}
