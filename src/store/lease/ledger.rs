//! Blocks of quota that are here, as pure functions of the time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::limit::{Amount, Charge, Charged, Charges, Reservation};

/// The blocks that are here.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: HashMap<Arc<str>, Entry>,
    /// How many entries there may be before those that are over are looked for.
    sweep_at: usize,
}

/// What there is of one counter.
#[derive(Debug, Default)]
struct Entry {
    block: Option<Block>,
    /// Whether a call is fetching a block. Others do not meanwhile.
    is_fetching: bool,
}

/// Quota of one window of one counter. It counts as used in the shared store.
#[derive(Debug)]
struct Block {
    unspent: u64,
    /// How much was taken from the shared store. More than that is never here.
    size: u64,
    /// The most that may be used of the counter if the block is spent.
    max: Amount,
    /// What was left in the shared store when it was taken.
    remaining: u64,
    charged: Charged,
    /// By the monotonic clock, the first moment at which nothing of it may be spent.
    end: Duration,
}

/// Where the quota for a charge comes from.
#[derive(Debug)]
pub(super) enum Need {
    /// From the shared store, with a new block: so much in all.
    Block(Amount),
    /// From the shared store.
    Shared,
    /// From a block that is here. It is spent.
    Spent(Charged),
}

impl Ledger {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Spends all charges of a call from blocks that are here, or nothing.
    pub(super) fn spend_all(&mut self, charges: &Charges, now: Duration) -> Option<Reservation> {
        if charges.approval().is_some() {
            return None;
        }
        let mut spent = Vec::with_capacity(charges.charges().len());
        for charge in charges.charges() {
            let Some(part) = self.spend(charge, now) else {
                for part in &spent {
                    self.give_back(part, now);
                }
                return None;
            };
            spent.push(part);
        }
        Some(Reservation::new(spent))
    }

    /// Where the quota for a charge is to come from; `block` if it may be leased. What is here is spent, and whoever is told
    /// to fetch a block says when that is over, by [`fetched`](Self::fetched).
    pub(super) fn need(&mut self, charge: &Charge, now: Duration, block: Option<Amount>) -> Need {
        if let Some(spent) = self.spend(charge, now) {
            return Need::Spent(spent);
        }
        let Some(block) = block else { return Need::Shared };
        self.sweep(now);
        let entry = self.entries.entry(Arc::clone(charge.shared_key())).or_default();
        if std::mem::replace(&mut entry.is_fetching, true) { Need::Shared } else { Need::Block(block) }
    }

    /// Nobody is fetching a block for this counter any more.
    pub(super) fn fetched(&mut self, key: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.is_fetching = false;
        }
    }

    /// Keeps what is left of a new block, to be spent from `now` to `end`. The error is what cannot be kept.
    pub(super) fn keep(
        &mut self,
        charge: &Charge,
        charged: &Charged,
        left: Amount,
        [now, end]: [Duration; 2],
    ) -> Result<(), Charged> {
        let unspent = charged.with_amount(left);
        if end <= now {
            return Err(unspent);
        }
        let entry = self.entries.entry(Arc::clone(charge.shared_key())).or_default();
        let mut block = Block {
            unspent: left.millionths(),
            size: charged.amount().millionths(),
            max: charge.max(),
            remaining: charged.remaining().millionths(),
            charged: unspent,
            end,
        };
        // What did not suffice is still worth something in the same window.
        if let Some(before) = entry.block.take().filter(|before| before.is_of(charged) && now < before.end) {
            block.unspent = block.unspent.saturating_add(before.unspent);
            block.max = block.max.min(before.max);
            block.end = block.end.min(before.end);
        }
        entry.block = Some(block);
        Ok(())
    }

    /// Takes a refund into the block of its window; false if that is over, or would grow beyond what it was.
    pub(super) fn give_back(&mut self, charged: &Charged, now: Duration) -> bool {
        let block = self.entries.get_mut(charged.key()).and_then(|entry| entry.block.as_mut());
        let Some(block) = block.filter(|block| block.is_of(charged) && now < block.end) else {
            return false;
        };
        let unspent = block.unspent.saturating_add(charged.amount().millionths());
        let fits = unspent <= block.size;
        if fits {
            block.unspent = unspent;
        }
        fits
    }

    /// What is unspent here, for each charge that may spend it.
    pub(super) fn unspent(&self, charges: &Charges, now: Duration) -> Vec<Amount> {
        let unspent = |charge: &Charge| {
            let block = self.entries.get(charge.key())?.block.as_ref()?;
            let block = (now < block.end && charge.max() >= block.max).then_some(block)?;
            Amount::from_millionths(block.unspent)
        };
        charges.charges().iter().map(|charge| unspent(charge).unwrap_or(Amount::ZERO)).collect()
    }

    /// Takes everything that is unspent and not over.
    pub(super) fn take_all(&mut self, now: Duration) -> Vec<Charged> {
        let blocks = self.entries.values_mut().filter_map(|entry| entry.block.take());
        let blocks = blocks.filter(|block| now < block.end && block.unspent > 0);
        blocks
            .filter_map(|block| Some(block.charged.with_amount(Amount::from_millionths(block.unspent)?)))
            .collect()
    }

    fn spend(&mut self, charge: &Charge, now: Duration) -> Option<Charged> {
        let block = self.entries.get_mut(charge.key())?.block.as_mut()?;
        if now >= block.end || charge.max() < block.max {
            return None;
        }
        block.unspent = block.unspent.checked_sub(charge.amount().millionths())?;
        let remaining = block.remaining.saturating_add(block.unspent);
        let remaining = Amount::from_millionths(remaining).unwrap_or(Amount::MAX);
        Some(Charged::new(charge, remaining, block.charged.window(), block.charged.until()))
    }

    /// Drops what is over, once there are twice as many entries as were left the last time.
    fn sweep(&mut self, now: Duration) {
        if self.entries.len() < self.sweep_at.max(SMALLEST_SWEEP) {
            return;
        }
        let is_over = |entry: &Entry| entry.block.as_ref().is_none_or(|block| now >= block.end);
        self.entries.retain(|_, entry| entry.is_fetching || !is_over(entry));
        self.sweep_at = self.entries.len().saturating_mul(2);
    }
}

impl Block {
    fn is_of(&self, charged: &Charged) -> bool {
        self.charged.window() == charged.window()
    }
}

const SMALLEST_SWEEP: usize = 1_024;
