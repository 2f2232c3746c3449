//! What a call's charges find in a store, counter by counter.

use std::time::Duration;

use crate::limit::{Amount, Charge, Counter, Freed};
use crate::store::{Exceeded, Peek};
use crate::timestamp::Timestamp;

/// What was found so far.
#[derive(Debug)]
pub(super) struct Findings {
    now: Timestamp,
    used: Vec<Amount>,
    /// Of the charges that do not fit, the one that fits last, and when.
    exceeded: Option<(usize, Freed)>,
}

impl Findings {
    pub(super) fn new(now: Timestamp, charges: usize) -> Self {
        Self { now, used: Vec::with_capacity(charges), exceeded: None }
    }

    /// Adds what the next charge finds.
    pub(super) fn add(&mut self, before: Option<&Counter>, charge: &Charge) {
        let standing = Counter::standing(before, charge, self.now);
        if let Some(freed) = standing.exceeded
            && self.exceeded.is_none_or(|(_, latest)| freed > latest)
        {
            self.exceeded = Some((self.used.len(), freed));
        }
        self.used.push(standing.used);
    }

    /// All of it, with whether the approval was used before.
    pub(super) fn into_peek(self, approval_used: bool) -> Peek {
        let exceeded = self.exceeded.map(|(charge, freed)| {
            let retry_after = match freed {
                Freed::At(moment) => Some(Duration::from_secs(self.now.seconds_until(moment))),
                Freed::Never => None,
            };
            Exceeded::new(charge, retry_after)
        });
        Peek::new(self.used, approval_used, exceeded)
    }
}
