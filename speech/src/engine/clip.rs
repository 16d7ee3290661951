//! Audio that is shared rather than copied: samples, or bytes of G.711.

use std::ops::Range;
use std::sync::Arc;

/// A stretch of shared samples: cutting it copies nothing.
#[derive(Clone, Debug)]
pub struct Clip<T = i16> {
    shared: Arc<[T]>,
    range: Range<usize>,
}

impl<T> Clip<T> {
    /// All of `samples`.
    #[must_use]
    pub fn new(samples: Arc<[T]>) -> Self {
        let range = 0..samples.len();
        Self { shared: samples, range }
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &[T] {
        self.shared.get(self.range.clone()).unwrap_or_default()
    }

    /// How many samples there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Parts the clip after its first `count` samples (or at its end): what comes before is returned, what follows stays.
    #[must_use]
    pub fn split_to(&mut self, count: usize) -> Self {
        let cut = self.range.start.saturating_add(count).min(self.range.end);
        let head = Self { shared: Arc::clone(&self.shared), range: self.range.start..cut };
        self.range.start = cut;
        head
    }
}

impl<T: PartialEq> PartialEq for Clip<T> {
    fn eq(&self, other: &Self) -> bool {
        self.samples() == other.samples()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_parts_without_losing_a_sample() {
        let mut rest = Clip::new(Arc::from([1, 2, 3, 4, 5]));
        let head = rest.split_to(2);
        assert_eq!(head.samples(), [1, 2]);
        assert_eq!(rest.samples(), [3, 4, 5]);
        assert_eq!(rest.split_to(99).samples(), [3, 4, 5]);
        assert!(rest.is_empty());
        assert!(rest.split_to(1).is_empty());
    }
}
