//! Many callers at once.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::limit::{Algorithm, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Answer, Bench, holds, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, HOUR, Line, MILLION, at};

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        threads_pass_exactly_the_limit,
        threads_pass_exactly_the_smaller_of_two_limits,
        threads_of_different_prices_fill_a_limit,
        threads_in_flight_never_exceed_a_limit_that_gives_back,
        one_of_many_threads_uses_an_approval,
    ]
}

const EXACT: &str = "Under any number of callers a limit lets exactly `max` through.";

const THREADS: u64 = 16;

fn threads_pass_exactly_the_limit<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        for round in 0..4 {
            let line = Line::of(algorithm, format!("c {algorithm} {round}"), Window::Day, 100);
            let price = bench.price(&[line])?;
            let passed = at_once(|_| bench.passes(&price, 10, at(0)))?;
            same(passed.iter().sum(), 100, EXACT, || format!("of 160 calls, {algorithm}"))?;
            bench.using(&price, at(0), &[100 * MILLION], EXACT)?;
        }
    }
    Ok(())
}

fn threads_pass_exactly_the_smaller_of_two_limits<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const BOTH: &str = "All limits of a call are charged in one indivisible step, or none of them.";
    for round in 0..4 {
        let narrow = Line::fixed(format!("narrow {round}"), Window::Day, 30);
        let wide = Line::of(Algorithm::Sliding, format!("wide {round}"), Window::Day, 90);
        let both = bench.price(&[narrow.clone(), wide.clone()])?;
        // The same two in the other order: a store that locks them as they come stands still here.
        let reversed = bench.price(&[wide.clone(), narrow])?;
        let only_wide = bench.price(&[wide])?;
        let passed = at_once(|thread| {
            let price = match thread.checked_rem(4) {
                Some(0) => &both,
                Some(1) => &reversed,
                _ => &only_wide,
            };
            Ok((thread.checked_rem(4) < Some(2), bench.passes(price, 12, at(0))?))
        })?;
        let sum = |narrow: bool| -> u64 {
            passed.iter().filter(|(of, _)| *of == narrow).map(|(_, passed)| passed).sum()
        };
        holds(sum(true) <= 30, EXACT, || format!("{} of 30", sum(true)))?;
        same(sum(true).saturating_add(sum(false)), 90, EXACT, || "of both kinds".to_owned())?;
        bench.using(&both, at(0), &[sum(true).saturating_mul(MILLION), 90 * MILLION], BOTH)?;
    }
    Ok(())
}

fn threads_of_different_prices_fill_a_limit<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    for round in 0..4 {
        let line = Line::fixed(format!("c{round}"), Window::Day, 37);
        let results = at_once(|thread| {
            let amount = thread.checked_rem(7).unwrap_or(0).saturating_add(1);
            let price = bench.price(&[line.clone().costing(amount)])?;
            Ok((amount, bench.passes(&price, 1, at(0))?))
        })?;
        let sum: u64 = results.iter().map(|(amount, passed)| amount.saturating_mul(*passed)).sum();
        holds(sum <= 37, EXACT, || format!("{sum} of 37"))?;
        for (amount, passed) in results {
            let fits = passed == 1 || sum.saturating_add(amount) > 37;
            holds(fits, "What fits is let through.", || format!("{amount} was refused at {sum} of 37"))?;
        }
        let used = sum.saturating_mul(MILLION);
        bench.using(&bench.price(&[line])?, at(0), &[used], "A counter holds what passed.")?;
    }
    Ok(())
}

fn threads_in_flight_never_exceed_a_limit_that_gives_back<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let price = bench
        .price(&[Line::fixed("c", Window::Lifetime, 5), Line::of(Algorithm::Sliding, "d", Window::Day, 5)])?;
    let (in_flight, most) = (AtomicU64::new(0), AtomicU64::new(0));
    at_once(|_| {
        for _ in 0..20 {
            if let Answer::Taken(reservation) = bench.reserve(&price, at(0))? {
                let now = in_flight.fetch_add(1, Ordering::SeqCst).saturating_add(1);
                most.fetch_max(now, Ordering::SeqCst);
                thread::yield_now();
                in_flight.fetch_sub(1, Ordering::SeqCst);
                bench.refund(&reservation)?;
            }
        }
        Ok(())
    })?;
    holds(most.load(Ordering::SeqCst) <= 5, EXACT, || format!("{most:?} at once, of 5"))?;
    bench.using(&price, at(0), &[0, 0], "A refund takes back its own charge, and those of others survive.")
}

fn one_of_many_threads_uses_an_approval<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let limit = [Line::fixed("c", Window::Day, 1_000)];
    for round in 1..=8_u64 {
        let price = bench.approved(&limit, &format!("a{round}"), at(HOUR))?;
        let passed = at_once(|_| bench.passes(&price, 1, at(0)))?;
        same(passed.iter().sum(), 1, "An approval is for one use.", || "by sixteen at once".to_owned())?;
        let used = [round.saturating_mul(MILLION)];
        bench.using(&bench.price(&limit)?, at(0), &used, "Denied calls cost nothing.")?;
    }
    Ok(())
}

/// Does something on many threads at once.
fn at_once<T: Send>(work: impl Fn(u64) -> Result<T, Broken> + Sync) -> Result<Vec<T>, Broken> {
    let start = Barrier::new(usize::try_from(THREADS).unwrap_or(1));
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(thread)
                })
            })
            .collect();
        let joined = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Err(Broken::new("A store does not panic.", "a thread did")))
        });
        joined.collect()
    })
}
