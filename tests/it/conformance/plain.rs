//! A store as a stranger would write it, from what is public: every charge in a log, under one lock. It can be given a
//! bug.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, SystemTime};

use mcp_policy::CounterStore;
use mcp_policy::limit::{Algorithm, Amount, Charge, Charged, Charges, Reservation, Window, WindowId};
use mcp_policy::store::{Exceeded, Peek, Refusal, StoreError};

/// What a store gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    AdmitsBetweenCheckAndCharge,
    ChargesWhatFits,
    CountsInDoubles,
    CutsKeys,
    ForgetsApprovals,
    ForgetsByAnyClock,
    ForgetsInCase,
    GivesApprovalsBack,
    MarksApprovalsFirst,
    MovesWhenAsked,
    MovesWhenRefused,
    NeverStartsOver,
    RefundsByWindow,
    RefundsNothing,
    RefundsToTheNextWindow,
    ReportsTheFirst,
    ResetsOnAStepBack,
    SaysASecondLess,
    SaysASecondMore,
    SlidesInHalves,
    SlidesLate,
    StartsWeeksOnThursday,
    TakesMonthsForThirtyDays,
    UsesApprovalsTwice,
    WrapsSums,
}

#[derive(Debug)]
pub(super) struct Plain {
    state: Mutex<State>,
    bug: Option<Bug>,
}

#[derive(Debug, Default)]
struct State {
    counters: HashMap<String, Counter>,
    /// Those that were used, and until when that must be remembered.
    approvals: HashMap<String, i64>,
    charges: u64,
}

/// What was charged to a counter, in its window or within it.
#[derive(Clone, Debug, Default)]
struct Counter {
    /// Of a fixed window. A sliding one begins and ends at the latest moment at which it was charged.
    start: i64,
    end: i64,
    log: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: i64,
    amount: u64,
    number: u64,
}

/// What a charge finds: the counter as it is then, and what is used of it.
struct Found {
    counter: Counter,
    used: u64,
    /// When it fits if it does not.
    frees: Option<Frees>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Frees {
    At(i64),
    Never,
}

impl Plain {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        Self { state: Mutex::default(), bug }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn key(&self, key: &str) -> String {
        match self.bug {
            Some(Bug::CutsKeys) => key.chars().take(255).collect(),
            Some(Bug::ForgetsInCase) => key.to_lowercase(),
            _ => key.to_owned(),
        }
    }

    fn bounds(&self, window: Window, now: i64) -> (i64, i64) {
        let window = match window {
            Window::Month if self.has(Bug::TakesMonthsForThirtyDays) => Window::Seconds(2_592_000),
            Window::Week if self.has(Bug::StartsWeeksOnThursday) => Window::Seconds(604_800),
            window => window,
        };
        window
            .bounds(time(now))
            .map_or((i64::MIN, i64::MAX), |range| (micros(range.start), micros(range.end)))
    }

    /// The counter at a moment.
    fn at(&self, before: Option<&Counter>, charge: &Charge, now: i64) -> Counter {
        let (start, end) = self.bounds(charge.window(), now);
        let length = end.saturating_sub(start);
        let new = match charge.algorithm() {
            Algorithm::Fixed => Counter { start, end, log: Vec::new() },
            Algorithm::Sliding => Counter { start: now, end: now, log: Vec::new() },
        };
        let Some(before) = before else { return new };
        // Two windows are two of the one that the counter is in.
        let length = match charge.algorithm() {
            Algorithm::Fixed => before.end.saturating_sub(before.start),
            Algorithm::Sliding => length,
        };
        let ahead = match charge.algorithm() {
            Algorithm::Fixed => before.start.saturating_sub(now),
            Algorithm::Sliding => before.start.saturating_sub(length).saturating_sub(now),
        };
        if ahead > 2 * length.min(i64::MAX / 2) && ahead > HOUR && !self.has(Bug::NeverStartsOver) {
            return new;
        }
        if before.start < new.start || (before.start > new.start && self.has(Bug::ResetsOnAStepBack)) {
            return match charge.algorithm() {
                Algorithm::Fixed => new,
                Algorithm::Sliding if before.start > new.start => new,
                Algorithm::Sliding => Counter { log: self.within(&before.log, now, length), ..new },
            };
        }
        before.clone()
    }

    /// What of a log counts at a moment.
    fn within(&self, log: &[Entry], now: i64, length: i64) -> Vec<Entry> {
        log.iter().filter(|entry| self.leaves(entry, length) > now).copied().collect()
    }

    /// When a charge does not count any more.
    fn leaves(&self, entry: &Entry, length: i64) -> i64 {
        match self.bug {
            Some(Bug::SlidesInHalves) => (entry.at.div_euclid(length / 2) + 2) * (length / 2),
            Some(Bug::SlidesLate) => entry.at + length / 8 * 9,
            _ => entry.at + length,
        }
    }

    fn find(&self, state: &State, charge: &Charge, now: i64) -> Found {
        let counter = self.at(state.counters.get(&self.key(charge.key())), charge, now);
        let mut used: u64 = counter.log.iter().map(|entry| entry.amount).sum();
        let (amount, max) = (charge.amount().millionths(), charge.max().millionths());
        let fits = |used: u64| match self.bug {
            Some(Bug::WrapsSums) => (used + amount) % (1 << 59) <= max,
            _ => used + amount <= max,
        };
        if self.has(Bug::CountsInDoubles) && used > 1 << 53 {
            used &= !1;
        }
        let frees = match (charge.algorithm(), charge.window()) {
            _ if fits(used) => None,
            (_, Window::Lifetime) => Some(Frees::Never),
            _ if amount > max => Some(Frees::Never),
            (Algorithm::Fixed, _) => Some(Frees::At(counter.end)),
            (Algorithm::Sliding, window) => {
                let (start, end) = self.bounds(window, now);
                let mut left = used;
                let frees = counter.log.iter().find_map(|entry| {
                    left -= entry.amount;
                    fits(left).then(|| Frees::At(self.leaves(entry, end - start)))
                });
                Some(frees.unwrap_or(Frees::Never))
            }
        };
        Found { counter, used, frees }
    }

    fn look(&self, state: &State, charges: &Charges, now: i64) -> (Vec<Found>, Peek) {
        let found: Vec<_> = charges.charges().iter().map(|charge| self.find(state, charge, now)).collect();
        let exceeded = found.iter().enumerate().filter_map(|(index, found)| Some((index, found.frees?)));
        let exceeded =
            exceeded.reduce(
                |first, next| {
                    if next.1 > first.1 && !self.has(Bug::ReportsTheFirst) { next } else { first }
                },
            );
        let exceeded = exceeded.map(|(index, frees)| {
            let Frees::At(moment) = frees else { return Exceeded::new(index, None) };
            let seconds = u64::try_from(moment - now).unwrap().div_ceil(1_000_000);
            let seconds = match self.bug {
                Some(Bug::SaysASecondLess) => seconds.saturating_sub(1),
                Some(Bug::SaysASecondMore) => seconds + 1,
                _ => seconds,
            };
            Exceeded::new(index, Some(Duration::from_secs(seconds)))
        });
        let used = found.iter().map(|found| amount(found.used)).collect();
        let approval_used =
            charges.approval().is_some_and(|approval| state.approvals.contains_key(approval.key()));
        (found, Peek::new(used, approval_used, exceeded))
    }

    fn mark(&self, state: &mut State, charges: &Charges) {
        if let Some(approval) = charges.approval()
            && !self.has(Bug::UsesApprovalsTwice)
        {
            state.approvals.insert(approval.key().to_owned(), micros(approval.keep_until()));
        }
    }

    fn charge(&self, state: &mut State, charge: &Charge, found: Found) -> Charged {
        let Found { mut counter, used, .. } = found;
        state.charges += 1;
        let taken = charge.amount().millionths();
        // A sliding counter's latest moment is where it begins.
        let at = counter.start;
        counter.log.push(Entry { at, amount: taken, number: state.charges });
        let until = match (charge.algorithm(), charge.window()) {
            (_, Window::Lifetime) => None,
            (Algorithm::Fixed, _) => Some(time(counter.end)),
            (Algorithm::Sliding, window) => {
                let (start, end) = self.bounds(window, at);
                Some(time(at + (end - start)))
            }
        };
        let remaining = charge.max().millionths().saturating_sub(used + taken);
        let window = WindowId::new(counter.start, state.charges);
        state.counters.insert(self.key(charge.key()), counter);
        Charged::new(charge, amount(remaining), window, until)
    }
}

impl CounterStore for Plain {
    fn reserve(&self, charges: &Charges, now: SystemTime) -> Result<Reservation, Refusal> {
        let now = micros(now);
        let mut state = self.state.lock().unwrap();
        match self.bug {
            Some(Bug::ForgetsApprovals) => state.approvals.retain(|_, until| *until - HOUR > now),
            Some(Bug::ForgetsByAnyClock) => state.approvals.retain(|_, until| *until > now),
            _ => {}
        }
        let (found, peek) = self.look(&state, charges, now);
        if peek.approval_used {
            return Err(Refusal::ApprovalUsed);
        }
        if self.has(Bug::MarksApprovalsFirst) {
            self.mark(&mut state, charges);
        }
        if let Some(exceeded) = peek.exceeded {
            for (charge, found) in charges.charges().iter().zip(found) {
                if self.has(Bug::ChargesWhatFits) && found.frees.is_none() {
                    self.charge(&mut state, charge, found);
                } else if self.has(Bug::MovesWhenRefused) {
                    state.counters.insert(self.key(charge.key()), found.counter);
                }
            }
            return Err(Refusal::Exceeded(exceeded));
        }
        let found = if self.has(Bug::AdmitsBetweenCheckAndCharge) {
            drop(state);
            thread::yield_now();
            state = self.state.lock().unwrap();
            self.look(&state, charges, now).0
        } else {
            found
        };
        self.mark(&mut state, charges);
        let taken = charges.charges().iter().zip(found);
        let taken = taken.map(|(charge, found)| self.charge(&mut state, charge, found)).collect();
        Ok(Reservation::new(taken))
    }

    fn refund(&self, reservation: &Reservation) -> Result<(), StoreError> {
        let mut state = self.state.lock().unwrap();
        if self.has(Bug::GivesApprovalsBack) {
            state.approvals.clear();
        }
        for charged in reservation.charged() {
            let Some(counter) = state.counters.get_mut(&self.key(charged.key())) else { continue };
            let window = charged.window();
            match self.bug {
                Some(Bug::RefundsNothing) => {}
                Some(Bug::RefundsByWindow) if counter.start != window.position => {}
                Some(Bug::RefundsByWindow | Bug::RefundsToTheNextWindow) => {
                    let mut left = charged.amount().millionths();
                    for entry in &mut counter.log {
                        let taken = left.min(entry.amount);
                        entry.amount -= taken;
                        left -= taken;
                    }
                }
                _ => counter.log.retain(|entry| entry.number != window.generation),
            }
        }
        Ok(())
    }

    fn peek(&self, charges: &Charges, now: SystemTime) -> Result<Peek, StoreError> {
        let mut state = self.state.lock().unwrap();
        let (found, peek) = self.look(&state, charges, micros(now));
        if self.has(Bug::MovesWhenAsked) {
            for (charge, found) in charges.charges().iter().zip(found) {
                state.counters.insert(self.key(charge.key()), found.counter);
            }
        }
        Ok(peek)
    }
}

fn amount(millionths: u64) -> Amount {
    Amount::from_millionths(millionths).unwrap()
}

fn micros(time: SystemTime) -> i64 {
    let micros = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()),
        Err(before) => i64::try_from(before.duration().as_micros()).map(|micros| -micros),
    };
    micros.unwrap()
}

fn time(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

const HOUR: i64 = 3_600_000_000;
