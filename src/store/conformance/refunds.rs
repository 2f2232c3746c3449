//! What is given back, and to which window.

use crate::limit::{Algorithm, Outcome, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, DAY, HOUR, Line, MILLION, at};

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        a_refund_gives_back_its_own_charge,
        every_counter_of_a_call_gets_its_part,
        a_late_refund_does_not_reach_the_next_window,
        a_refund_to_a_sliding_window_frees_what_still_counts,
        a_refund_after_a_counter_started_over_does_not_touch_it,
        a_refund_while_the_clock_is_back_reaches_the_window_that_was_charged,
    ]
}

const GIVES_BACK: &str = "A refund takes back its own charge, and those of others survive.";

const ITS_WINDOW: &str =
    "A refund goes to the window that was charged, and is dropped when that window is over.";

fn a_refund_gives_back_its_own_charge<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    for (index, algorithm) in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Fixed].into_iter().enumerate()
    {
        let window = if index == 2 { Window::Lifetime } else { Window::Day };
        let line = Line::of(algorithm, "c", window, 10);
        let costing = |amount| bench.price(&[line.clone().costing(amount)]);
        bench.take(&costing(2)?, at(0), "A limit lets `max` through.")?;
        let taken = bench.take(&costing(4)?, at(0), "A limit lets `max` through.")?;
        bench.take(&costing(1)?, at(0), "A limit lets `max` through.")?;
        bench.refund(&taken)?;
        bench.using(&costing(0)?, at(0), &[3 * MILLION], GIVES_BACK)?;
        bench.refused(&costing(8)?, at(0), GIVES_BACK)?;
        bench.take(&costing(7)?, at(0), GIVES_BACK)?;
        // A charge of nothing gives back nothing.
        let taken = bench.take(&costing(0)?, at(0), "What costs nothing fits.")?;
        bench.refund(&taken)?;
        bench.using(&costing(0)?, at(0), &[10 * MILLION], GIVES_BACK)?;
    }
    Ok(())
}

fn every_counter_of_a_call_gets_its_part<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let lines = [
        Line::fixed("minute", Window::Minute, 10).costing(1),
        Line::of(Algorithm::Sliding, "hour", Window::Hour, 10).costing(2),
        Line::fixed("lifetime", Window::Lifetime, 10).costing(3),
    ];
    let price = bench.price(&lines)?;
    bench.take(&price, at(0), "A limit lets `max` through.")?;
    let taken = bench.take(&price, at(1), "A limit lets `max` through.")?;
    // The minute is over by then, and charged anew.
    bench.take(&price, at(60), "A limit lets `max` through.")?;
    let refundable = taken.refundable(Outcome::Unsent);
    same(refundable.charged().len(), 3, "`refund: \"unsent\"` gives back what was never sent.", String::new)?;
    bench.refund(&refundable)?;
    bench.using(&price, at(60), &[MILLION, 4 * MILLION, 6 * MILLION], ITS_WINDOW)
}

fn a_late_refund_does_not_reach_the_next_window<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    for (window, length) in [(Window::Minute, 60), (Window::Seconds(7), 7), (Window::Month, 2_592_000)] {
        let line = Line::fixed("c", window, 10);
        let costing = |amount| bench.price(&[line.clone().costing(amount)]);
        // Seven seconds do not divide the day: begin a second into one of theirs.
        let start = if length == 7 { 5 } else { 0 };
        let next = i64::saturating_add(start, length);
        let taken = bench.take(&costing(8)?, at(start), "A limit lets `max` through.")?;
        bench.take(&costing(5)?, at(next), "A new window lets `max` through.")?;
        bench.refund(&taken)?;
        bench.using(&costing(0)?, at(next), &[5 * MILLION], ITS_WINDOW)?;
        bench.refused(&costing(6)?, at(next), ITS_WINDOW)?;

        // Nor does one that comes before the next window is charged leave less than nothing.
        // A day more, as July is longer than June.
        let later = next.saturating_add(length).saturating_add(DAY);
        let taken = bench.take(&costing(5)?, at(next), "A limit lets `max` through.")?;
        bench.refund(&taken)?;
        bench.refused(&costing(11)?, at(later), "A price above `max` is refused.")?;
        bench.passing(&costing(10)?, [1, 2], at(later), "Sums never go below zero.")?;
    }
    Ok(())
}

fn a_refund_to_a_sliding_window_frees_what_still_counts<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    let line = Line::of(Algorithm::Sliding, "c", Window::Seconds(16), 10);
    let costing = |amount| bench.price(&[line.clone().costing(amount)]);
    let early = bench.take(&costing(4)?, at(0), "A limit lets `max` through.")?;
    let middle = bench.take(&costing(3)?, at(8), "A limit lets `max` through.")?;
    bench.take(&costing(3)?, at(15), "A limit lets `max` through.")?;
    bench.refused(&costing(1)?, at(15), "A full counter refuses.")?;
    bench.refund(&middle)?;
    bench.using(&costing(0)?, at(15), &[7 * MILLION], GIVES_BACK)?;
    // After 17 s the first four do not count any more: giving them back then makes no room.
    bench.take(&costing(7)?, at(18), "Within 17/16 of the window a charge counts no more.")?;
    bench.refund(&early)?;
    bench.using(&costing(0)?, at(18), &[10 * MILLION], ITS_WINDOW)?;
    bench.refused(&costing(1)?, at(18), ITS_WINDOW)?;
    Ok(())
}

fn a_refund_after_a_counter_started_over_does_not_touch_it<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const ANOTHER: &str = "A window that a clock comes to a second time is another window.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 10);
        let costing = |amount| bench.price(&[line.clone().costing(amount)]);
        let (wrong, right) = (at(1_000 * HOUR), at(HOUR));
        let first = bench.take(&costing(8)?, wrong, "A limit lets `max` through.")?;
        let second = bench.take(&costing(1)?, wrong, "A limit lets `max` through.")?;
        bench.take(&costing(5)?, right, "A counter far ahead starts over.")?;
        bench.refund(&first)?;
        bench.using(&costing(0)?, right, &[5 * MILLION], ITS_WINDOW)?;
        bench.take(&costing(6)?, wrong, "A new window lets `max` through.")?;
        bench.refund(&second)?;
        bench.using(&costing(0)?, wrong, &[6 * MILLION], ANOTHER)?;
    }
    Ok(())
}

fn a_refund_while_the_clock_is_back_reaches_the_window_that_was_charged<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 10);
        let costing = |amount| bench.price(&[line.clone().costing(amount)]);
        bench.take(&costing(1)?, at(0), "A limit lets `max` through.")?;
        // Ten minutes back the counter stays where it was, and so does what is charged there.
        let taken = bench.take(&costing(8)?, at(-600), "A limit lets `max` through.")?;
        bench.using(&costing(0)?, at(0), &[9 * MILLION], ITS_WINDOW)?;
        bench.refund(&taken)?;
        bench.using(&costing(0)?, at(0), &[MILLION], ITS_WINDOW)?;
        bench.using(&costing(0)?, at(-600), &[MILLION], ITS_WINDOW)?;
    }
    Ok(())
}
