//! Counters: the arithmetic of windows, as pure functions.
//!
//! Nothing here changes a counter until a charge is taken: what a counter would be at a moment is computed
//! anew from what it is.

#[cfg(feature = "sqlite")]
mod encoding;
#[cfg(feature = "redis")]
mod packed;

#[cfg(feature = "sqlite")]
pub(crate) use encoding::CounterError;
#[cfg(feature = "redis")]
pub(crate) use packed::{Pack, Unpack};

use crate::limit::{Algorithm, Amount, Charge, Charged, Window, WindowId};
use crate::timestamp::Timestamp;

/// What has been charged to one counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Counter {
    Fixed(Fixed),
    Sliding(Box<Sliding>),
}

/// A counter in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fixed {
    /// The first moment of the latest window that was charged, and the first after it.
    start: i64,
    end: i64,
    used: u64,
    generation: u64,
}

/// A counter of the last window's length, in parts of 1/16 of it. A charge counts from its part on until 16
/// whole parts have passed after it: as long as the window, and at most one part longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sliding {
    /// The length of a part.
    part: i64,
    /// The latest part that was charged: parts are numbered from the Unix epoch.
    latest: i64,
    /// What was charged in the latest part, and in the sixteen before it, the latest last.
    used: [u64; PARTS_KEPT],
    generation: u64,
}

/// When a charge that does not fit would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Freed {
    /// At this moment, if nothing else is charged.
    At(i64),
    Never,
}

/// What a charge finds: how much is used, and when it would fit if it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) used: Amount,
    pub(crate) exceeded: Option<Freed>,
}

impl Counter {
    /// What a charge finds at a moment.
    pub(crate) fn standing(before: Option<&Self>, charge: &Charge, now: Timestamp) -> Standing {
        let (used, freed) = match Self::at(before, charge, now) {
            Some(Self::Fixed(fixed)) => (fixed.used, fixed.freed(charge)),
            Some(Self::Sliding(sliding)) => (sliding.sum(), sliding.freed(charge)),
            // A counter of another kind cannot be counted with.
            None => (Amount::MAX.millionths(), Freed::Never),
        };
        let fits = used
            .checked_add(charge.amount().millionths())
            .is_some_and(|sum| sum <= charge.max().millionths());
        Standing {
            used: Amount::from_millionths(used).unwrap_or(Amount::MAX),
            exceeded: (!fits).then_some(freed),
        }
    }

    /// The counter after a charge that fits, and what was charged. `generation` is for a window that begins
    /// with it.
    pub(crate) fn charged(
        before: Option<&Self>,
        charge: &Charge,
        now: Timestamp,
        generation: u64,
    ) -> Option<(Self, Charged)> {
        let mut counter = Self::at(before, charge, now)?;
        let amount = charge.amount().millionths();
        let stamp = match &mut counter {
            Self::Fixed(fixed) => {
                fixed.used = fixed.used.saturating_add(amount);
                &mut fixed.generation
            }
            Self::Sliding(sliding) => {
                let latest = sliding.used.last_mut()?;
                *latest = latest.saturating_add(amount);
                &mut sliding.generation
            }
        };
        if *stamp == NEW {
            *stamp = generation;
        }
        let charged = counter.taken(charge);
        Some((counter, charged))
    }

    /// What was charged, if this is the counter after the charge.
    pub(crate) fn taken(&self, charge: &Charge) -> Charged {
        let (used, window) = match self {
            Self::Fixed(fixed) => (fixed.used, WindowId::new(fixed.start, fixed.generation)),
            Self::Sliding(sliding) => (sliding.sum(), WindowId::new(sliding.latest, sliding.generation)),
        };
        let remaining = charge.max().millionths().saturating_sub(used);
        let remaining = Amount::from_millionths(remaining).unwrap_or(Amount::ZERO);
        let lasts = charge.window() == Window::Lifetime;
        let until = (!lasts).then(|| Timestamp::from_micros(self.ends()).into());
        Charged::new(charge, remaining, window, until)
    }

    /// Gives a charge back to the window that was charged, if the counter is still in it.
    pub(crate) fn give_back(&mut self, charged: &Charged) {
        let WindowId { position, generation } = charged.window();
        let amount = charged.amount().millionths();
        match self {
            Self::Fixed(fixed) if fixed.start == position && fixed.generation == generation => {
                fixed.used = fixed.used.saturating_sub(amount);
            }
            Self::Sliding(sliding) if sliding.generation == generation => {
                if let Some(used) = sliding.part_mut(position) {
                    *used = used.saturating_sub(amount);
                }
            }
            Self::Fixed(_) | Self::Sliding(_) => {}
        }
    }

    /// The first moment at which nothing that was charged counts any more.
    pub(crate) fn ends(&self) -> i64 {
        match self {
            Self::Fixed(fixed) => fixed.end,
            Self::Sliding(sliding) => sliding.end_of(sliding.latest),
        }
    }

    /// How long the window is, in microseconds.
    pub(crate) fn length(&self) -> i64 {
        match self {
            Self::Fixed(fixed) => fixed.end.saturating_sub(fixed.start),
            Self::Sliding(sliding) => sliding.part.saturating_mul(PARTS),
        }
    }

    /// The counter as it is at a moment, with what still counts; a new one where there is none.
    fn at(before: Option<&Self>, charge: &Charge, now: Timestamp) -> Option<Self> {
        match (charge.algorithm(), before) {
            (Algorithm::Fixed, None) => Some(Self::Fixed(Fixed::at(None, charge.window(), now))),
            (Algorithm::Fixed, Some(Self::Fixed(before))) => {
                Some(Self::Fixed(Fixed::at(Some(before), charge.window(), now)))
            }
            (Algorithm::Sliding, None) => {
                Some(Self::Sliding(Box::new(Sliding::at(None, charge.window().length()?, now))))
            }
            (Algorithm::Sliding, Some(Self::Sliding(before))) => {
                Some(Self::Sliding(Box::new(Sliding::at(Some(before), charge.window().length()?, now))))
            }
            (Algorithm::Fixed, Some(Self::Sliding(_))) | (Algorithm::Sliding, Some(Self::Fixed(_))) => None,
        }
    }
}

impl Fixed {
    fn at(before: Option<&Self>, window: Window, now: Timestamp) -> Self {
        let (start, end) = window.around(now);
        match before {
            // When the clock steps back, the counter stays in the latest window that it has seen.
            Some(before) if before.start >= start && !before.starts_over(now) => *before,
            _ => Self { start, end, used: 0, generation: NEW },
        }
    }

    fn starts_over(&self, now: Timestamp) -> bool {
        starts_over(self.start, self.end.saturating_sub(self.start), now)
    }

    fn freed(&self, charge: &Charge) -> Freed {
        if charge.window() == Window::Lifetime || charge.amount() > charge.max() {
            Freed::Never
        } else {
            Freed::At(self.end)
        }
    }
}

impl Sliding {
    fn at(before: Option<&Self>, length: i64, now: Timestamp) -> Self {
        // A whole number of microseconds: a window is a whole number of seconds.
        let part = length.div_euclid(PARTS).max(1);
        let current = now.micros().div_euclid(part);
        let new = Self { part, latest: current, used: [0; PARTS_KEPT], generation: NEW };
        let Some(before) = before.filter(|before| !before.starts_over(length, now)) else {
            return new;
        };
        let passed = usize::try_from(current.saturating_sub(before.latest)).unwrap_or(0);
        let mut used = [0; PARTS_KEPT];
        for (used, before) in used.iter_mut().zip(before.used.iter().skip(passed)) {
            *used = *before;
        }
        Self { latest: before.latest.max(current), used, ..*before }
    }

    fn starts_over(&self, length: i64, now: Timestamp) -> bool {
        starts_over(self.latest.saturating_mul(self.part).saturating_sub(length), length, now)
    }

    fn sum(&self) -> u64 {
        self.used.iter().fold(0, |sum, used| sum.saturating_add(*used))
    }

    fn freed(&self, charge: &Charge) -> Freed {
        if charge.amount() > charge.max() {
            return Freed::Never;
        }
        // The oldest parts are freed first, until what is left leaves room for the charge.
        let room = charge.max().millionths().saturating_sub(charge.amount().millionths());
        let mut left = self.sum();
        for (part, used) in (self.first()..).zip(&self.used) {
            left = left.saturating_sub(*used);
            if left <= room {
                return Freed::At(self.end_of(part));
            }
        }
        Freed::At(self.end_of(self.latest))
    }

    /// The first moment at which what was charged in a part does not count any more.
    fn end_of(&self, part: i64) -> i64 {
        part.saturating_add(PARTS).saturating_add(1).saturating_mul(self.part)
    }

    /// The number of the oldest part.
    fn first(&self) -> i64 {
        self.latest.saturating_sub(PARTS)
    }

    fn part_mut(&mut self, part: i64) -> Option<&mut u64> {
        let index = usize::try_from(part.checked_sub(self.first())?).ok()?;
        self.used.get_mut(index)
    }
}

/// Whether a window begins so much later than the clock shows that the clock must have been wrong once.
fn starts_over(start: i64, length: i64, now: Timestamp) -> bool {
    let ahead = start.saturating_sub(now.micros());
    ahead > length.saturating_mul(2) && ahead > HOUR
}

/// A step back of the clock by more than this, and by more than two windows, makes a counter start over.
pub(crate) const HOUR: i64 = 3_600 * Timestamp::SECOND;

const PARTS: i64 = 16;
const PARTS_KEPT: usize = 17;

/// The generation of a window that has not been charged yet. Stores count from 1.
const NEW: u64 = 0;
