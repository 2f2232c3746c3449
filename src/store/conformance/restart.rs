//! What a store keeps when it is closed and opened again.

use crate::limit::{Algorithm, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::bench::{Answer, Bench, holds};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, HOUR, Line, MILLION, at};

/// A check for a store that is opened again, by its name.
pub(super) struct Check<S> {
    pub(super) name: &'static str,
    #[expect(clippy::type_complexity, reason = "it is the type of the functions below")]
    pub(super) run: fn(&mut Bench<'_, S>, &dyn Fn(&mut S)) -> Result<(), Broken>,
}

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        a_restart_keeps_every_counter,
        a_restart_keeps_used_approvals,
        a_refund_after_a_restart_reaches_its_window_only,
        a_restart_keeps_the_latest_window,
    ]
}

const KEEPS: &str = "A store that outlives its process keeps what was charged.";

fn a_restart_keeps_every_counter<S: AsyncCounterStore>(
    bench: &mut Bench<'_, S>,
    reopen: &dyn Fn(&mut S),
) -> Result<(), Broken> {
    let lines = [
        Line::fixed("minute", Window::Minute, 5),
        Line::fixed("month", Window::Month, 5).in_millionths(1, 5_000_000),
        Line::fixed("lifetime", Window::Lifetime, 5).costing(2),
        Line::of(Algorithm::Sliding, "sliding", Window::Seconds(160), 3),
    ];
    let price = bench.price(&lines)?;
    let used = [2 * MILLION, 2, 4 * MILLION, 2 * MILLION];
    bench.take(&price, at(0), "A limit lets `max` through.")?;
    bench.take(&price, at(20), "A limit lets `max` through.")?;
    for _ in 0..3 {
        reopen(bench.store_mut());
        bench.using(&price, at(20), &used, KEEPS)?;
    }
    let exceeded = bench.refused(&price, at(20), KEEPS)?;
    holds(exceeded.charge == 2 && exceeded.retry_after.is_none(), KEEPS, || format!("{exceeded:?}"))?;
    // The sliding window goes on sliding: what was charged at 0 s is free, and what was charged at 20 s is not.
    let sliding = bench.price(&[Line::of(Algorithm::Sliding, "sliding", Window::Seconds(160), 3)])?;
    bench.using(&sliding, at(170), &[MILLION], KEEPS)
}

fn a_restart_keeps_used_approvals<S: AsyncCounterStore>(
    bench: &mut Bench<'_, S>,
    reopen: &dyn Fn(&mut S),
) -> Result<(), Broken> {
    let price = bench.approved(&[], "a", at(HOUR))?;
    bench.take(&price, at(0), "An approval lets its call through.")?;
    reopen(bench.store_mut());
    for now in [0, HOUR] {
        let answer = bench.reserve(&price, at(now))?;
        let used = matches!(answer, Answer::ApprovalUsed);
        holds(used, "An approval is for one use.", || format!("{answer:?} after a restart"))?;
    }
    Ok(())
}

fn a_refund_after_a_restart_reaches_its_window_only<S: AsyncCounterStore>(
    bench: &mut Bench<'_, S>,
    reopen: &dyn Fn(&mut S),
) -> Result<(), Broken> {
    const ITS_WINDOW: &str =
        "A refund goes to the window that was charged, and is dropped when that window is over.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 10);
        let costing = |amount| line.clone().costing(amount);
        bench.take(&bench.price(&[costing(1)])?, at(0), "A limit lets `max` through.")?;
        let first = bench.take(&bench.price(&[costing(2)])?, at(0), "A limit lets `max` through.")?;
        let second = bench.take(&bench.price(&[costing(3)])?, at(0), "A limit lets `max` through.")?;
        reopen(bench.store_mut());
        bench.refund(&first)?;
        bench.using(&bench.price(&[costing(0)])?, at(0), &[4 * MILLION], ITS_WINDOW)?;
        bench.take(&bench.price(&[costing(5)])?, at(300), "A new window lets `max` through.")?;
        reopen(bench.store_mut());
        bench.refund(&second)?;
        bench.using(&bench.price(&[costing(0)])?, at(300), &[5 * MILLION], ITS_WINDOW)?;

        // A window that begins for a second time, after a restart, is another one.
        let ahead =
            bench.take(&bench.price(&[costing(7)])?, at(100 * HOUR), "A new window lets `max` through.")?;
        bench.take(&bench.price(&[costing(1)])?, at(300), "A counter far ahead starts over.")?;
        reopen(bench.store_mut());
        bench.take(&bench.price(&[costing(6)])?, at(100 * HOUR), "A new window lets `max` through.")?;
        bench.refund(&ahead)?;
        bench.using(&bench.price(&[costing(0)])?, at(100 * HOUR), &[6 * MILLION], ITS_WINDOW)?;
    }
    Ok(())
}

fn a_restart_keeps_the_latest_window<S: AsyncCounterStore>(
    bench: &mut Bench<'_, S>,
    reopen: &dyn Fn(&mut S),
) -> Result<(), Broken> {
    const STAYS: &str = "When the clock steps back, a counter stays in the latest window that it has seen.";
    for algorithm in ALGORITHMS {
        let price = bench.price(&[Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 3)])?;
        bench.passing(&price, [3, 4], at(0), "A limit lets `max` through.")?;
        reopen(bench.store_mut());
        bench.refused(&price, at(-600), STAYS)?;
        bench.refused(&price, at(0), STAYS)?;
    }
    Ok(())
}
