//! Fixed windows: everything that a store answers is known exactly.

use std::time::Duration;

use crate::limit::{Reservation, Window};
use crate::store::conformance::bench::{Answer, Bench, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{HOUR, Line, at};
use crate::store::conformance::random::Random;
use crate::store::{AsyncCounterStore, Exceeded};
use crate::timestamp::Timestamp;

pub(super) fn run<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let mut walk = Walk::new(bench.seed());
    for step in 0..bench.steps() {
        let place = || format!("step {step} with the seed {}", bench.seed());
        walk.turn_the_clock();
        match walk.random.below(10) {
            0..3 => walk.settle(bench)?,
            _ => walk.charge(bench, &place)?,
        }
    }
    Ok(())
}

const AS_SAID: &str = "A store does in every step what the policy language says of fixed windows.";

/// A random caller, and what the counters should hold.
struct Walk {
    random: Random,
    now: Timestamp,
    counters: [Counter; 6],
    approvals_used: [bool; 40],
    /// What was taken and may be given back, with where it was charged.
    taken: Vec<(Reservation, Vec<Taken>)>,
    windows: u64,
}

/// A counter, and the window that it is in.
struct Counter {
    window: Window,
    max: u64,
    latest: Option<State>,
}

#[derive(Clone, Copy)]
struct State {
    start: i64,
    end: i64,
    used: u64,
    /// Tells the windows of all counters apart.
    number: u64,
}

#[derive(Clone, Copy)]
struct Taken {
    counter: usize,
    window: u64,
    amount: u64,
}

/// When a charge that does not fit would: at a moment, or never.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Frees {
    At(i64),
    Never,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let counter = |window, max| Counter { window, max, latest: None };
        Self {
            random: Random::new(seed),
            now: at(0),
            counters: [
                counter(Window::Second, 3_000_000),
                counter(Window::Seconds(7), 5_500_000),
                counter(Window::Minute, 20_000_000),
                counter(Window::Hour, 1 << 55),
                counter(Window::Month, 900_000_000_000_000_000),
                counter(Window::Lifetime, 1_000_000_000_000_000_000),
            ],
            approvals_used: [false; 40],
            taken: Vec::new(),
            windows: 0,
        }
    }

    fn turn_the_clock(&mut self) {
        let micros = match self.random.below(40) {
            0 => self.random.between(-100_000_000, 0),
            1 => self.random.between(0, 100_000_000),
            2 => self.random.between(-3, 3).saturating_mul(HOUR).saturating_mul(Timestamp::SECOND),
            3 => self.random.between(-40, 40).saturating_mul(24 * HOUR).saturating_mul(Timestamp::SECOND),
            // To a boundary.
            4 => Timestamp::SECOND.saturating_sub(self.now.micros().rem_euclid(Timestamp::SECOND)),
            5..20 => self.random.between(0, 700_000),
            _ => 0,
        };
        self.now = Timestamp::from_micros(self.now.micros().saturating_add(micros));
    }

    fn charge<S: AsyncCounterStore>(
        &mut self,
        bench: &Bench<'_, S>,
        place: &dyn Fn() -> String,
    ) -> Result<(), Broken> {
        let mut chosen: Vec<usize> = (0..self.counters.len()).filter(|_| self.random.below(3) == 0).collect();
        if self.random.below(2) == 0 {
            chosen.reverse();
        }
        let mut lines = Vec::new();
        let mut wanted = Vec::new();
        for counter in chosen {
            let Some(Counter { window, max, .. }) = self.counters.get(counter) else { continue };
            let (window, max) = (*window, *max);
            let amount = match self.random.below(12) {
                0 => 0,
                1 => max.saturating_add(1),
                2 => self.random.below(max),
                3 => 1,
                _ => self.random.below(max.div_euclid(4)),
            };
            // A smaller max now and then.
            let max = if self.random.below(8) == 0 { max.div_euclid(2) } else { max };
            let amount = amount.min(1_000_000_000_000_000_000);
            lines.push(Line::fixed(format!("c{counter}"), window, 0).in_millionths(amount, max));
            wanted.push((counter, amount, max));
        }
        let approval = (self.random.below(8) == 0).then(|| self.random.index(self.approvals_used.len()));
        let price = match approval {
            Some(id) => bench.approved(&lines, &id.to_string(), at(400_000 * HOUR))?,
            None => bench.price(&lines)?,
        };

        let states: Vec<State> = wanted.iter().filter_map(|(counter, ..)| self.state(*counter)).collect();
        let used: Vec<u64> = states.iter().map(|state| state.used).collect();
        let approval_used = approval.and_then(|id| self.approvals_used.get(id)).copied().unwrap_or(false);
        let exceeded = self.exceeded(&wanted, &states);

        let peek = bench.peek(&price, self.now)?;
        let found: Vec<u64> = peek.used.iter().map(|used| used.millionths()).collect();
        same(found, used, AS_SAID, || format!("used at {:?}, {}", self.now, place()))?;
        let found = (peek.approval_used, peek.exceeded);
        same(found, (approval_used, exceeded), AS_SAID, || format!("a peek at {:?}, {}", self.now, place()))?;

        let answer = bench.reserve(&price, self.now)?;
        let found = match &answer {
            Answer::ApprovalUsed => (true, None),
            Answer::Exceeded(exceeded) => (false, Some(*exceeded)),
            Answer::Taken(_) => (false, None),
        };
        let expected = (approval_used, exceeded.filter(|_| !approval_used));
        same(found, expected, AS_SAID, || {
            format!("whether an approval was used, and what is exceeded, at {:?}, {}", self.now, place())
        })?;
        if let Answer::Taken(reservation) = answer {
            let mut taken = Vec::new();
            for ((counter, amount, max), state) in wanted.into_iter().zip(states) {
                taken.push(self.take(counter, amount, state));
                let left = max.saturating_sub(state.used).saturating_sub(amount);
                let remaining = reservation
                    .charged()
                    .get(taken.len().saturating_sub(1))
                    .map(|charged| charged.remaining().millionths());
                same(remaining, Some(left), AS_SAID, || format!("what remains, {}", place()))?;
            }
            if let Some(used) = approval.and_then(|id| self.approvals_used.get_mut(id)) {
                *used = true;
            }
            self.taken.push((reservation, taken));
        }
        Ok(())
    }

    fn settle<S: AsyncCounterStore>(&mut self, bench: &Bench<'_, S>) -> Result<(), Broken> {
        let index = self.random.index(self.taken.len());
        if index >= self.taken.len() {
            return Ok(());
        }
        let (reservation, charges) = self.taken.swap_remove(index);
        bench.refund(&reservation)?;
        for Taken { counter, window, amount } in charges {
            if let Some(state) = self.counters.get_mut(counter).and_then(|counter| counter.latest.as_mut())
                && state.number == window
            {
                state.used = state.used.saturating_sub(amount);
            }
        }
        Ok(())
    }

    /// The window that a charge would be to.
    fn state(&self, counter: usize) -> Option<State> {
        let Counter { window, latest, .. } = self.counters.get(counter)?;
        let (start, end) = window.around(self.now);
        let stays = latest.filter(|latest| {
            let ahead = latest.start.saturating_sub(self.now.micros());
            let length = latest.end.saturating_sub(latest.start);
            let hour = HOUR.saturating_mul(Timestamp::SECOND);
            latest.start >= start && !(ahead > length.saturating_mul(2) && ahead > hour)
        });
        Some(stays.unwrap_or(State { start, end, used: 0, number: 0 }))
    }

    /// The charge that fits last.
    fn exceeded(&self, wanted: &[(usize, u64, u64)], states: &[State]) -> Option<Exceeded> {
        let mut last: Option<(usize, Frees)> = None;
        for (charge, ((counter, amount, max), state)) in wanted.iter().zip(states).enumerate() {
            if state.used.saturating_add(*amount) <= *max {
                continue;
            }
            let lasts = self.counters.get(*counter).is_some_and(|counter| counter.window == Window::Lifetime);
            let frees = if lasts || amount > max { Frees::Never } else { Frees::At(state.end) };
            if last.is_none_or(|(_, latest)| frees > latest) {
                last = Some((charge, frees));
            }
        }
        last.map(|(charge, frees)| match frees {
            Frees::At(moment) => {
                let wait = moment.saturating_sub(self.now.micros());
                let seconds = u64::try_from(wait).unwrap_or(0).div_ceil(1_000_000);
                Exceeded::new(charge, Some(Duration::from_secs(seconds)))
            }
            Frees::Never => Exceeded::new(charge, None),
        })
    }

    fn take(&mut self, counter: usize, amount: u64, state: State) -> Taken {
        let number = if state.number == 0 {
            self.windows = self.windows.saturating_add(1);
            self.windows
        } else {
            state.number
        };
        if let Some(counter) = self.counters.get_mut(counter) {
            counter.latest = Some(State { used: state.used.saturating_add(amount), number, ..state });
        }
        Taken { counter, window: number, amount }
    }
}
