//! When a call that is refused would pass, and what asking costs.

use std::time::Duration;

use crate::limit::{Algorithm, Window};
use crate::store::AsyncCounterStore;
use crate::store::conformance::Check;
use crate::store::conformance::bench::{Bench, holds, same};
use crate::store::conformance::failure::Broken;
use crate::store::conformance::line::{ALGORITHMS, DAY, HOUR, Line, MILLION, MINUTE, at, at_micros};
use crate::timestamp::Timestamp;

pub(super) fn checks<S: AsyncCounterStore>() -> Vec<Check<S>> {
    named![
        a_refused_call_passes_when_it_was_told_and_not_a_second_before,
        a_refused_call_passes_a_sliding_window_when_it_was_told,
        the_longest_wait_is_told,
        a_price_above_the_limit_never_passes,
        a_peek_changes_nothing,
    ]
}

const TOLD: &str = "`retry_after` is the whole seconds, rounded up, until the limits would let the same call through if \
                    nothing else is charged.";

fn a_refused_call_passes_when_it_was_told_and_not_a_second_before<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    for (window, length) in [
        (Window::Second, 1),
        (Window::Seconds(30), 30),
        (Window::Minute, MINUTE),
        (Window::Hour, HOUR),
        (Window::Day, DAY),
        (Window::Week, 7 * DAY),
        (Window::Month, 30 * DAY),
        (Window::Seconds(Window::MAX_SECONDS), 0),
    ] {
        let price = bench.price(&[Line::fixed(format!("c {window}"), window, 1)])?;
        bench.take(&price, at(0), "A limit lets `max` through.")?;
        // At the window's beginning, within it, to a microsecond before its end.
        for micros in [0, 1, 250_000, 999_999] {
            let now = at_micros(micros);
            let exceeded = bench.refused(&price, now, "A full counter refuses.")?;
            if length > 0 {
                // The rest of a second counts as one, except where nothing of it is gone.
                same(wait(exceeded.retry_after), Some(length), TOLD, || {
                    format!("of a {window}, {micros} µs in")
                })?;
            }
            let told = wait(exceeded.retry_after).unwrap_or(0);
            let then =
                |seconds: i64| at_micros(micros.saturating_add(seconds.saturating_mul(Timestamp::SECOND)));
            holds(bench.would_pass(&price, then(told))?, TOLD, || format!("it does not after {told} s"))?;
            let before = bench.would_pass(&price, then(told.saturating_sub(1)))?;
            holds(!before, TOLD, || format!("it passes a second before {told} s"))?;
        }
    }
    Ok(())
}

fn a_refused_call_passes_a_sliding_window_when_it_was_told<S: AsyncCounterStore>(
    bench: &Bench<'_, S>,
) -> Result<(), Broken> {
    const LONGER: &str =
        "Under `sliding` the wait is at most 1/16 of the window longer than the exact log would say.";
    // Charges of two, three and five of ten, at 0, 100 and 200 s of a window of 1,600 s.
    let line = Line::of(Algorithm::Sliding, "c", Window::Seconds(1_600), 10);
    let costing = |amount| bench.price(&[line.clone().costing(amount)]);
    for (amount, now) in [(2, 0), (3, 100), (5, 200)] {
        bench.take(&costing(amount)?, at(now), "A limit lets `max` through.")?;
    }
    for (amount, frees) in [(1, 1_600), (2, 1_600), (3, 1_700), (5, 1_700), (6, 1_800), (10, 1_800)] {
        for now in [200, 201, 1_000, 1_599] {
            let price = costing(amount)?;
            let exceeded = bench.refused(&price, at(now), "A full counter refuses.")?;
            let told = wait(exceeded.retry_after).unwrap_or(0);
            let then = i64::saturating_add(now, told);
            holds((frees..=i64::saturating_add(frees, 100)).contains(&then), LONGER, || {
                format!("{told} s at {now} s for {amount}, and the log frees it at {frees} s")
            })?;
            holds(bench.would_pass(&price, at(then))?, TOLD, || format!("it does not after {told} s"))?;
            let before = bench.would_pass(&price, at(frees.saturating_sub(1)))?;
            holds(!before, "Within any interval as long as the window, never more than `max`.", || {
                format!("{amount} would pass a second before {frees} s")
            })?;
        }
    }
    Ok(())
}

fn the_longest_wait_is_told<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    let lines = [("a", Window::Minute), ("b", Window::Hour), ("c", Window::Seconds(90))]
        .map(|(name, window)| Line::fixed(name, window, 1));
    let price = bench.price(&lines)?;
    bench.take(&price, at(0), "A limit lets `max` through.")?;
    for now in [0, 30, 59, 60, 89, 3_599] {
        let exceeded = bench.refused(&price, at(now), "A full counter refuses.")?;
        same(wait(exceeded.retry_after), Some(HOUR.saturating_sub(now)), TOLD, || format!("after {now} s"))?;
    }
    bench.take(&price, at(HOUR), TOLD)?;
    Ok(())
}

fn a_price_above_the_limit_never_passes<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const NEVER: &str = "`retry_after` is absent when the limits never would let the call through.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 10);
        let dear = bench.price(&[line.clone().costing(11)])?;
        let exceeded = bench.refused(&dear, at(0), "A price above `max` is refused.")?;
        same(exceeded.retry_after, None, NEVER, || "for 11 of 10".to_owned())?;
        bench.passing(&bench.price(&[line])?, [10, 11], at(0), "Denied calls cost nothing.")?;
    }
    let lifetime = bench.price(&[Line::fixed("l", Window::Lifetime, 1)])?;
    bench.take(&lifetime, at(0), "A limit lets `max` through.")?;
    let exceeded = bench.refused(&lifetime, at(0), "A full counter refuses.")?;
    same(exceeded.retry_after, None, NEVER, || "for a lifetime that is used up".to_owned())
}

fn a_peek_changes_nothing<S: AsyncCounterStore>(bench: &Bench<'_, S>) -> Result<(), Broken> {
    const CHANGES_NOTHING: &str = "Asking what a charge would find changes nothing.";
    for algorithm in ALGORITHMS {
        let line = Line::of(algorithm, format!("c {algorithm}"), Window::Minute, 3);
        let price = bench.price(&[line])?;
        for taken in 0..3_u64 {
            for elsewhere in [0, 0, 3 * HOUR, -3 * HOUR, 0] {
                bench.peek(&price, at(elsewhere))?;
            }
            bench.using(&price, at(0), &[taken.saturating_mul(MILLION)], CHANGES_NOTHING)?;
            holds(bench.would_pass(&price, at(0))?, CHANGES_NOTHING, || {
                format!("refused after {taken} of 3")
            })?;
            bench.take(&price, at(0), CHANGES_NOTHING)?;
        }
        let peek = bench.peek(&price, at(0))?;
        let exceeded = bench.refused(&price, at(0), "A full counter refuses.")?;
        same(peek.exceeded, Some(exceeded), "A peek finds what a charge finds.", String::new)?;
    }
    Ok(())
}

/// In whole seconds; −1 for what is none.
fn wait(retry_after: Option<Duration>) -> Option<i64> {
    retry_after.map(|wait| match (i64::try_from(wait.as_secs()), wait.subsec_nanos()) {
        (Ok(seconds), 0) => seconds,
        _ => -1,
    })
}
