//! The header fields of a message, in their order: RFC 3261 §7.3.
//!
//! Each keeps its value (unfolded and trimmed) and, when it was received, where its lines lie in the buffer: what we
//! don't touch is printed as it came. What we put in is printed long and on one line: CR and LF become spaces, so no
//! value can start a header field of its own.
//!
//! Names and values are slices of the receive buffer; [`Headers::detach`] copies them out.

use bytes::Bytes;

use super::error::{Defect, HeaderError};
use super::list;
use super::name::HeaderName;
use super::text::Text;
use super::via::Via;

/// Header fields.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// What the lines of received fields are slices of.
    source: Bytes,
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    name: HeaderName,
    value: Text,
    /// Where the whole lines of a received field lie in `source`; empty for one that we made.
    start: u32,
    end: u32,
}

impl Field {
    fn ours(name: HeaderName, value: impl Into<Text>) -> Self {
        Self { name, value: value.into().one_line(), start: 0, end: 0 }
    }
}

impl Headers {
    /// None.
    pub const fn new() -> Self {
        Self { source: Bytes::new(), fields: Vec::new() }
    }

    /// For the fields of a received head; lines will be given as ranges of `source`.
    pub(super) fn of(source: Bytes) -> Self {
        Self { source, fields: Vec::with_capacity(24) }
    }

    /// Adds a received field whose lines lie at `start..end`; `value` has no line breaks.
    pub(super) fn push_received(&mut self, name: HeaderName, value: Text, start: usize, end: usize) {
        let (start, end) = (u32::try_from(start).unwrap_or(0), u32::try_from(end).unwrap_or(0));
        self.fields.push(Field { name, value, start, end });
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
        self.fields.iter().map(|field| (&field.name, &field.value))
    }

    /// The first value of `name`.
    pub fn get(&self, name: &HeaderName) -> Option<&Text> {
        self.fields.iter().find(|field| field.name == *name).map(|field| &field.value)
    }

    /// The first value of the header field of this name, long or compact, in any case.
    pub fn named(&self, name: &str) -> Option<&Text> {
        self.fields.iter().find(|field| field.name.is(name)).map(|field| &field.value)
    }

    /// Whether `name` is there.
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.get(name).is_some()
    }

    /// Every value of `name`, one a header field.
    pub fn all<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = &'a Text> {
        self.fields.iter().filter(move |field| field.name == *name).map(|field| &field.value)
    }

    /// Every value of `name`, split at commas outside quotes and angle brackets. For header fields that are lists
    /// (RFC 3261 §7.3.1), which Date and the authentication fields are not.
    pub fn values<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = Text> + 'a {
        self.parts(name).map(|(text, part)| text.sub(part))
    }

    pub(super) fn parts<'a>(&'a self, name: &'a HeaderName) -> impl Iterator<Item = (&'a Text, &'a [u8])> + 'a {
        self.all(name).flat_map(|text| list::split(text.as_bytes()).map(move |part| (text, part)))
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
        Some(self.fields.remove(at).value)
    }

    /// Copies every header field `name` from `other`, in its order.
    pub fn copy(&mut self, other: &Self, name: &HeaderName) {
        for value in other.all(name) {
            self.push(name.clone(), value);
        }
    }

    /// Puts `via` in the place of the topmost one and leaves the others as they are, also in the same header field.
    pub fn replace_top_via(&mut self, via: &Via) -> Result<(), HeaderError> {
        let at = self.position(&HeaderName::Via).ok_or(HeaderError::Missing(HeaderName::Via))?;
        let field = self.fields.get_mut(at).ok_or(HeaderError::Missing(HeaderName::Via))?;
        let top = list::split(field.value.as_bytes()).next();
        let top = top.ok_or(HeaderError::Malformed(HeaderName::Via, Defect::Empty))?;
        let end = top.as_ptr().addr().wrapping_sub(field.value.as_bytes().as_ptr().addr()) + top.len();
        let rest = field.value.as_bytes().get(end..).unwrap_or_default();
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
        let copy = |field: &Field| Field {
            name: field.name.detach(),
            value: field.value.detach(),
            start: field.start,
            end: field.end,
        };
        Self { source: Bytes::copy_from_slice(&self.source), fields: self.fields.iter().map(copy).collect() }
    }

    /// Names, values, and the lines as they came of those that were received and not touched.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&HeaderName, &Text, Option<&[u8]>)> {
        self.fields.iter().map(|field| {
            let lines = self.source.get(field.start as usize..field.end as usize).filter(|lines| !lines.is_empty());
            (&field.name, &field.value, lines)
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
