//! Sliding windows: an answer may be that of the exact log, or up to a sixteenth of the window more careful.

use std::ops::RangeInclusive;

use crate::limit::{Algorithm, Reservation, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::bench::{Answer, Bench, holds};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{Line, at};
use crate::store::conformance::random::Random;
use crate::timestamp::Timestamp;

pub(super) fn run<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let mut walk = Walk::new(bench.seed());
    for step in 0..bench.steps() {
        let place = || format!("step {step} with the seed {}", bench.seed());
        walk.turn_the_clock();
        match walk.random.below(10) {
            0 | 1 => walk.settle(bench)?,
            _ => walk.charge(bench, &place)?,
        }
    }
    Ok(())
}

const AS_SAID: &str = "Within any interval as long as the window, never more than `max`; a call may be refused up to \
                       1/16 of the window longer than the exact log would.";

const SECONDS: [u32; 3] = [1, 16, 300];

const MAX: u64 = 10_000_000;

/// A random caller, and the log of each counter.
struct Walk {
    random: Random,
    now: Timestamp,
    /// The latest moment that the clock has shown.
    furthest: Timestamp,
    logs: [Vec<Entry>; SECONDS.len()],
    /// The latest moment at which each counter was charged.
    latest: [i64; SECONDS.len()],
    /// What was taken and may be given back, with the number of each charge.
    taken: Vec<(Reservation, Vec<u64>)>,
    charges: u64,
}

/// A charge, and the moment that it counts from.
struct Entry {
    at: i64,
    amount: u64,
    number: u64,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let now = at(0);
        Self {
            random: Random::new(seed),
            now,
            furthest: now,
            logs: [const { Vec::new() }; SECONDS.len()],
            latest: [i64::MIN; SECONDS.len()],
            taken: Vec::new(),
            charges: 0,
        }
    }

    /// A step back is less than makes a counter start over.
    fn turn_the_clock(&mut self) {
        let from = self.furthest.micros();
        let micros = match self.random.below(40) {
            0 => from.saturating_sub(self.random.between(0, 1_800_000_000)),
            1 => from.saturating_add(self.random.between(0, 400_000_000)),
            2..15 => from.saturating_add(self.random.between(0, 2_000_000)),
            15..20 => from.saturating_add(self.random.between(0, 62_500)),
            _ => self.now.micros(),
        };
        self.now = Timestamp::from_micros(micros);
        self.furthest = self.furthest.max(self.now);
    }

    fn charge<S: AsyncCounterStore>(
        &mut self,
        bench: &Bench<'_, S>,
        place: &dyn Fn() -> String,
    ) -> Result<(), Broken> {
        let mut lines = Vec::new();
        let mut wanted = Vec::new();
        for (counter, seconds) in SECONDS.into_iter().enumerate() {
            if self.random.below(2) == 0 {
                continue;
            }
            let amount = if self.random.below(10) == 0 { 0 } else { self.random.below(MAX / 3) };
            let line = Line::of(Algorithm::Sliding, format!("c{counter}"), Window::Seconds(seconds), 0);
            lines.push(line.in_millionths(amount, MAX));
            wanted.push((counter, amount));
        }
        let price = bench.price(&lines)?;
        let bounds: Vec<_> = wanted.iter().map(|(counter, _)| self.bounds(*counter)).collect();

        let peek = bench.peek(&price, self.now)?;
        for (used, bounds) in peek.used.iter().zip(&bounds) {
            holds(bounds.contains(&used.millionths()), AS_SAID, || {
                format!("{used} is used instead of {bounds:?} millionths at {:?}, {}", self.now, place())
            })?;
        }
        // Of each charge: whether it must fit, and whether it may.
        let fit = |sum: u64, amount: u64| sum.saturating_add(amount) <= MAX;
        let must = wanted.iter().zip(&bounds).all(|((_, amount), bounds)| fit(*bounds.end(), *amount));
        let may = wanted.iter().zip(&bounds).all(|((_, amount), bounds)| fit(*bounds.start(), *amount));
        match bench.reserve(&price, self.now)? {
            Answer::Taken(reservation) => {
                holds(may && peek.exceeded.is_none(), AS_SAID, || {
                    format!("{wanted:?} pass at {:?}, {}", self.now, place())
                })?;
                let numbers = wanted.into_iter().map(|(counter, amount)| self.log(counter, amount)).collect();
                self.taken.push((reservation, numbers));
            }
            refused => {
                let named = peek
                    .exceeded
                    .and_then(|exceeded| wanted.get(exceeded.charge).zip(bounds.get(exceeded.charge)));
                let named = named.is_some_and(|((_, amount), bounds)| !fit(*bounds.end(), *amount));
                holds(!must && named, AS_SAID, || {
                    format!("{wanted:?} at {:?}: {refused:?}, {}", self.now, place())
                })?;
            }
        }
        Ok(())
    }

    fn settle<S: AsyncCounterStore>(&mut self, bench: &Bench<'_, S>) -> Result<(), Broken> {
        let index = self.random.index(self.taken.len());
        if index >= self.taken.len() {
            return Ok(());
        }
        let (reservation, numbers) = self.taken.swap_remove(index);
        bench.refund(&reservation)?;
        for log in &mut self.logs {
            log.retain(|entry| !numbers.contains(&entry.number));
        }
        Ok(())
    }

    /// Between which sums a counter's is: of what counts by the exact log, and of what may count.
    fn bounds(&self, counter: usize) -> RangeInclusive<u64> {
        let (Some(log), Some(seconds)) = (self.logs.get(counter), SECONDS.get(counter)) else {
            return 0..=0;
        };
        let length = i64::from(*seconds).saturating_mul(Timestamp::SECOND);
        let now = self.counted_at(counter);
        let sum = |length: i64| -> u64 {
            let counts = log.iter().filter(|entry| now.saturating_sub(entry.at) < length);
            counts.map(|entry| entry.amount).sum()
        };
        sum(length)..=sum(length.saturating_add(length.div_euclid(16)))
    }

    /// When the clock is back, a counter stays at the latest moment that it was charged.
    fn counted_at(&self, counter: usize) -> i64 {
        let latest = self.latest.get(counter).copied().unwrap_or(i64::MIN);
        self.now.micros().max(latest)
    }

    fn log(&mut self, counter: usize, amount: u64) -> u64 {
        let at = self.counted_at(counter);
        self.charges = self.charges.saturating_add(1);
        if let Some(latest) = self.latest.get_mut(counter) {
            *latest = at;
        }
        if let Some(log) = self.logs.get_mut(counter) {
            log.push(Entry { at, amount, number: self.charges });
        }
        self.charges
    }
}
