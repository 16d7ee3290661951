//! What the tests of this room share.

use crate::condition::Facts;

/// A call from 200 on this machine to `to`, by no trunk and from no phone, on a Tuesday.
pub(crate) fn facts(to: &str) -> Facts<'_> {
    Facts {
        source: [127, 0, 0, 1].into(),
        trunk: None,
        phone: None,
        from: "200",
        to,
        headers: &[],
        time: "2026-03-03T12:00Z".parse().unwrap(),
    }
}
