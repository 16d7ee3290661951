//! Items of several engines and of our own, told apart: every engine numbers its own from zero.

use talkpath_speech::ItemId;

/// Items of ours begin here: no engine has said so much.
const OURS: u64 = 1 << 62;

/// Which items belong to the engine that talks now.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// What the items of this engine are added to, so that no two engines of a call have one in common.
    first: u64,
    /// The last item that any engine of this call has named, and one.
    next: u64,
    /// Items of ours so far.
    ours: u64,
}

impl Items {
    /// An item of the engine, as the rest of the call knows it.
    pub(super) fn outer(&mut self, item: ItemId) -> ItemId {
        let outer = self.first + item.0;
        self.next = self.next.max(outer + 1);
        ItemId(outer)
    }

    /// An item of the call, as the engine knows it; none when it is ours, or a former engine's.
    pub(super) fn inner(&self, item: ItemId) -> Option<ItemId> {
        if item.0 >= OURS { None } else { item.0.checked_sub(self.first).map(ItemId) }
    }

    /// A new item of ours.
    pub(super) fn own(&mut self) -> ItemId {
        self.ours += 1;
        ItemId(OURS + self.ours)
    }

    /// Another engine talks from now on.
    pub(super) fn next_engine(&mut self) {
        self.first = self.next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_engine_hears_of_another_ones_items_nor_of_ours() {
        let mut items = Items::default();
        let first = items.outer(ItemId(4));
        assert_eq!(items.inner(first), Some(ItemId(4)));
        items.next_engine();
        assert_eq!(items.inner(first), None);
        let second = items.outer(ItemId(0));
        assert_ne!(first, second);
        assert_eq!(items.inner(second), Some(ItemId(0)));
        let (one, other) = (items.own(), items.own());
        assert_ne!(one, other);
        assert_eq!(items.inner(one), None);
    }
}
