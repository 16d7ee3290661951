//! What an item says, in pieces that know when they are heard.

use std::ops::Range;
use std::sync::Arc;

use crate::samples::Samples;

/// Pieces of text in order, each with the span of audio that says it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words(Vec<Piece>);

/// A span of an item's audio and what it says.
#[derive(Clone, Debug)]
struct Piece {
    text: Arc<str>,
    span: Range<Samples>,
}

impl Words {
    pub(crate) fn push(&mut self, text: Arc<str>, span: Range<Samples>) {
        self.0.push(Piece { text, span });
    }

    /// All of it.
    pub(crate) fn whole(&self) -> String {
        self.0.iter().map(|piece| &*piece.text).collect()
    }

    /// The last piece ends at `end`, and all others stretch or shrink with it.
    pub(crate) fn stretch(&mut self, end: Samples) {
        let Some(Samples(old @ 1..)) = self.0.last().map(|piece| piece.span.end) else { return };
        let scale = |at: Samples| {
            Samples(u64::try_from(u128::from(at.0) * u128::from(end.0) / u128::from(old)).unwrap_or(u64::MAX))
        };
        for piece in &mut self.0 {
            piece.span = scale(piece.span.start)..scale(piece.span.end);
        }
    }

    /// The words that ended within `heard`.
    pub(crate) fn cut(&self, heard: Samples) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            if piece.span.end <= heard {
                text.push_str(&piece.text);
            } else if piece.span.start < heard {
                text.push_str(proportion(piece, heard));
            }
        }
        text.trim().to_owned()
    }
}

/// The whole words at the front of a piece that fit in proportion to what was heard of it. A piece of one word is all or nothing.
fn proportion(piece: &Piece, heard: Samples) -> &str {
    let (length, heard) = (piece.span.end - piece.span.start, heard - piece.span.start);
    let words = piece.text.trim_end();
    let limit = (words.chars().count() as u64).saturating_mul(heard.0);
    let fits = |chars: usize| (chars as u64).saturating_mul(length.0) <= limit;
    let spaces = words.char_indices().enumerate().filter(|(_, (_, char))| char.is_whitespace());
    let fronts = spaces.take_while(|&(chars, _)| fits(chars)).filter_map(|(_, (end, _))| words.get(..end));
    fronts.last().unwrap_or_default()
}
