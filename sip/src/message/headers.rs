//! The header fields of a message, in their order: RFC 3261 §7.3.
//!
//! Each keeps its value (unfolded and trimmed) and, when it was received, where its lines lie in the buffer: what we
//! don't touch is printed as it came. What we put in is printed long and on one line: CR and LF become spaces, so no
//! value can start a header field of its own.
//!
//! Names and values are slices of the receive buffer; [`Headers::detach`] copies them out.

use std::fmt;
use std::sync::OnceLock;

use super::error::{Defect, HeaderError};
use super::list;
use super::name::HeaderName;
use super::text::Text;
use super::via::Via;

/// Header fields.
#[derive(Clone, Default)]
pub struct Headers {
    /// What received fields are parts of.
    source: Text,
    fields: Vec<Field>,
}

#[derive(Clone)]
struct Field {
    name: HeaderName,
    /// Where the value lies in the source, unless it has a text of its own.
    value: Span,
    /// The value: ours, unfolded, or cut out of the source when somebody asked for it. Cutting counts references,
    /// and that for every field would be half the cost of reading a message.
    text: OnceLock<Text>,
    /// Where the whole lines of a received field lie in the source; empty for one that we made.
    lines: Span,
}

/// A part of the source.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        // Messages are bounded by MAX_MESSAGE.
        Self { start: u32::try_from(start).unwrap_or(0), end: u32::try_from(end).unwrap_or(0) }
    }

    fn of(self, source: &Text) -> &[u8] {
        source.as_bytes().get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

impl Field {
    fn ours(name: HeaderName, value: impl Into<Text>) -> Self {
        let none = Span::default();
        Self { name, value: none, text: OnceLock::from(value.into().one_line()), lines: none }
    }

    /// The value's bytes.
    fn bytes<'a>(&'a self, source: &'a Text) -> &'a [u8] {
        self.text.get().map_or_else(|| self.value.of(source), Text::as_bytes)
    }

    /// What the value's bytes can be cut from.
    fn owner<'a>(&'a self, source: &'a Text) -> &'a Text {
        self.text.get().unwrap_or(source)
    }

    fn text(&self, source: &Text) -> &Text {
        self.text.get_or_init(|| source.sub(self.value.of(source)))
    }
}

impl Headers {
    /// None.
    pub const fn new() -> Self {
        Self { source: Text::new(), fields: Vec::new() }
    }

    /// For the fields of a received head, which are parts of `source`.
    pub(super) fn of(source: Text) -> Self {
        Self { source, fields: Vec::with_capacity(24) }
    }

    /// Adds a received field: where its value lies, or what it is once unfolded, and where its lines lie.
    #[inline]
    pub(super) fn push_received(&mut self, name: HeaderName, value: Result<Span, Text>, lines: Span) {
        let (value, text) = match value {
            Ok(span) => (span, OnceLock::new()),
            Err(text) => (Span::default(), OnceLock::from(text)),
        };
        self.fields.push(Field { name, value, text, lines });
    }

    /// How many header fields.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&HeaderName, &Text)> {
        self.fields.iter().map(|field| (&field.name, field.text(&self.source)))
    }

    /// The first value of `name`.
    pub fn get(&self, name: &HeaderName) -> Option<&Text> {
        self.of_name(name).next().map(|field| field.text(&self.source))
    }

    /// The first value of the header field of this name, long or compact, in any case.
    pub fn named(&self, name: &str) -> Option<&Text> {
        self.fields.iter().find(|field| field.name.is(name)).map(|field| field.text(&self.source))
    }

    /// Whether `name` is there.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.of_name(name).next().is_some()
    }

    /// Every value of `name`, one a header field.
    pub fn all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a Text> {
        self.of_name(name).map(|field| field.text(&self.source))
    }

    /// Every value of `name`, split at commas outside quotes and angle brackets. For header fields that are lists
    /// (RFC 3261 §7.3.1), which Date and the authentication fields are not.
    pub fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = Text> + 'a {
        self.parts(name).map(|(text, part)| text.sub(part))
    }

    /// As [`values`](Self::values), each with what it can be cut from.
    pub(super) fn parts<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = (&'a Text, &'a [u8])> {
        self.whole(name).flat_map(|(owner, value)| list::split(value).map(move |part| (owner, part)))
    }

    /// As [`all`](Self::all), each with what it can be cut from.
    pub(super) fn whole<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = (&'a Text, &'a [u8])> {
        self.of_name(name).map(|field| (field.owner(&self.source), field.bytes(&self.source)))
    }

    fn of_name<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name == *name)
    }

    /// Adds a header field at the end.
    pub fn push(&mut self, name: HeaderName, value: impl Into<Text>) {
        self.fields.push(Field::ours(name, value));
    }

    /// Adds a header field before all others.
    pub fn push_front(&mut self, name: HeaderName, value: impl Into<Text>) {
        self.fields.insert(0, Field::ours(name, value));
    }

    /// Makes this the only value of `name`, where the first one stands or at the end.
    pub fn set(&mut self, name: HeaderName, value: impl Into<Text>) {
        let Some(at) = self.position(&name) else { return self.push(name, value) };
        let mut index = 0;
        self.fields.retain(|field| {
            index += 1;
            index - 1 == at || field.name != name
        });
        if let Some(field) = self.fields.get_mut(at) {
            *field = Field::ours(name, value);
        }
    }

    /// Takes every header field `name` away; says how many there were.
    pub fn remove(&mut self, name: &HeaderName) -> usize {
        let before = self.fields.len();
        self.fields.retain(|field| field.name != *name);
        before - self.fields.len()
    }

    /// Takes the first header field `name` away.
    pub fn remove_first(&mut self, name: &HeaderName) -> Option<Text> {
        let at = self.position(name)?;
        let field = self.fields.remove(at);
        Some(field.text(&self.source).clone())
    }

    /// Copies every header field `name` from `other`, in its order.
    pub fn copy(&mut self, other: &Self, name: &HeaderName) {
        for (owner, value) in other.whole(name) {
            self.push(name.clone(), owner.sub(value));
        }
    }

    /// Puts `via` in the place of the topmost one and leaves the others as they are, also in the same header field.
    pub fn replace_top_via(&mut self, via: &Via) -> Result<(), HeaderError> {
        let at = self.position(&HeaderName::Via).ok_or(HeaderError::Missing(HeaderName::Via))?;
        let field = self.fields.get_mut(at).ok_or(HeaderError::Missing(HeaderName::Via))?;
        let before = field.bytes(&self.source);
        let top = list::split(before).next().ok_or(HeaderError::Malformed(HeaderName::Via, Defect::Empty))?;
        let end = top.as_ptr().addr().wrapping_sub(before.as_ptr().addr()) + top.len();
        let rest = before.get(end..).unwrap_or_default();
        let value = [via.to_text().as_bytes(), rest].concat();
        *field = Field::ours(HeaderName::Via, value);
        Ok(())
    }

    /// Notes in the topmost Via where the request came from; see [`Via::stamp`].
    pub fn stamp_via(&mut self, source: std::net::SocketAddr) -> Result<(), HeaderError> {
        let before = self.via()?;
        let mut via = before.clone();
        via.stamp(source);
        if via == before { Ok(()) } else { self.replace_top_via(&via) }
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        let source = self.source.detach();
        let detach = |field: &Field| {
            let text = field.text.get().map_or_else(OnceLock::new, |text| OnceLock::from(text.detach()));
            Field { name: field.name.detach(), text, ..*field }
        };
        Self { source, fields: self.fields.iter().map(detach).collect() }
    }

    /// Names, values, and the lines as they came of those that were received and not touched.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&HeaderName, &[u8], Option<&[u8]>)> {
        self.fields.iter().map(|field| {
            let lines = Some(field.lines.of(&self.source)).filter(|lines| !lines.is_empty());
            (&field.name, field.bytes(&self.source), lines)
        })
    }

    fn position(&self, name: &HeaderName) -> Option<usize> {
        self.fields.iter().position(|field| field.name == *name)
    }
}

/// The same names and values in the same order; how they were spelt and folded doesn't count.
impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
