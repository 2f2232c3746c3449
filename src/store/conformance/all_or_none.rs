//! The charges of a call are taken together or not at all.

use std::time::Duration;

use crate::limit::{Algorithm, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, holds, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, DAY, Line, MILLION, at, joined};

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        what_one_limit_refuses_charges_none,
        a_hundred_limits_are_charged_together,
        the_limit_that_frees_last_is_reported,
        limits_that_share_a_counter_charge_it_once,
        a_price_of_nothing_at_all_is_taken,
    ]
}

const ALL_OR_NONE: &str = "All limits of a call are charged in one indivisible step; one that would be exceeded \
                           denies, and nothing is charged.";

fn what_one_limit_refuses_charges_none<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        for narrow_first in [true, false] {
            let name = |name: &str| format!("{name} {algorithm} {narrow_first}");
            let narrow = Line::of(algorithm, name("narrow"), Window::Minute, 3);
            let wide = Line::of(algorithm, name("wide"), Window::Day, 100);
            let lines = if narrow_first { [narrow, wide] } else { [wide, narrow] };
            let price = bench.price(&lines)?;
            bench.passing(&price, [3, 10], at(0), ALL_OR_NONE)?;
            bench.using(&price, at(0), &[3 * MILLION, 3 * MILLION], ALL_OR_NONE)?;
        }
    }
    Ok(())
}

fn a_hundred_limits_are_charged_together<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let lines: Vec<_> = (0..100)
        .map(|index| Line::fixed(format!("c{index}"), Window::Hour, if index == 73 { 2 } else { 3 }))
        .collect();
    let price = bench.price(&lines)?;
    for _ in 0..2 {
        bench.take(&price, at(0), "Denied calls cost nothing, and others are let through.")?;
    }
    let exceeded = bench.refused(&price, at(0), ALL_OR_NONE)?;
    same(exceeded.charge, 73, "The limit that is exceeded is reported.", String::new)?;
    bench.using(&price, at(0), &[2 * MILLION; 100], ALL_OR_NONE)
}

fn the_limit_that_frees_last_is_reported<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const LAST: &str = "If several limits would be exceeded, the one that frees last is reported: of those that \
                        never do, or do at the same moment, the first.";
    let line = |name, window| Line::fixed(name, window, 1);
    let (minute, other) = (line("minute", Window::Minute), line("other minute", Window::Minute));
    let (day, lifetime) = (line("day", Window::Day), line("lifetime", Window::Lifetime));
    let other_lifetime = line("other lifetime", Window::Lifetime);
    let all = [&minute, &other, &day, &lifetime, &other_lifetime].map(Clone::clone);
    bench.take(&bench.price(&all)?, at(0), "A limit lets `max` through.")?;
    for (lines, charge, retry_after) in [
        (vec![&minute, &other], 0, Some(60)),
        (vec![&other, &minute, &day], 2, Some(86_400)),
        (vec![&day, &minute, &other], 0, Some(86_400)),
        (vec![&minute, &lifetime, &day, &other_lifetime], 1, None),
        (vec![&minute, &other_lifetime, &lifetime], 1, None),
    ] {
        let price = bench.price(&lines.into_iter().cloned().collect::<Vec<_>>())?;
        let exceeded = bench.refused(&price, at(0), "A full counter refuses.")?;
        let found = (exceeded.charge, exceeded.retry_after);
        same(found, (charge, retry_after.map(Duration::from_secs)), LAST, || format!("{price:?}"))?;
        same(
            bench.peek(&price, at(0))?.exceeded,
            Some(exceeded),
            "A peek finds what a charge finds.",
            String::new,
        )?;
    }
    // What is exceeded only with its own price never frees.
    let price = bench.price(&[day, Line::fixed("dear", Window::Second, 1).costing(2)])?;
    let exceeded = bench.refused(&price, at(0), "A price above `max` is refused.")?;
    same((exceeded.charge, exceeded.retry_after), (1, None), LAST, String::new)
}

fn limits_that_share_a_counter_charge_it_once<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const ONCE: &str = "A call that meets the same counter twice is charged once: the larger increment, against \
                        the smaller max.";
    for algorithm in ALGORITHMS {
        let line = |max| Line::of(algorithm, format!("shared {algorithm}"), Window::Day, max);
        let price = joined(bench.namespace(), &line(100).costing(2), &line(7).costing(3))?;
        let taken = bench.take(&price, at(0), ONCE)?;
        let charged = taken.charged().first();
        let found = charged.map(|charged| (charged.amount().millionths(), charged.remaining().millionths()));
        same(found, Some((3 * MILLION, 4 * MILLION)), ONCE, || "amount and what remains".to_owned())?;
        bench.passing(&price, [1, 3], at(0), ONCE)?;
        // A limit with another max of the same counter finds what both have charged.
        let wide = bench.price(&[line(8)])?;
        bench.using(&wide, at(0), &[6 * MILLION], "Every limit that names a counter shares it.")?;
        bench.passing(&wide, [2, 5], at(0), "`max` may differ between limits that share a counter.")?;
        let fits = bench.would_pass(&bench.price(&[line(5)])?, at(0))?;
        holds(!fits, "A max below what is used denies.", || "it passes".to_owned())?;
    }
    Ok(())
}

fn a_price_of_nothing_at_all_is_taken<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let nothing = bench.price(&[])?;
    let taken = bench.take(&nothing, at(0), "Where nothing is charged nothing is refused.")?;
    bench.refund(&taken)?;
    let full = Line::of(Algorithm::Fixed, "full", Window::Day, 1);
    bench.passing(&bench.price(&[full])?, [1, 2], at(DAY), "A limit lets `max` through.")
}
