//! Thousands of random steps, against a plain model of what the language says.

mod fixed;
mod sliding;

use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::Bench;
use crate::store::conformance::failure::Broken;

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![random_steps_on_fixed_windows, random_steps_on_sliding_windows]
}

fn random_steps_on_fixed_windows<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    fixed::run(bench)
}

fn random_steps_on_sliding_windows<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    sliding::run(bench)
}

/// Numbers that look random, and are the same for the same seed: `SplitMix64`.
struct Random {
    state: u64,
}

impl Random {
    fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0, and below this.
    fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    fn index(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).unwrap_or(0);
        usize::try_from(self.below(length)).unwrap_or(0)
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most.saturating_sub(least)).unwrap_or(0).saturating_add(1);
        least.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }
}
