//! What a store holds under a key, and when it may be dropped.

use crate::limit::{Counter, HOUR};
use crate::timestamp::Timestamp;

#[derive(Debug)]
pub(super) enum Entry {
    Counter(Counter),
    /// An approval that was used, and the moment, in microseconds, until which that must be remembered.
    UsedUntil(i64),
}

impl Entry {
    /// The first moment at which it does not matter any more.
    pub(super) fn ends(&self) -> i64 {
        match self {
            Self::Counter(counter) => counter.ends(),
            Self::UsedUntil(until) => *until,
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        now.micros() >= self.ends()
    }

    /// Whether it has been over for so long that a clock which is set back would make the counter start over:
    /// for two windows, and for a day.
    pub(super) fn is_long_over(&self, now: Timestamp) -> bool {
        let margin = match self {
            Self::Counter(counter) => counter.length().saturating_mul(2),
            Self::UsedUntil(_) => 0,
        };
        now.micros() >= self.ends().saturating_add(margin.max(DAY))
    }
}

/// Nothing is long over that was not over a day ago.
pub(super) const DAY: i64 = HOUR * 24;

/// Entries that are long over are not looked for below this count.
pub(super) const SMALLEST_SWEEP: usize = 4_096;
