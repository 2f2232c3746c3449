//! One part of the memory store, under one lock.

use std::collections::HashMap;

use crate::limit::{Charged, Counter};
use crate::store::entry::Entry;

#[derive(Debug, Default)]
pub(super) struct Shard {
    entries: HashMap<Box<str>, Entry>,
}

/// What came of dropping entries.
pub(super) struct Swept {
    pub(super) dropped: usize,
    /// When the first of those that were kept ends, in microseconds.
    pub(super) earliest_end: i64,
    pub(super) kept: usize,
    /// Until when the last of the dropped uses of approvals had to be remembered, in microseconds.
    pub(super) forgotten_until: i64,
}

impl Shard {
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Puts what comes after the counter in its place. Nothing changes if nothing comes.
    pub(super) fn charge(
        &mut self,
        key: &str,
        after: impl FnOnce(Option<&Counter>) -> Option<(Counter, Charged)>,
    ) -> Option<Charged> {
        match self.entries.get_mut(key) {
            Some(Entry::Counter(before)) => {
                let (counter, charged) = after(Some(before))?;
                *before = counter;
                Some(charged)
            }
            Some(Entry::UsedUntil(_)) => None,
            None => {
                let (counter, charged) = after(None)?;
                self.entries.insert(key.into(), Entry::Counter(counter));
                Some(charged)
            }
        }
    }

    /// Remembers until a moment, in microseconds, that an approval was used.
    pub(super) fn use_up(&mut self, key: &str, until: i64) {
        self.entries.insert(key.into(), Entry::UsedUntil(until));
    }

    pub(super) fn give_back(&mut self, charged: &Charged) {
        if let Some(Entry::Counter(counter)) = self.entries.get_mut(charged.key()) {
            counter.give_back(charged);
        }
    }

    /// Drops entries.
    pub(super) fn drop_where(&mut self, drop: &impl Fn(&Entry) -> bool) -> Swept {
        let before = self.entries.len();
        let mut earliest_end = i64::MAX;
        let mut forgotten_until = i64::MIN;
        self.entries.retain(|_, entry| {
            let keep = !drop(entry);
            match entry {
                _ if keep => earliest_end = earliest_end.min(entry.ends()),
                Entry::UsedUntil(until) => forgotten_until = forgotten_until.max(*until),
                Entry::Counter(_) => {}
            }
            keep
        });
        let kept = self.entries.len();
        // Memory follows what is in use.
        if kept < self.entries.capacity().wrapping_div(4) {
            self.entries.shrink_to(kept.saturating_mul(2));
        }
        Swept { dropped: before.saturating_sub(kept), earliest_end, kept, forgotten_until }
    }
}
